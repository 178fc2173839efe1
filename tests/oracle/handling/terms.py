"""What the markings of an item say: the sections "The label of an item" and "What a contributor can say besides".

Levels and ids are those of the standards: TLP 2.0 (FIRST, August 2022) in the five marking definitions that OASIS
published in its common object repository, and TLP 1.0 in the four of STIX 2.1 section 7.2.1.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

#: From wide to strict. The last is no level of TLP: it stands for a restriction that nobody here can keep.
LEVELS = ("clear", "green", "amber", "amber+strict", "red", "withheld")

#: The OASIS marking definitions of TLP 2.0, and those of TLP 1.0 in STIX 2.1 section 7.2.1.4.
PUBLISHED = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",  # TLP:WHITE
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}

EXTENSION = "extension-definition--5a0d1f5e-8f0f-4e0d-9d0c-1f7c2a7d6b31"
SAYABLE = frozenset({"addressed_to", "government", "embargo_until", "refused_purposes", "legal_basis"})
CLASSES = frozenset({"members", "peers", "government", "public"})
REFUSABLE = frozenset(
    {"incident-response", "law-enforcement", "regulatory-enforcement", "civil-litigation", "public-records"}
)
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
TIMESTAMP = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?Z")


@dataclass(frozen=True)
class Exchange:
    """The exchange's own organization, its distribution map (the words for each level) and default label."""

    organization: str
    distribution: Mapping[str, frozenset[str]]
    default_label: str


@dataclass(frozen=True)
class Definition:
    """A marking definition as it was posted, and the organization that contributed it."""

    stix: Mapping[str, Any]
    organization: str


@dataclass(frozen=True)
class Item:
    """A STIX object, who contributed it, and the label of the collection that it was put into, if that has one.
    `source` is the item that it says another one was derived from, where its contributor is given that."""

    stix: Mapping[str, Any]
    account: str
    organization: str
    collection_label: str | None
    source: Item | None = None


@dataclass(frozen=True)
class Terms:
    """Everything that the markings of one item say, counted together. `address` is None where nothing is addressed."""

    label: str
    address: frozenset[str] | None
    government: str | None
    embargo: datetime | None
    refused: frozenset[str]


def terms_of(item: Item, definitions: Sequence[Definition], exchange: Exchange) -> Terms:
    """The terms of an item: "A `derived-from` relationship counts at least as what it says something was derived
    from"."""
    label, statements = label_and_statements(item, definitions, exchange)
    if item.source is not None:
        other, more = label_and_statements(item.source, definitions, exchange)
        label, statements = max(label, other, key=LEVELS.index), [*statements, *more]
    return counted_together(label, statements)


def label_and_statements(
    item: Item, definitions: Sequence[Definition], exchange: Exchange
) -> tuple[str, list[Mapping[str, Any]]]:
    """What an item's own markings say.

    "An item has the strictest of the labels that its markings give it, wherever they stand", collection included; "An
    item with no label at all gets the exchange's default"; "if it is one of the published definitions of TLP
    themselves, CLEAR". Those to whom the own handling of a definition "does not let it go are not shown it".
    """
    given = [] if item.collection_label is None else [item.collection_label]
    statements: list[Mapping[str, Any]] = []
    for marking in markings_of(item.stix):
        if marking in PUBLISHED:
            given.append(PUBLISHED[marking])
            continue
        counting = definitions_that_count(marking, item, definitions, exchange)
        if not counting:
            given.append("withheld")
        for stix in counting:
            if is_mere_statement(stix):
                continue
            statement = understood(stix)
            if statement is None:
                given.append("withheld")
            else:
                statements.append(statement)
    own = understood(item.stix)
    if own is not None:
        statements.append(own)
    unlabelled = "clear" if item.stix["id"] in PUBLISHED else exchange.default_label
    return max(given, key=LEVELS.index, default=unlabelled), statements


