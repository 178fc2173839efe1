"""From the specification's files to one checked `Catalogue`.

Strict on purpose: a row that silently means something else than its editor thought would make
certificates say something that is not so. Every fault of every file is found before anything is raised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from isao_spec.contract_loader import contracts_from, mechanics_from
from isao_spec.draft import Draft
from isao_spec.errors import SpecError
from isao_spec.model import (
    Capability,
    Catalogue,
    Checked,
    Contested,
    FunctionGroup,
    Level,
    Party,
    Profile,
    Requirement,
    Retired,
    Source,
    SourceRef,
    Status,
    Verification,
    VerifiedBy,
)
from isao_spec.yaml_lines import Document

__all__ = ["SpecError", "load_from"]


def load_from(folder: Path) -> Catalogue:
    """The specification in a folder laid out like this package's: `catalogue.yaml`, `retired.yaml`,
    `sources.yaml`, `capabilities.yaml`, `profiles/*.yaml`, `requirements/*.yaml`, `functions/*.yaml`.

    Raises SpecError with one `file:line: message` line for every fault.
    """
    draft = Draft(folder)
    capabilities = _capabilities(draft)
    sources = _sources(draft)
    retired = _retired(draft)
    profiles = _profiles(draft, capabilities)
    catalogue = draft.document("catalogue.yaml", "catalogue-file")
    groups = _groups(draft, catalogue) if catalogue else ()
    rows: dict[str, Requirement] = {}
    for group in groups:
        for row, fault in _rows(draft, group.stem):
            draft.faults += _dangling(row, fault, sources, profiles, capabilities, retired)
            draft.add(rows, row, fault)
    contracts = contracts_from(draft, groups, rows)
    mechanics = mechanics_from(draft, rows)
    if draft.faults or catalogue is None:
        raise SpecError(draft.faults)
    return Catalogue(
        name=catalogue.value["name"],
        version=catalogue.value["version"],
        groups=groups,
        requirements=rows,
        profiles=profiles,
        capabilities=capabilities,
        sources=sources,
        contracts=contracts,
        mechanics=mechanics,
        retired=retired,
        digest=digest_of(folder),
    )


def digest_of(folder: Path) -> str:
    """SHA-256 in hexadecimal over names and bytes of every YAML file and JSON Schema of the folder, in
    the order of their names. Prose (`changes/`) is left out: it decides nothing.
    """
    total = hashlib.sha256()
    files = {path.relative_to(folder).as_posix(): path for path in _data_files(folder)}
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _data_files(folder: Path) -> Iterable[Path]:
    folders = ("*.yaml", "profiles/*.yaml", "requirements/*.yaml", "functions/**/*.yaml")
    for pattern in (*folders, "stix/**/*.yaml", "schemas/**/*.json"):
        yield from folder.glob(pattern)


def _at(document: Document, *pointer: str | int) -> Callable[[str], str]:
    return lambda message: document.fault(pointer, message)


def _capabilities(draft: Draft) -> dict[str, Capability]:
    table: dict[str, Capability] = {}
    for document, index, item in draft.entries("capabilities.yaml", "capabilities-file", "capabilities"):
        draft.add(table, Capability(**item), _at(document, "capabilities", index, "id"))
    return table


def _sources(draft: Draft) -> dict[str, Source]:
    table: dict[str, Source] = {}
    for document, index, item in draft.entries("sources.yaml", "sources-file", "sources"):
        draft.add(table, Source(**item), _at(document, "sources", index, "id"))
    return table


def _retired(draft: Draft) -> dict[str, Retired]:
    table: dict[str, Retired] = {}
    for document, index, item in draft.entries("retired.yaml", "retired-file", "retired"):
        draft.add(table, Retired(**item), _at(document, "retired", index, "id"))
    return table


def _profiles(draft: Draft, capabilities: Mapping[str, Capability]) -> dict[str, Profile]:
    table: dict[str, Profile] = {}
    for path in sorted((draft.folder / "profiles").glob("*.yaml")):
        document = draft.document(f"profiles/{path.name}", "profile-file")
        if document is None:
            continue
        item = document.value
        required = tuple(item.get("may_not_be_absent", ()))
        profile = Profile(item["id"], item["title"], item["summary"], item["gate"], required)
        if profile.id != path.stem:
            draft.faults.append(document.fault(("id",), f"the id {profile.id!r} is not the file's name {path.stem!r}"))
        for index, name in enumerate(required):
            if name not in capabilities:
                draft.faults.append(
                    document.fault(
                        ("may_not_be_absent", index),
                        f"the capability {name!r} is not in capabilities.yaml",
                    )
                )
        draft.add(table, profile, _at(document, "id"))
    return table


def _groups(draft: Draft, catalogue: Document) -> tuple[FunctionGroup, ...]:
    present = {path.stem for path in (draft.folder / "requirements").glob("*.yaml")}
    groups: dict[str, FunctionGroup] = {}
    for index, item in enumerate(catalogue.value["functions"]):
        stem, at = item["stem"], ("functions", index, "stem")
        if stem in groups:
            draft.faults.append(catalogue.fault(at, f"the stem {stem!r} stands twice"))
        elif stem not in present:
            draft.faults.append(catalogue.fault(at, f"there is no file requirements/{stem}.yaml"))
        else:
            groups[stem] = FunctionGroup(**item)
    listed = {item["stem"] for item in catalogue.value["functions"]}
    for stem in sorted(present - listed):
        draft.faults.append(f"requirements/{stem}.yaml:1: {stem!r} is not listed in catalogue.yaml")
    return tuple(groups.values())


def _rows(draft: Draft, stem: str) -> Iterator[tuple[Requirement, Callable[..., str]]]:
    """The rows of one file, each with a function that words a fault at a place inside the row."""
    name = f"requirements/{stem}.yaml"
    document = draft.document(name, "requirement-file")
    if document is None:
        return
    if document.value["function"] != stem:
        message = f"the function {document.value['function']!r} is not the file's name {stem!r}"
        draft.faults.append(document.fault(("function",), message))
    for index, item in enumerate(document.value["requirements"]):
        row = _row(item, stem, name, document.line(("requirements", index, "id")))

        def fault(message: str, *inside: str | int, at: int = index, document: Document = document) -> str:
            return document.fault(("requirements", at, *(inside or ("id",))), message)

        yield row, fault


def _row(item: Mapping[str, Any], stem: str, file: str, line: int) -> Requirement:
    verification, checked, contested = item["verification"], item.get("checked"), item.get("contested")
    return Requirement(
        id=item["id"],
        function=stem,
        title=item["title"],
        level=Level(item["level"]),
        statement=item["statement"],
        rationale=item["rationale"],
        sources=tuple(SourceRef(**reference) for reference in item["sources"]),
        profiles=tuple(item["profiles"]),
        verification=Verification(**{**verification, "by": VerifiedBy(verification["by"])}),
        remediation=item["remediation"],
        status=Status(item["status"]),
        since=item["since"],
        checked=Checked(date.fromisoformat(checked["date"]), checked["passage"]) if checked else None,
        applies_if=_listed(item.get("applies_if")),
        contested=Contested(contested["why"], tuple(contested["readings"])) if contested else None,
        design_choice=item.get("design_choice", False),
        party=Party(item.get("party", Party.SERVER)),
        file=file,
        line=line,
    )


def _dangling(
    row: Requirement,
    fault: Callable[..., str],
    sources: Mapping[str, Source],
    profiles: Mapping[str, Profile],
    capabilities: Mapping[str, Capability],
    retired: Mapping[str, Retired],
) -> Iterator[str]:
    """Every name the row uses that stands for nothing, and an id that was given up."""
    if row.id in retired:
        yield fault(f"the id {row.id} is retired ({retired[row.id].reason}); take the next free number")
    for index, reference in enumerate(row.sources):
        if reference.source not in sources:
            message = f"the source {reference.source!r} is not in sources.yaml"
            yield fault(message, "sources", index, "source")
    for index, name in enumerate(row.profiles):
        if name not in profiles:
            yield fault(f"there is no file profiles/{name}.yaml", "profiles", index)
    if (row.verification.by is VerifiedBy.NONE) == bool(row.profiles):
        yield fault("a row stands in no profile exactly when nothing verifies it (by: none)", "profiles")
    for capability in row.applies_if:
        if capability not in capabilities:
            yield fault(f"the capability {capability!r} is not in capabilities.yaml", "applies_if")


def _listed(value: str | list[str] | None) -> tuple[str, ...]:
    """One capability may stand alone; several stand in a list."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)
