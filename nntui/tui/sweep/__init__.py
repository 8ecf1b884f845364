"""The screen of a search."""
