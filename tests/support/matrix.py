"""The kill matrix: for each mutant the rows that turned red in both profiles, and the checks that saw it.

It is committed as one line of JSON a mutant, so that a change of what a mutant is killed by shows in a diff. A run
that differs from it is drift: `make selftest` says so, and `--write` takes the new state over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from isao_conformance.runner import Judged
from isao_conformance.verdict import Outcome
from isao_spec import load
from isao_spec.model import VerifiedBy
from tests.support.mutation import RED, Mutant, run_rows

FILE = Path(__file__).parents[1] / "kill-matrix.jsonl"

# Their probes visit every endpoint, errors on purpose and an object that is gone, for the watchers to look at.
TRAFFIC = ("TAXII-3.1-9", "TAXII-3.1-7", "TAXII-5.7-2")
PROFILES = ("taxii-server", "exchange")


@dataclass(frozen=True)
class Killed:
    """One line of the matrix. `red` maps each row that turned red to the names of the checks that saw it."""

    mutant: str
    breaks: str
    size: str
    red: Mapping[str, list[str]]


@dataclass(frozen=True)
class Trial:
    """A mutant's line, and everything about it that must not be: undeclared red rows, survival, harness errors."""

    line: Killed
    faults: tuple[str, ...]


def profile_rows(entry: Mutant | None) -> list[str]:
    """The rows of both profiles, and those the mutant names from another one."""
    return [*(row.id for row in load().in_profiles(PROFILES)), *(entry.declared if entry else ())]


def rows_with(judged: Mapping[str, Judged], *outcomes: Outcome) -> dict[str, str]:
    """The rows with these outcomes, each with what was seen, for people to read when a test fails."""
    return {
        row: "; ".join(f"{c.outcome}: {c.name}: {c.got}" for c in found.checks if c.outcome in outcomes) or found.reason
        for row, found in judged.items()
        if found.outcome in outcomes
    }


def faults_of(entry: Mutant, judged: Mapping[str, Judged]) -> tuple[str, ...]:
    """Why the run of a mutant is not as declared; nothing when exactly the declared rows turned red."""
    red = rows_with(judged, *RED)
    return (
        *(f"harness error in {row}: {seen}" for row, seen in rows_with(judged, Outcome.ERROR).items()),
        *(f"survives in {r}: {judged[r].outcome} {judged[r].reason}" for r in sorted(entry.declared - red.keys())),
        *(f"undeclared {row}: {seen}" for row, seen in sorted(red.items()) if row not in entry.declared),
    )


def watched() -> list[str]:
    """The rows that watchers judge: they look at whatever is asked."""
    return [row.id for row in load().requirements.values() if row.verification.by is VerifiedBy.WATCHER]


def own_rows(entry: Mutant) -> list[str]:
    """The rows that a mutant declares, and those whose probes show watchers the broken place."""
    return [*sorted(entry.declared), *entry.traffic, *TRAFFIC]


def trial(entry: Mutant, touched: Collection[str] | None = None) -> Trial:
    """Run a mutant against both profiles; of these only against what it can touch, where the caller knows that."""
    rows = profile_rows(entry)
    if touched is not None:
        needed = {*touched, *entry.declared, *entry.traffic, *watched()}
        rows = [row for row in rows if row in needed]
    judged = run_rows(entry, rows)
    red = {
        row: sorted({c.name for c in found.checks if c.outcome in RED})
        for row, found in sorted(judged.items())
        if found.outcome in RED
    }
    return Trial(Killed(entry.name, entry.breaks, entry.size, red), faults_of(entry, judged))


def committed(file: Path = FILE) -> dict[str, Killed]:
    """The committed lines by mutant."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return {line["mutant"]: Killed(**line) for line in map(json.loads, lines)}


def write(lines: Iterable[Killed], file: Path = FILE) -> None:
    """Write the matrix, sorted by mutant."""
    texts = [json.dumps(asdict(line), sort_keys=True) + "\n" for line in sorted(lines, key=lambda line: line.mutant)]
    file.write_text("".join(texts), "utf-8")
