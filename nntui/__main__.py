"""``python -m nntui`` is the same program as ``nntui``."""

import os
import signal


def main() -> None:
    """Start the program. While it is being loaded, Ctrl-C ends it without a word."""
    loading = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if loading:
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from nntui.cli import main as run

    if loading:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
