"""What the trainings' tests share."""

from tests.checks.conftest import checking

__all__ = ["checking"]
