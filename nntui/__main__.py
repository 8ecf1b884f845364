"""``python -m nntui`` is the same program as ``nntui``."""

import contextlib
import os
import signal
import sys


def main() -> None:
    """The process: while it is being loaded, Ctrl-C ends it without a word; once its end is told, it is too late."""
    loading = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if loading:
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from nntui import collector
    from nntui.blas import choose_kernels

    collector.loading()
    # Pydantic's plugins are for other models: looking for them reads the metadata of every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    choose_kernels()
    from nntui.cli import main as run

    if loading:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    except SystemExit as end:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if end.code == 128 + signal.SIGINT:
            # After an interrupted exec() Python would end by the signal itself, whatever the code.
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError):
                    stream.flush()
            os._exit(end.code)
        raise


if __name__ == "__main__":
    main()
