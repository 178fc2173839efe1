"""Shared content for filters of versions: one object in two STIX versions, objects without modified or any time.

Like `fixtures`: made once a run by `lab.fixture(function)` and only ever read. Beside it, what an answer shows of
the versions of one object, whichever endpoint gave it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from isao_conformance import content
from isao_conformance.errors import Untestable
from isao_conformance.exchange import parse_media_type
from isao_conformance.filtering import fetch_of
from isao_conformance.fixtures import (
    LABEL,
    Stix,
    Versioned,
    held_versions,
    several_versions,
    statement_marking,
    versions_in_order,
)
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, Pages, instant, pages, version_of

_OBSERVABLES = (
    "artifact autonomous-system directory domain-name email-addr email-message file ipv4-addr ipv6-addr mac-addr"
    " mutex network-traffic process software url user-account windows-registry-key x509-certificate"
)
_DOMAIN_TYPES = (
    "attack-pattern campaign course-of-action grouping identity incident indicator infrastructure intrusion-set"
    " location malware malware-analysis note observed-data opinion report threat-actor tool vulnerability"
)
OBSERVABLES = frozenset(_OBSERVABLES.split())
OBSERVABLE_IDS = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace of the ids of observables (STIX 2.1, 2.9): UUIDv5 over their properties in canonical JSON."""

STIX_TYPES = (
    *_DOMAIN_TYPES.split(),
    "relationship",
    "sighting",
    *sorted(OBSERVABLES),
    "language-content",
    "marking-definition",
    "extension-definition",
)
"""Every object type of STIX 2.1: sections 4 (with incident), 5, 6 and 7."""


@dataclass(frozen=True)
class Single:
    """An object that stands in a collection in one version. `version` is its modified, or else created, time."""

    collection: str
    stix: Stix
    own: bool

    @property
    def id(self) -> str:
        """Its STIX id."""
        return str(self.stix["id"])

    @property
    def version(self) -> str:
        """The version as the object spells it; "" when it has none."""
        return version_of(self.stix) or ""


def both_forms(lab: Lab) -> Single:
    """One indicator in the STIX 2.1 form and, posted later, in the 2.0 form: same id, same modified; `stix` is the
    2.1 one. Untestable where the target refuses one of the two."""
    newer = lab.indicator(LABEL)
    new_in_21 = ("spec_version", "pattern_type", "indicator_types")
    older = {name: value for name, value in newer.items() if name not in new_in_21}
    lab.publish([newer])
    lab.publish([{**older, "labels": ["benign", *older["labels"]]}])
    return Single(lab.workspace, newer, own=True)


def own_marking(lab: Lab) -> Single:
    """An own statement marking."""
    stix = statement_marking(lab)
    lab.publish([stix])
    return Single(lab.workspace, stix, own=True)


def without_modified(lab: Lab) -> Single:
    """An own statement marking, or a marking definition that a readable collection lists."""
    try:
        return lab.fixture(own_marking)
    except Untestable as fault:
        found = lab.fixture(marking_of_others)
        if found is None:
            raise Untestable(f"no marking definition is in reach; {fault.why}", fault.blocked_by) from None
        return found


def marking_of_others(lab: Lab) -> Single | None:
    """The first marking definition with created and no modified that a readable collection lists."""
    for url in lab.survey.readable:
        for stix in lab.reader.objects(url, match_type="marking-definition").objects:
            is_marking = stix.get("type") == "marking-definition" and isinstance(stix.get("id"), str)
            if is_marking and "modified" not in stix and instant(stix.get("created")) is not None:
                return Single(url, stix, own=False)
    return None


def observables(lab: Lab) -> list[Single]:
    """Own observables, so objects without created and modified: a process, whose id is random, and a mutex, whose id
    follows from its name. Untestable when the target takes neither."""
    drill = f"drill {lab.run}"
    process = {"type": "process", "id": f"process--{lab.uuid()}", "command_line": drill}
    mutex = {
        "type": "mutex",
        "id": f"mutex--{uuid5(OBSERVABLE_IDS, json.dumps({'name': drill}, separators=(',', ':')))}",
        "name": drill,
    }
    taken: list[Single] = []
    faults: list[Untestable] = []
    for stix in (process, mutex):
        whole = content.marked({**stix, "spec_version": "2.1"}, LABEL)
        try:
            lab.publish([whole])
            taken.append(Single(lab.workspace, whole, own=True))
        except Untestable as fault:
            faults.append(fault)
    if not taken:
        raise faults[0]
    return taken


def close_versions(lab: Lab) -> Versioned:
    """One own indicator in two versions within one millisecond. Untestable where the later one is refused."""
    first = lab.indicator(LABEL, modified="2026-01-05T08:00:00.123100Z")
    posted = (first, {**first, "modified": "2026-01-05T08:00:00.123556Z", "name": f"{first['name']}, once more"})
    for stix in posted:
        lab.publish([stix])
    return Versioned(lab.workspace, first["id"], posted, own=True)


def objects_in_versions(lab: Lab) -> list[Versioned]:
    """An object in several versions, and where they are own ones another whose versions came in order."""
    of = several_versions(lab)
    return [of, held_versions(lab, lab.fixture(versions_in_order))] if of.own else [of]


def entries_of(listed: Pages, stix_id: str) -> list[dict[str, Any]]:
    """The entries about one object."""
    return [entry for entry in listed.entries if entry.get("id") == stix_id]


def moments(listed: Pages, stix_id: str, endpoint: str) -> list[Instant | None]:
    """The versions of one object in an answer, oldest first; an unreadable one, None, comes before all."""
    found = [
        instant(entry.get("version") if endpoint == "manifest" else version_of(entry))
        for entry in entries_of(listed, stix_id)
    ]
    return sorted(found, key=lambda moment: (moment is not None, moment or (0, "")))


def ask(lab: Lab, endpoint: str, of: Versioned | Single, **query: str) -> Pages:
    """All pages about one object: GET of itself for `object`, else objects or manifest with match[id]."""
    if endpoint == "object":
        return pages(lab.reader.object, of.collection, of.id, **query)
    return pages(fetch_of(lab, endpoint), of.collection, match_id=of.id, **query)


def told_spec(entry: dict[str, Any]) -> str:
    """The STIX version that an object or a manifest record says it is in; "" when it does not say."""
    said = entry.get("spec_version")
    if isinstance(said, str):
        return said
    media_type = entry.get("media_type")
    return parse_media_type(media_type)[1].get("version", "") if isinstance(media_type, str) else ""


def in_old_form(entry: dict[str, Any]) -> bool:
    """True for an object that by the absence of spec_version is STIX 2.0 (STIX 2.1, 3.2)."""
    return "spec_version" not in entry and entry.get("type") not in OBSERVABLES
