"""The validator says of every published vector what the specification says: valid, or which rule is broken."""

from __future__ import annotations

import pytest

from isao_reference import content
from isao_spec.stix import rules
from tests.support.stix_vectors import Vector, vectors

VALID = [vector for vector in vectors() if not vector.breaks]
INVALID = [vector for vector in vectors() if vector.breaks]


def findings(vector: Vector) -> list[content.Finding]:
    return list(content.validate_objects(list(vector.objects)))


def near(one: str, other: str) -> bool:
    """Whether two JSON Pointers name the same place, or one a place inside the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector.label)
def test_a_valid_vector_breaks_no_must_and_not_its_rule(vector: Vector) -> None:
    found = findings(vector)
    assert [f for f in found if f.level.binding or f.rule == vector.rule] == []


@pytest.mark.parametrize("vector", INVALID, ids=lambda vector: vector.label)
def test_an_invalid_vector_breaks_its_rule_at_its_place_and_no_other_must(vector: Vector) -> None:
    found = findings(vector)
    own = [f for f in found if f.rule == vector.rule]
    assert own, found
    assert {f.level for f in own} == {rules()[vector.rule].level}
    assert any(near(f.pointer, vector.pointer) for f in own), [f.pointer for f in own]
    assert [f for f in found if f.level.binding and f.rule not in vector.breaks] == []


def test_places_are_compared_by_whole_steps() -> None:
    assert near("/0/labels", "/0/labels/1")
    assert near("/0", "/0/id")
    assert not near("/0/labels", "/0/labels_of_others")
    assert not near("/1", "/10")
