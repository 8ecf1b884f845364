"""The debugger on the screen: what it shows, made off the event loop, and the panes that draw it."""
