"""The screen of a race: what it shows, and its panes."""
