"""A process that a failed test leaves behind is found at the end of the suite, whoever is its parent by then."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import started_here
from tests.server.running import until

ORPHAN = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    start_new_session=True,
)
child.stdout.readline()
print(child.pid, flush=True)
input()
"""


def test_the_child_of_a_child_in_a_session_of_its_own_is_found() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        found = {process.pid: process for process in started_here()}
        assert {pid, parent.pid} <= set(found)
        found[pid].kill()
        until(lambda: pid not in {process.pid for process in started_here()}, "its end")
        assert parent.stdin is not None
        parent.stdin.write("\n")
