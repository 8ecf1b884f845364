"""Advice beside a run: the check, the range test and cures on a branch, each computed in a process of its own."""
