"""Approved pictures: what every renderer draws of fixed inputs, kept as text that was looked at and found true.

After a wanted change of a renderer:

    python -m tests.tui.render.pictures      # draws them again; read the difference before it is committed
"""
