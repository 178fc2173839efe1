"""Passing on only narrows: an item on its way through three exchanges, each by the policy and intake of the reference.

Who was given the item in one exchange, and has a seat in the next, posts there exactly what it was given: the item and
those definitions of its markings that were shown to it. A *careless* one passes on whatever it has. A *lawful* one
keeps what it was given only as staff; of the rest it reads the published policy of the next exchange, and asks the
second implementation of docs/handling.md whom that would give the item to: RED and what is withheld goes nowhere;
AMBER+STRICT only where nobody but its own organization is given it; AMBER besides to its clients; GREEN within the
community, never to the public; CLEAR to anyone (TLP 2.0, the definitions of the labels); what is addressed only to
actors that the producer's exchange lets have it; and nothing where it would count as a wider label than before.

What is claimed of every hop, where `E` is its exchange, `R` who passed the item on, and *the producer's word* is what
that page makes of the item and all definitions of its markings, as if the producer had put them into `E` itself:

(a) *The label only rises.* `E` counts a label at least as strict as in the producer's word.
(b) *No condition is lost.* Unless `E` withholds the item: it is addressed to no one beyond the address; `no` to the
    government stays, and there is a `yes` only if the producer said so; the embargo ends no earlier; no purpose that
    was refused is forgotten.
(c) *Nobody else is let in.* Whoever is given it in `E` would be given it by the producer's word under the published map
    of `E`, for the same purpose and at the same moment, if the producer sat nowhere in `E`; or is `R`'s account; or of
    `R`'s organization, unless the label is RED or withheld. Staff are among the first: rule 3 of the page.
(d) *The lawful stay within the label.* If everybody on the way was lawful, then whoever is given it anywhere is, as an
    actor in the world, one that the first exchange lets have it, or else: anyone for CLEAR; of the community for GREEN;
    a client of one that has it, or a client of that one, for AMBER; nobody for the other labels, and for what is
    addressed. The staff of an exchange that carries it, who read everything there, are left out of account.

(a) to (c) hold for the careless, too. What is deliberately not claimed:

- (c) is about each exchange in its own words. A name in an address is that of the exchange where it is read: the
  `organization:north` of another exchange may be another company, `members` are those of that exchange, and who is of
  the government is what that one says. Only the lawful look who is meant.
- Only what is written into the item travels. An exchange's stricter default for an item without a label, a label of the
  collection, and what a `derived-from` relationship inherits from its source stay where they are. The lawful carry the
  first along in their heads; the other two are not drawn.
- A definition that another organization had contributed withholds the item in the first exchange; who passes on both
  vouches for it (only staff and the contributor can). Who was given somebody else's definition in place of the
  producer's, because the latter is hidden from it, is deceived, lawful or not: label a definition as what it marks.
- Nothing is said of an item that somebody writes anew, of need to know, or of what happens outside of the exchanges.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from isao_reference.policy.marking import Restriction
from isao_reference.wire import timestamps
from tests.leaks.federation import ACTORS, LATE, MOMENTS, Federation, Place, Stix, can_write
from tests.oracle.handling import readers, terms
from tests.oracle.handling.readers import ANONYMOUS, Reader
from tests.oracle.handling.terms import LEVELS, Definition, Item, Terms
from tests.oracle.handling.worlds import PURPOSES

NOBODY = "nobody-here"
RE_SHARERS = 2
"""The most who pass the item on at one hop."""


class Board(Protocol):
    """An exchange as the hops use it. `purposes` are those that its accounts can ask for."""

    purposes: Sequence[str]

    def post(self, who: Reader, objects: Sequence[Stix], moment: datetime) -> bool:
        """Puts objects in, definitions first; whether the last of them was taken."""
        ...

    def given(self, who: Reader, ids: Sequence[str], moment: datetime) -> list[Stix]:
        """Those of the objects that somebody is given."""
        ...

    def counted(self, object_id: str) -> list[tuple[str, Restriction]]:
        """What each version is stored under, with the account that contributed it."""
        ...


@dataclass
class Walk:
    """One item on its way. `boards` are those of the federation's places; `lawful` says how it is passed on; `seen`
    counts what happened."""

    federation: Federation
    boards: Sequence[Board]
    lawful: bool
    seen: Counter[str] = field(default_factory=Counter)
    holders: dict[int, list[Reader]] = field(default_factory=dict)
    """Who put it into which place."""

    def __post_init__(self) -> None:
        self.draw = random.Random(f"{self.federation.name} passed on")
        self.ids = [self.federation.item["id"], *(one["id"] for one, _ in self.federation.definitions)]
        first = self.federation.places[0]
        self.producer = first.seats[self.federation.producer][0]
        whose = {actor: seat[0].organization for actor, seat in first.seats.items()}
        self.own_definitions = [Definition(one, whose[actor]) for one, actor in self.federation.definitions]
        self.own_item = Item(self.federation.item, str(self.producer.account), self.producer.organization, None)
        self.at_home = terms.terms_of(self.own_item, self.own_definitions, first.exchange)
        self.at_first = {
            actor
            for actor, seat in first.seats.items()
            if any(
                readers.may_read(replace(one, purpose=purpose), self.own_item, self.at_home, first.exchange, FOREVER)
                for one in seat
                for purpose in PURPOSES
                if one is self.producer or not readers.is_staff(one)
            )
        }

    def run(self) -> Walk:
        """Walks all hops; AssertionError, naming the federation, where a claim does not hold."""
        federation, here = self.federation, self.federation.path[0]
        for stix, actor in federation.definitions:
            if actor != federation.producer:
                self.boards[here].post(federation.places[here].seats[actor][0], [stix], MOMENTS[0])
        own = [stix for stix, actor in federation.definitions if actor == federation.producer]
        assert self.boards[here].post(self.producer, [*own, federation.item], MOMENTS[0]), self
        self.holders[here] = [self.producer]
        strictest = self.at_home.label
        for hop, (before, after) in enumerate(zip(federation.path, federation.path[1:], strict=False), 1):
            self._who_reads(before, MOMENTS[hop - 1])
            moved = self._pass_on(before, after, MOMENTS[hop], strictest)
            self.seen[f"hop {hop}"] += moved > 0
            if not moved:
                break
            strictest = max(strictest, self.word(federation.places[after]).label, key=LEVELS.index)
        for place in self.holders:
            self._who_reads(place, LATE)
        return self

    def word(self, place: Place) -> Terms:
        """The producer's word in a place."""
        definitions = [Definition(one, NOBODY) for one, _ in self.federation.definitions]
        return terms.terms_of(self._as_nobody, definitions, place.exchange)

    @property
    def _as_nobody(self) -> Item:
        return Item(self.federation.item, NOBODY, NOBODY, None)

    def _pass_on(self, before: int, after: int, moment: datetime, strictest: str) -> int:
        there, source, target = self.federation.places[after], self.boards[before], self.boards[after]
        moved = 0
        seats = list(self.federation.places[before].seats.items())
        for actor, seat in self.draw.sample(seats, len(seats)):
            new = there.seats.get(actor)
            own = [one for one in seat if not self.lawful or one in self.holders[before] or not readers.is_staff(one)]
            delivered = next((got for one in own if (got := self._delivered(source, one, moment))), None)
            if new is None or not can_write(new[0]) or delivered is None or moved == RE_SHARERS:
                continue
            if self.lawful and not self._may_pass_on(actor, there, delivered, strictest):
                self.seen["kept by the lawful"] += 1
                continue
            if not target.post(new[0], delivered, moment):
                self.seen["refused"] += 1
                continue
            moved += 1
            self.holders.setdefault(after, []).append(new[0])
            self._what_counts(there, target, new[0])
            self.seen[self.word(there).label] += 1
        if moved:
            self._who_reads(after, moment)
        return moved

    def _delivered(self, board: Board, who: Reader, moment: datetime) -> list[Stix] | None:
        got = {one["id"]: one for one in board.given(who, self.ids, moment)}
        return [got[one] for one in reversed(self.ids) if one in got] if self.ids[0] in got else None

    def _may_pass_on(self, actor: str, there: Place, delivered: list[Stix], strictest: str) -> bool:
        me = there.seats[actor][0]
        *definitions, stix = delivered
        item = Item(stix, str(me.account), me.organization, None)
        told = terms.terms_of(item, [Definition(one, me.organization) for one in definitions], there.exchange)

        def gets_it(one: Reader) -> bool:
            return readers.may_read(one, item, told, there.exchange, FOREVER)

        others = {
            other
            for other, seat in there.seats.items()
            if other != actor and any(gets_it(one) for one in seat if not readers.is_staff(one))
        }
        public = gets_it(ANONYMOUS)
        if LEVELS.index(told.label) < LEVELS.index(strictest) or strictest in ("red", "withheld"):
            return False
        if told.address is not None and (public or not others <= self.at_first):
            return False
        limit = {"amber+strict": frozenset[str](), "amber": self.federation.clients[actor]}
        limit |= {"green": self.federation.community, "clear": frozenset(ACTORS)}
        return others <= limit[strictest] and (strictest == "clear" or not public)

    def _what_counts(self, place: Place, board: Board, who: Reader) -> None:
        """Claims (a) and (b) of what somebody has just put into a place."""
        wanted = self.word(place)
        stored = board.counted(self.ids[0])
        # What its source has put in already is taken, and not stored again.
        found = [one for account, one in stored if account == who.account] or [one for _, one in stored]
        assert found, self
        for one in found:
            label, said = one.label, one.handling
            assert LEVELS.index(label) >= LEVELS.index(wanted.label), f"(a) {label} after {wanted}: {self}"
            if label == "withheld":
                continue
            address = wanted.address is None or (said.addressed is not None and said.addressed <= wanted.address)
            embargo = wanted.embargo is None or said.embargo >= timestamps.micros(wanted.embargo)
            government = {"no": said.government is False, "yes": True, None: said.government is None}
            kept = address and embargo and government[wanted.government] and said.refused >= wanted.refused
            assert kept, f"(b) {said} after {wanted}: {self}"

    def _who_reads(self, number: int, moment: datetime) -> None:
        """Claim (c) of a place at a moment; (d) where everybody is lawful."""
        place, board = self.federation.places[number], self.boards[number]
        word, again = self.word(place), [one for one in self.holders[number] if one is not self.producer]
        asking = [ANONYMOUS, *(one for seat in place.seats.values() for one in seat)]
        for asks in (replace(one, purpose=purpose) for one in asking for purpose in board.purposes):
            if not board.given(asks, self.ids[:1], moment):
                continue
            right = any(self._of_holder(asks, one, word.label) for one in again)
            right = right or (bool(again) and readers.may_read(asks, self._as_nobody, word, place.exchange, moment))
            if number == self.federation.path[0]:
                home = self.at_home
                right = right or readers.may_read(asks, self.own_item, home, place.exchange, moment)
            assert right, f"(c) {asks} at {moment} in place {number}, {word}: {self}"
            self.seen["given"] += 1
            if self.lawful and not readers.is_staff(asks):
                actor = None if asks.account is None else place.actor_of(asks.organization)
                assert actor in self._within_the_label, f"(d) {asks} in place {number}, {self.at_home}: {self}"

    @staticmethod
    def _of_holder(asks: Reader, holder: Reader, label: str) -> bool:
        colleague = asks.organization == holder.organization and label not in ("red", "withheld")
        return asks.account is not None and (asks.account == holder.account or colleague)

    @property
    def _within_the_label(self) -> set[str | None]:
        found: set[str | None] = set(self.at_first)
        label, exchange = self.at_home.label, self.federation.places[0].exchange
        if label == "clear" and readers.may_read(ANONYMOUS, self.own_item, self.at_home, exchange, FOREVER):
            found.add(None)
        if self.at_home.address is not None:
            return found
        if label == "clear":
            return found | set(ACTORS) | {None}
        if label == "green":
            return found | self.federation.community
        while label == "amber":
            more = {client for one in found if one for client in self.federation.clients[one]} - found
            if not more:
                break
            found |= more
        return found

    def __repr__(self) -> str:
        one = self.federation
        return f"{'lawful' if self.lawful else 'careless'} walk of federation {one.name}: {one.item} {one.definitions}"


FOREVER = datetime(9000, 1, 1, tzinfo=LATE.tzinfo)
"""After every embargo."""
