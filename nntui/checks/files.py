"""A verdict as files for others: JUnit XML for CI, and Gradescope's results.json."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from nntui.checks.check import Result
from nntui.checks.verdict import Verdict
from nntui.display import display
from nntui.jsontext import pretty


def junit_text(verdict: Verdict, *, strict: bool) -> bytes:
    """A test case a check: a warning is one that passes (a failure when strict), what was not made is skipped."""
    counts = verdict.counts()
    bad = sum(verdict.counts_against(r, strict=strict) for r in verdict.results)
    seconds = sum(r.seconds for r in verdict.results)
    numbers = {
        "tests": str(len(verdict.results)), "failures": str(bad), "errors": "1" if verdict.interrupted else "0",
        "skipped": str(counts["skip"]), "time": f"{seconds:.3f}",
    }  # fmt: skip
    root = ElementTree.Element("testsuites", {"name": "nntui check", **numbers})
    suite = ElementTree.SubElement(root, "testsuite", {"name": display(verdict.title), **numbers})
    for result in verdict.results:
        case = ElementTree.SubElement(
            suite, "testcase",
            {"classname": "nntui.check", "name": result.id, "time": f"{result.seconds:.3f}"},
        )  # fmt: skip
        message, text = display(result.message), display(_long(verdict, result))
        if result.status == "skip":
            ElementTree.SubElement(case, "skipped", {"message": message})
        elif verdict.counts_against(result, strict=strict):
            ElementTree.SubElement(case, "failure", {"message": message, "type": result.status}).text = text
        else:
            ElementTree.SubElement(case, "system-out").text = f"{result.status}: {text}"
    if verdict.interrupted:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": "nntui.check", "name": "interrupted", "time": "0"}
        )
        ElementTree.SubElement(case, "error", {"message": f"ended by {verdict.interrupted}"})
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def gradescope_text(verdict: Verdict, *, strict: bool) -> bytes:
    """A test a check, one point each; what was skipped has no points."""
    tests: list[dict[str, Any]] = []
    for number, result in enumerate(verdict.results, 1):
        bad, skipped = verdict.counts_against(result, strict=strict), result.status == "skip"
        tests.append({
            "name": result.id, "number": str(number), "status": "failed" if bad else "passed",
            "score": 0 if bad or skipped else 1, "max_score": 0 if skipped else 1,
            "output": f"{result.status}: {display(_long(verdict, result))}", "visibility": "visible",
        })  # fmt: skip
    seconds = sum(r.seconds for r in verdict.results)
    out: dict[str, Any] = {"tests": tests, "execution_time": max(1, round(seconds))}
    if verdict.interrupted:
        out["output"] = f"ended by {verdict.interrupted}: not every check was made"
    if not any(t["max_score"] for t in tests):
        out["score"] = 0
    return (pretty(out) + "\n").encode()


def _long(verdict: Verdict, result: Result) -> str:
    """Message, limit, fix and settings in one line."""
    out = result.message
    if result.status in ("warn", "fail"):
        if result.limit is not None:
            out += f" (limit {limit_text(result)})"
        if result.fix:
            out += f"; {result.fix}"
        out += "".join(f"; --set {s}" for s in result.sets)
        if result.id in verdict.proofs:
            out += f"; {verdict.proofs[result.id].text}"
    return out


def limit_text(result: Result) -> str:
    """A number that the value may reach, or must, or two with "to" between."""
    limit = result.limit
    if isinstance(limit, tuple):
        return f"{limit[0]:g} to {limit[1]:g}"
    return f"at {'least' if result.least else 'most'} {limit:g}"
