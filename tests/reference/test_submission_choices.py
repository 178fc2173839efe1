"""What a contributor chooses for a submission: to whom it goes, what it is not for, and who is told its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from isao_reference.functions.publishing import identity_of
from tests.support.functions import bodies, create, do, events, make, malware, of_type, read, stix, table, words
from tests.support.world import World, indicator

FOR_SOUTH = {"addressed_to": ["organization:south"], "refused_purposes": ["civil-litigation"]}


@pytest.mark.parametrize("attribution", ["attributed", "anonymous"])
@pytest.mark.parametrize(
    "made",
    [
        lambda **more: table(("domain-name", "a.example"), ("domain-name", "b.example"), **more),
        lambda **more: stix(malware("Bad", "green"), indicator(), **more),
        words,
    ],
    ids=["table", "stix", "words"],
)
def test_what_a_submission_says_about_its_handling_is_followed(
    exchange: World, made: Callable[..., dict[str, Any]], attribution: str
) -> None:
    kinds = ("indicator", "malware", "report", "marking-definition")
    sent = create(exchange, "member-a", "submissions", made(attribution=attribution, handling=FOR_SOUTH)).json
    if sent["state"] == "held":
        do(exchange, "analyst", "submissions", sent["id"], "publish")
    published = read(exchange, "member-a", "submissions", sent["id"]).json["facts"]["published"]
    given = of_type(exchange, "member-b", *kinds)
    (definition,) = (one for one in given if one["type"] == "marking-definition")
    assert set(published) == {one["id"] for one in given} - {definition["id"]}
    assert all(definition["id"] in one["object_marking_refs"] for one in given if one is not definition)
    for account in ("peer", "government"):
        assert of_type(exchange, account, *kinds, "identity") == []
    assert ("member-a" in readers_of(exchange, kinds)) == (attribution == "attributed")
    do(exchange, "member-a", "submissions", sent["id"], "retract", {"reason": "x"})
    revoked = {one["id"] for one in of_type(exchange, "member-b", *kinds) if one.get("revoked")}
    assert revoked == set(published)
    assert of_type(exchange, "peer", *kinds) == []


def readers_of(exchange: World, kinds: Sequence[str]) -> set[str]:
    return {one for one in ("member-a", "member-b", "peer") if of_type(exchange, one, *kinds)}


def test_an_anonymous_submission_that_is_addressed_to_its_own_organization_waits_for_a_person(exchange: World) -> None:
    sent = table(("domain-name", "a.example"), attribution="anonymous", handling=FOR_SOUTH)
    assert make(exchange, "member-b", "submissions", sent)["state"] == "held"


@pytest.mark.parametrize("wrong", [{}, {"addressed_to": ["South"]}, {"government": True}, {"other": 1}, "members"])
def test_a_handling_that_is_not_understood_is_refused(exchange: World, wrong: Any) -> None:
    answer = create(exchange, "member-b", "submissions", table(("domain-name", "a.example"), handling=wrong))
    assert (answer.status, "/handling" in answer.body.decode()) == (422, True)


def test_words_for_one_organization_name_what_that_one_is_given(exchange: World) -> None:
    known, addressed = {}, {"addressed_to": ["organization:south"]}
    for one in ("green", "amber+strict"):
        known[one] = malware(f"Name{one.title()}", one)
    exchange.share("member-a", *known.values())
    text = " ".join(one["name"] for one in known.values())
    sent = create(exchange, "member-a", "submissions", words(f"{text} again.", handling=addressed)).json
    do(exchange, "analyst", "submissions", sent["id"], "publish")
    (report,) = of_type(exchange, "member-b", "report")
    assert report["object_refs"] == [known["green"]["id"]]


def test_members_alone_are_told_who_handed_something_in_where_its_contributor_wants_that(exchange: World) -> None:
    made = make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), attribution="members"))
    (note,) = of_type(exchange, "member-a", "note")
    assert note["authors"] == ["South"]
    assert note["object_refs"] == [*made["facts"]["published"], identity_of("south")]
    assert identity_of("south") in {one["id"] for one in of_type(exchange, "member-a", "identity")}
    for account in ("peer", "government"):
        told = json.dumps([list(bodies(exchange, account)), events(exchange, account)]).lower()
        assert not any(one in told for one in ("south", identity_of("south"), "member-b", note["id"])), account
    assert len(of_type(exchange, "peer", "indicator")) == 1
    make(exchange, "member-b", "submissions", table(("domain-name", "b.example")))
    do(exchange, "member-b", "submissions", made["id"], "retract", {"reason": "x"})
    assert any(one.get("revoked") for one in of_type(exchange, "member-a", "note"))


@pytest.mark.parametrize("more", [{"marking": "amber+strict"}, {"handling": {"addressed_to": ["members", "peers"]}}])
def test_nobody_is_told_where_others_than_members_could_be_given_the_note(
    exchange: World, more: dict[str, Any]
) -> None:
    make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), attribution="members", **more))
    for account in ("member-a", "peer"):
        assert "south" not in json.dumps(list(bodies(exchange, account))).lower()
