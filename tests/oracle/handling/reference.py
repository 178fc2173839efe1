"""The same questions to the reference exchange: its pure functions, put together as its intake and its endpoints do.

The only module here that imports the reference.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast

from isao_reference.policy import audience, decide, handling
from isao_reference.policy.audience import Contributor
from isao_reference.policy.marking import Definitions, Restriction
from isao_reference.policy.principal import Principal
from isao_reference.store.collections import Collection
from isao_reference.taxii import intake
from isao_reference.taxii.integrity import Guard
from isao_reference.wire import stix_object, timestamps
from tests.oracle.handling import readers, terms
from tests.oracle.handling.readers import Reader
from tests.oracle.handling.terms import Item
from tests.oracle.handling.worlds import ORGANIZATIONS, World

#: The kind of each organization as policy sees it.
KIND = {name: "applicant" if waits else kind for name, kind, waits in ORGANIZATIONS}


@lru_cache(maxsize=1_000)
def principal_of(reader: Reader) -> Principal:
    if reader.account is None:
        return Principal(purpose=reader.purpose)
    kind = "applicant" if reader.applicant else reader.kind
    return Principal(
        reader.account, reader.organization, kind, reader.role, purpose=reader.purpose, groups=reader.groups
    )


def definitions_of(world: World, item: Item) -> Definitions:
    """Those of the markings used that count: of the item's organization, of the exchange's own, and the item itself."""
    trusted = (item.organization, world.exchange.organization)
    found: dict[str, list[handling.Handling]] = {}
    used = set(terms.markings_of(item.stix))
    there = (d.stix for d in world.definitions if d.stix["id"] in used and d.organization in trusted)
    for stix in (item.stix, *there):
        value = cast(dict[str, Any], stix)
        said = intake.meaning_of(cast(Any, SimpleNamespace(is_statement=stix_object.is_statement(value))), value)
        if said is not None:
            found.setdefault(value["id"], []).append(said)
    return {name: handling.together(several) for name, several in found.items()}


def restriction_of(world: World, item: Item) -> Restriction:
    """What an item is stored under, read back from how the store writes it; its contributor is given its source."""
    facts, source = stix_object.facts_of(item.stix), item.source
    collection = cast(Collection, SimpleNamespace(label=item.collection_label))
    known = {} if source is None else {str(source.stix["id"]): [restriction_of(world, source)]}
    guard = cast(Guard, SimpleNamespace(restrictions_seen=lambda ids: {one: known[one] for one in ids}))
    definitions, default = definitions_of(world, item), world.exchange.default_label
    (found,) = intake.restrictions_for([(facts, item.stix)], definitions, default, collection, guard)
    return Restriction(found.label, handling.from_text(handling.to_text(found.handling)))


def answers(world: World) -> list[bool]:
    """Of each question whether the reference gives the item; an item by itself and in a list have to agree."""
    restriction = restriction_of(world, world.item)
    contributor = Contributor(world.item.account, world.item.organization, KIND[world.item.organization])
    distribution = {level: tuple(words) for level, words in world.exchange.distribution.items() if level != "withheld"}
    known: dict[bool, frozenset[str]] = {}
    found = []
    for reader, moment in world.questions:
        embargoed = restriction.handling.embargo > timestamps.micros(moment)
        if embargoed not in known:
            known[embargoed] = audience.audience_of(
                restriction.label, contributor, distribution, restriction.handling, embargoed=embargoed
            )
        principal = principal_of(reader)
        alone = decide.may_read(principal, known[embargoed])
        listed = decide.readable_audiences(principal, {1: known[embargoed]})
        if alone is not (listed is None or 1 in listed):
            raise AssertionError(f"{principal} is given the item alone or in a list, not both: {known[embargoed]}")
        found.append(alone)
    return found


def oracle_answers(world: World) -> list[bool]:
    """Of each question whether the page gives the item."""
    said = terms.terms_of(world.item, world.definitions, world.exchange)
    return [readers.may_read(reader, world.item, said, world.exchange, moment) for reader, moment in world.questions]


def difference(name: str, world: World) -> str | None:
    """None where both agree on every question; else the first on which they do not, with all that led there."""
    wanted, got = oracle_answers(world), answers(world)
    if wanted == got:
        return None
    place = next(n for n, pair in enumerate(zip(wanted, got, strict=True)) if pair[0] is not pair[1])
    (reader, moment), used = world.questions[place], set(terms.markings_of(world.item.stix))
    definitions = [d for d in world.definitions if d.stix["id"] in used]
    return "\n  ".join(
        (
            f"world {name}: the page says {wanted[place]}, the policy {got[place]}",
            f"reader {reader} at {moment}",
            f"item {world.item}",
            f"definitions {definitions}",
            f"terms {terms.terms_of(world.item, definitions, world.exchange)}",
            f"stored under {restriction_of(world, world.item)}",
            f"exchange {world.exchange}",
        )
    )
