"""The distribution map that a target declares, and who may read what by it. Pure: no I/O, no lab.

`distribution` of the capability document says, for each TLP 2.0 label, which readers the exchange lets read an
item, named by their relation to its contributor. The harness judges an exchange by its own map, cut down to the
ceiling that the text of TLP 2.0 sets (FIRST TLP 2.0, section 2, definitions of the labels).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isao_conformance.target import OUTSIDER, Actor

PUBLIC = "public"
PEERS = "peers"
GOVERNMENT = "government"
MEMBERS = "members"
ORGANIZATION = "contributing-organization"
ACCOUNT = "contributing-account"
OPERATORS = "operators"
"""Not a relation that a map lists: `operators_read_all` decides it."""

RELATIONS = (PUBLIC, PEERS, GOVERNMENT, MEMBERS, ORGANIZATION, ACCOUNT)
"""The closed list of relations that a map may name, widest first."""

STRICTEST_FIRST = ("red", "amber+strict", "amber", "green", "clear")

IMPLIED: Mapping[str, frozenset[str]] = {
    PUBLIC: frozenset(RELATIONS),
    MEMBERS: frozenset({ORGANIZATION, ACCOUNT}),
    ORGANIZATION: frozenset({ACCOUNT}),
}
"""Who is let in along with a listed relation: what strangers may read, everybody may."""

_MEMBERS_AT_MOST = frozenset({MEMBERS, ORGANIZATION, ACCOUNT})

CEILING: Mapping[str, frozenset[str]] = {
    "clear": frozenset(RELATIONS),
    "green": _MEMBERS_AT_MOST | {PEERS},
    "amber": _MEMBERS_AT_MOST,
    # Whose organization "strict" means on a hub is contested: both readings stay under this.
    "amber+strict": _MEMBERS_AT_MOST,
    "red": frozenset({ACCOUNT}),
}
"""The widest audience of each label."""

WITHHELD = frozenset({ORGANIZATION, ACCOUNT})
"""Who at most reads an item whose marking nobody knows."""


@dataclass(frozen=True)
class Distribution:
    """A declared map under the ceiling: the readers of each label, and of items without one."""

    readers: Mapping[str, frozenset[str]]
    unlabelled: frozenset[str]
    default_label: str
    operators_read_all: bool

    def promises(self, label: str | None, relation: str) -> bool:
        """True when the map says that readers of this relation get items of this label (None: no label)."""
        if relation == OPERATORS:
            return self.operators_read_all
        return relation in (self.unlabelled if label is None else self.readers[label])

    def permits(self, label: str | None, relation: str) -> bool:
        """True when it is no leak that they get them: what is promised, and one's own contribution."""
        return relation == ACCOUNT or self.promises(label, relation)


def declared(document: Mapping[str, Any]) -> Distribution:
    """The map of a capability document, cut down to the ceiling.

    Raises ValueError, with the problems in its text, when the map cannot be read; being wider than the ceiling is
    no such problem.
    """
    faults = _unreadable(document)
    if faults:
        raise ValueError("; ".join(faults))
    told = document["distribution"]
    readers = {label: _with_implied(told["labels"][label]) & CEILING[label] for label in CEILING}
    default = told["default_label"]
    return Distribution(readers, readers[default] & CEILING["amber"], default, told.get("operators_read_all") is True)


def problems(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with the declared map, each as one sentence; an empty list means it is complete and lawful."""
    faults = _unreadable(document)
    if faults:
        return faults
    told = document["distribution"]
    for label in CEILING:
        beyond = [
            relation for relation in RELATIONS if relation in _with_implied(told["labels"][label]) - CEILING[label]
        ]
        if beyond:
            faults.append(f"{label} goes to {', '.join(beyond)}, beyond what TLP 2.0 lets it")
    default = told["default_label"]
    if STRICTEST_FIRST.index(default) > STRICTEST_FIRST.index("amber"):
        faults.append(f"the default label {default} is wider than amber")
    return faults


def relation_of(reader: Actor, contributor: Actor) -> str:
    """How a reader stands to the contributor of an item, by the actors that the operator lent.

    Accounts of one organization are told by the declared organization, and member-a2 by its name where none is
    declared. A former member is nobody's member: what strangers may read is all it may read.
    """
    if reader.name == contributor.name:
        return ACCOUNT
    by_role = {
        OUTSIDER: PUBLIC,
        "ex-member": PUBLIC,
        "applicant": PUBLIC,
        "peer": PEERS,
        "government": GOVERNMENT,
        "operator": OPERATORS,
        "analyst": OPERATORS,
    }
    if reader.name in by_role:
        return by_role[reader.name]
    if reader.organization and contributor.organization:
        return ORGANIZATION if reader.organization == contributor.organization else MEMBERS
    colleagues = {"member-a", "member-a2"}
    return ORGANIZATION if {reader.name, contributor.name} == colleagues else MEMBERS


def _with_implied(listed: list[str]) -> frozenset[str]:
    return frozenset(listed).union(*(IMPLIED.get(relation, frozenset()) for relation in listed))


def _unreadable(document: Mapping[str, Any]) -> list[str]:
    told = document.get("distribution")
    if not isinstance(told, Mapping) or not isinstance(told.get("labels"), Mapping):
        return ["no distribution map is declared"]
    faults = []
    for label, listed in told["labels"].items():
        if label not in CEILING:
            faults.append(f"{label!r} is not a TLP 2.0 label")
        elif not isinstance(listed, list) or any(not isinstance(relation, str) for relation in listed):
            faults.append(f"the readers of {label} are not a list of relations")
        else:
            faults += [f"{label} names {r!r}, which is no relation" for r in listed if r not in RELATIONS]
    faults += [f"no readers are declared for {label}" for label in CEILING if label not in told["labels"]]
    if told.get("default_label") not in CEILING:
        faults.append("the label of unlabelled items, default_label, is not declared")
    return faults
