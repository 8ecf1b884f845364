"""Races of optimizers: from settings to tracks, tables and JSON."""
