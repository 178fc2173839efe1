"""Telling those who may read a collection that something came into it, and nobody else; and those who were given an
object that it is no longer for them."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable

from isao_reference.functions import ledger
from isao_reference.policy import decide
from isao_reference.policy import records as policy
from isao_reference.policy.audience import Audience, Contributor
from isao_reference.policy.principal import Principal
from isao_reference.store import events, items, parties
from isao_reference.store.collections import Collection
from isao_reference.store.items import NewItem
from isao_reference.wire import timestamps


def announce(db: sqlite3.Connection, collection: Collection, arrived: Iterable[tuple[Audience, int]], now: int) -> None:
    """An event for each audience of what arrived, given as (audience, date_added in microseconds), as far as the
    collection lets that audience read. It names the collection and when to pull from: just before the first thing that
    this audience may see, since a date of something else would tell of it; for the same reason it happened then."""
    kinds = {one: kind for one, kind, _ in parties.all_organizations(db)}
    groups = parties.all_groups(db)
    first: dict[Audience, int] = {}
    for stored, date in arrived:
        readers = policy.within(stored, collection.readers, kinds, groups)
        first[readers] = min(date, first.get(readers, date))
    for readers in sorted(first.keys() - {frozenset()}, key=sorted):
        body = {
            "resource": "objects",
            "api_root": collection.api_root,
            "collection": collection.id,
            "added_after": timestamps.format_micros(first[readers] - 1),
            "time": timestamps.format_micros(first[readers]),
        }
        events.insert_event(db, str(uuid.uuid4()), now, items.audience_key(db, readers), body)


def left_out(db: sqlite3.Connection, collection: Collection, item: NewItem, contributor: Contributor) -> set[str]:
    """The organizations that were given an object and that its new version, now the newest of its line, leaves out."""
    before = None if item.embargo else items.audience_before(db, collection.key, item, contributor)
    if before is None or before == item.readers:
        return set()
    given = events.recipients_of(db, ledger.item(item.facts.id, contributor.organization))
    members = {
        one: Principal("", one, kind, "member", groups=parties.groups_of(db, one))
        for one, kind, _ in parties.all_organizations(db)
        if one in given
    }
    return {
        one for one, who in members.items() if decide.may_read(who, before) and not decide.may_read(who, item.readers)
    }


def tell_narrowed(db: sqlite3.Connection, narrowed: Iterable[tuple[str, str]], now: int) -> None:
    """An event for each organization with the ids of what is no longer for it, given as (organization, id)."""
    told: dict[str, list[str]] = {}
    for organization, object_id in narrowed:
        told.setdefault(organization, []).append(object_id)
    for organization, ids in sorted(told.items()):
        body = {"resource": "objects", "narrowed": ids, "time": timestamps.format_micros(now)}
        readers = items.audience_key(db, policy.recipients([organization]))
        events.insert_event(db, str(uuid.uuid4()), now, readers, body)
