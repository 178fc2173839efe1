"""What an operator does about deletions: looks at them, undoes them, or has what was deleted forgotten at once.

One stolen key, or one script gone wrong, can delete all that an organization contributed. So what is deleted over TAXII
is gone for everybody at once, and kept for `limits.DELETED_SECONDS` where only these commands find it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from isao_reference import limits
from isao_reference.audit import trail
from isao_reference.audit.record import Draft
from isao_reference.policy import audience, handling, provenance
from isao_reference.policy.audience import Audience, Contributor, Distribution
from isao_reference.policy.marking import Restriction
from isao_reference.settings import Settings, utc_now
from isao_reference.store import collections, dates, deletions, documents, identities, items, parties
from isao_reference.store.collections import Collection
from isao_reference.store.deletions import Chosen, Deletion, Kept
from isao_reference.store.sqlite import Store
from isao_reference.taxii import arrivals, intake
from isao_reference.wire import stix_object, timestamps
from isao_reference.wire.stix_object import ObjectFault


@dataclass
class Undone:
    """How many versions are there again, and (object id, why) of each that is not."""

    restored: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def listed(store: Store, chosen: Chosen) -> list[Deletion]:
    """The deletions that can still be undone, in the order they happened."""
    with store.reading() as db:
        return deletions.listed(db, chosen)


def undo(store: Store, chosen: Chosen, clock: Callable[[], datetime] = utc_now) -> Undone:
    """Stores deleted versions again in one transaction: the same content, under what it was restricted to, for whoever
    is entitled to it now, with new dates, as if it had just come. What its contributor has shared anew since, perhaps
    for fewer, stays as that left it, and so does a version that it could not share again."""
    draft = _draft("undo-deletion", chosen)
    now, done = timestamps.micros(clock()), Undone()
    with trail.recorded(store, draft, clock) as db:
        kept, (distribution, _) = deletions.find(db, chosen), documents.policy_settings(db)
        for place in collections.all_collections(db):
            own = [one for one in kept if one.collection == place.key]
            _restore(db, place, own, distribution, now, done)
        draft.take({one.object_id for one in kept}, refused=len(done.refused))
    return done


def forget(store: Store, chosen: Chosen, clock: Callable[[], datetime] = utc_now) -> int:
    """Removes deleted versions for good, and returns how many there were."""
    draft = _draft("forget-deletion", chosen)
    with trail.recorded(store, draft, clock) as db:
        kept = deletions.find(db, chosen)
        deletions.forget(db, [one.key for one in kept])
        draft.take({one.object_id for one in kept})
    return len(kept)


def forget_old(settings: Settings, store: Store) -> None:
    """Removes for good what was deleted longer ago than it is kept. Nothing is written while there is none."""
    before = timestamps.micros(settings.clock()) - limits.DELETED_SECONDS * 1_000_000
    with store.reading() as db:
        oldest = deletions.oldest_time(db)
    if oldest is not None and oldest < before:
        with store.writing(quietly=True) as db:
            deletions.forget_before(db, before)


def _draft(what: str, chosen: Chosen) -> Draft:
    since = timestamps.format_micros(chosen.since) if chosen.since else ""
    concerns = {"organization": chosen.organization, "since": since, "objects": list(chosen.objects)}
    return Draft("operate", what, details={"concerns": {name: value for name, value in concerns.items() if value}})


def _restore(
    db: sqlite3.Connection, place: Collection, kept: list[Kept], distribution: Distribution, now: int, done: Undone
) -> None:
    if not kept:
        return
    window = dates.open_window(db, place.key, now, len(kept))
    arrived: list[tuple[Audience, int]] = []
    anew = deletions.shared_anew(db, [one.key for one in kept])
    for one in kept:
        value = json.loads(one.body)
        contributor = Contributor(one.account, one.organization, parties.organization_kind(db, one.organization) or "")
        item = _item(db, one, value, contributor, distribution, now)
        date_added = window.draw()
        try:
            if one.key in anew:
                raise ObjectFault("its contributor has shared it anew since it was deleted")
            if intake.take_one(db, place, item, value, contributor, date_added, strict=True, guard=None):
                arrived.append((item.readers, date_added))
                done.restored += 1
        except ObjectFault as fault:
            done.refused.append((one.object_id, str(fault)))
            continue
        deletions.forget(db, [one.key])
    if arrived:
        dates.close_window(db, place.key, window)
        arrivals.announce(db, place, arrived, now)


def _item(
    db: sqlite3.Connection, one: Kept, value: object, contributor: Contributor, distribution: Distribution, now: int
) -> items.NewItem:
    facts, said = stix_object.facts_of(value), handling.from_text(one.handling)
    embargoed = said.embargo > now
    owners = identities.owners_of(db, facts.claims)
    return items.NewItem(
        facts=facts,
        body=one.body,
        restriction=Restriction(one.label, said),
        readers=audience.audience_of(one.label, contributor, distribution, said, embargoed=embargoed),
        identity=audience.identity_of(one.label, contributor, distribution),
        defines=bool(one.defines),
        embargo=said.embargo if embargoed else 0,
        hearsay=not provenance.speaks_for_itself(facts.claims, contributor.organization, owners),
    )
