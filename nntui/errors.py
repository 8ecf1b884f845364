"""What a user can cause, as text for the user and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from nntui.display import display

USAGE = 2
FAILED = 1
DIVERGED = 3


class UserError(Exception):
    """One or more faults for the user: each a line saying what is wrong, where, and what to do.

    ``context`` are lines shown below, such as the text with a caret under the fault. All may hold data from
    files: printers pass them through `display` line by line.
    """

    def __init__(
        self,
        message: str | Sequence[str],
        *,
        exit_code: int = USAGE,
        context: Sequence[str] = (),
        refused: bool = False,
    ) -> None:
        self.messages = (message,) if isinstance(message, str) else tuple(message)
        self.context = tuple(context)
        self.exit_code = exit_code
        self.refused = refused
        """Whether the system refused a file, which says nothing about what is in it."""
        super().__init__("\n".join(self.messages))


class SettingError(UserError):
    """What is wrong with the value of one key of the configuration; who knows the file adds its name and line."""

    def __init__(self, path: Sequence[str | int], problem: str, *, refused: bool = False) -> None:
        self.path = tuple(path)
        self.problem = problem
        super().__init__(f"{'.'.join(map(str, path))}: {problem}", refused=refused)


def own_fault(error: BaseException) -> str:
    """What is said of an exception that no input should cause, in one line."""
    return f"a fault in nntui itself, please report it ({type(error).__name__}: {display(error, 300)})"
