"""No input makes the validator fail: whatever is done to an object, it answers with findings under known rules."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isao_reference import content
from isao_spec.stix import rules
from tests.conftest import real_files
from tests.support.real_data import objects_of
from tests.support.stix_vectors import vectors

SEED = 20261122
PUSHED, FULL, REAL = 300, 12_000, 400
WALKED = 40
Place = tuple[str | int, ...]

KINDS: tuple[Any, ...] = (None, True, 0, 1.5, "", "text", [], [None], {}, {"key": "value"})
ODD: tuple[Any, ...] = (
    -1,
    2**53,
    10**400,
    -(10**40),
    1e308,
    float("nan"),
    float("inf"),
    "\ud800",
    "\x00",
    "\u202eright to left",
    "e\u0301" * 50,
    "\U0001f6b1" * 20,
    "x" * 1_000_000,
    "[" * 20_000,
    "(" * 20_000 + "[a:b = 1]",
    "[file:name = 'x'] WITHIN " + "9" * 5_000 + " SECONDS",
    "2026-02-30T25:61:61.Z",
    "9999-12-31T23:59:59." + "9" * 5_000 + "Z",
    "0000-00-00T00:00:00Z",
    "indicator--",
    "--",
    "bundle--00000000-0000-0000-0000-000000000000",
    "a" * 300 + "--6f0e1a1c-0000-4000-8000-000000000000",
    ["text"] * 500,
    {str(number): number for number in range(2_000)},
    {"": "", "\ud800": 1, "a" * 300: None},
    [[[[[[]]]]]],
    {"type": {"type": ["bundle"]}, "id": {"id": []}},
)
NAMES = ("", "id", "type", "spec_version", "extensions", "objects", "created", "modified", "\ud800", "A B", "x" * 300)


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every place inside a value, down to a depth that can still be walked by recursion."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children if len(here) < WALKED else ():
        yield (*here, key)
        yield from places(child, (*here, key))


def parent_of(value: Any, place: Place) -> Any:
    for key in place[:-1]:
        value = value[key]
    return value


def deep(depth: int, kind: type) -> Any:
    """Lists or objects inside one another."""
    value: Any = "bottom"
    for _ in range(depth):
        value = [value] if kind is list else {"objects": value}
    return value


def mutate(item: Any, draw: random.Random) -> Any:
    """A copy with one to four changes at drawn places: removed, replaced, renamed, swapped, wrapped, nested deep."""
    item = copy.deepcopy(item)
    for _ in range(draw.randint(1, 4)):
        found = list(places(item))
        if not found:
            return draw.choice((*KINDS, *ODD))
        place = draw.choice(found)
        parent, key = parent_of(item, place), place[-1]
        match draw.randrange(7):
            case 0:
                del parent[key]
            case 1:
                parent[key] = copy.deepcopy(draw.choice(KINDS))
            case 2 | 3:
                parent[key] = copy.deepcopy(draw.choice(ODD))
            case 4:
                other = draw.choice(found)
                parent[key] = copy.deepcopy(parent_of(item, other)[other[-1]])
            case 5:
                parent[key] = draw.choice(([parent[key]], {"objects": parent[key]}, [parent[key]] * 3))
            case _ if isinstance(parent, dict):
                parent[draw.choice(NAMES)] = parent.pop(key)
            case _:
                parent.reverse()
    if draw.randrange(8) == 0 and (found := list(places(item))):
        place = draw.choice(found)
        parent_of(item, place)[place[-1]] = deep(draw.choice((5, 60, 300, 5_000)), draw.choice((list, dict)))
    return item


def check_answers(value: Any) -> None:
    """The validator answers, alone and among others, with findings under rules that exist."""
    for found in (content.validate_object(value), content.validate_objects([value, value])):
        for finding in found:
            assert finding.level is rules()[finding.rule].level
            assert finding.message
            assert not finding.pointer or finding.pointer.startswith("/")
            finding.pointer.encode("utf-8")
            finding.message.encode("utf-8")


def seeds() -> list[Any]:
    return [item for vector in vectors() for item in vector.objects]


def test_some_mutations_of_the_vectors_are_answered() -> None:
    draw = random.Random(SEED)
    items = seeds()
    for _ in range(PUSHED):
        check_answers(mutate(draw.choice(items), draw))


def test_what_is_no_object_at_all_is_answered_with_a_finding() -> None:
    for value in (
        *KINDS,
        *ODD,
        deep(100_000, list),
        deep(100_000, dict),
        {"type": "bundle", "objects": deep(50_000, list)},
    ):
        assert content.validate_object(value)
        check_answers(value)


@pytest.mark.full
def test_thousands_of_mutations_of_the_vectors_are_answered() -> None:
    draw = random.Random(SEED + 1)
    items = seeds()
    for _ in range(FULL):
        check_answers(mutate(draw.choice(items), draw))


@pytest.mark.full
def test_every_kind_of_value_at_every_place_is_answered() -> None:
    """One valid object of each type, each of its places removed and replaced by each kind of JSON value."""
    by_type = {item["type"]: item for v in vectors() if not v.breaks for item in v.objects}
    assert len(by_type) >= 30
    for item in by_type.values():
        for place in list(places(item)):
            for kind in (..., *KINDS):
                changed = copy.deepcopy(item)
                if kind is ...:
                    del parent_of(changed, place)[place[-1]]
                else:
                    parent_of(changed, place)[place[-1]] = kind
                check_answers(changed)


@pytest.mark.full
def test_mutations_of_real_objects_are_answered(real_data: Path) -> None:
    draw = random.Random(SEED + 2)
    for path in real_files():
        items = objects_of(path)
        for item in draw.sample(items, min(REAL, len(items))):
            check_answers(mutate(item, draw))


@pytest.mark.full
def test_the_work_grows_with_the_size_of_an_object_and_not_with_its_square() -> None:
    """20,000 faults in one object, in a list and side by side, are found in seconds of processor time."""
    many = 20_000
    listed = {"type": "report", "object_refs": ["text"] * many}
    beside = {"type": "report", "extensions": {f"drill-{number}": None for number in range(many)}}
    for item in (listed, beside):
        start = time.process_time()
        assert content.validate_object(item)
        assert time.process_time() - start < 8
