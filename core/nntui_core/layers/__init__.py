"""Layer specifications: frozen dataclasses whose fields are the keys of a ``[[layers]]`` table."""
