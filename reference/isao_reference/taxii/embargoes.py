"""What was under embargo reaches its readers, as something that comes now, so that nobody who polls misses it."""

from __future__ import annotations

from isao_reference.audit import trail
from isao_reference.audit.record import Draft
from isao_reference.settings import Settings
from isao_reference.store import collections, dates, documents, items
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
        for one in collections.all_collections(db):
            keys = [key for collection, key in due if collection == one.key]
            if not keys:
                continue
            window = dates.open_window(db, one.key, now, len(keys))
            arrived = []
            for key in keys:
                date_added = window.draw()
                arrived.append((items.release(db, key, distribution, date_added), date_added))
            dates.close_window(db, one.key, window)
            arrivals.announce(db, one, arrived, now)
        draft.count = len(due)
    return len(due)
