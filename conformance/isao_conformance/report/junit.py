"""`junit.xml`: one test case a requirement, one test suite a function group, for build servers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from isao_conformance.report import words
from isao_conformance.verdict import Outcome

SKIPPED = (Outcome.UNTESTABLE, Outcome.INAPPLICABLE, Outcome.WAIVED)


def suite(report: Mapping[str, Any]) -> str:
    """The report in the form that build servers read: failure for fail, error for error, skipped for what was not
    judged. Warnings are passed cases that say so in their output."""
    root = ET.Element("testsuites", {"name": f"isao certify {_text(report['target']['name'])}"})
    totals: dict[str, int] = {}
    for group in report["functions"]:
        rows = [row for row in report["requirements"] if row["function"] == group["function"]]
        figures = _figures(rows)
        part = ET.SubElement(root, "testsuite", {"name": group["function"], **_strings(figures)})
        totals = {name: totals.get(name, 0) + number for name, number in figures.items()}
        for row in rows:
            part.append(_case(row))
    root.attrib.update(_strings(totals))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _figures(rows: list[Mapping[str, Any]]) -> dict[str, int]:
    outcomes = [row["outcome"] for row in rows]
    return {
        "tests": len(rows),
        "failures": outcomes.count(Outcome.FAIL),
        "errors": outcomes.count(Outcome.ERROR),
        "skipped": sum(outcome in SKIPPED for outcome in outcomes),
    }


def _strings(figures: Mapping[str, int]) -> dict[str, str]:
    return {name: str(number) for name, number in figures.items()}


def _case(row: Mapping[str, Any]) -> ET.Element:
    case = ET.Element("testcase", {"classname": row["function"], "name": _text(f"{row['id']} {row['title']}")})
    properties = ET.SubElement(case, "properties")
    for name in ("id", "level", "outcome", "blocked_by"):
        if row[name]:
            ET.SubElement(properties, "property", {"name": name, "value": _text(row[name])})
    told = _told(row)
    if row["outcome"] == Outcome.FAIL:
        ET.SubElement(case, "failure", {"type": row["level"], "message": _first(row)}).text = told
    elif row["outcome"] == Outcome.ERROR:
        ET.SubElement(case, "error", {"type": "harness", "message": _first(row)}).text = told
    elif row["outcome"] in SKIPPED:
        blocked = f"blocked by {row['blocked_by']}: " if row["blocked_by"] else ""
        ET.SubElement(case, "skipped", {"message": _text(f"{row['outcome']}: {blocked}{row['reason']}")})
    elif row["outcome"] == Outcome.WARN:
        ET.SubElement(case, "system-out").text = f"warning\n{told}"
    return case


def _worst(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [check for check in row["checks"] if check["outcome"] == row["outcome"]]


def _first(row: Mapping[str, Any]) -> str:
    worst = _worst(row)
    return _text(f"expected {worst[0]['expected']}; got {worst[0]['got']}" if worst else row["reason"])


def _told(row: Mapping[str, Any]) -> str:
    lines = [f"{row['level']}: {row['statement']}"]
    for check in _worst(row):
        lines += [check["name"], f"  expected: {check['expected']}", f"  got: {check['got']}"]
        lines += [f"  exchange: {key}" for key in check["exchanges"][:5]]
    lines.append(f"What to do: {row['remediation']}")
    lines += [f"Reproduce: sh {row['reproduce']}"] if "reproduce" in row else []
    return _text("\n".join(lines))


def _text(text: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return "".join(
        c if c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "?" for c in words.visible(text)
    )
