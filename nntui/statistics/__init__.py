"""What panes can ask for of a network: a statistic a class, computed from a view of the network."""
