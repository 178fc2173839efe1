"""`report.html`: one page that needs nothing else, for a screen, a phone and paper.

No script and no request leaves it. Everything that came from the target is escaped, shortened, and shown
without its control characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from isao_conformance.report import words
from isao_conformance.verdict import Outcome

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_SCRIPT = 20_000
"""Characters of a script that the page shows; a longer one stands beside the page only."""

_TONES = {
    "conformant": Outcome.PASS,
    "not conformant": Outcome.FAIL,
    "incomplete": Outcome.UNTESTABLE,
    "no conformance claimed": Outcome.UNTESTABLE,
    "harness error": Outcome.ERROR,
}
_BROKEN = (
    (Outcome.ERROR, "errors", "Errors of the harness", "The harness failed at its own work here. Please report it."),
    (Outcome.FAIL, "failures", "Failed", "Each breaks a MUST or MUST NOT; one is enough to be not conformant."),
    (
        Outcome.WARN,
        "warnings",
        "Warnings",
        "Recommendations not met, and contested rules. They decide nothing.",
    ),
)

Row = Mapping[str, Any]


def page(report: Mapping[str, Any], scripts: Mapping[str, str]) -> str:
    """The whole page. `scripts` holds the text of each reproduction that the report names."""
    rows = report["requirements"]
    broken = [
        (anchor, title, lead, listed)
        for outcome, anchor, title, lead in _BROKEN
        if (listed := [row for row in rows if row["outcome"] == outcome])
    ]
    untestable = _untestable(rows)
    measures = _measures(report)
    contents = [("claims", "Claims"), ("gate", "Proofs")]
    contents += [(anchor, f"{title} ({len(listed)})") for anchor, title, _, listed in broken]
    contents += [("untestable", "Could not be tested")] if untestable else []
    contents += [("measures", "Measured")] if measures else []
    contents += [("all", "All requirements"), ("created", "Created"), ("check", "Check it yourself")]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            run={"transcript_sha256": "", **report["run"]},
            target=report["target"],
            scripts=scripts,
            # Our own file; everything else in the page is escaped.
            style=Markup((TEMPLATES / "style.css").read_text("utf-8")),
            tone=str(_TONES[report["run"]["verdict"]]),
            marks={str(word): sign for word, sign in words.MARKS.items()},
            meanings={str(word): said for word, said in words.MEANINGS.items()},
            accounts=[name for name, told in report["target"]["actors"].items() if told.get("auth")],
            claims=[_claim(claim) for claim in report["claims"]],
            broken=broken,
            untestable=untestable,
            untestable_total=sum(len(listed) for _, listed in untestable),
            measures=measures,
            groups=[(group, [r for r in rows if r["function"] == group["function"]]) for group in report["functions"]],
            contents=contents,
            longest_script=LONGEST_SCRIPT,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": lambda text: words.visible(words.shortened(str(text))),
        "visible": lambda text: words.visible(str(text)),
        "what_to_do": words.what_to_do,
        "counts": lambda counts: words.counts_line(counts).replace("  ", ", "),
        "clause": lambda section: f"section {section}" if section[:1].isdigit() else section,
        "check_name": lambda name: name.rpartition("/")[2],
    }
    return environment


def _untestable(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Rows by what blocks them, the block that hides most first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row["outcome"] == Outcome.UNTESTABLE:
            groups.setdefault(row["blocked_by"], []).append(row)
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def _measures(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each measure beside the first check of the probe that took it."""
    by_probe: dict[str, tuple[Row, Mapping[str, Any]]] = {}
    for row in report["requirements"]:
        for check in row["checks"]:
            by_probe.setdefault(check["name"].partition("/")[0], (row, check))
    found = []
    for name, measure in report["measures"].items():
        beside = by_probe.get(measure.get("probe", ""))
        row, expected = (beside[0], beside[1]["expected"]) if beside else (None, "")
        found.append({"name": name, **measure, "row": row, "expected": expected})
    return found


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    levels: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for level, counts in claim["by_level"].items():
        into = levels[level in words.BINDING]
        for outcome, number in counts.items():
            into[outcome] = into.get(outcome, 0) + number
    return {**claim, "binding": _of(levels[True]), "recommended": _of(levels[False])}


def _of(counts: Mapping[str, int]) -> str:
    """`12 of 14 met, 2 fail`: a figure never stands without what it is part of."""
    total = sum(counts.values())
    others = {outcome: number for outcome, number in counts.items() if outcome != Outcome.PASS}
    told = [f"{counts.get(Outcome.PASS, 0)} of {total} met", *(f"{n} {outcome}" for outcome, n in others.items())]
    return ", ".join(told) if total else "none"
