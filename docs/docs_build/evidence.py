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

READ = ("breaks", "size", "also")
"""What is read of a mutant's declaration."""


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

    Raises ValueError, naming file and line, when a declaration is not made of literals and names of literals
    that stand at the top of the same module.
    """
    found: list[Mutant] = []
    for file in sorted(folder.glob("*.py")):
        found += _mutants_of(file)
    return sorted(found, key=lambda mutant: mutant.name)


class _Constants(ast.NodeTransformer):
    """Puts the module's top-level literals in the place of their names."""

    def __init__(self, module: ast.Module) -> None:
        self.values: dict[str, ast.expr] = {}
        for node in module.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self.values[node.targets[0].id] = node.value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)

    def literal(self, node: ast.expr) -> Any:
        """The value of an expression. ValueError when it is no literal."""
        return ast.literal_eval(self.visit(node))


def _mutants_of(file: Path) -> Iterator[Mutant]:
    module = ast.parse(file.read_text("utf-8"))
    constants = _Constants(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in _declarations(node.decorator_list):
            try:
                told = _arguments(call, constants)
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


def _arguments(call: ast.Call, constants: _Constants) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg in READ:
            told[keyword.arg] = constants.literal(keyword.value)
    if call.args:
        told["breaks"] = constants.literal(call.args[0])
    return told
