"""What the debugger steps through, on the screen and in text: expressions, and networks with a batch."""
