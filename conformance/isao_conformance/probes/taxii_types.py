"""Types, names and bodies of resources (TAXII 2.1, sections 2, 3.1, 3.7, 3.8 and 8.2.1): watchers, and one probe.

Each watcher looks at every exchange of the run. What the row of a single property says better is left to that row.
Rows: spec requirements/taxii_types.yaml.
"""

from __future__ import annotations

import json
import re
from typing import Any

from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import Stix, some_objects
from isao_conformance.lab import Lab
from isao_conformance.listings import instant, type_of
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import (
    API_ROOT,
    COLLECTION,
    DISCOVERY,
    ENVELOPE,
    MANIFEST,
    STATUS,
    VERSIONS,
    items,
    succeeded,
)
from isao_conformance.tables import (
    COUNTS,
    ERROR,
    MANIFEST_RECORD,
    STATUS_DETAILS,
    Part,
    asked_for,
    is_bundle,
    misnamed,
    mistaken,
    parts,
    resource,
)

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
GREATEST = 2**53 - 1
"""The greatest integer that section 2 allows; the least is its negative."""

LISTS_OF_STRINGS = {
    DISCOVERY: "api_roots",
    API_ROOT: "versions",
    COLLECTION: "media_types",
    VERSIONS: "versions",
}
INTEGERS = {API_ROOT: ("max_content_length",), STATUS: COUNTS}
STRINGS = {
    DISCOVERY: ("title", "description", "contact", "default"),
    API_ROOT: ("title", "description"),
    STATUS_DETAILS: ("message",),
    COLLECTION: ("title", "description", "alias"),
    MANIFEST_RECORD: ("id", "media_type"),
    ERROR: ("description", "error_id", "error_code", "external_details"),
}
"""Properties of the type string that no row of their own covers."""

WITHOUT_BODY = (204, 205)
STIX_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)[:120]


@watcher("TAXII-2-2", statement="6084f5a1")
def identifiers_are_random_uuids(exchange: Exchange) -> Looked:
    """Section 2: the id of a collection or status is a UUID of version 4 in the form of RFC 4122, case ignored."""
    found = [part.body["id"] for part in parts(exchange) if part.kind in (COLLECTION, STATUS) and "id" in part.body]
    wrong = [value for value in found if not (isinstance(value, str) and UUID4.fullmatch(value))]
    if wrong:
        return Finding("a UUID of version 4", f'"id": {_shown(wrong[0])}')
    return bool(found)


@watcher("TAXII-2-3", statement="175358ac")
def integers_are_whole_and_safe(exchange: Exchange) -> Looked:
    """Section 2: whole JSON numbers within 2**53 - 1. 5.0 is whole: its spelling is left to the property's own row."""
    part = resource(exchange)
    if part is None or part.kind not in INTEGERS:
        return False
    found = [(name, part.body[name]) for name in INTEGERS[part.kind] if name in part.body]
    wrong = next(((name, value) for name, value in found if not _is_integer(value)), None)
    if wrong is not None:
        return Finding(f"a whole number up to {GREATEST}", f'"{wrong[0]}": {_shown(wrong[1])} in {part.where}')
    return bool(found)


