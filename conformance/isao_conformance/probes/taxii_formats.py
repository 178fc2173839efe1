"""Formats of all resources (TAXII 2.1, sections 1.6.7, 2, 3.2 and 3.8): watchers only.

Each looks at every exchange of the run, so an endpoint that no probe singles out is covered too. Bodies come
from a target that may send anything: nothing here may raise. Rows: spec requirements/taxii_formats.yaml.
"""

from __future__ import annotations

import json
from typing import Any

from isao_conformance.exchange import Answer, Exchange
from isao_conformance.listings import instant
from isao_conformance.probe import Finding, Looked, watcher
from isao_conformance.resources import (
    API_ROOT,
    COLLECTION,
    COLLECTIONS,
    DISCOVERY,
    ENVELOPE,
    MANIFEST,
    STATUS,
    TIMESTAMP,
    VERSIONS,
    items,
    kind_of,
    succeeded,
)

BOM = b"\xef\xbb\xbf"

LISTS = {
    DISCOVERY: ("api_roots",),
    API_ROOT: ("versions",),
    COLLECTIONS: ("collections",),
    COLLECTION: ("media_types",),
    MANIFEST: ("objects",),
    ENVELOPE: ("objects",),
    VERSIONS: ("versions",),
    STATUS: ("successes", "failures", "pendings"),
}
"""The list properties of each resource, at its root."""

REQUIRED = {
    DISCOVERY: ("title",),
    API_ROOT: ("title", "versions", "max_content_length"),
    COLLECTION: ("id", "title", "can_read", "can_write"),
    STATUS: ("id", "status", "total_count", "success_count", "failure_count", "pending_count"),
}
"""The required properties of resources that have any at their root."""

REQUIRED_OF_ITEMS: dict[str, dict[str, tuple[str, ...]]] = {
    COLLECTIONS: {"collections": REQUIRED[COLLECTION]},
    MANIFEST: {"objects": ("id", "date_added", "version")},
    STATUS: {key: ("id", "version") for key in LISTS[STATUS]},
}
"""The required properties of the items in lists."""


def _answer(exchange: Exchange) -> tuple[str, Answer | None]:
    """Kind and answer when it is a success of a TAXII endpoint with a body, else nothing."""
    answer = exchange.answer
    if answer is None or not succeeded(exchange) or not answer.body:
        return "", None
    kind = kind_of(exchange)
    return (kind, answer) if kind else ("", None)


def _taxii_body(exchange: Exchange) -> bytes:
    """The body when it is one of TAXII: labelled so, or the success of a TAXII endpoint; else nothing."""
    answer = exchange.answer
    if answer is None or answer.status == 0 or not answer.body:
        return b""
    return answer.body if answer.is_taxii or _answer(exchange)[0] else b""


@watcher("TAXII-2-1", statement="69dc6c40")
def booleans_are_json_literals(exchange: Exchange) -> Looked:
    """Section 2: can_read, can_write and more are true or false, not words or numbers."""
    kind, answer = _answer(exchange)
    if answer is None or kind not in (COLLECTIONS, COLLECTION, ENVELOPE, MANIFEST, VERSIONS):
        return False
    named = ("more",) if kind in (ENVELOPE, MANIFEST, VERSIONS) else ("can_read", "can_write")
    holders = items(answer.data, "collections") if kind == COLLECTIONS else [answer.resource]
    found = [(name, holder[name]) for holder in holders for name in named if name in holder]
    wrong = next(((name, value) for name, value in found if not isinstance(value, bool)), None)
    if wrong is not None:
        return Finding("true or false", f'"{wrong[0]}": {_shown(wrong[1])} in {kind}')
    return bool(found)


@watcher("TAXII-2-4", statement="f52db68d")
def no_list_is_empty(exchange: Exchange) -> Looked:
    """Section 2: empty lists are prohibited; a list without element is left out."""
    kind, answer = _answer(exchange)
    if answer is None or not isinstance(answer.data, dict):
        return False
    holders: list[tuple[dict[str, Any], tuple[str, ...]]] = [(answer.resource, LISTS[kind])]
    if kind == COLLECTIONS:
        holders += [(entry, LISTS[COLLECTION]) for entry in items(answer.data, "collections")]
    for holder, names in holders:
        for name in names:
            if holder.get(name) == []:
                return Finding(f"no {name} at all when there is none", f'"{name}": [] in {kind}')
    return True


