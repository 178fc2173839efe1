"""The rules that STIX content is validated by, as data.

`rules()` gives the checked list of `rules.yaml`. The published JSON Schemas of STIX 2.1 lie under
`schemas/stix-2.1/`, unchanged; `SCHEMAS` names the folder.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from isao_spec.errors import SpecError
from isao_spec.model import Level

__all__ = ["FILE", "SCHEMAS", "Rule", "Scope", "load_rules_from", "rules"]

FILE = Path(__file__).resolve().parent / "rules.yaml"
SCHEMAS = FILE.parents[1] / "schemas" / "stix-2.1"


class Scope(StrEnum):
    """What has to be looked at: one object, its bundle, or its other versions and the objects it refers to."""

    OBJECT = "object"
    BUNDLE = "bundle"
    CHAIN = "chain"


@dataclass(frozen=True)
class Rule:
    """One duty of STIX content. The id is stable and never reused.

    `clause` is the section of the document `source` (an id of `sources.yaml`); `design_choice` says that
    the level is the project's own; `note` holds doubt and what cannot be judged.
    """

    id: str
    level: Level
    title: str
    statement: str
    clause: str
    scope: Scope
    source: str = "stix-2.1"
    design_choice: bool = False
    note: str = ""


def load_rules_from(file: Path) -> dict[str, Rule]:
    """The rules of one file by their ids, in the file's order.

    Raises SpecError with one `file:line: message` line for every fault: of form, an id that stands twice,
    a level of the project's own without a note that says so.
    """
    from isao_spec import schema_check, yaml_lines

    document = yaml_lines.read_file(file, file.name)
    faults = list(document.faults)
    if document.value is not None:
        faults += [
            document.fault(problem.path, f"{problem.pointer or '/'}: {problem.message}")
            for problem in schema_check.findings("stix-rules-file", document.value)
        ]
    if faults:
        raise SpecError(faults)
    table: dict[str, Rule] = {}
    for index, item in enumerate(document.value["rules"]):
        rule = Rule(**{**item, "level": Level(item["level"]), "scope": Scope(item["scope"])})
        if rule.id in table:
            faults.append(document.fault(("rules", index, "id"), f"the id {rule.id!r} stands twice"))
        if rule.design_choice and not rule.note:
            faults.append(document.fault(("rules", index, "id"), f"{rule.id} is a design choice without a note"))
        table[rule.id] = rule
    if faults:
        raise SpecError(faults)
    return table


@functools.cache
def rules() -> Mapping[str, Rule]:
    """The rules shipped with this package, checked; read once a process.

    Raises SpecError listing every fault, when the shipped file breaks a rule.
    """
    return load_rules_from(FILE)
