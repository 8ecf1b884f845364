"""The program, and where its runs go."""

from tests.cli.conftest import cli, runs

__all__ = ["cli", "runs"]
