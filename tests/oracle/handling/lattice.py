"""Every combination of the few things that decide: no drawing, every case of a small closed world.

`by_label` goes through each way in which a label can come to an item, alone and in pairs; `by_statement` through each
single thing that a contributor can say and, on demand, every pair of them. Both under every distribution map of
`worlds.MAPS`, which matters at the level of the item alone, and for every relation of reader to contributor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations, islice
from typing import Any

from tests.oracle.handling.readers import ANONYMOUS, Reader
from tests.oracle.handling.terms import EXTENSION, LEVELS, PUBLISHED, REFUSABLE, Definition, Exchange, Item
from tests.oracle.handling.worlds import (
    ABSENT,
    ACS,
    EXCHANGE,
    MAPS,
    NOW,
    ORGANIZATIONS,
    PURPOSES,
    World,
    named,
    stix_object,
)

IN_G1 = frozenset({EXCHANGE, "org-b", "gov-a", "wait-member"})
TLP_2_ID = {level: name for name, level in reversed(PUBLISHED.items())}
FEW = ("cybersecurity", "civil-litigation")
"""One purpose that nothing refuses, and one of the five that an item can refuse alike."""
INDICATOR = named("indicator", 1)
CONTRIBUTORS = tuple(name for name, _, _ in ORGANIZATIONS)


def readers() -> tuple[Reader, ...]:
    """The anonymous public, two accounts of each organization, and of the exchange one that is no staff besides."""
    found = [ANONYMOUS]
    for name, kind, waits in ORGANIZATIONS:
        roles = ("operator", "analyst", "member") if kind == "exchange" else ("member", "analyst")
        groups = frozenset({"g1"} if name in IN_G1 else ())
        found += [Reader(f"{name}-{n}", name, kind, role, waits, groups) for n, role in enumerate(roles, 1)]
    return tuple(found)


def asked(purposes: Sequence[str]) -> tuple[tuple[Reader, datetime], ...]:
    """Every reader with every purpose, now."""
    return tuple(
        (Reader(r.account, r.organization, r.kind, r.role, r.applicant, r.groups, purpose), NOW)
        for r in readers()
        for purpose in purposes
    )


def extended(**said: Any) -> dict[str, Any]:
    return {"extensions": {EXTENSION: {"extension_type": "property-extension", **said}}}


def statements() -> tuple[dict[str, Any], ...]:
    """Each single thing that can be said: every word of an address, each answer, embargoes at and around the moment."""
    words = [
        "members",
        "peers",
        "government",
        "public",
        "group:g1",
        "group:none",
        "organization:nobody",
        "account:nobody",
    ]
    words += [f"organization:{name}" for name in CONTRIBUTORS] + [f"account:{name}-2" for name in CONTRIBUTORS]
    words += [f"account:{EXCHANGE}-3"]
    times = ("2026-03-01T11:59:59.999999Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000001Z")
    return (
        *(extended(addressed_to=[word]) for word in words),
        *(extended(government=answer) for answer in ("yes", "no")),
        *(extended(embargo_until=time) for time in times),
        *(extended(refused_purposes=[purpose]) for purpose in sorted(REFUSABLE)),
        extended(legal_basis="act-of-2015"),
        {"definition_type": "statement", "definition": {"statement": "Copyright of its author"}},
    )


def maps(level: str | None) -> Iterator[dict[str, frozenset[str]]]:
    """Every choice of the map at a level; for None as many maps as are needed to see every choice of every level."""
    plain = {name: choices[0] for name, choices in MAPS.items()}
    if level is not None:
        yield from (plain | {level: words} for words in MAPS[level])
        return
    for rank in range(max(map(len, MAPS.values()))):
        yield {name: choices[rank % len(choices)] for name, choices in MAPS.items()}


def ways(contributor: str) -> Iterator[tuple[str, dict[str, Any], str | None, tuple[Definition, ...]]]:
    """Each way to a label, with a name: the item's markings, the collection's label, the definitions that are there."""
    stranger = "org-b" if contributor != "org-b" else "org-a"
    strange = {
        "statement": ({"definition_type": "statement", "definition": {"statement": "x"}}, contributor),
        "the exchange's statement": ({"definition_type": "statement", "definition": {"statement": "x"}}, EXCHANGE),
        "a stranger's statement": ({"definition_type": "statement", "definition": {"statement": "x"}}, stranger),
        "a stranger's handling": (extended(addressed_to=["members"]), stranger),
        "acs": ({"extensions": {ACS: {"extension_type": "property-extension"}}}, contributor),
        "acs beside": ({"extensions": {ACS: {}} | extended()["extensions"]}, contributor),
        "misstated": (extended(addressed_to=["everybody"]), contributor),
        "own tlp": ({"definition_type": "tlp", "definition": {"tlp": "white"}}, contributor),
    }
    definitions = tuple(
        Definition(stix_object(named("marking-definition", number)) | stix, org)
        for number, (stix, org) in enumerate(strange.values())
    )
    names = {**{f"TLP {name[20:28]}": name for name in PUBLISHED}, "absent": ABSENT}
    names |= {name: d.stix["id"] for name, d in zip(strange, definitions, strict=True)}
    yield "unmarked", {}, None, ()
    for name, mark in names.items():
        yield f"{name} on the object", {"object_marking_refs": [mark]}, None, definitions
        yield f"{name} on a property", {"granular_markings": [granular(mark)]}, None, definitions
        for other, second in names.items():
            both = {"object_marking_refs": [mark], "granular_markings": [granular(second)]}
            yield f"{name} on the object, {other} on a property", both, None, definitions
    for label in LEVELS[:5]:
        yield f"{label} collection", {}, label, ()
        for name, mark in names.items():
            yield f"{name} on the object, {label} collection", {"object_marking_refs": [mark]}, label, definitions
    for definition in (*map(stix_object, PUBLISHED), *(d.stix for d in definitions if d.organization == contributor)):
        for place in (None, *LEVELS[:5]):
            yield f"{definition['id']} itself, {place} collection", dict(definition), place, definitions


def granular(name: str) -> dict[str, Any]:
    return {"selectors": ["name"], "marking_ref": name}


def by_label(contributors: Sequence[str] = CONTRIBUTORS, *, every_map: bool = True) -> Iterator[tuple[str, World]]:
    """Every way to a label, under every map (or the default alone) and default label, for every reader."""
    questions = asked(PURPOSES[:1])
    for contributor in contributors:
        for name, markings, collection, definitions in ways(contributor):
            item = Item(stix_object(INDICATOR) | markings, f"{contributor}-1", contributor, collection)
            for rank, chosen in enumerate(maps(None) if every_map else islice(maps(None), 1)):
                for default in LEVELS[2:5] if name == "unmarked" else LEVELS[2:3]:
                    here = Exchange(EXCHANGE, chosen, default)
                    yield f"{contributor}: {name}, map {rank}, {default}", World(here, definitions, item, questions)


def by_statement(
    *,
    pairs: bool,
    contributors: Sequence[str] = CONTRIBUTORS,
    purposes: Sequence[str] = PURPOSES,
    where: str = "object",
) -> Iterator[tuple[str, World]]:
    """Every single statement, or every pair, at every level under every map; the second of a pair is the exchange's.

    `where` is `object` or `property` (label and statements both stand there), `collection`, which has the label, or
    `source`: they stand on what the item, a relationship labelled CLEAR, says that something was derived from.
    """
    said, questions = statements(), asked(purposes)
    together = list(combinations(range(len(said)), 2)) if pairs else [(n,) for n in range(len(said))]
    for contributor in contributors:
        definitions = tuple(
            Definition(stix_object(named("marking-definition", place * len(said) + n)) | stix, who)
            for place, who in enumerate((contributor, EXCHANGE))
            for n, stix in enumerate(said)
        )
        for level in LEVELS[: 5 if where == "collection" else 6]:
            for chosen in together:
                marks = [definitions[place * len(said) + n].stix["id"] for place, n in enumerate(chosen)]
                marks += [] if where == "collection" else [TLP_2_ID.get(level, ABSENT)]
                stood = {"object_marking_refs": marks}
                if where == "property":
                    stood = {"granular_markings": [granular(mark) for mark in marks]}
                label = level if where == "collection" else None
                item = Item(stix_object(INDICATOR) | stood, f"{contributor}-1", contributor, label)
                item = _derivation(item) if where == "source" else item
                for rank, words in enumerate(maps(level)):
                    here = Exchange(EXCHANGE, words, "amber")
                    yield f"{contributor}: {level}, {chosen}, map {rank}", World(here, definitions, item, questions)


def _derivation(source: Item) -> Item:
    """A relationship of the same account, labelled CLEAR, by which something is derived from an item."""
    link = stix_object(named("relationship", 1)) | {"object_marking_refs": [TLP_2_ID["clear"]]}
    link |= {"relationship_type": "derived-from", "source_ref": named("indicator", 2), "target_ref": source.stix["id"]}
    return Item(link, source.account, source.organization, None, source)
