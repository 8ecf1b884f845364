"""Preprocessing steps."""
