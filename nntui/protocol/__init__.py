"""What travels between a trainer and its viewers."""