@watcher("TAXII-2-6", statement="9eaf15b6")
def timestamps_have_six_digits_and_are_utc(exchange: Exchange) -> Looked:
    """Section 2: microseconds and Z. Judged by date_added, which is the server's own time in its own resource."""
    kind, answer = _answer(exchange)
    if answer is None or kind != MANIFEST:
        return False
    dates = [record["date_added"] for record in answer.objects if "date_added" in record]
    wrong = next((date for date in dates if not _is_timestamp(date)), None)
    if wrong is not None:
        return Finding("YYYY-MM-DDTHH:MM:SS.ssssssZ", f'"date_added": {_shown(wrong)}')
    return bool(dates)


def _is_timestamp(value: object) -> bool:
    return isinstance(value, str) and TIMESTAMP.fullmatch(value) is not None and instant(value) is not None


@watcher("TAXII-2-9", statement="5ddaacfd")
def bodies_are_utf_8(exchange: Exchange) -> Looked:
    """Section 2: strings are encoded in UTF-8. Strict decoding of the octets; JSON escapes are fine."""
    body = _taxii_body(exchange)
    if not body:
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        around = body[max(0, fault.start - 10) : fault.start + 10]
        return Finding("UTF-8", f"octet {fault.start} is no UTF-8, in {around!r}")
    return True


class _NotInteroperable(ValueError):
    """Something that parses and that I-JSON forbids."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _NotInteroperable(f"the member {_shown(name)} comes twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise _NotInteroperable(f"the value {name}")


@watcher("TAXII-1.6.7-1", statement="0bf96c59")
def bodies_are_interoperable_json(exchange: Exchange) -> Looked:
    """1.6.7 and the media type: JSON without byte order mark, repeated names, NaN or Infinity."""
    body = _taxii_body(exchange)
    if not body:
        return False
    if body.startswith(BOM):
        return Finding("JSON without byte order mark", "the body begins with a byte order mark")
    try:
        json.loads(body.decode("utf-8", "replace"), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        return False
    except _NotInteroperable as fault:
        return Finding("unique member names and JSON values", str(fault))
    except ValueError as fault:
        return Finding("JSON", f"the body does not parse: {str(fault)[:120]}")
    return True


@watcher("TAXII-3.8-2", statement="e3a9f48f")
def required_properties_are_there(exchange: Exchange) -> Looked:
    """3.8: required properties of discovery, api-root, collection, manifest-record, status and status-details."""
    kind, answer = _answer(exchange)
    if answer is None or not isinstance(answer.data, dict):
        return False
    holders = [(kind, answer.resource, REQUIRED[kind])] if kind in REQUIRED else []
    for key, names in REQUIRED_OF_ITEMS.get(kind, {}).items():
        holders += [(f"an item of {key} in {kind}", item, names) for item in items(answer.data, key)]
    for where, holder, names in holders:
        lacking = [name for name in names if name not in holder]
        if lacking:
            return Finding(f"{', '.join(names)} in {where}", f"{where} without {', '.join(lacking)}")
    return bool(holders)


@watcher("TAXII-3.2-9", statement="412ad1de")
def date_added_headers_are_timestamps(exchange: Exchange) -> Looked:
    """3.2: both headers hold a TAXII timestamp. Answers that list nothing have no value to give."""
    kind, answer = _answer(exchange)
    if answer is None or kind not in (MANIFEST, ENVELOPE, VERSIONS):
        return False
    if not (answer.objects or answer.list_of("versions")):
        return False
    looked = False
    for name in ("X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"):
        for value in answer.header_all(name):
            looked = True
            if not _is_timestamp(value):
                return Finding("YYYY-MM-DDTHH:MM:SS.ssssssZ", f"{name}: {value[:80]}")
    return looked


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)[:120]
