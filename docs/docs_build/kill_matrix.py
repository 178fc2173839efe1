"""The page of the kill matrix: which checks saw which faulty server, as the last full run recorded it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs_build.evidence import Mutant
from docs_build.knowledge import Knowledge
from docs_build.row_page import row_link
from docs_build.text import count, plain, table

MATRIX = "tests/kill-matrix.jsonl"


def kill_matrix_page(known: Knowledge, root: Path) -> str:
    """`kill-matrix.md`, from the last run that was committed. A mutant that is newer than it is said to be."""
    file = root / MATRIX
    recorded = file.read_text("utf-8").splitlines() if file.is_file() else []
    lines = {line["mutant"]: line for line in map(json.loads, recorded)}
    parts = [
        "---\nhide:\n  - toc\n---",
        "# Kill matrix",
        f"{count(len(known.mutants), 'mutant')}; "
        + (f"{len(lines)} of them are in the last full run. " if lines else "no full run has been recorded yet. ")
        + "Each is a server with one "
        "fault, run against every requirement of the profiles taxii-server and exchange. Named are those that "
        "turned red, first the one that the mutant was made to break, and how many checks saw it there. Everything not "
        "named stayed green. [What a mutant is](trust.md). `make selftest` makes the matrix anew and compares it with "
        "this one.",
    ]
    for group in known.catalogue.groups:
        rows = [row for row in known.of_group(group) if known.mutants_of(row)]
        if rows:
            entries = [lines.get(m.name, _newer(m)) for row in rows for m in known.mutants_of(row)]
            parts += [
                f"## {plain(group.title)}",
                table(("Mutant", "Size", "Turned red", "Checks"), (_entry(known, entry) for entry in entries)),
            ]
    return "\n\n".join(parts) + "\n"


def _newer(mutant: Mutant) -> dict[str, Any]:
    return {"mutant": mutant.name, "breaks": mutant.breaks, "size": mutant.size, "red": {}}


def _entry(known: Knowledge, entry: dict[str, Any]) -> Iterator[str]:
    red: dict[str, list[str]] = entry["red"]
    order = sorted(red, key=lambda row: (row != entry["breaks"], row))
    yield plain(entry["mutant"].replace("_", " "))
    yield entry["size"]
    links = ", ".join(row_link(known.catalogue.requirements[row], "requirements/") for row in order)
    yield links or "not run in full yet"
    yield ", ".join(str(len(red[row])) for row in order)
