"""What the exchange's own graph knows: which known objects a text names, who else saw an indicator, what helps against
a threat. Plain reads over the stored objects; nothing here decides who may know the result."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NAMED_TYPES = ("attack-pattern", "campaign", "intrusion-set", "malware", "threat-actor", "tool", "vulnerability")
SHORTEST_NAME = 4
"""Characters of a name that is looked for in words; shorter ones are words of the language too often."""


@dataclass(frozen=True)
class Known:
    """One stored object: where it lies, whose it is, who may read it (a number of the store), and what it says."""

    id: str
    collection: int
    organization: str
    audience: int
    label: str
    stix: Mapping[str, Any]


_SELECT = "SELECT object_id, collection, organization, audience, label, CAST(body AS TEXT) FROM items"


def _known(row: tuple[Any, ...]) -> Known:
    return Known(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))


def named_in(db: sqlite3.Connection, text: str) -> list[Known]:
    """Stored threats whose name, alias or external id stands in a text as a word, letter case ignored."""
    words = _words(text)
    rows = db.execute(
        f"{_SELECT} WHERE object_type IN (SELECT value FROM json_each(?)) ORDER BY key", (json.dumps(NAMED_TYPES),)
    )
    return [one for one in map(_known, rows) if not one.stix.get("revoked") and any(_in(n, words) for n in _names(one))]


def same_patterns(db: sqlite3.Connection, patterns: Iterable[str]) -> list[Known]:
    """Stored indicators with exactly one of the patterns."""
    rows = db.execute(
        f"{_SELECT} WHERE object_type = 'indicator'"
        " AND json_extract(CAST(body AS TEXT), '$.pattern') IN (SELECT value FROM json_each(?)) ORDER BY key",
        (json.dumps(list(patterns)),),
    )
    return [one for one in map(_known, rows) if not one.stix.get("revoked")]


def mitigations(db: sqlite3.Connection, threats: Iterable[str]) -> list[tuple[str, str]]:
    """(id, name) of the courses of action that mitigate one of the threats, or a technique that one of them uses."""
    wanted = set(threats)
    used = {target for _, target in _edges(db, "uses", "source_ref", wanted)}
    sources = dict.fromkeys(source for source, _ in _edges(db, "mitigates", "target_ref", wanted | used))
    rows = db.execute(
        f"{_SELECT} WHERE object_type = 'course-of-action' AND object_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(sources)),),
    )
    live = {one.id: str(one.stix.get("name", "")) for one in map(_known, rows) if not one.stix.get("revoked")}
    return sorted(live.items(), key=lambda pair: pair[1])


def _edges(db: sqlite3.Connection, kind: str, end: str, ids: set[str]) -> list[tuple[str, str]]:
    rows = db.execute(
        "SELECT json_extract(text, '$.source_ref'), json_extract(text, '$.target_ref') FROM"
        " (SELECT CAST(body AS TEXT) AS text FROM items WHERE object_type = 'relationship')"
        " WHERE json_extract(text, '$.relationship_type') = ? AND json_extract(text, '$.revoked') IS NOT 1"
        f" AND json_extract(text, '$.{end}') IN (SELECT value FROM json_each(?))",
        (kind, json.dumps(sorted(ids))),
    )
    return [(str(source), str(target)) for source, target in rows]


def _names(one: Known) -> list[str]:
    names = [one.stix.get("name"), *one.stix.get("aliases", ()), *one.stix.get("x_mitre_aliases", ())]
    references = one.stix.get("external_references", ())
    names += [item.get("external_id") for item in references if isinstance(item, dict)]
    return [name for name in names if isinstance(name, str) and len(name) >= SHORTEST_NAME]


def _words(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9.-]+', text.lower()))} "


def _in(name: str, words: str) -> bool:
    return f" {' '.join(re.findall(r'[a-z0-9.-]+', name.lower()))} " in words.replace(". ", " ")
