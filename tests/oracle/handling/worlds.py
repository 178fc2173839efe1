"""Random small worlds: an exchange, marking definitions in STIX JSON, items that carry them, and who asks when.

Plain seeded `random`: a world is named by its seed and number, and drawn again from them. Drawn so that every rule
decides often: most definitions are understood and count, since one that is not hides all others behind "withheld".
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.handling.readers import ANONYMOUS, Reader
from tests.oracle.handling.terms import EXTENSION, LEVELS, PUBLISHED, REFUSABLE, Definition, Exchange, Item

EXCHANGE = "hub"
PURPOSES = ("cybersecurity", *sorted(REFUSABLE))
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
MOMENTS = tuple(
    NOW + d for d in (timedelta(0), *(timedelta(**{u: n}) for u in ("microseconds", "days") for n in (-1, 1)))
)
TIMESTAMPS = (
    "2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00.000001Z",
    "2026-03-01T11:59:59.9Z",
    "2026-03-01T12:00:00.000Z",
    "2026-02-27T00:00:00Z",
    "2026-03-03T00:00:00.5Z",
    "2031-12-31T23:59:59.999999Z",
)
ACS = "extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce"
TLP_2 = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
IDS = sorted(PUBLISHED)
ABSENT = "marking-definition--00000000-0000-4000-8000-0000000000ff"

#: Maps that an exchange may publish: the default, and narrower ones; none beyond the limits of TLP.
MAPS: dict[str, tuple[frozenset[str], ...]] = {
    level: tuple(frozenset(words.split()) for words in choices)
    for level, choices in {
        "clear": (
            "public members peers government",
            "public",
            "members peers government",
            "members peers",
            "members",
            "peers",
            "contributing-organization",
            "",
        ),
        "green": ("members peers", "members", "peers", "contributing-organization", "contributing-account", ""),
        "amber": ("members", "contributing-organization", "members contributing-organization", ""),
        "amber+strict": ("contributing-organization", "members", "contributing-account", ""),
        "red": ("contributing-account", ""),
        "withheld": ("",),
    }.items()
}

#: Organization, kind, whether it waits to be let in.
ORGANIZATIONS = (
    (EXCHANGE, "exchange", False),
    ("org-a", "member", False),
    ("org-b", "member", False),
    ("peer-a", "peer", False),
    ("gov-a", "government", False),
    ("wait-member", "member", True),
    ("wait-gov", "government", True),
)
#: Words that an address can hold here, the first four often.
WORDS = (
    ("members", "peers", "government", "public") * 2
    + ("group:g1", "group:g2", "group:none", "organization:nobody", "account:nobody")
    + tuple(f"organization:{name}" for name, _, _ in ORGANIZATIONS)
    + tuple(f"account:{name}-{n}" for name, _, _ in ORGANIZATIONS for n in (1, 2))
)


@dataclass(frozen=True)
class World:
    """One item, and who asks for it when."""

    exchange: Exchange
    definitions: tuple[Definition, ...]
    item: Item
    questions: tuple[tuple[Reader, datetime], ...]


def accounts(draw: random.Random) -> list[Reader]:
    """The public, thrice, and two accounts of each organization, of drawn roles and groups."""
    found = [ANONYMOUS] * 3
    for name, kind, waits in ORGANIZATIONS:
        groups = frozenset(g for g in ("g1", "g2") if draw.random() < 0.3)
        roles = ("operator", "analyst", "member") if kind == "exchange" else ("member", "analyst")
        found += [Reader(f"{name}-{n}", name, kind, draw.choice(roles), waits, groups) for n in (1, 2)]
    return found


def exchange(draw: random.Random) -> Exchange:
    """The default map half of the time, otherwise a drawn choice at every level."""
    plain = draw.random() < 0.5
    chosen = {level: choices[0] if plain else draw.choice(choices) for level, choices in MAPS.items()}
    default = draw.choice(("amber", "amber", "amber+strict", "red"))
    return Exchange(EXCHANGE, chosen, default)


def handling(draw: random.Random) -> dict[str, Any]:
    """A handling extension that can be understood, saying one thing or several."""
    said: dict[str, Any] = {"extension_type": "property-extension"}
    if draw.random() < 0.4:
        said["addressed_to"] = draw.choices(WORDS, k=draw.choice((1, 1, 2, 3, 6)))
    if draw.random() < 0.4:
        said["government"] = draw.choice(("yes", "no"))
    if draw.random() < 0.25:
        said["embargo_until"] = draw.choice(TIMESTAMPS)
    if draw.random() < 0.3:
        said["refused_purposes"] = draw.sample(PURPOSES[1:], k=draw.choice((1, 1, 2, 5)))
    if draw.random() < 0.1:
        said["legal_basis"] = "act-of-2015"
    return said


#: Statements of which at least one value is none that the page lists.
MISSTATED: tuple[dict[str, Any], ...] = (
    {"addressed_to": []},
    {"addressed_to": "members"},
    {"addressed_to": ["members", "everybody"]},
    {"addressed_to": ["Members"]},
    {"addressed_to": ["members", 7]},
    {"addressed_to": ["members", None]},
    {"addressed_to": [["members"]]},
    {"addressed_to": {"members": True}},
    {"addressed_to": ["group:"]},
    {"addressed_to": ["group:a b"]},
    {"addressed_to": ["group:g1\n"]},
    {"addressed_to": ["group:é"]},
    {"addressed_to": ["account:" + "x" * 65]},
    {"addressed_to": ["organization:a:b"]},
    {"addressed_to": ["members:org-a"]},
    {"addressed_to": [" members"]},
    {"addressed_to": ["members"] * 201},
    {"addressed_to": None},
    {"government": True},
    {"government": "YES"},
    {"government": ""},
    {"government": ["no"]},
    {"government": None},
    {"embargo_until": "2020-01-01"},
    {"embargo_until": "2020-01-01T00:00:00"},
    {"embargo_until": "2020-01-01T00:00:00+00:00"},
    {"embargo_until": "2020-01-01t00:00:00z"},
    {"embargo_until": "2020-01-01 00:00:00Z"},
    {"embargo_until": "2020-01-01T00:00:00.1234567Z"},
    {"embargo_until": "2020-01-01T00:00:00.Z"},
    {"embargo_until": "2020-02-30T00:00:00Z"},
    {"embargo_until": "0000-01-01T00:00:00Z"},
    {"embargo_until": "2020-01-01T24:00:00Z"},
    {"embargo_until": "2020-01-01T00:00:00Z\n"},
    {"embargo_until": "２020-01-01T00:00:00Z"},
    {"embargo_until": 1577836800},
    {"refused_purposes": []},
    {"refused_purposes": ["cybersecurity"]},
    {"refused_purposes": "civil-litigation"},
    {"refused_purposes": ["civil-litigation", "Public-Records"]},
    {"refused_purposes": [["civil-litigation"]]},
    {"refused_purposes": ["civil-litigation"] * 201},
    {"legal_basis": ["act-of-2015"]},
    {"legal_basis": None},
    {"legal_basis": 7},
    {"addressed_to": ["members"], "extension_type": "toplevel-property-extension"},
    {"extension_type": "new-sdo"},
)
#: The same at the limits: all of it is understood.
AT_THE_LIMIT: tuple[dict[str, Any], ...] = (
    {"addressed_to": ["members"] * 200},
    {"addressed_to": ["account:" + "x" * 64]},
    {"addressed_to": ["group:g1", "group:A.b-C_9"]},
    {"addressed_to": ["members", "group:-", "account:_y", "organization:.z"]},
    {"legal_basis": "of our own"},
    {"legal_basis": ""},
    {"addressed_to": ["members", "members"]},
    {"refused_purposes": ["civil-litigation"] * 200},
    {},
)


def named(kind: str, number: int) -> str:
    """The id of something by its number, in the form of STIX."""
    return f"{kind}--00000000-0000-4000-8000-{number:012d}"


def stix_object(name: str) -> dict[str, Any]:
    """An object of this id with nothing but what STIX asks of every object."""
    kind, created = name.partition("--")[0], "2026-01-01T00:00:00.000Z"
    stix = {"type": kind, "spec_version": "2.1", "id": name, "created": created}
    return stix if kind == "marking-definition" else stix | {"modified": created}


def definition(draw: random.Random, name: str) -> dict[str, Any]:
    """A marking definition: usually a handling statement, else a mere statement or one that nobody here understands."""
    stix = stix_object(name)
    lot = draw.random()
    if lot < 0.68:
        return stix | {"extensions": {EXTENSION: handling(draw)}}
    if lot < 0.78:
        return stix | {"definition_type": "statement", "definition": {"statement": "Copyright of its author"}}
    if lot < 0.82:
        return stix | {"extensions": {EXTENSION: {"extension_type": "property-extension", **draw.choice(AT_THE_LIMIT)}}}
    if lot < 0.9:
        wrong = draw.choice(MISSTATED) if draw.random() < 0.8 else {"note": "please"}
        return stix | {"extensions": {EXTENSION: handling(draw) | wrong}}
    return stix | draw.choice(strange(handling(draw)))


def strange(said: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Definitions of another kind, or with something beside the handling extension."""
    statement = {"definition_type": "statement", "definition": {"statement": "Copyright of its author"}}
    acs = {ACS: {"extension_type": "property-extension", "identifier": "isa:guide.19001"}}
    return (
        {"extensions": acs},
        statement | {"extensions": acs},
        {"extensions": acs | {EXTENSION: said}},
        statement | {"extensions": {EXTENSION: said}},
        {"definition_type": "statement", "extensions": {EXTENSION: said}},
        {"definition": {"statement": "x"}, "extensions": {EXTENSION: said}},
        {"definition_type": "tlp", "definition": {"tlp": "white"}},
        {"extensions": {TLP_2: {"extension_type": "property-extension", "tlp_2_0": "clear"}}},
        {"extensions": {EXTENSION: "members"}},
        {"definition_type": "x-house-rules", "definition": {"x-rule": "ask first"}},
    )


