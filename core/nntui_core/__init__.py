"""The nntui engine: graphs of ops, their gradients and what trains on them. NumPy only."""
