"""Who gets to see a stored object, and who would see something published, so that nothing that the exchange publishes
tells its readers of something that they may not see."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from isao_reference.policy import audience, handling, tlp
from isao_reference.policy import records as policy
from isao_reference.policy.audience import Audience, Contributor, Distribution
from isao_reference.policy.handling import Handling
from isao_reference.store import collections, documents, items, parties
from isao_reference.store.collections import Collection


@dataclass(frozen=True)
class Sight:
    """The readers of the exchange at one moment; audiences and collections by their numbers in the store."""

    audiences: Mapping[int, Audience]
    collections: Mapping[int, Collection]
    kinds: Mapping[str, str]
    distribution: Distribution
    groups: Mapping[str, Iterable[str]]

    def of(self, readers: int, collection: int) -> Audience:
        """Who gets an object with these readers from this collection."""
        return policy.within(self.audiences[readers], self.collections[collection].readers, self.kinds, self.groups)

    def published(
        self, label: str, contributor: Contributor, place: Collection, said: Handling = handling.NONE
    ) -> Audience:
        """Who gets what a contributor publishes under a label and a handling; its account itself too, where only that
        does. An embargo is not looked at: it ends."""
        readers = audience.audience_of(label, contributor, self.distribution, said)
        alone = {atom for atom in readers if atom.startswith("account:")}
        return policy.within(readers, place.readers, self.kinds, self.groups) | alone

    def covered(self, readers: Audience, by: Iterable[Audience]) -> bool:
        """Whether all readers are among each of the others."""
        return all(policy.covers(wider, readers, self.kinds) for wider in by)

    def label(self, seen: Iterable[Audience], contributor: Contributor, place: Collection, at_least: str) -> str | None:
        """The widest label, none wider than `at_least`, under which everybody who gets something published gets all of
        what is `seen`; None where AMBER is too wide still."""
        wanted = list(seen)
        for label in tlp.ORDER[tlp.ORDER.index(at_least) : tlp.ORDER.index(tlp.AMBER) + 1]:
            if self.covered(self.published(label, contributor, place), wanted):
                return label
        return None

    def may_be_told(self, readers: int, collection: int, to: Audience) -> bool:
        """Whether an object may be named to some readers: they get it, or it is for everybody (TLP:CLEAR) and lies
        where members read."""
        if "public" in self.audiences[readers] and "members" in self.collections[collection].readers:
            return True
        return self.covered(to, [self.of(readers, collection)])


def look(db: sqlite3.Connection) -> Sight:
    """The readers as they are in this transaction; audiences that are added later are not in it."""
    return Sight(
        items.audiences(db),
        {one.key: one for one in collections.all_collections(db)},
        {one: kind for one, kind, _ in parties.all_organizations(db)},
        documents.policy_settings(db)[0],
        parties.all_groups(db),
    )