def item(draw: random.Random, number: int, pool: Sequence[Definition]) -> Item:
    """An item of any organization, carrying up to five markings; usually such whose definitions count for it."""
    name = draw.choice(ORGANIZATIONS)[0]
    counting = [d.stix["id"] for d in pool if d.organization in (name, EXCHANGE)]

    def marking() -> str:
        lot = draw.random()
        if lot < 0.35:
            return draw.choice(IDS)
        if lot < 0.95 and counting:
            return draw.choice(counting)
        return draw.choice(pool).stix["id"] if lot < 0.985 else ABSENT

    stix = stix_object(named("indicator", number))
    lot = draw.random()
    if lot < 0.02:
        stix = stix_object(draw.choice(IDS))
    elif lot < 0.08:
        defined = draw.choice(pool)
        stix, name = dict(defined.stix), defined.organization
    if lot >= 0.02:
        for _ in range(draw.choice((0, 1, 1, 2, 2, 3))):
            stix.setdefault("object_marking_refs", []).append(marking())
        for _ in range(draw.choice((0, 0, 0, 1, 2))):
            granular = {"lang": "en"} if draw.random() < 0.1 else {"marking_ref": marking()}
            stix.setdefault("granular_markings", []).append({"selectors": ["name"], **granular})
    label = draw.choice(LEVELS[:5]) if draw.random() < 0.3 else None
    return Item(stix, f"{name}-{draw.choice((1, 2))}", name, label)


