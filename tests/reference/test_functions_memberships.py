"""Who belongs, and under which terms: a decision holds from the next answer on, and applicants see nothing before."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from isao_reference import setup
from tests.support.documents import valid
from tests.support.functions import (
    alert,
    bodies,
    create,
    do,
    events,
    everything,
    listed,
    make,
    read,
    step,
    table,
)
from tests.support.world import PUBLIC, Clock, World, indicator, objects_url, world

CRITERIA = {"membership": {"criteria": [{"name": "constituency"}, {"name": "minimum-security"}]}}
SIGNATURE = {"signer": "A. Person", "position": "Head of security"}


def vetting(**met: bool) -> dict[str, Any]:
    return {
        "criteria": [{"criterion": name.replace("_", "-"), "met": ok, "seen": "Asked."} for name, ok in met.items()]
    }


def applied(exchange: World) -> str:
    exchange.add_applicant()
    identifier: str = make(exchange, "applicant", "memberships", valid("membership"))["id"]
    return identifier


def approved(exchange: World) -> str:
    identifier = applied(exchange)
    do(exchange, "operator", "memberships", identifier, "approve", vetting(any=True))
    return identifier


def test_an_applicant_sees_nothing_of_the_members(exchange: World) -> None:
    exchange.share("member-a", indicator(marks=["green"]), indicator(marks=["amber"]))
    exchange.share("member-a", indicator(marks=["clear"]), collection=PUBLIC)
    exchange.add_applicant()
    warned = make(exchange, "analyst", "alerts", alert(addressed_to=["newcomer", "north"]))["id"]
    do(exchange, "analyst", "alerts", warned, "issue")
    make(exchange, "member-a", "submissions", table(("domain-name", "a.example")))
    client = exchange.as_("applicant")
    stranger = exchange.as_("stranger")
    public = [one["id"] for one in stranger.get("/exchange/collections/").json["collections"]]
    assert [one["id"] for one in client.get("/exchange/collections/").json["collections"]] == public == [PUBLIC]
    assert client.get(objects_url()).status == 404
    assert {one["id"] for one in bodies(exchange, "applicant")} == {one["id"] for one in bodies(exchange, "stranger")}
    for resource in ("alerts", "submissions", "feedback", "recalls", "memberships"):
        assert listed(exchange, "applicant", resource) == []
    assert read(exchange, "applicant", "alerts", warned).status == 404
    assert all(one.get("collection") == PUBLIC for one in events(exchange, "applicant"))
    measures = client.get("/functions/measures/").json["measures"]
    assert {one["count"] for one in measures} == {0}
    assert client.get("/functions/exports/indicators.csv").body.count(b"\n") == 2, "the head and what is public"
    assert create(exchange, "applicant", "submissions", table(("domain-name", "a.example"))).status == 403


def test_an_application_is_for_its_organization_and_the_staff(exchange: World) -> None:
    identifier = applied(exchange)
    assert read(exchange, "operator", "memberships", identifier).json["contributor"] == "newcomer"
    assert read(exchange, "member-a", "memberships", identifier).status == 404
    assert create(exchange, "applicant", "memberships", valid("membership")).status == 409
    assert create(exchange, "member-a", "memberships", valid("membership")).status == 403


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (vetting(constituency=True), "minimum-security"),
        (vetting(constituency=True, minimum_security=False), "minimum-security"),
        (vetting(other=True), "constituency"),
        (
            {"criteria": vetting(constituency=False)["criteria"] + vetting(constituency=True)["criteria"]},
            "constituency",
        ),
    ],
)
def test_approval_needs_every_published_criterion(exchange: World, document: Any, named: str) -> None:
    setup.set_capability_document(exchange.store, CRITERIA)
    identifier = applied(exchange)
    before = everything(exchange)
    answer = step(exchange, "operator", "memberships", identifier, "approve", document)
    assert answer.status == 422
    assert any(one["pointer"] == "/criteria" and named in one["detail"] for one in answer.json["errors"])
    assert everything(exchange) == before
    whole = vetting(constituency=True, minimum_security=True)
    assert do(exchange, "operator", "memberships", identifier, "approve", whole)["state"] == "active"


def test_a_decision_holds_from_the_very_next_answer(exchange: World) -> None:
    exchange.share("member-a", indicator(marks=["green"]))
    identifier = applied(exchange)
    client = exchange.as_("applicant")
    assert client.get(objects_url()).status == 404
    do(exchange, "operator", "memberships", identifier, "approve", vetting(any=True))
    assert len(exchange.seen("applicant")) == 1
    do(exchange, "operator", "memberships", identifier, "suspend", {"reason": "Drill."})
    for path in (objects_url(), "/functions/memberships/", "/functions/events/", "/functions/exports/blocklist.txt"):
        assert client.get(path).status == 401
    do(exchange, "operator", "memberships", identifier, "reinstate", {"reason": "Drill over."})
    assert len(exchange.seen("applicant")) == 1
    told = [one["step"] for one in events(exchange, "applicant") if one["resource"] == "memberships"]
    assert told == ["approve", "reinstate"]
    left = step(exchange, "applicant", "memberships", identifier, "withdraw")
    assert left.status == 200
    assert client.get(objects_url()).status == 401
    assert read(exchange, "operator", "memberships", identifier).json["state"] == "ended"


def test_a_declined_applicant_reads_why_and_may_apply_again(exchange: World) -> None:
    identifier = applied(exchange)
    do(exchange, "operator", "memberships", identifier, "decline", {"reason": "Another sector."})
    history = read(exchange, "applicant", "memberships", identifier).json["history"]
    assert history[-1]["document"] == {"reason": "Another sector."}
    assert exchange.as_("applicant").get(objects_url()).status == 404
    assert make(exchange, "applicant", "memberships", valid("membership"))["state"] == "applied"


def test_contacts_are_corrected_with_what_was_read(exchange: World) -> None:
    identifier = approved(exchange)
    tag = str(read(exchange, "applicant", "memberships", identifier).header("etag"))
    changed = {**valid("membership"), "name": "New name"}
    assert step(exchange, "applicant", "memberships", identifier, "update", changed).status == 428
    after = do(exchange, "applicant", "memberships", identifier, "update", changed, headers=[("if-match", tag)])
    assert after["document"]["name"] == "New name"
    assert [one["step"] for one in after["history"]] == ["create", "approve", "update"]


class Terms:
    """An exchange with an agreement in force that has to be accepted an hour from now."""

    def __init__(self, exchange: World, clock: Clock) -> None:
        self.exchange, self.clock = exchange, clock
        self.first = self.publish(timedelta(hours=1))

    def publish(self, within: timedelta) -> str:
        until = (self.clock.now + within).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = make(self.exchange, "operator", "agreements", {**valid("agreement"), "accept_by": until})["id"]
        assert read(self.exchange, "member-a", "agreements", made).status == 404, "a draft is not shown"
        do(self.exchange, "operator", "agreements", made, "publish")
        return str(made)

    def sign(self, account: str, agreement: str) -> None:
        shown = read(self.exchange, account, "agreements", agreement).json
        sent = {**SIGNATURE, "sha256": shown["facts"]["sha256"]}
        do(self.exchange, account, "agreements", agreement, "sign", sent)

    def later(self, **time: int) -> None:
        self.clock.now += timedelta(**time)

    def in_(self, account: str) -> bool:
        status = self.exchange.as_(account).get(objects_url()).status
        assert status in (200, 404)
        return status == 200


@pytest.fixture
def terms(tmp_path: Path) -> Any:
    clock = Clock()
    with world(tmp_path, clock=clock) as exchange:
        yield Terms(exchange, clock)


def test_a_signature_is_under_exactly_this_text(terms: Terms) -> None:
    exchange = terms.exchange
    before = everything(exchange)
    wrong = step(exchange, "member-a", "agreements", terms.first, "sign", {**SIGNATURE, "sha256": "0" * 64})
    assert wrong.status == 422
    assert wrong.json["errors"][0]["pointer"] == "/sha256"
    assert everything(exchange) == before
    terms.sign("member-a", terms.first)
    assert [one["step"] for one in read(exchange, "member-b", "agreements", terms.first).json["history"]] == [
        "create",
        "publish",
    ], "who else has signed is not shown"


def test_access_without_a_signature_ends_on_the_day_and_comes_back_with_it(terms: Terms) -> None:
    exchange = terms.exchange
    warned = make(exchange, "analyst", "alerts", alert(addressed_to=["north", "south"]))["id"]
    do(exchange, "analyst", "alerts", warned, "issue")
    own = make(exchange, "member-b", "submissions", table(("domain-name", "a.example")))["id"]
    item = indicator(marks=["green"])
    exchange.share("member-b", item)
    terms.sign("member-a", terms.first)
    assert all(map(terms.in_, ("member-a", "member-b", "peer")))
    terms.later(hours=1)
    assert terms.in_("member-a")
    assert not terms.in_("member-b")
    assert not terms.in_("peer")
    assert terms.in_("operator")
    for resource, record in (("alerts", warned),):
        assert read(exchange, "member-b", resource, record).status == 404
    make(exchange, "member-a", "feedback", {"subject": item["id"], "timely": "no"})
    assert listed(exchange, "member-b", "feedback") == [], "what is sent to it waits until it has signed"
    assert read(exchange, "member-b", "submissions", own).status == 200, "its own records stay its own"
    assert create(exchange, "member-b", "submissions", table(("domain-name", "b.example"))).status == 403
    told = read(exchange, "member-b", "agreements", terms.first).json
    assert told["allowed"] == ["sign"]
    terms.sign("member-b", terms.first)
    assert terms.in_("member-b")
    assert read(exchange, "member-b", "alerts", warned).status == 200
    assert len(listed(exchange, "member-b", "feedback")) == 1


def test_new_terms_take_the_place_of_the_old_and_let_nobody_in_again(terms: Terms) -> None:
    terms.sign("member-a", terms.first)
    terms.later(hours=1)
    second = terms.publish(timedelta(hours=1))
    assert read(terms.exchange, "member-a", "agreements", terms.first).json["state"] == "superseded"
    assert terms.in_("member-a"), "it has accepted the terms before these"
    assert not terms.in_("member-b"), "it had accepted nothing"
    terms.sign("member-b", second)
    assert terms.in_("member-b")
    terms.later(hours=1)
    assert not terms.in_("member-a")
    assert terms.in_("member-b")
    assert step(terms.exchange, "member-a", "agreements", terms.first, "sign", {}).status == 409
    do(terms.exchange, "operator", "agreements", second, "supersede")
    assert all(map(terms.in_, ("member-a", "member-b", "peer")))


def test_a_clock_that_jumps_ends_access_and_gives_it_back(terms: Terms) -> None:
    terms.later(days=400)
    assert not terms.in_("member-a")
    terms.clock.now = datetime(2026, 1, 1, tzinfo=terms.clock.now.tzinfo)
    assert terms.in_("member-a")
