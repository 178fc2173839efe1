"""What the suite itself is tried on, read from the tests: dead targets, lawful oddities, other people's servers."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from docs_build.knowledge import Knowledge
from docs_build.row_page import row_link
from docs_build.text import bullets, count, first_line, plain, prose, table
from isao_spec.model import Requirement

DEAD = "tests/hostile/dead.py"
VARIANTS = ("tests/eccentrics/variants.py", "tests/eccentrics/more_variants.py")
RULINGS = "tests/peers/adjudications.yaml"
OUTCOMES = "tests/peers/outcomes.json"


def dead_targets(root: Path) -> str:
    """The dead targets, each in its own words: the module's public functions that answer with a Reply."""
    module = ast.parse((root / DEAD).read_text("utf-8"))
    lines = [
        prose(first_line(ast.get_docstring(node)))
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        and isinstance(node.returns, ast.Name)
        and node.returns.id in ("Reply", "Handler")
        and not node.name.startswith("_")
    ]
    if not lines:
        raise ValueError(f"{DEAD} holds no dead target")
    return bullets(lines)


def variants(root: Path) -> str:
    """The lawful but unusual servers with the clause that permits each."""
    lines = [line for file in VARIANTS for line in _variants(ast.parse((root / file).read_text("utf-8")))]
    if not lines:
        raise ValueError(f"{' and '.join(VARIANTS)} hold no variant")
    return table(("Variant", "What it does", "What permits it"), sorted(lines))


def _variants(module: ast.Module) -> Iterator[tuple[str, str, str]]:
    about = {node.name: ast.get_docstring(node) for node in module.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Variant":
            name, clause = (ast.literal_eval(argument) for argument in node.args[:2])
            maker = node.args[2]
            told = about.get(maker.id) if isinstance(maker, ast.Name) else ""
            yield plain(name.replace("_", " ")), prose(first_line(told)), plain(clause)


def rulings(root: Path, rows: dict[str, Requirement]) -> str:
    """Every failure and warning reported on an independent server, with the ruling and its clause."""
    told: dict[str, dict[str, dict[str, dict[str, Any]]]] = yaml.safe_load((root / RULINGS).read_text("utf-8"))
    parts = []
    for server in sorted(told):
        lines = [line for row_id in told[server] for line in _rulings(told[server][row_id], rows[row_id])]
        checks = sum(len(checks) for checks in told[server].values())
        parts.append(f"### {plain(server)}")
        parts.append(f"{count(checks, 'check')} not met, in {count(len(told[server]), 'requirement')}.")
        parts.append(table(("Requirement", "Ruling", "Why", "Clause", "Checks"), lines))
    return "\n\n".join(parts)


def servers_by_area(root: Path, known: Knowledge) -> str:
    """Server by area: how many requirements of each TAXII area each independent server met, as recorded."""
    told: dict[str, dict[str, str]] = json.loads((root / OUTCOMES).read_text("utf-8"))
    lines = []
    for group in known.catalogue.groups:
        rows = [row.id for row in known.of_group(group) if any(row.id in outcomes for outcomes in told.values())]
        if rows:
            cells = (_cell(Counter(told[server].get(row, "untestable") for row in rows)) for server in sorted(told))
            lines.append((f"[{plain(group.title)}](functions/{group.stem}.md)", *cells))
    return table(("Area", *(plain(server) for server in sorted(told))), lines)


def _cell(outcomes: Counter[str]) -> str:
    words = {
        "pass": "met",
        "fail": "failed",
        "warn": "warned",
        "untestable": "not judged",
        "inapplicable": "not offered",
    }
    return ", ".join(f"{outcomes[word]} {said}" for word, said in words.items() if outcomes[word])


def _rulings(checks: dict[str, dict[str, Any]], row: Requirement) -> Iterator[tuple[str, ...]]:
    """One line for all checks of a row that share a ruling."""
    shared = Counter((told["ruling"], told["why"], told["clause"]) for told in checks.values())
    for (ruling, why, clause), number in shared.items():
        yield row_link(row, "requirements/"), plain(ruling), plain(why), plain(clause), str(number)
