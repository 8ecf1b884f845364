"""nntui: train, watch and debug neural networks in the terminal."""

__version__ = "0.1.0"
