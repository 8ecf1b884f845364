"""What is wrong with a training, told by rules: see :class:`Watch`."""

from nntui_core.findings.finding import Cure, Finding
from nntui_core.findings.rules import RULES
from nntui_core.findings.watch import Watch, non_finite

__all__ = ["RULES", "Cure", "Finding", "Watch", "non_finite"]
