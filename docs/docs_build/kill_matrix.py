"""The page of the kill matrix: which checks saw which faulty server, as the last full run recorded it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs_build.knowledge import Knowledge
from docs_build.row_page import row_link
from docs_build.text import count, plain, table

MATRIX = "tests/kill-matrix.jsonl"


def kill_matrix_page(known: Knowledge, root: Path) -> str:
    """`kill-matrix.md`. Raises ValueError when the matrix and the mutants are not the same."""
    lines = {line["mutant"]: line for line in map(json.loads, (root / MATRIX).read_text("utf-8").splitlines())}
    missing = {mutant.name for mutant in known.mutants} ^ set(lines)
    if missing:
        raise ValueError(f"{MATRIX} and the mutants differ in {', '.join(sorted(missing))}; run `make selftest`")
    parts = [
        "---\nhide:\n  - toc\n---",
        "# Kill matrix",
        f"{count(len(lines), 'mutant')}, each a server with one fault, each run against every requirement of the "
        "profiles taxii-server and exchange. Named are the requirements that turned red, first the one that the mutant "
        "was made to break, and how many checks saw it there. Everything not named stayed green. "
        "[What a mutant is](trust.md). `make selftest` makes the matrix anew and compares it with this one.",
    ]
    for group in known.catalogue.groups:
        rows = [row for row in known.of_group(group) if known.mutants_of(row)]
        if rows:
            entries = [lines[mutant.name] for row in rows for mutant in known.mutants_of(row)]
            parts += [
                f"## {plain(group.title)}",
                table(("Mutant", "Size", "Turned red", "Checks"), (_entry(known, entry) for entry in entries)),
            ]
    return "\n\n".join(parts) + "\n"


def _entry(known: Knowledge, entry: dict[str, Any]) -> Iterator[str]:
    red: dict[str, list[str]] = entry["red"]
    order = sorted(red, key=lambda row: (row != entry["breaks"], row))
    yield plain(entry["mutant"].replace("_", " "))
    yield entry["size"]
    yield ", ".join(row_link(known.catalogue.requirements[row], "requirements/") for row in order)
    yield ", ".join(str(len(red[row])) for row in order)
