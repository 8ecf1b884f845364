"""``python -m nntui`` is the same program as ``nntui``."""

from nntui.cli import main

if __name__ == "__main__":
    main()
