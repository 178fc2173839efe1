"""`isao explain`: what a requirement means and how it is tested, without a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from isao_spec.model import Catalogue, Requirement

WIDTH = 100


@click.command(short_help="Say what a requirement means and how it is tested.")
@click.argument("requirement", metavar="ID")
def explain(requirement: str) -> None:
    """Print the requirement ID: what it asks, why, where it comes from, how it is tested, and what to do.

    Exit codes: 0 printed, 2 there is no such requirement.
    """
    from isao_spec import load

    catalogue = load()
    row = find(catalogue, requirement)
    for line in lines(catalogue, row):
        click.echo(line)


def find(catalogue: Catalogue, requirement: str) -> Requirement:
    """The row of that id; for an unknown id, says which are near and ends with exit code 2."""
    from difflib import get_close_matches

    row = catalogue.requirements.get(requirement) or catalogue.requirements.get(requirement.upper())
    if row is not None:
        return row
    retired = catalogue.retired.get(requirement)
    if retired is not None:
        hint = f"it is retired: {retired.reason}"
    else:
        near = get_close_matches(requirement, catalogue.requirements, 5, 0.5)
        hint = f"near it: {', '.join(near)}" if near else "`isao spec list` shows all"
    click.echo(f"isao: there is no requirement {requirement}; {hint}", err=True)
    sys.exit(2)


def lines(catalogue: Catalogue, row: Requirement) -> Iterator[str]:
    """The whole explanation, wrapped for a terminal."""
    yield f"{row.id}  {row.level}  {row.title}"
    yield f"function {row.function}, profiles {', '.join(row.profiles) or 'none'}, {row.status}, digest {row.digest}"
    yield from _paragraph("What it asks", row.statement)
    yield from _paragraph("Why", row.rationale)
    yield ""
    yield "Where it comes from" + ("  (the level is this project's own choice)" if row.design_choice else "")
    for reference in row.sources:
        source = catalogue.sources[reference.source]
        section = f"section {reference.section}" if reference.section[0].isdigit() else reference.section
        yield from _wrapped(f"{source.title}, {section}")
        yield f"  {source.address}"
    if row.checked is not None:
        yield from _paragraph(f"Checked on {row.checked.date}", row.checked.passage)
    if row.contested is not None:
        yield from _paragraph("Contested: it can warn, never fail", row.contested.why)
        for reading in row.contested.readings:
            yield from _wrapped(f"- {reading}")
    if row.applies_if:
        yield from _paragraph("Inapplicable to a target that declares absent", ", ".join(row.applies_if))
    yield from _paragraph(f"How it is tested (by {row.verification.by})", row.verification.method)
    yield from _paragraph("The control: what has to succeed", row.verification.control)
    yield from _paragraph("Not tested because", row.verification.reason)
    yield from _judges(row)
    yield from _paragraph("What to do when it is not met", row.remediation)


def _judges(row: Requirement) -> Iterator[str]:
    from isao_conformance.probe import all_probes, all_watchers

    judges = [(p.name, p.run.__doc__) for p in all_probes().values() if p.requirement == row.id]
    judges += [(w.name, w.look.__doc__) for w in all_watchers().values() if w.requirement == row.id]
    for name, told in judges:
        yield from _paragraph(f"Judged by {name}", (told or "").split("\n\n")[0])


def _paragraph(title: str, text: str) -> Iterator[str]:
    if text.strip():
        yield ""
        yield title
        yield from _wrapped(text)


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(" ".join(text.split()), WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
