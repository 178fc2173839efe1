"""Passing on only narrows: claims (a) to (d) of `hops`, in random federations of three exchanges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isao_reference.policy import audience, handling, tlp
from isao_reference.policy.audience import Audience
from isao_reference.policy.marking import Definitions, Restriction
from isao_reference.policy.principal import CLASS_OF_KIND
from isao_reference.taxii import intake
from tests.leaks.boards import LIVE_SLOTS, Running, Shelf
from tests.leaks.federation import Federation, federations
from tests.leaks.hops import Walk
from tests.oracle.handling.worlds import PURPOSES
from tests.support.world import world

SEED = 20261122
PUSH, PIECES, EACH = 250, 5, 2_000
"""Federations in the push lane; pieces of the full lane, and the federations of each: 10,000 together."""
BOUND = 500
"""Federations within which every fault has to be found."""
LIVE_PUSH, LIVE_FULL = 3, 50


def walked(several: Iterable[Federation]) -> Counter[str]:
    """Walks each federation carelessly and lawfully; what happened."""
    seen: Counter[str] = Counter()
    for number, one in enumerate(several):
        purposes = ("cybersecurity", PURPOSES[1 + number % 5])
        for lawful in (False, True):
            seen += Walk(one, [Shelf(place, purposes) for place in one.places], lawful).run().seen
    return seen


def walked_live(folder: Path, several: Iterable[Federation]) -> Counter[str]:
    """The same in running exchanges, three for each federation."""
    seen: Counter[str] = Counter()
    for number, one in enumerate(several):
        for lawful in (False, True):
            with ExitStack() as stack:
                boards = []
                for where, place in enumerate(one.places):
                    inside = folder / f"{number}-{lawful}-{where}"
                    inside.mkdir()
                    boards.append(Running(stack.enter_context(world(inside)), place))
                seen += Walk(one, boards, lawful).run().seen
    return seen


def test_what_is_passed_on_only_narrows() -> None:
    seen = walked(federations(SEED, PUSH))
    assert seen["hop 1"] > PUSH / 2
    assert seen["hop 2"] > PUSH / 3
    assert all(seen[label] > 5 for label in tlp.ORDER), seen
    assert seen["kept by the lawful"] > PUSH / 5


@pytest.mark.full
@pytest.mark.parametrize("piece", range(PIECES))
def test_what_is_passed_on_in_ten_thousand_federations_only_narrows(piece: int) -> None:
    seen = walked(federations(SEED + 1 + piece, EACH))
    print(f"{EACH} federations, each carelessly and lawfully: {dict(seen)}")
    assert seen["hop 2"] > EACH / 3


def test_what_is_passed_on_over_taxii_only_narrows(tmp_path: Path) -> None:
    seen = walked_live(tmp_path, federations(SEED, LIVE_PUSH, LIVE_SLOTS))
    assert seen["hop 1"] >= 1
    assert seen["given"] > 10


@pytest.mark.full
def test_what_is_passed_on_over_taxii_in_fifty_federations_only_narrows(tmp_path: Path) -> None:
    seen = walked_live(tmp_path, federations(SEED, LIVE_FULL, LIVE_SLOTS))
    print(f"{LIVE_FULL} federations of running exchanges, each carelessly and lawfully: {dict(seen)}")
    assert seen["hop 2"] > LIVE_FULL / 4


_restrictions_for, _audience_of = intake.restrictions_for, audience.audience_of
Fault = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, Fault] = {}


def fault(put_in: Fault) -> Fault:
    FAULTS[put_in.__name__] = put_in
    return put_in


def is_passed_on(guard: Any, fact: Any) -> bool:
    """Whether an object speaks in an identity, and in none of who sends it."""
    return bool(fact.claims) and not guard.speaks_for_itself(fact)


def for_what_is_passed_on(patch: pytest.MonkeyPatch, change: Callable[[Restriction], Restriction]) -> None:
    """Changes what an object counts as that is passed on."""

    def restrictions_for(given: Sequence[Any], *rest: Any) -> list[Restriction]:
        found = _restrictions_for(given, *rest)
        pairs = zip(given, found, strict=True)
        return [change(one) if is_passed_on(rest[-1], fact) else one for (fact, _), one in pairs]

    patch.setattr(intake, "restrictions_for", restrictions_for)


@fault
def granular_markings_of_what_is_passed_on_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def restrictions_for(given: Sequence[Any], *rest: Any) -> list[Restriction]:
        bare = [
            (replace(fact, granular_markings=()) if is_passed_on(rest[-1], fact) else fact, value)
            for fact, value in given
        ]
        return _restrictions_for(bare, *rest)

    patch.setattr(intake, "restrictions_for", restrictions_for)


@fault
def the_label_of_what_is_passed_on_is_lowered(patch: pytest.MonkeyPatch) -> None:
    lower = {tlp.AMBER_STRICT: tlp.AMBER, tlp.AMBER: tlp.GREEN}
    for_what_is_passed_on(patch, lambda one: replace(one, label=lower.get(one.label, one.label)))


@fault
def the_embargo_of_what_is_passed_on_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    for_what_is_passed_on(patch, lambda one: replace(one, handling=replace(one.handling, embargo=0)))


@fault
def the_address_of_what_is_passed_on_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    for_what_is_passed_on(patch, lambda one: replace(one, handling=replace(one.handling, addressed=None)))


@fault
def the_purposes_that_what_is_passed_on_refuses_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    for_what_is_passed_on(patch, lambda one: replace(one, handling=replace(one.handling, refused=frozenset())))


def with_definitions(patch: pytest.MonkeyPatch, change: Callable[[set[Any], Definitions], Definitions]) -> None:
    """Changes the definitions that count, given what is passed on in the same batch."""

    def restrictions_for(given: Sequence[Any], definitions: Definitions, *rest: Any) -> list[Restriction]:
        others = {fact for fact, _ in given if is_passed_on(rest[-1], fact)}
        return _restrictions_for(given, change(others, definitions), *rest)

    patch.setattr(intake, "restrictions_for", restrictions_for)


@fault
def a_definition_that_is_passed_on_restricts_nobody(patch: pytest.MonkeyPatch) -> None:
    def change(others: set[Any], definitions: Definitions) -> Definitions:
        return {**definitions, **{one.id: handling.NONE for one in others if one.id in definitions}}

    with_definitions(patch, change)


@fault
def a_definition_that_was_not_passed_on_restricts_nobody(patch: pytest.MonkeyPatch) -> None:
    def change(others: set[Any], definitions: Definitions) -> Definitions:
        used = {marking for one in others for marking in (*one.object_markings, *one.granular_markings)}
        return {**dict.fromkeys(used - set(tlp.TLP_1) - set(tlp.TLP_2), handling.NONE), **definitions}

    with_definitions(patch, change)


@fault
def the_class_of_who_puts_something_in_is_given_it(patch: pytest.MonkeyPatch) -> None:
    def audience_of(label: str, contributor: Any, *rest: Any, **more: Any) -> Audience:
        own = {CLASS_OF_KIND[contributor.kind]} if contributor.kind in CLASS_OF_KIND else set()
        return _audience_of(label, contributor, *rest, **more) | own

    patch.setattr(audience, "audience_of", audience_of)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_what_counts_on_the_way_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[name](monkeypatch)
    with pytest.raises(AssertionError, match=r"^\([abcd]\)"):
        walked(federations(SEED, BOUND))
