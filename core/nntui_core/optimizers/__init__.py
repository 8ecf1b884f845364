"""Optimizers on one flat parameter vector."""
