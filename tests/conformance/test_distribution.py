"""The declared distribution map, the TLP 2.0 ceiling, and relations between actors: all pure."""

from __future__ import annotations

from typing import Any

import pytest

from isao_conformance import distribution
from isao_conformance.target import Actor

LABELS: dict[str, list[str]] = {
    "clear": ["public", "peers", "government", "members"],
    "green": ["members", "peers"],
    "amber": ["members"],
    "amber+strict": ["contributing-organization"],
    "red": ["contributing-account"],
}


def document(**changes: Any) -> dict[str, Any]:
    told = {"default_label": "amber", "labels": dict(LABELS), "operators_read_all": True}
    return {"distribution": {**told, **changes}}


def labels(**changes: list[str]) -> dict[str, Any]:
    return document(labels={**LABELS, **{name.replace("_", "+"): value for name, value in changes.items()}})


EXPECTED = {
    ("clear", "public"): True,
    ("clear", "government"): True,
    ("green", "public"): False,
    ("green", "peers"): True,
    ("green", "government"): False,
    ("green", "members"): True,
    ("amber", "peers"): False,
    ("amber", "members"): True,
    ("amber", "contributing-organization"): True,
    ("amber+strict", "members"): False,
    ("amber+strict", "contributing-organization"): True,
    ("amber+strict", "contributing-account"): True,
    ("red", "members"): False,
    ("red", "contributing-organization"): False,
    ("red", "contributing-account"): True,
    (None, "peers"): False,
    (None, "members"): True,
}


@pytest.mark.parametrize(("label", "relation"), EXPECTED)
def test_the_usual_map_promises_and_permits_what_it_lists(label: str | None, relation: str) -> None:
    declared = distribution.declared(document())
    assert declared.promises(label, relation) is EXPECTED[label, relation]
    assert declared.permits(label, relation) is EXPECTED[label, relation]


def test_the_usual_map_has_no_problems() -> None:
    assert distribution.problems(document()) == []


@pytest.mark.parametrize("label", ["green", "amber", "amber_strict", "red"])
@pytest.mark.parametrize("relation", ["public", "government"])
def test_nothing_but_clear_may_go_to_the_public_or_to_government(label: str, relation: str) -> None:
    wide = labels(**{label: [relation, "contributing-account"]})
    assert any(fault.startswith(label.replace("_", "+") + " ") for fault in distribution.problems(wide))
    declared = distribution.declared(wide)
    assert not declared.permits(label.replace("_", "+"), relation)


def test_red_beyond_its_account_and_amber_to_peers_are_beyond_the_ceiling() -> None:
    assert "contributing-organization" in distribution.problems(labels(red=["contributing-organization"]))[0]
    assert "peers" in distribution.problems(labels(amber=["members", "peers"]))[0]


def test_both_readings_of_amber_strict_are_accepted() -> None:
    members = labels(amber_strict=["members"])
    assert distribution.problems(members) == []
    assert distribution.declared(members).promises("amber+strict", "members")


def test_what_strangers_may_read_everybody_may() -> None:
    declared = distribution.declared(labels(clear=["public"]))
    assert all(declared.promises("clear", relation) for relation in distribution.RELATIONS)


def test_ones_own_contribution_is_no_leak_and_no_promise_unless_listed() -> None:
    declared = distribution.declared(labels(red=[]))
    assert declared.permits("red", "contributing-account")
    assert not declared.promises("red", "contributing-account")


def test_operators_read_all_only_where_declared() -> None:
    assert distribution.declared(document()).permits("red", "operators")
    assert not distribution.declared(document(operators_read_all=False)).permits("clear", "operators")


@pytest.mark.parametrize("default", ["green", "clear"])
def test_a_default_wider_than_amber_is_a_problem_and_never_widens_what_is_permitted(default: str) -> None:
    wide = document(default_label=default)
    assert any("default label" in fault for fault in distribution.problems(wide))
    assert not distribution.declared(wide).permits(None, "peers")
    assert distribution.declared(wide).promises(None, "members")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({}, "no distribution map"),
        ({"distribution": {"labels": []}}, "no distribution map"),
        (document(default_label="white"), "default_label"),
        (document(labels={k: v for k, v in LABELS.items() if k != "red"}), "for red"),
        (document(labels={**LABELS, "white": ["public"]}), "'white'"),
        (labels(green=["members", "friends"]), "'friends'"),
        (document(labels={**LABELS, "green": "members"}), "not a list"),
    ],
)
def test_a_map_that_cannot_be_read_says_why(broken: dict[str, Any], says: str) -> None:
    assert any(says in fault for fault in distribution.problems(broken))
    with pytest.raises(ValueError, match=says.strip("'")):
        distribution.declared(broken)


def actor(name: str, organization: str = "") -> Actor:
    return Actor(name, "basic", None, organization)


@pytest.mark.parametrize(
    ("reader", "relation"),
    [
        (actor("member-a", "river"), "contributing-account"),
        (actor("member-a2", "river"), "contributing-organization"),
        (actor("member-a2"), "contributing-organization"),
        (actor("member-b", "harbor"), "members"),
        (actor("member-b"), "members"),
        (actor("ex-member", "river"), "public"),
        (actor("peer", "lake"), "peers"),
        (actor("government"), "government"),
        (actor("outsider"), "public"),
        (actor("analyst", "exchange"), "operators"),
    ],
)
def test_relations_come_from_roles_and_organizations(reader: Actor, relation: str) -> None:
    assert distribution.relation_of(reader, actor("member-a", "river")) == relation


def test_a_second_account_declared_elsewhere_is_another_member() -> None:
    assert distribution.relation_of(actor("member-a2", "hill"), actor("member-a", "river")) == "members"
