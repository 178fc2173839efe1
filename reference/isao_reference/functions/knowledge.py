"""What the exchange's own graph knows: which known objects a text names, who else saw an indicator, what helps against
a threat. Plain reads over the stored objects; nothing here decides who may know the result."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isao_reference.functions import naming

NAMED_TYPES = ("attack-pattern", "campaign", "intrusion-set", "malware", "threat-actor", "tool", "vulnerability")


@dataclass(frozen=True)
class Known:
    """One stored object: where it lies, whose it is, who may read it (a number of the store), and what it says."""

    id: str
    collection: int
    organization: str
    audience: int
    label: str
    stix: Mapping[str, Any]


_CURRENT = """
SELECT object_id, collection, organization, audience, label, CAST(body AS TEXT) FROM items
WHERE {chosen} AND object_type IN (SELECT value FROM json_each(?2)) AND NOT EXISTS (
    SELECT 1 FROM items AS newer WHERE newer.object_id = items.object_id AND newer.collection = items.collection
    AND newer.organization = items.organization AND newer.version_key > items.version_key AND newer.embargo = 0
    AND (newer.account = items.account OR newer.contributor = 'organization:' || newer.organization)
) ORDER BY key
"""
_BY_WORD = _CURRENT.format(chosen="key IN (SELECT item FROM known_by WHERE word IN (SELECT value FROM json_each(?1)))")
_BY_ID = _CURRENT.format(chosen="object_id IN (SELECT value FROM json_each(?1))")


def _live(db: sqlite3.Connection, query: str, wanted: Iterable[str], *kinds: str) -> list[Known]:
    """The newest version of each contributor's line, in the order they were stored, without what is revoked."""
    rows = db.execute(query, (json.dumps(list(wanted)), json.dumps(kinds)))
    found = (Known(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in rows)
    return [one for one in found if not one.stix.get("revoked")]


def named_in(db: sqlite3.Connection, text: str) -> list[Known]:
    """Stored threats that a text names, by the rules of `naming`."""
    said = naming.Said(text)
    return [one for one in _live(db, _BY_WORD, said, *NAMED_TYPES) if naming.is_named(one.stix, said)]


def same_patterns(db: sqlite3.Connection, patterns: Iterable[str]) -> list[Known]:
    """Stored indicators with exactly one of the patterns."""
    wanted = set(patterns)
    found = _live(db, _BY_WORD, map(naming.lower, wanted), "indicator")
    return [one for one in found if one.stix.get("pattern") in wanted]


def mitigations(db: sqlite3.Connection, threats: Iterable[str], tell: Callable[[Known], bool]) -> list[tuple[str, str]]:
    """(id, name) of the courses of action that mitigate one of the threats, or a technique that one of them uses. Only
    what `tell` allows is used, the relationships on the way included: they say as much as their ends."""
    wanted = set(threats)
    used = _across(db, (f"uses from {one}" for one in wanted), "target_ref", tell)
    sources = _across(db, (f"mitigates to {one}" for one in wanted | used), "source_ref", tell)
    told = [one for one in _live(db, _BY_ID, sources, "course-of-action") if tell(one)]
    return sorted({one.id: str(one.stix.get("name", "")) for one in told}.items(), key=lambda pair: pair[1])


def _across(db: sqlite3.Connection, words: Iterable[str], end: str, tell: Callable[[Known], bool]) -> set[str]:
    """What stands at the other end of the relationships that are known by these words."""
    return {str(one.stix[end]) for one in _live(db, _BY_WORD, words, "relationship") if tell(one)}
