"""What panes can ask for of a network that trains."""
