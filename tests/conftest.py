"""Settings of the whole suite."""

import os
import signal

from nntui.blas import choose_kernels

# Before NumPy is imported: small matrices are slower with more threads, several times so on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
choose_kernels()  # as the program does: what is computed here is compared with what it computes
# What would change every picture, and where runs go.
for name in ("NO_COLOR", "TEXTUAL_THEME", "NNTUI_RUNS", "NNTUI_THREADS"):
    os.environ.pop(name, None)
# Nor may the theme that the developer keeps; what a test keeps goes to a directory of its own.
os.environ["XDG_CONFIG_HOME"] = os.devnull
# A suite started in the background is born deaf to Ctrl-C, and so are the programs that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
