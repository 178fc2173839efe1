"""Whether a contributor may say this here: in whose name, under whose id, and after whose last word.

A claim is judged by itself. Everything else is decided by what the contributor may see: an object that is hidden from
it is taken as one that is new, so that no refusal tells of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from isao_reference.policy import audience, decide, provenance
from isao_reference.policy.audience import Contributor
from isao_reference.policy.marking import Restriction
from isao_reference.policy.principal import Principal
from isao_reference.store import collections, identities, items, parties, revocations, selection
from isao_reference.store.collections import Collection
from isao_reference.store.selection import Query, Row, Source
from isao_reference.wire import stix_object, timestamps
from isao_reference.wire.filters import Versions
from isao_reference.wire.stix_object import ObjectFault, StixFacts

ANOTHERS = (
    "another organization shared this object first; only that adds versions to it (STIX 2.1 section 3.6)."
    " Send a sighting, a note or an opinion about it, or an object of your own with a derived-from relationship"
)


@dataclass
class Guard:
    """The checks of one batch by one contributor into one collection. `now` is microseconds; `asks` is who sends it,
    None where it is the contributor's account as it is without a request."""

    db: sqlite3.Connection
    collection: Collection
    contributor: Contributor
    now: int
    asks: Principal | None = None
    _owners: dict[str, dict[str, str]] = field(default_factory=dict)
    _seen: tuple[int, tuple[int, ...] | None] | None = None

    def admit(self, facts: StixFacts, value: Any) -> bool:
        """Whether there is something to store: False for what its source has stored already. Raises ObjectFault."""
        self._not_from_the_future(facts)
        foreign = self._claim_fault(facts)
        found = self._source(self.collection, facts.id)
        if found is not None and found.organization != self.contributor.organization:
            same = self._same_version(facts)
            if foreign is not None and same is not None and _equal(same, value):
                return False
            anew = foreign is None and facts.type in stix_object.MODIFIED_TYPES and (same is None or found.in_own_name)
            if anew and (found.in_own_name or not self.speaks_for_itself(facts)):
                raise ObjectFault(ANOTHERS)
        if foreign is not None:
            raise ObjectFault(foreign)
        self._no_members_id(facts)
        self._no_members_name(facts)
        return True

    def speaks_for_itself(self, facts: StixFacts) -> bool:
        """Whether the contributor says this in an identity of its own."""
        return provenance.speaks_for_itself(facts.claims, self.contributor.organization, self._owned(facts))

    def speaks_for_nobody_else(self, facts: StixFacts) -> None:
        """Refuses an object that names another organization as its creator, or passes for one. Raises ObjectFault."""
        fault = self._claim_fault(facts)
        if fault is not None:
            raise ObjectFault(fault)
        self._no_members_name(facts)

    def stays_revoked(self, facts: StixFacts) -> None:
        """Refuses what would make live again what this contributor revoked in the collection: a later version, or an
        earlier one while the revocation itself was deleted."""
        own, place = audience.own_identities(self.contributor), self.collection.key
        revoked = revocations.version_of(self.db, place, facts.id, own)
        if revoked is None or (facts.version_key <= revoked and facts.revoked):
            return
        if facts.version_key > revoked:
            raise ObjectFault("the object is revoked; a revoked object gets no further versions (STIX 2.1 section 3.6)")
        if not revocations.still_stored(self.db, place, facts.id, revoked, own):
            raise ObjectFault("the object was revoked and its revocation deleted; share what you mean under a new id")

    def restrictions_seen(self, ids: Iterable[str]) -> dict[str, list[Restriction]]:
        """What versions of objects are stored under, as far as the contributor may read them: of its organization's
        own, or those of others where it has none. Whoever else uses its id restricts nothing of it."""
        places, audiences, who = {one.key for one in self._readable}, self._audiences(), self.contributor
        own: dict[str, list[Restriction]] = {}
        others: dict[str, list[Restriction]] = {}
        for row in items.restrictions(self.db, ids):
            may_read = row.place in places and (audiences is None or row.audience in audiences)
            if may_read or row.account == who.account:
                kept = own if row.organization == who.organization else others
                kept.setdefault(row.object_id, []).append(row.restriction)
        return others | own

    def _claim_fault(self, facts: StixFacts) -> str | None:
        claims = facts.claims
        if self.contributor.kind == "exchange":  # it says who its members are, and nothing in their names
            claims = tuple(one for one in claims if one != facts.id)
        return provenance.claim_fault(claims, self.contributor.organization, self._owned(facts))

    def _not_from_the_future(self, facts: StixFacts) -> None:
        latest = timestamps.version_key(timestamps.format_micros(self.now + provenance.MOST_AHEAD))
        if facts.version_key > str(latest):
            raise ObjectFault("its time is over a day ahead of the exchange's clock")

    def _no_members_id(self, facts: StixFacts) -> None:
        """Refuses an id under which another organization speaks in an identity of its own, in any collection that the
        contributor may see: who merges collections would take the one for a version of the other."""
        if facts.type not in stix_object.MODIFIED_TYPES:
            return
        elsewhere = items.others_own(self.db, facts.id, self.contributor.organization)
        for place in self._readable:
            found = self._source(place, facts.id) if place.key in elsewhere else None
            if found is not None and found.in_own_name and found.organization != self.contributor.organization:
                raise ObjectFault(ANOTHERS)

    def _no_members_name(self, facts: StixFacts) -> None:
        if facts.name is None or decide.is_staff(self._principal):
            return
        if provenance.skeleton(facts.name) in self._names:
            raise ObjectFault(
                "its name passes for that of another organization of this exchange; refer to that one's own identity"
            )

    @cached_property
    def _principal(self) -> Principal:
        if self.asks is not None:
            return self.asks
        who = self.contributor
        groups = parties.groups_of(self.db, who.organization)
        account = parties.account_by_name(self.db, who.account)
        if account is not None:
            return replace(account.principal, groups=groups)
        role = "operator" if who.kind == "exchange" else "member"
        return Principal(who.account, who.organization, who.kind, role, groups=groups)

    @cached_property
    def _readable(self) -> list[Collection]:
        return [c for c in collections.all_collections(self.db) if decide.can_read(self._principal, c.readers)]

    @cached_property
    def _names(self) -> frozenset[str]:
        """How the names of other organizations look: those they are registered by, and those that they gave themselves
        in identity objects that the contributor may see; not its own, where the operator gave two the same."""
        organization = self.contributor.organization
        names = list(identities.names_of_others(self.db, organization))
        owned = identities.of_others(self.db, organization)
        for place in self._readable:
            rows = selection.select(self.db, Query(place.key, self._audiences(), ids=tuple(owned)), -1, with_body=True)
            names += [str(json.loads(row.body).get("name", "")) for row in rows]
        own = parties.organization_name(self.db, organization) or ""
        return frozenset(map(provenance.skeleton, names)) - {"", provenance.skeleton(own)}

    def _audiences(self) -> tuple[int, ...] | None:
        """What was stored a moment ago can have brought new audiences, so they are asked for again then."""
        number = items.last_audience(self.db)
        if self._seen is None or self._seen[0] != number:
            self._seen = number, decide.readable_audiences(self._principal, items.audiences(self.db))
        return self._seen[1]

    def _owned(self, facts: StixFacts) -> dict[str, str]:
        for claim in facts.claims:
            if claim not in self._owners:
                self._owners[claim] = identities.owners_of(self.db, [claim])
        return {one: owner for claim in facts.claims for one, owner in self._owners[claim].items()}

    def _source(self, place: Collection, object_id: str) -> Source | None:
        """Whose object it is for the contributor: None when it sees nothing of it there."""
        if place not in self._readable:
            return None
        return selection.source_of(self.db, place.key, object_id, self._audiences(), self.contributor.account)

    def _same_version(self, facts: StixFacts) -> Row | None:
        query = Query(
            self.collection.key,
            self._audiences(),
            ids=(facts.id,),
            versions=Versions(frozenset(), frozenset({facts.version_key})),
            spec_versions=(facts.spec_version,),
        )
        found = selection.select(self.db, query, 1, with_body=True)
        return found[0] if found else None


def _equal(stored: Row, value: Any) -> bool:
    return json.dumps(json.loads(stored.body), sort_keys=True) == json.dumps(value, sort_keys=True)
