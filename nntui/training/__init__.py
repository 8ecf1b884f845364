"""From settings to a run: build, start, train, finish, read back, export."""