def markings_of(stix: Mapping[str, Any]) -> Iterator[str]:
    """Markings "on the object, on one of its properties (granular)". A granular marking for a language is no label."""
    yield from stix.get("object_marking_refs", ())
    for granular in stix.get("granular_markings", ()):
        if "marking_ref" in granular:
            yield granular["marking_ref"]


def definitions_that_count(
    marking: str, item: Item, definitions: Sequence[Definition], exchange: Exchange
) -> list[Mapping[str, Any]]:
    """Withheld is an item with a marking "whose definition is not there, was contributed by another organization than
    the item's or the exchange's own"."""
    own = (item.organization, exchange.organization)
    return [d.stix for d in definitions if d.stix["id"] == marking and d.organization in own]


def is_mere_statement(stix: Mapping[str, Any]) -> bool:
    """Whether it is "a mere statement (definition type `statement`, no extension)", which gives no label."""
    return stix.get("definition_type") == "statement" and not stix.get("extensions")


def understood(stix: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the handling extension of a definition says, or None where not all of it is understood.

    "An extension with another property (besides `extension_type`, which is `property-extension`), or a value that is
    not among these, is not understood, and neither is a definition that has other extensions, or a `definition` or
    `definition_type`, beside it." A definition without the extension is not understood either: "Every other marking
    restricts in a way that we do not know".
    """
    extensions = stix.get("extensions")
    if not isinstance(extensions, dict) or set(extensions) != {EXTENSION}:
        return None
    if "definition" in stix or "definition_type" in stix:
        return None
    said = extensions[EXTENSION]
    if not isinstance(said, dict) or said.get("extension_type") != "property-extension":
        return None
    if set(said) - {"extension_type"} - SAYABLE:
        return None
    values_are_right = (
        ("addressed_to" not in said or is_list_of(said["addressed_to"], is_addressee))
        and ("government" not in said or said["government"] in ("yes", "no"))
        and ("embargo_until" not in said or moment_of(said["embargo_until"]) is not None)
        and ("refused_purposes" not in said or is_list_of(said["refused_purposes"], REFUSABLE.__contains__))
        and ("legal_basis" not in said or isinstance(said["legal_basis"], str))
    )
    return said if values_are_right else None


def is_list_of(value: Any, is_right: Any) -> bool:
    """Whether it is a list of one to 200 texts, all of which are right."""
    return isinstance(value, list) and 1 <= len(value) <= 200 and all(isinstance(v, str) and is_right(v) for v in value)


def is_addressee(word: str) -> bool:
    """One of "`members`, `peers`, `government`, `public`, `organization:ID`, `group:ID`, `account:NAME`"; "Names are
    letters, digits, dots, hyphens and underscores, 64 at most"."""
    kind, colon, name = word.partition(":")
    if not colon:
        return word in CLASSES
    return kind in ("organization", "group", "account") and NAME.fullmatch(name) is not None


def moment_of(value: Any) -> datetime | None:
    """A "timestamp in UTC with at most six digits of a second", in the form of STIX 2.1 timestamps; None if not one."""
    found = TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    microsecond = int((found.group(7) or "").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, UTC)
    except ValueError:
        return None


def counted_together(label: str, statements: Sequence[Mapping[str, Any]]) -> Terms:
    """Several statements as one. Lists that share no word address nobody, which is not the same as no address.

    "Several of them on one item count together: it is addressed to what all of the lists name, word by word; one `no`
    outweighs any `yes`; the latest embargo and all refused purposes count."
    """
    lists = [frozenset(s["addressed_to"]) for s in statements if "addressed_to" in s]
    answers = {s["government"] for s in statements if "government" in s}
    embargoes = [moment_of(s["embargo_until"]) for s in statements if "embargo_until" in s]
    return Terms(
        label=label,
        address=frozenset.intersection(*lists) if lists else None,
        government="no" if "no" in answers else "yes" if "yes" in answers else None,
        embargo=max((e for e in embargoes if e is not None), default=None),
        refused=frozenset(p for s in statements for p in s.get("refused_purposes", ())),
    )
