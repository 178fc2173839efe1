"""`summary.md`: the report on a page or two, for a pull request or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from isao_conformance.report import words
from isao_conformance.verdict import Outcome

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def summary(report: Mapping[str, Any]) -> str:
    """Verdict, claims, counts, what is not met with its remedy, and what could not be tested and why."""
    return "\n".join(_lines(report)) + "\n"


def escaped(text: str) -> str:
    """The text as one line of Markdown that means nothing but itself."""
    return _SPECIAL.sub(r"\\\1", " ".join(words.visible(words.shortened(text, 400)).split()))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    run, target, rows = report["run"], report["target"], report["requirements"]
    yield f"# {run['verdict'].capitalize()}: {escaped(target['name'])}"
    yield ""
    yield f"{run['summary']}."
    yield ""
    yield f"{escaped(target['base_url'])}, {run['ended']}, specification {run['spec_version']}, seed `{run['seed']}`."
    yield report["notice"]
    yield ""
    yield from _claims(report)
    yield from _counts(report)
    for outcome, title in (
        (Outcome.FAIL, "Failed"),
        (Outcome.ERROR, "Errors of the harness"),
        (Outcome.WARN, "Warnings"),
    ):
        yield from _not_met(title, [row for row in rows if row["outcome"] == outcome])
    yield from _untestable([row for row in rows if row["outcome"] == Outcome.UNTESTABLE])
    yield from _measured(report["measures"])
    staying, others = words.left_over(report)
    if others:
        yield f"{others} of {len(report['created'])} created objects may still be there: see `isao cleanup`."
    if staying:
        yield f"{staying} records of the function API and objects published for them stay: {words.STAYING}."


def _claims(report: Mapping[str, Any]) -> Iterator[str]:
    for claim in report["claims"]:
        said = "conformant" if claim["conformant"] else f"not conformant: {'; '.join(claim['because'])}"
        yield f"- Profile **{claim['profile']}**: {said}"
    if not report["claims"]:
        yield f"- No conformance claimed: {'; '.join(report['unclaimed_because'])}"
    yield ""


def _counts(report: Mapping[str, Any]) -> Iterator[str]:
    yield "| Function | Outcomes |"
    yield "| --- | --- |"
    for group in report["functions"]:
        yield f"| {group['title']} | {words.counts_line(group['counts'])} |"
    yield ""


def _measured(measures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not measures:
        return
    yield "## Measured"
    yield ""
    yield "| Measure | Value | Threshold (this project's choice) |"
    yield "| --- | --- | --- |"
    for name, told in measures.items():
        threshold = f"{told['threshold']:g} {told['unit']}" if "threshold" in told else "none"
        yield f"| {escaped(name)} | {told['value']} {told['unit']} | {threshold} |"
    yield ""


def _not_met(title: str, rows: list[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield f"## {title}"
    yield ""
    for row in rows:
        contested = ", contested" if row["contested"] else ""
        yield f"### {row['id']} ({row['level']}{contested}): {escaped(row['title'])}"
        yield ""
        for check in row["checks"]:
            if check["outcome"] == row["outcome"]:
                yield f"- Expected: {escaped(check['expected'])}"
                yield f"- Got: {escaped(check['got'])}"
        if row["reason"] and not row["checks"]:
            yield f"- {escaped(row['reason'])}"
        if row["outcome"] != Outcome.ERROR:
            yield f"- What to do: {escaped(row['remediation'])}"
        if "reproduce" in row:
            yield f"- See it yourself: `sh {row['reproduce']}`"
        yield ""


def _untestable(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield "## Could not be tested"
    yield ""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["blocked_by"], []).append(row)
    for blocked_by, listed in groups.items():
        ids = ", ".join(row["id"] for row in listed)
        if blocked_by:
            yield f"- **{escaped(blocked_by)}**: {ids}. {escaped(words.what_to_do(blocked_by))}"
        else:
            for row in listed:
                yield f"- {row['id']}: {escaped(row['reason'] or 'no check could be made')}"
    yield ""
