"""What proves that a row is tested: the probes and watchers that judge it, the mutants that they must catch.

Probes are taken from the harness's own registry. Mutants are read as text, so that the pages can be
built without the packages of the reference exchange.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docs_build.text import first_line
from isao_conformance.probe import Probe, Watcher, all_probes, all_watchers


@dataclass(frozen=True)
class Judge:
    """A probe or watcher: its name, what it says about itself, and what it needs lent."""

    requirement: str
    name: str
    kind: str
    module: str
    about: str
    needs: tuple[str, ...] = ()
    exclusive: bool = False


@dataclass(frozen=True)
class Mutant:
    """A deliberately broken exchange: the row it breaks, rows it breaks as well, and why."""

    name: str
    module: str
    breaks: str
    size: str
    about: str
    also: Mapping[str, str] = field(default_factory=dict)


def judges() -> list[Judge]:
    """Every probe and watcher of the harness, by name."""
    found: list[Judge] = []
    for entry in (*all_probes().values(), *all_watchers().values()):
        found.append(_judge(entry))
    return sorted(found, key=lambda judge: judge.name)


def _judge(entry: Probe | Watcher) -> Judge:
    if isinstance(entry, Probe):
        function, kind, needs, exclusive = entry.run, "probe", entry.needs, entry.exclusive
    else:
        function, kind, needs, exclusive = entry.look, "watcher", (), False
    stem = function.__module__.rpartition(".")[2]
    return Judge(entry.requirement, entry.name, kind, stem, first_line(function.__doc__), needs, exclusive)


def mutants(folder: Path) -> list[Mutant]:
    """Every function decorated with `@mutant(...)` in the folder's modules, by name.

    Raises ValueError, naming file and line, when a declaration is not made of literals.
    """
    found: list[Mutant] = []
    for file in sorted(folder.glob("*.py")):
        found += _mutants_of(file)
    return sorted(found, key=lambda mutant: mutant.name)


def _mutants_of(file: Path) -> Iterator[Mutant]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in _declarations(node.decorator_list):
            try:
                told = _arguments(call)
                yield Mutant(
                    name=node.name,
                    module=file.stem,
                    breaks=told["breaks"],
                    size=told.get("size", "gross"),
                    about=first_line(ast.get_docstring(node)),
                    also=dict(told.get("also") or {}),
                )
            except (ValueError, KeyError) as fault:
                raise ValueError(f"{file.name}:{node.lineno}: {node.name} cannot be read ({fault})") from None


def _declarations(decorators: Iterable[ast.expr]) -> Iterator[ast.Call]:
    for decorator in decorators:
        if isinstance(decorator, ast.Call):
            named = decorator.func
            name = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
            if name == "mutant":
                yield decorator


def _arguments(call: ast.Call) -> dict[str, Any]:
    told = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
    if call.args:
        told.setdefault("breaks", ast.literal_eval(call.args[0]))
    return told
