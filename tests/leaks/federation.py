"""Random federations: exchanges that share participants, and one item that its producer puts into the first of them.

Plain seeded `random`: a federation is named by its seed and number, and drawn again from them. An actor is an
organization in the world; at an exchange it has a seat, under a name and of a kind that this exchange gave it. The same
name is often another actor's elsewhere.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from isao_reference.policy import provenance
from tests.oracle.handling.readers import Reader
from tests.oracle.handling.terms import EXTENSION, PUBLISHED, REFUSABLE, Exchange
from tests.oracle.handling.worlds import MAPS

Stix = dict[str, Any]
Slot = tuple[str, str, tuple[tuple[str, str], ...]]
"""What an exchange has room for: the name of an organization, its kind (or applicant), accounts with their roles."""

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENTS = tuple(NOW + timedelta(days=days) for days in (0, 2, 4))
"""When the item is put into the first exchange, and when it is passed on."""
LATE = NOW + timedelta(days=30)
"""After every embargo but the last one."""
EMBARGOES = ("2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-04T00:00:00.5Z", "2039-01-01T00:00:00Z")
ACTORS = tuple(f"actor-{number}" for number in range(9))
HUB = "exchange"


def _accounts(name: str) -> tuple[tuple[str, str], ...]:
    return (f"{name}-1", "member"), (f"{name}-2", "member")


SLOTS: tuple[Slot, ...] = (
    (HUB, "exchange", (("operator", "operator"), ("clerk", "member"))),
    *((name, "member", _accounts(name)) for name in ("north", "south", "east")),
    *((name, "peer", _accounts(name)) for name in ("lakeside", "ridge")),
    ("office", "government", _accounts("office")),
    ("newcomer", "applicant", _accounts("newcomer")),
)


@dataclass(frozen=True)
class Place:
    """One exchange: its published policy, the accounts of each actor that has a seat there, and whose some identities
    are, by the names of organizations here."""

    exchange: Exchange
    seats: Mapping[str, tuple[Reader, ...]]
    identities: Mapping[str, str] = field(default_factory=dict)

    def actor_of(self, organization: str) -> str:
        """Whose name it is here."""
        return next(actor for actor, seat in self.seats.items() if seat[0].organization == organization)


@dataclass(frozen=True)
class Federation:
    """`path` are the places of the three hops; `definitions` are those of the item's markings, each with the actor who
    contributes it; `clients` are the actors that each one serves, `community` those of one community."""

    name: str
    places: tuple[Place, ...]
    path: tuple[int, int, int]
    producer: str
    item: Stix
    definitions: tuple[tuple[Stix, str], ...]
    clients: Mapping[str, frozenset[str]]
    community: frozenset[str]


def place(draw: random.Random, slots: Sequence[Slot]) -> Place:
    """An exchange with a drawn map, wide in two of three, that seats drawn actors in most of its slots."""
    wide = draw.random() < 0.67
    chosen = {level: choices[0] if wide else draw.choice(choices) for level, choices in MAPS.items()}
    chosen["amber+strict"] = draw.choice(MAPS["amber+strict"])
    default = draw.choice(("amber", "amber", "amber+strict", "red"))
    seats = {}
    for actor, (name, kind, accounts) in zip(draw.sample(ACTORS[: len(slots) + 1], len(slots)), slots, strict=True):
        if name != HUB and draw.random() < 0.15:
            continue
        groups = frozenset(one for one in ("g1", "g2") if kind not in ("exchange", "applicant") and draw.random() < 0.3)
        waits, kind = kind == "applicant", "member" if kind == "applicant" else kind
        seats[actor] = tuple(Reader(account, name, kind, role, waits, groups) for account, role in accounts)
    return Place(Exchange(HUB, chosen, default), seats)


def words(draw: random.Random, here: Place) -> list[str]:
    """To whom something is addressed, in the names of one exchange."""
    seats = list(here.seats.values())
    pool = ["members", "peers", "government", "public"] * 3 + ["group:g1", "organization:nobody"]
    pool += [f"organization:{seat[0].organization}" for seat in seats for _ in range(2)]
    pool += [f"account:{one.account}" for seat in seats for one in seat]
    return draw.sample(pool, draw.choice((1, 2, 3, 6)))


def statement(draw: random.Random, here: Place) -> Stix:
    """What a definition says: a handling, seldom with a word that nobody understands, or a mere statement."""
    if draw.random() < 0.1:
        return {"definition_type": "statement", "definition": {"statement": "Copyright of its author"}}
    said: Stix = {"extension_type": "property-extension"}
    if draw.random() < 0.35:
        said["addressed_to"] = words(draw, here)
    if draw.random() < 0.35:
        said["government"] = draw.choice(("yes", "no"))
    if draw.random() < 0.3:
        said["embargo_until"] = draw.choice(EMBARGOES)
    if draw.random() < 0.35:
        said["refused_purposes"] = draw.sample(sorted(REFUSABLE), draw.choice((1, 2)))
    if draw.random() < 0.08:
        said["note"] = "please"
    return {"extensions": {EXTENSION: said}}


def label(draw: random.Random) -> list[str]:
    """The id of a published definition of TLP 2.0 or 1.0, wide ones more often; or none."""
    level = draw.choices(("clear", "green", "amber", "amber+strict", "red", ""), (30, 30, 18, 8, 5, 9))[0]
    ids = sorted(one for one, stands_for in PUBLISHED.items() if stands_for == level)
    return [draw.choice(ids)] if ids else []


def federation(name: str, slots: Sequence[Slot] = SLOTS) -> Federation:
    """The federation of a name."""
    draw = random.Random(name)
    first, *others = (place(draw, slots) for _ in range(3))
    writers = [actor for actor, seat in first.seats.items() if can_write(seat[0])]
    producer = draw.choice(writers)
    whose = first.seats[producer][0].organization
    created = {"created": "2026-01-01T00:00:00.000Z"}
    if draw.random() < 0.4:
        ours = provenance.identity_of(whose)
        created["created_by_ref"] = ours if draw.random() < 0.25 else _named(draw, "identity")
        first = replace(first, identities={created["created_by_ref"]: whose})
    on, within, definitions = label(draw), [], []
    for _ in range(draw.choice((0, 0, 1, 1, 2))):
        stix = {"type": "marking-definition", "spec_version": "2.1", "id": _named(draw, "marking-definition")}
        alike = on if draw.random() < 0.85 else label(draw)
        stix |= created | statement(draw, first) | ({"object_marking_refs": alike} if alike else {})
        definitions.append((stix, producer if draw.random() < 0.92 else draw.choice(writers)))
    refs = list(on)
    for stix, _ in definitions:
        (refs if draw.random() < 0.6 else within).append(stix["id"])
    if draw.random() < 0.25:
        within += label(draw)
    if draw.random() < 0.02:
        refs.append(_named(draw, "marking-definition"))
    item: Stix = {"type": "indicator", "spec_version": "2.1", "id": _named(draw, "indicator"), **created}
    item |= {"modified": "2026-01-02T00:00:00.000Z", "name": "Seen at the gateway", "pattern_type": "stix"}
    item |= {"pattern": "[ipv4-addr:value = '198.51.100.7']", "valid_from": "2026-01-01T00:00:00Z"}
    item |= {"object_marking_refs": refs} if refs else {}
    item |= {"granular_markings": [{"selectors": ["name"], "marking_ref": one} for one in within]} if within else {}
    clients = {actor: frozenset(draw.sample(ACTORS, draw.choice((0, 2, 5)))) for actor in ACTORS}
    community = frozenset(draw.sample(ACTORS, draw.choice((5, 8, 9))))
    path = draw.choice(((0, 1, 2), (0, 1, 2), (0, 1, 2), (0, 1, 0)))
    return Federation(name, (first, *others), path, producer, item, tuple(definitions), clients, community)


def federations(seed: int, count: int, slots: Sequence[Slot] = SLOTS) -> Iterator[Federation]:
    """So many, one after the other."""
    return (federation(f"{seed}/{number}", slots) for number in range(count))


def can_write(reader: Reader) -> bool:
    """Whether accounts like this put things into the exchanges drawn here: the government reads only, as in the
    collections of the running exchange."""
    return not reader.applicant and reader.kind in ("member", "peer", "exchange")


def _named(draw: random.Random, kind: str) -> str:
    return f"{kind}--{uuid.UUID(int=draw.getrandbits(128), version=4)}"
