"""Checks of a configuration before it is trained: see :data:`CHECKS`."""

from nntui.checks.check import Check, Result
from nntui.checks.every import CHECKS, check_of, run_checks
from nntui.checks.subject import Subject

__all__ = ["CHECKS", "Check", "Result", "Subject", "check_of", "run_checks"]
