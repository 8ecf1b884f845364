"""Run directories: settings, state, metrics and checkpoints of one training run, all as plain files."""
