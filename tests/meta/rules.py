"""Rules about this repository, each a function that returns what breaks it.

They take what they look at as arguments, so that a test can hand them something broken on purpose
and see that the rule can fail.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from isao_conformance.probe import Probe, Watcher
from isao_spec.model import Catalogue, Level, Requirement, Status

PACKAGES = {
    "spec/isao_spec": "isao_spec",
    "reference/isao_reference": "isao_reference",
    "conformance/isao_conformance": "isao_conformance",
}
ALLOWED = {
    "isao_spec": {"isao_spec"},
    "isao_reference": {"isao_spec", "isao_reference"},
    "isao_conformance": {"isao_spec", "isao_conformance"},
}
NOT_FOR_PROBES = {
    "asyncio",
    "datetime.datetime.now",
    "http",
    "multiprocessing",
    "os",
    "random",
    "requests",
    "secrets",
    "socket",
    "threading",
    "time",
    "uuid",
    "concurrent",
}
SOURCE_LINES, TEST_LINES = 400, 600


class Declared(Protocol):
    """What the rules need of a mutant."""

    name: str
    breaks: str
    also: Mapping[str, str]


def imports_of(source: str) -> set[str]:
    """Top-level names of everything a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name.split(".")[0] for name in found}


def broken_arrows(root: Path) -> list[str]:
    """Modules that import a package they must not know (design, section 2)."""
    ours = set(ALLOWED)
    return [
        f"{file.relative_to(root)} imports {name}"
        for folder, package in PACKAGES.items()
        for file in sorted((root / folder).rglob("*.py"))
        for name in sorted((imports_of(file.read_text("utf-8")) & ours) - ALLOWED[package])
    ]


def strangers_in_top_folders(root: Path) -> list[str]:
    """Anything beside the one package and the README in spec/, reference/ and conformance/."""
    allowed = {top.split("/")[0]: {top.split("/")[1], "README.md"} for top in PACKAGES}
    return [
        f"{top}/{entry.name}"
        for top, names in allowed.items()
        for entry in sorted((root / top).iterdir())
        if entry.name not in names and entry.name != "__pycache__"
    ]


def probes_with_their_own_randomness(sources: Mapping[str, str]) -> list[str]:
    """Probe modules that import a source of time, chance, threads or traffic other than the lab."""
    found = []
    for name, source in sources.items():
        found += [f"{name} imports {module}" for module in sorted(imports_of(source) & NOT_FOR_PROBES)]
        if re.search(r"\b(datetime|date)\.(now|utcnow|today)\(", source):
            found.append(f"{name} reads the clock")
    return found


def untested_musts(
    catalogue: Catalogue, probes: Iterable[Probe], watchers: Iterable[Watcher], mutants: Iterable[Declared]
) -> list[str]:
    """Approved rows that the harness claims to judge and that lack a probe, or MUSTs that lack a mutant."""
    judged = {p.requirement for p in probes} | {w.requirement for w in watchers}
    broken = {m.breaks for m in mutants}
    found = []
    for row in catalogue.requirements.values():
        if row.status is not Status.APPROVED or not row.verification.by.automatic:
            continue
        if row.id not in judged:
            found.append(f"{row.id} has no probe")
        if row.level in (Level.MUST, Level.MUST_NOT) and row.id not in broken:
            found.append(f"{row.id} has no mutant")
    return found


def stale_statements(catalogue: Catalogue, judges: Iterable[Probe | Watcher]) -> list[str]:
    """Probes written against another wording than the row's, or for no row at all."""
    found = []
    for judge in judges:
        row = catalogue.requirements.get(judge.requirement)
        if row is None:
            found.append(f"{judge.name} judges {judge.requirement}, which is no row")
        elif row.digest != judge.statement:
            found.append(f"{judge.name} was written against another wording of {row.id}; its digest is {row.digest}")
    return found


def misplaced_judges(catalogue: Catalogue, judges: Iterable[Probe | Watcher]) -> list[str]:
    """Probes that stand in a file with another stem than their row."""
    found = []
    for judge in judges:
        function = judge.run if isinstance(judge, Probe) else judge.look
        stem = function.__module__.rpartition(".")[2]
        row: Requirement | None = catalogue.requirements.get(judge.requirement)
        if row is not None and row.function != stem:
            found.append(f"{judge.name} stands in {stem}, its row in {row.function}")
    return found


def incomplete_stems(root: Path, catalogue: Catalogue) -> list[str]:
    """Stems that lack their row file, their probe file or their mutant file: a requirement touches these three.

    A stem of rows that nothing can judge has neither probes nor mutants.
    """
    folders = {
        "spec/isao_spec/requirements": ".yaml",
        "conformance/isao_conformance/probes": ".py",
        "tests/mutants": ".py",
    }
    stems = {
        folder: {file.stem for file in (root / folder).glob(f"*{ending}") if file.stem != "__init__"}
        for folder, ending in folders.items()
    }
    unjudged = {group.stem for group in catalogue.groups} - {
        row.function for row in catalogue.requirements.values() if row.verification.by.automatic
    }
    known = set().union(*stems.values())
    return [
        f"{folder}/{stem}{folders[folder]}"
        for folder in folders
        for stem in sorted(known - stems[folder])
        if stem not in unjudged
    ]


def unsound_mutants(catalogue: Catalogue, mutants: Iterable[Declared]) -> list[str]:
    """Mutants that name unknown rows, more than two side effects, or a side effect without a reason."""
    found = []
    for mutant in mutants:
        for named in (mutant.breaks, *mutant.also):
            if named not in catalogue.requirements:
                found.append(f"{mutant.name} names {named}, which is no row")
        if len(mutant.also) > 2:
            found.append(f"{mutant.name} declares more than two side effects")
        if any(not reason.strip() for reason in mutant.also.values()):
            found.append(f"{mutant.name} declares a side effect without a reason")
    return found


def lost_ids(catalogue: Catalogue, known: Iterable[str]) -> list[str]:
    """Ids given out before that are neither a row nor retired."""
    return [i for i in known if i not in catalogue.requirements and i not in catalogue.retired]


def long_modules(files: Mapping[str, str]) -> list[str]:
    """Modules over the ceiling: 400 lines of source, 600 of tests."""
    return [
        f"{name} has {text.count(chr(10))} lines"
        for name, text in files.items()
        if text.count("\n") > (TEST_LINES if name.startswith("tests/") else SOURCE_LINES)
    ]


def tests_that_assert_nothing(files: Mapping[str, str]) -> list[str]:
    """Test functions without an assertion, an expected exception, or a helper that says it checks."""
    found = []
    for name, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")):
                continue
            body = ast.unparse(node)
            if "assert" not in body and "pytest.raises" not in body and "check_" not in body:
                found.append(f"{name}::{node.name}")
    return found


def private_words(files: Mapping[str, str], words: Iterable[str]) -> list[str]:
    """Files that name a machine path, a package registry or a tool of one workplace."""
    return [f"{name} says {word}" for name, text in files.items() for word in words if word in text]


def silenced_checks(files: Mapping[str, str]) -> list[str]:
    """Skips and expected failures: a test that does not run must say so by a marker of the suite."""
    marks = ("pytest.mark.xfail", "pytest.xfail", "NotImplementedError")
    return [f"{name} says {mark}" for name, text in files.items() for mark in marks if mark in text]