def derived(draw: random.Random, number: int, pool: Sequence[Definition]) -> Item:
    """A relationship of any organization by which something is derived from an item that another may have shared."""
    source = item(draw, number, pool)
    while source.stix["type"] == "marking-definition":
        source = item(draw, number, pool)
    link, name = stix_object(named("relationship", number)), draw.choice(ORGANIZATIONS)[0]
    link |= {
        "relationship_type": "derived-from",
        "source_ref": named("report", number),
        "target_ref": source.stix["id"],
    }
    if draw.random() < 0.8:
        link["object_marking_refs"] = [draw.choice(IDS)]
    return Item(link, f"{name}-{draw.choice((1, 2))}", name, source.collection_label, source)


def worlds(seed: int, count: int, *, items: int = 40, questions: int = 4) -> Iterator[tuple[str, World]]:
    """At least so many questions with their worlds, and the name to draw them again by; `items` share one exchange."""
    for number in range(-(-count // (items * questions))):
        draw = random.Random(f"{seed}/{number}")
        here, readers = exchange(draw), [replace(r, purpose=p) for r in accounts(draw) for p in PURPOSES]
        owners = [name for name, _, _ in ORGANIZATIONS for _ in range(3)]
        pool = tuple(Definition(definition(draw, named("marking-definition", n)), org) for n, org in enumerate(owners))
        for n in range(items):
            asked = tuple((draw.choice(readers), draw.choice(MOMENTS)) for _ in range(questions))
            made = derived(draw, n, pool) if draw.random() < 0.15 else item(draw, n, pool)
            yield f"{seed}/{number}/{n}", World(here, pool, made, asked)
