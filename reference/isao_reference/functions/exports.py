"""Indicators for those without automation: a table, and plain lists for a firewall, of what the caller may read.

Each line of the table carries its label and its conditions; a list says in its head the strictest label in it, and
every condition that comes with one of its values.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from isao_reference import errors
from isao_reference.call import Answer, Call
from isao_reference.functions import endpoints, ledger, tables, views
from isao_reference.policy import conditions, decide, tlp
from isao_reference.store import collections, items, selection
from isao_reference.store.selection import Query, Row
from isao_reference.wire import timestamps

MOST = 50_000
"""Lines of one export."""
AT_ONCE = 5_000
"""Rows that are held in memory at once."""

_PATTERN = re.compile(r"\[\s*([a-z0-9-]+):([a-z_.'A-Z0-9-]+)\s*=\s*'((?:[^'\\]|\\.)*)'\s*\]")
_CONFIDENCE = re.compile(r"[0-9]{1,3}")
COLUMNS = ("type", "value", "tlp", "confidence", "valid_from", "valid_until", "name", "id", "conditions")


def get_export(call: Call) -> Answer:
    """GET /functions/exports/indicators.csv or blocklist.txt; `type` and `confidence` (at least) select."""
    if call.principal.anonymous:
        raise errors.unauthorized()
    name = call.path["name"]
    if name not in ("indicators.csv", "blocklist.txt"):
        raise errors.not_found()
    kind, confidence = _selection(call)
    with call.store.reading() as db:
        lines = _lines(call, db, kind, confidence)
    call.draft.give(str(one["id"]) for one in lines)
    ledger.note_items(call, ((str(one["id"]), str(one["organization"])) for one in lines))
    if name == "indicators.csv":
        return Answer(_table(lines), media_type="text/csv; charset=utf-8")
    return Answer(_list(lines), media_type="text/plain; charset=utf-8")


def _selection(call: Call) -> tuple[str | None, int]:
    found = endpoints.query_of(call, ("type", "confidence"))
    kind, confidence = found.get("type"), found.get("confidence", "0")
    if kind is not None and kind not in tables.TYPES:
        raise errors.bad_request(f"type is one of {', '.join(tables.TYPES)}")
    if _CONFIDENCE.fullmatch(confidence) is None or int(confidence) > 100:
        raise errors.bad_request("confidence is a number from 0 to 100")
    return kind, int(confidence)


def _lines(call: Call, db: sqlite3.Connection, kind: str | None, confidence: int) -> list[dict[str, Any]]:
    """The lines asked for, by type and value, so that two exports can be compared line by line; 400 when there are more
    than one export holds, since a list that was cut protects nobody from the rest."""
    audiences = decide.readable_audiences(call.principal, items.audiences(db))
    now = call.settings.clock()
    found: dict[str, dict[str, Any]] = {}
    for place in collections.all_collections(db):
        if not decide.can_read(call.principal, place.readers):
            continue
        for row in _rows(db, Query(place.key, audiences, types=("indicator",))):
            line = _line(json.loads(row.body), timestamps.micros(now))
            if line is not None and kind in (None, line["type"]) and line["confidence"] >= confidence:
                label, handling = items.restriction_of(db, row.key)
                marks = {"tlp": label, "conditions": conditions.in_words(handling)}
                found.setdefault(str(line["id"]), {**line, **marks, "organization": row.organization})
            if len(found) > MOST:
                raise errors.bad_request(f"there are more than {MOST} indicators; ask by type or confidence")
    return sorted(found.values(), key=lambda one: (one["type"], one["value"], one["id"]))


def _rows(db: sqlite3.Connection, query: Query) -> Iterator[Row]:
    rows = selection.select(db, query, AT_ONCE, with_body=True)
    while rows:
        yield from rows
        rows = selection.select(db, replace(query, after=rows[-1].date_added), AT_ONCE, with_body=True)


def _line(stix: Mapping[str, Any], now: int) -> dict[str, Any] | None:
    """The line of an indicator that still counts and says one value; None for others."""
    said = _PATTERN.fullmatch(str(stix.get("pattern", "")).strip())
    until = timestamps.rfc3339_micros(str(stix.get("valid_until", "")))
    if said is None or stix.get("revoked") or (until is not None and until <= now):
        return None
    value = re.sub(r"\\(.)", r"\1", said[3])
    if not value.isprintable():
        return None  # a line break in a value would add lines of its author's choice to everybody's lists
    confidence = stix.get("confidence")
    kind = {"file:hashes": "file-hash", "file:name": "file-name"}.get(f"{said[1]}:{said[2].split('.')[0]}", said[1])
    return {
        "type": kind,
        "value": value,
        "confidence": confidence if isinstance(confidence, int) else 0,
        "valid_from": stix.get("valid_from", ""),
        "valid_until": stix.get("valid_until", ""),
        "name": stix.get("name", ""),
        "id": stix["id"],
    }


def _table(lines: Iterable[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in line.items()} for line in lines)
    return out.getvalue().encode()


def _inert(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula, and no terminal for an order."""
    if not isinstance(value, str):
        return value
    cell = views.visible(value)
    return f"'{cell}" if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell


def _list(lines: list[dict[str, Any]]) -> bytes:
    labels = [str(one["tlp"]) for one in lines if one["tlp"] in tlp.ORDER]
    strictest = tlp.most_restrictive(labels).upper() if labels else "CLEAR"
    values = dict.fromkeys(str(one["value"]) for one in lines)
    head = [f"# TLP:{strictest}", f"# {len(values)} values"]
    told = sorted({views.visible(str(one["conditions"])) for one in lines if one["conditions"]})
    return "\n".join([*head, *(f"# some are {text}" for text in told), *values, ""]).encode()
