"""Two exchanges for `hops`: one is policy and intake alone, the other one runs and is spoken to over TAXII."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from isao_reference import setup
from isao_reference.functions import clock
from isao_reference.policy import audience, decide, provenance
from isao_reference.policy.audience import Contributor
from isao_reference.policy.marking import Restriction
from isao_reference.store import documents, items
from isao_reference.taxii import intake
from isao_reference.wire import stix_object, timestamps
from tests.leaks.federation import Place, Slot, Stix
from tests.oracle.handling.readers import Reader
from tests.oracle.handling.reference import principal_of
from tests.support.world import ACCOUNTS, ORGANIZATIONS, Clock, World, objects_url

LIVE_SLOTS: tuple[Slot, ...] = tuple(
    (name, kind, tuple((account, role) for account, (whose, role, _) in ACCOUNTS.items() if whose == name))
    for name, kind in ORGANIZATIONS.items()
    if name != "old"
)
"""What there is room for in the running exchange of the tests."""


def map_of(place: Place) -> dict[str, tuple[str, ...]]:
    """The map of an exchange as its capability document says it."""
    return {level: tuple(sorted(words)) for level, words in place.exchange.distribution.items() if level != "withheld"}


@dataclass(frozen=True)
class Row:
    """One version: as it was sent, by whom, and what it is stored under."""

    stix: Stix
    contributor: Contributor
    restriction: Restriction


@dataclass
class Shelf:
    """The decisions of the intake and of the policy. Of the store there are only the two tables in which the intake
    looks up whose definitions count."""

    place: Place
    purposes: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.distribution = map_of(self.place)
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE items (object_id, organization, body, statement)")
        self.db.execute("CREATE TABLE organizations (id, kind)")
        names = {seat[0].organization: seat[0].kind for seat in self.place.seats.values()}
        self.db.executemany("INSERT INTO organizations VALUES (?, ?)", names.items())
        self.owners = {provenance.identity_of(one): one for one in names} | dict(self.place.identities)

    def post(self, who: Reader, objects: Sequence[Stix], _: datetime) -> bool:
        """As `intake.take`: who speaks in another's name is refused; what an organization has put in before stays as it
        is; the others are stored."""
        contributor = Contributor(str(who.account), who.organization, who.kind)
        facts = [stix_object.facts_of(one) for one in objects]
        fine = [provenance.claim_fault(one.claims, who.organization, self.owners) is None for one in facts]
        batch = list(zip(facts, objects, strict=True))
        definitions = intake.definitions_for(self.db, batch, contributor)
        guard = SimpleNamespace(
            contributor=contributor,
            restrictions_seen=lambda _: {},
            speaks_for_itself=lambda one: provenance.speaks_for_itself(one.claims, who.organization, self.owners),
        )
        collection = SimpleNamespace(label=None)
        default = self.place.exchange.default_label
        found = intake.restrictions_for(batch, definitions, default, cast(Any, collection), cast(Any, guard))
        for (fact, stix), restriction, taken in zip(batch, found, fine, strict=True):
            before = (who.organization, fact.id)
            if taken and before not in {(row.contributor.organization, row.stix["id"]) for row in self.rows}:
                self.rows.append(Row(stix, contributor, restriction))
                row = (fact.id, who.organization, json.dumps(stix).encode(), intake.meaning_of(fact, stix) is not None)
                self.db.execute("INSERT INTO items VALUES (?, ?, ?, ?)", row)
        return fine[-1]

    def given(self, who: Reader, ids: Sequence[str], moment: datetime) -> list[Stix]:
        """Of each object what was put in first of all that somebody may read."""
        now, found = timestamps.micros(moment), {}
        for row in self.rows:
            name = row.stix["id"]
            if name in ids and name not in found and decide.may_read(principal_of(who), self._readers(row, now)):
                found[name] = row.stix
        return list(found.values())

    def counted(self, object_id: str) -> list[tuple[str, Restriction]]:
        """What each version is stored under, with its account."""
        return [(row.contributor.account, row.restriction) for row in self.rows if row.stix["id"] == object_id]

    def _readers(self, row: Row, now: int) -> audience.Audience:
        label, said = row.restriction.label, row.restriction.handling
        embargoed = said.embargo > now
        return audience.audience_of(label, row.contributor, self.distribution, said, embargoed=embargoed)


@dataclass
class Running:
    """A running exchange, read and written over TAXII; its clock is set to the moment of each request."""

    world: World
    place: Place
    purposes: Sequence[str] = ("cybersecurity",)

    def __post_init__(self) -> None:
        with self.world.store.writing() as db:
            documents.set_policy_settings(db, map_of(self.place), self.place.exchange.default_label)
        for identity, organization in self.place.identities.items():
            if identity != provenance.identity_of(organization):
                setup.add_identity(self.world.store, organization, identity)

    def post(self, who: Reader, objects: Sequence[Stix], moment: datetime) -> bool:
        """Add Objects (TAXII 2.1, 5.5)."""
        self._now(moment)
        answer = self.world.as_(str(who.account)).post(objects_url(), {"objects": list(objects)})
        return answer.status == 202 and any(one["id"] == objects[-1]["id"] for one in answer.json.get("successes", ()))

    def given(self, who: Reader, ids: Sequence[str], moment: datetime) -> list[Stix]:
        """Get Objects (TAXII 2.1, 5.4), by their ids."""
        self._now(moment)
        client = self.world.as_(who.account or "stranger")
        answer = client.get(objects_url(), query={"match[id]": ",".join(ids)})
        return list(answer.json.get("objects", [])) if answer.status == 200 else []

    def counted(self, object_id: str) -> list[tuple[str, Restriction]]:
        """What each version is stored under, with its account."""
        with self.world.store.reading() as db:
            return [(one.account, one.restriction) for one in items.restrictions(db, [object_id])]

    def _now(self, moment: datetime) -> None:
        ticking = self.world.settings.clock
        assert isinstance(ticking, Clock)
        if ticking.now < moment:
            ticking.now = moment
            clock.run_due(self.world.settings, self.world.store)
