"""What ``nntui init`` makes of a data file: looked at, guessed with reasons, and written as a commented configuration."""