def _is_integer(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == value // 1 and abs(value) <= GREATEST


@watcher("TAXII-2-5", statement="ec643f37")
def members_of_lists_have_the_type_of_the_list(exchange: Exchange) -> Looked:
    """Section 2: all values of a list conform to its type. Members of collections, envelopes and statuses are left to
    TAXII-5.1-1, TAXII-3.7-2 and TAXII-4.3.1-8."""
    looked = False
    for part in parts(exchange):
        name = LISTS_OF_STRINGS.get(part.kind, "objects" if part.kind == MANIFEST else "")
        values = part.body.get(name) if name else None
        if not isinstance(values, list):
            continue
        looked = True
        wrong = [value for value in values if not isinstance(value, dict if part.kind == MANIFEST else str)]
        if wrong:
            kind = "manifest-record" if part.kind == MANIFEST else "string"
            return Finding(f"a list of type {kind}", f"{name} in {part.where} holds {_shown(wrong[0])}")
    return looked


@watcher("TAXII-2-7", statement="8296eadd")
def timestamps_end_in_z(exchange: Exchange) -> Looked:
    """Section 2: UTC, told by Z. Only what names an instant can be in another zone; the rest is left to TAXII-2-6."""
    part, answer = resource(exchange), exchange.answer
    if part is None or answer is None or part.kind not in (MANIFEST, ENVELOPE, VERSIONS, STATUS):
        return False
    found: list[tuple[str, Any]] = [("date_added", record.get("date_added")) for record in _records(part)]
    found.append(("request_timestamp", part.body.get("request_timestamp")))
    for name in ("X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"):
        found += [(name, value) for value in answer.header_all(name)]
    times = [(name, value) for name, value in found if instant(value) is not None]
    wrong = next(((name, value) for name, value in times if not value.endswith("Z")), None)
    return Finding("a time in UTC that ends with Z", f"{wrong[0]}: {wrong[1]}") if wrong else bool(times)


def _records(part: Part) -> list[dict[str, Any]]:
    return items(part.body, "objects") if part.kind == MANIFEST else []


@watcher("TAXII-3.1-2", statement="fb6289df")
def success_brings_the_resource_of_the_endpoint(exchange: Exchange) -> Looked:
    """3.1: a 2xx that permits a body has the one defined for its endpoint. Told by names that other resources do not
    have: what the right resource lacks or spells wrongly is left to TAXII-3.8-2 and TAXII-3.8-1."""
    answer = exchange.answer
    kind = asked_for(exchange) if succeeded(exchange) else ""
    if not kind or answer is None or answer.status in WITHOUT_BODY:
        return False
    if not answer.body.strip():
        return Finding(f"a {kind} resource", f"{answer.status} without a body")
    if answer.data is None or (kind == ENVELOPE and is_bundle(exchange)):
        return False
    if not isinstance(answer.data, dict):
        return Finding(f"a {kind} resource", f"{_shown(answer.data)}")
    instead = mistaken(Part(kind, kind, answer.resource))
    return True if instead is None else Finding(f"a {kind} resource", f"{instead}: {_shown(answer.data)}")


@watcher("TAXII-3.7-2", statement="980a8da2")
def envelopes_hold_stix_objects_only(exchange: Exchange) -> Looked:
    """3.7: every item is a STIX object: it has a type, an id that begins with it, and is no bundle."""
    kind = asked_for(exchange) if succeeded(exchange) else ""
    if kind != ENVELOPE or exchange.answer is None:
        return False
    listed = exchange.answer.list_of("objects")
    for item in listed:
        if not _is_stix(item):
            return Finding("objects with a type, and an id that begins with it", f"objects holds {_shown(item)}")
    return bool(listed)


def _is_stix(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    kind, stix_id = item.get("type"), item.get("id")
    named = isinstance(kind, str) and isinstance(stix_id, str) and kind != ""
    return named and kind != "bundle" and "--" in str(stix_id) and type_of(stix_id) == kind


@watcher("TAXII-3.7-4", statement="45e05a2a")
def next_is_a_string(exchange: Exchange) -> Looked:
    """3.7: next is a string, where it is given. Looked at in envelopes; manifest and versions have no next of 3.7."""
    part = resource(exchange)
    if part is None or part.kind != ENVELOPE:
        return False
    if "next" in part.body and not isinstance(part.body["next"], str):
        return Finding("a string, or no next", f'"next": {_shown(part.body["next"])}')
    return True


@watcher("TAXII-3.8-1", statement="b3065d30")
def names_are_spelled_as_in_the_tables(exchange: Exchange) -> Looked:
    """3.8: names exactly as in the tables, case included. A name that differs only in case, hyphen or underscore is a
    misspelt one, and so is one that holds what belongs under an absent name; any other one is a custom property."""
    looked = False
    for part in parts(exchange):
        looked = True
        if part.misspelt:
            return Finding("names as in the property tables", f'"{part.misspelt[0][:80]}" in {part.where}')
        stray = misnamed(part)
        if stray:
            return Finding("names as in the property tables", f'the content of {part.where} is in "{stray[:80]}"')
    return looked


@watcher("TAXII-8.2.1-3", statement="5341d20a")
def strings_are_strings(exchange: Exchange) -> Looked:
    """8.2.1: properties conform to their types; here the type string. null is none: what is not there is left out."""
    looked = False
    for part in parts(exchange):
        for name in STRINGS.get(part.kind, ()):
            if name not in part.body:
                continue
            looked = True
            if not isinstance(part.body[name], str):
                return Finding("a string", f'"{name}": {_shown(part.body[name])} in {part.where}')
    return looked


@probe("TAXII-8.2.1-5", statement="7f7b58a9")
def valid_objects_come_back_valid(lab: Lab) -> None:
    """8.2.1: the server is capable of sending valid STIX. Judged by objects that this run posted and that are valid:
    what is wrong with them when they come back is the server's doing. Looked at are the common properties."""
    shelf = some_objects(lab)
    if not shelf.own:
        lab.no_verdict("no object of this run is in reach, and faults of others' content are not the server's")
    chosen = list({stix["type"]: stix for stix in shelf.objects}.values())
    session, wrong, seen = lab.reader, [], 0
    answers = [session.objects(shelf.collection, match_id=",".join(stix["id"] for stix in chosen))]
    answers += [session.object(shelf.collection, stix["id"]) for stix in chosen]
    known = {stix["id"].lower() for stix in shelf.objects}
    for answer in answers:
        for stix in _sent_back(answer, known):
            seen += 1
            wrong += [f"{stix.get('id')}: {fault}" for fault in _faults(stix)]
    if not seen:
        lab.no_verdict("none of the objects of this run came back")
    lab.expect(
        not wrong,
        "valid objects come back as valid STIX",
        expected="a type and id, spec_version 2.1, created and modified as STIX timestamps, no null",
        got=wrong[:2] or f"{seen} objects",
    )


def _sent_back(answer: Answer, known: set[str]) -> list[Stix]:
    return [stix for stix in answer.objects if str(stix.get("id")).lower() in known] if answer.status == 200 else []


def _faults(stix: Stix) -> list[str]:
    """What is invalid in the common properties of an object that was valid when it was posted."""
    found = [] if _is_stix(stix) else [f"type {stix.get('type')!r} and id do not agree"]
    if stix.get("spec_version") != "2.1":
        found.append(f"spec_version {stix.get('spec_version')!r}")
    for name in ("created", "modified", "valid_from"):
        value = stix.get(name)
        absent = name not in stix and (name == "valid_from" or stix.get("type") == "marking-definition")
        valid = isinstance(value, str) and STIX_TIME.fullmatch(value) is not None and instant(value) is not None
        if not absent and not valid:
            found.append(f"{name} {_shown(value)}")
    begun, changed = instant(stix.get("created")), instant(stix.get("modified"))
    if begun is not None and changed is not None and changed < begun:
        found.append("modified is earlier than created")
    return found + [f"{name} is {_shown(value)}" for name, value in stix.items() if value is None or value == []]
