"""What the gate found, for the programs that read it: JUnit XML, SARIF 2.1.0 and annotations of
GitHub Actions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree

from swfsim.debug.gate import BLOCK, INVESTIGATE, REVIEW, SAFE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.debug.gate import Case, Finding

_LEVEL: Final = {REVIEW: "warning", BLOCK: "error", INVESTIGATE: "error"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def _xml_text(text: str) -> str:
    """XML has no form for control characters at all."""
    return "".join(one if one.isprintable() or one in "\n\t" else "�" for one in text)


def junit(cases: Iterable[Case]) -> str:
    """A suite for each workflow type and row, a case for each history."""
    root = ElementTree.Element("testsuites", name="swfsim gate")
    suites: dict[str, ElementTree.Element] = {}
    for case in cases:
        name = _xml_text(f"{case.workflow_type}, {case.row}")
        suite = suites.get(name)
        if suite is None:
            suite = suites[name] = ElementTree.SubElement(root, "testsuite", name=name)
        one = ElementTree.SubElement(
            suite, "testcase", classname=name, name=_xml_text(case.source), time="0"
        )
        if case.verdict != SAFE:
            failed = case.verdict != REVIEW
            said = _xml_text("; ".join(finding.said for finding in case.findings))
            kind = "failure" if failed else "system-out"
            told = ElementTree.SubElement(one, kind)
            if failed:
                told.set("type", case.verdict)
                told.set("message", said)
            told.text = _xml_text("\n".join([said, *case.lines]))
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def sarif(cases: Iterable[Case], version: str) -> dict[str, Any]:
    """A result for each finding, at the decider's line, or at the history where none is known."""
    rules = [{"id": _rule(verdict), "shortDescription": {"text": verdict}} for verdict in _LEVEL]
    results = [_result(case, one) for case in cases for one in case.findings]
    driver = {"name": "swfsim", "version": version, "rules": rules}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _rule(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _result(case: Case, finding: Finding) -> dict[str, Any]:
    path, line = place(finding.where) if finding.where else (case.source, 1)
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": path.replace("\\", "/")},
            "region": {"startLine": line},
        }
    }
    return {
        "ruleId": _rule(finding.verdict),
        "level": _LEVEL[finding.verdict],
        "message": {"text": f"{case.source}: {finding.said}"},
        "locations": [location],
    }


def place(where: str) -> tuple[str, int]:
    """``file:line`` taken apart, the file from the current directory on where it is inside."""
    path, _, line = where.rpartition(":")
    absolute = Path(path).resolve()
    inside = absolute.is_relative_to(Path.cwd())
    shown = str(absolute.relative_to(Path.cwd())) if inside else path
    return shown, int(line) if line.isdigit() else 1


def github(cases: Iterable[Case]) -> Iterator[str]:
    """Workflow commands of GitHub Actions: ``::error file=…,line=…::…``"""
    for case in cases:
        for finding in case.findings:
            where = ""
            if finding.where:
                path, line = place(finding.where)
                where = f" file={_property(path)},line={line}"
            said = _data(f"{case.source}: {finding.said}")
            yield f"::{_LEVEL[finding.verdict]}{where}::{said}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
