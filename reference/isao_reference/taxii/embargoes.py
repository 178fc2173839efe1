"""What was under embargo reaches its readers, as something that comes now, so that nobody who polls misses it."""

from __future__ import annotations

from isao_reference.audit import trail
from isao_reference.audit.record import Draft
from isao_reference.settings import Settings
from isao_reference.store import collections, documents, items
from isao_reference.store.sqlite import Store
from isao_reference.taxii import arrivals
from isao_reference.wire import timestamps


def release_due(settings: Settings, store: Store) -> int:
    """Releases every item whose embargo has ended, all of them or none, and returns how many there were. Nothing is
    written while there are none."""
    now = timestamps.micros(settings.clock())
    with store.reading() as db:
        if not items.embargoes_due(db, now):
            return 0
    draft = Draft("operate", "embargoes")
    with trail.recorded(store, draft, settings.clock) as db:
        due = items.embargoes_due(db, now)
        distribution, _ = documents.policy_settings(db)
        before: dict[int, int] = {}
        for collection, key in due:
            last = collections.last_added(db, collection)
            before.setdefault(collection, last)
            date_added = collections.next_date_added(now, last)
            items.release(db, key, distribution, date_added)
            collections.set_last_added(db, collection, date_added)
        for one in collections.all_collections(db):
            if one.key in before:
                arrivals.announce(db, one, before[one.key], now)
        draft.count = len(due)
    return len(due)
