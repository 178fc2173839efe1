"""Telling those who may read a collection that something came into it, and nobody else."""

from __future__ import annotations

import sqlite3
import uuid

from isao_reference.policy import records as policy
from isao_reference.policy.audience import Audience
from isao_reference.store import events, items, parties
from isao_reference.store.collections import Collection
from isao_reference.wire import timestamps


def announce(db: sqlite3.Connection, collection: Collection, after: int, now: int) -> None:
    """An event for each audience of what was added after the date `after` (microseconds), as far as the collection lets
    that audience read. It names the collection and when to pull from: just before the first thing that this audience
    may see, since a date of something else would tell of it."""
    known = items.audiences(db)
    kinds = {one: kind for one, kind, _ in parties.all_organizations(db)}
    groups = parties.all_groups(db)
    first: dict[Audience, int] = {}
    for number, date in items.audiences_since(db, collection.key, after).items():
        readers = policy.within(known[number], collection.readers, kinds, groups)
        first[readers] = min(date, first.get(readers, date))
    for readers in sorted(first.keys() - {frozenset()}, key=sorted):
        body = {
            "resource": "objects",
            "api_root": collection.api_root,
            "collection": collection.id,
            "added_after": timestamps.format_micros(first[readers] - 1),
            "time": timestamps.format_micros(now),
        }
        events.insert_event(db, str(uuid.uuid4()), now, items.audience_key(db, readers), body)
