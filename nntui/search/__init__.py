"""Searching over the fields of a configuration: the space, the study (Optuna) and its workers."""
