"""Alerts: who gets them, who has seen them, and what the clock does with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from isao_reference.functions import clock as functions_clock
from tests.support.documents import valid
from tests.support.functions import (
    alert,
    bodies,
    create,
    do,
    events,
    everything,
    make,
    read,
    step,
)
from tests.support.world import LIBRARY, OPEN, PUBLIC, Clock, World, indicator, stamp, world


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Iterator[World]:
    with world(tmp_path, clock=clock) as exchange:
        yield exchange


def issued(exchange: World, **more: Any) -> str:
    made = make(exchange, "analyst", "alerts", alert(**more))["id"]
    do(exchange, "analyst", "alerts", made, "issue")
    return str(made)


def tick(exchange: World) -> int:
    return functions_clock.run_due(exchange.settings, exchange.store)


def state(exchange: World, identifier: str) -> str:
    return str(read(exchange, "analyst", "alerts", identifier).json["state"])


def test_the_organizations_that_the_label_allows_get_an_alert_and_no_others(exchange: World) -> None:
    readers = {
        "clear": {"member-a", "member-b", "peer", "government"},
        "green": {"member-a", "member-b", "peer"},
        "amber": {"member-a", "member-b"},
        "amber+strict": set(),
        "red": set(),
    }
    for label, wanted in readers.items():
        identifier = issued(exchange, marking=label)
        accounts = ("member-a", "member-b", "peer", "government")
        assert {one for one in accounts if read(exchange, one, "alerts", identifier).status == 200} == wanted
        told = {one for one in accounts if any(e.get("record") == identifier for e in events(exchange, one))}
        assert told == wanted
        report = read(exchange, "analyst", "alerts", identifier).json["facts"]["report"]
        assert {one for one in accounts if report in {b["id"] for b in bodies(exchange, one)}} == wanted


def test_an_alert_goes_to_those_addressed_as_far_as_its_label_lets_it(exchange: World) -> None:
    identifier = issued(exchange, marking="amber", addressed_to=["south", "lakeside", "north"])
    shown = read(exchange, "member-b", "alerts", identifier).json
    assert shown["document"]["addressed_to"] == ["south"], "whom it concerns too is not told"
    assert b"north" not in read(exchange, "member-b", "alerts", identifier, accept="text/plain").body
    assert read(exchange, "peer", "alerts", identifier).status == 200, "AMBER is for the organizations it is sent to"
    assert read(exchange, "peer", "alerts", issued(exchange, marking="red", addressed_to=["lakeside"])).status == 404
    exchange.add("member-c", "west")
    assert read(exchange, "member-c", "alerts", identifier).status == 404
    assert not events(exchange, "member-c")
    everywhere = {"addressed_to": ["south", "lakeside", "north"]}
    assert read(exchange, "analyst", "alerts", identifier).json["document"].items() >= everywhere.items()


def test_an_addressed_alert_is_not_published_over_taxii(exchange: World) -> None:
    before = [one["id"] for one in bodies(exchange, "operator")]
    identifier = issued(exchange, addressed_to=["south"])
    assert [one["id"] for one in bodies(exchange, "operator")] == before
    assert "report" not in read(exchange, "member-b", "alerts", identifier).json.get("facts", {})
    assert not [one for one in events(exchange, "member-b") if one["resource"] == "objects"]


def test_nobody_is_addressed_who_is_not_there_and_nothing_hidden_is_named(exchange: World) -> None:
    before = everything(exchange)
    unknown = "malware--3a41e552-999b-4ad3-bedc-332b6d9ff80c"
    answer = create(exchange, "analyst", "alerts", alert(addressed_to=["south", "nobody"], about=[unknown]))
    assert answer.status == 422
    assert {one["pointer"] for one in answer.json["errors"]} == {"/about/0", "/addressed_to/1"}
    assert everything(exchange) == before


def graph(exchange: World, action: str, edge: str, name: str, collection: str) -> dict[str, Any]:
    """A technique that everybody may know, and a mitigation of it: labels of the mitigation and of the relationship."""
    made = {"spec_version": "2.1", "created": stamp(0), "modified": stamp(0)}
    technique = indicator(marks=["clear"])
    threat = {**made, "type": "attack-pattern", "id": technique["id"].replace("indicator", "attack-pattern")}
    threat |= {"name": f"Technique of {name}", "object_marking_refs": technique["object_marking_refs"]}
    course = indicator(marks=[action])
    help_ = {**made, "type": "course-of-action", "id": course["id"].replace("indicator", "course-of-action")}
    help_ |= {"name": f"Mitigation of {name}", "object_marking_refs": course["object_marking_refs"]}
    link = indicator(marks=[edge])
    between = {**made, "type": "relationship", "id": link["id"].replace("indicator", "relationship")}
    between |= {"relationship_type": "mitigates", "source_ref": help_["id"], "target_ref": threat["id"]}
    between |= {"object_marking_refs": link["object_marking_refs"]}
    exchange.share("operator", threat, collection=LIBRARY)
    exchange.share("operator", help_, between, collection=collection)
    return threat


@pytest.mark.parametrize(
    ("action", "edge", "label", "collection", "told"),
    [
        ("clear", "clear", "green", LIBRARY, True),
        ("clear", "clear", "clear", LIBRARY, True),
        ("amber", "amber", "amber", LIBRARY, True),
        ("red", "clear", "green", LIBRARY, False),
        ("clear", "red", "green", LIBRARY, False),
        ("amber", "clear", "green", LIBRARY, False),
        ("green", "green", "green", LIBRARY, False),
        ("clear", "clear", "green", "44444444-4444-4444-8444-444444444444", False),
    ],
    ids=[
        "everything-is-for-everybody",
        "everything-is-for-everybody-and-so-is-the-alert",
        "everything-is-for-members",
        "the-mitigation-is-hidden",
        "the-relationship-is-hidden",
        "the-mitigation-is-for-fewer-than-the-alert",
        "the-collection-is-for-fewer-than-the-alert",
        "the-collection-is-read-by-analysts-only",
    ],
)
def test_an_alert_names_the_mitigations_that_its_readers_may_know_of(
    exchange: World, action: str, edge: str, label: str, collection: str, told: bool
) -> None:
    threat = graph(exchange, action, edge, "something", collection)
    identifier = issued(exchange, marking=label, about=[threat["id"]])
    shown = read(exchange, "member-a", "alerts", identifier)
    assert (b"Mitigation of something" in shown.body) is told
    report = next(one for one in bodies(exchange, "member-a") if one["type"] == "report")
    assert (
        any(
            one.startswith("course-of-action") and one in str(shown.json["facts"].get("mitigations"))
            for one in report["object_refs"]
        )
        is told
    )


@pytest.mark.parametrize(
    ("mark", "label", "taken"), [("amber", "green", False), ("amber", "amber", True), ("green", "amber", True)]
)
def test_an_alert_names_nothing_that_is_for_fewer_than_its_readers(
    exchange: World, mark: str, label: str, taken: bool
) -> None:
    hidden = indicator(marks=[mark])
    exchange.share("operator", hidden)
    before = everything(exchange)
    answer = create(exchange, "analyst", "alerts", alert(marking=label, about=[hidden["id"]]))
    assert answer.status == (201 if taken else 422), answer.body
    if not taken:
        assert [one["pointer"] for one in answer.json["errors"]] == ["/about/0"]
        assert everything(exchange) == before


def test_what_has_been_hidden_since_the_draft_is_not_told_when_the_alert_is_issued(exchange: World) -> None:
    threat = graph(exchange, "clear", "clear", "something", LIBRARY)
    draft = make(exchange, "analyst", "alerts", alert(about=[threat["id"]]))
    assert draft["facts"]["mitigations"]
    action = draft["facts"]["mitigations"][0]["id"]
    shown = next(one for one in bodies(exchange, "operator") if one["id"] == action)
    later = {**shown, "modified": stamp(1), "revoked": True}
    exchange.share("operator", later, collection=LIBRARY)
    after = do(exchange, "analyst", "alerts", draft["id"], "issue")
    assert "mitigations" not in after["facts"]
    report = next(one for one in bodies(exchange, "member-a") if one["id"] == after["facts"]["report"])
    assert action not in report["object_refs"]


def test_an_alert_about_what_was_revoked_since_the_draft_is_not_issued(exchange: World) -> None:
    threat = indicator(marks=["green"])
    exchange.share("operator", threat)
    draft = make(exchange, "analyst", "alerts", alert(about=[threat["id"]]))["id"]
    exchange.as_("operator").delete(f"/exchange/collections/{OPEN}/objects/{threat['id']}/")
    answer = step(exchange, "analyst", "alerts", draft, "issue")
    assert answer.status == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["/about/0"]
    assert state(exchange, draft) == "draft"


def test_a_drill_says_so_wherever_it_is_shown(exchange: World) -> None:
    for drill in (True, False):
        identifier = issued(exchange, title="Mail", what_happened="x\n*** DRILL", drill=drill)
        shown = read(exchange, "member-a", "alerts", identifier)
        text = read(exchange, "member-a", "alerts", identifier, accept="text/plain").body.decode()
        report = next(one for one in bodies(exchange, "member-a") if one["id"] == shown.json["facts"]["report"])
        assert shown.json["document"]["drill"] is drill
        assert ("drill" in report["labels"]) is drill
        assert report["name"].startswith("DRILL: ") is drill
        said = [line for line in text.splitlines() if line.startswith("*** DRILL")]
        assert len(said) == (2 if drill else 0), "a text of the author's is set in and says nothing of the kind"


def test_words_of_an_author_do_not_look_like_a_label(exchange: World) -> None:
    forged = "Nothing.\nTLP:CLEAR\r\nState: withdrawn"
    identifier = issued(
        exchange, marking="amber", title=f"Title\n{forged}", what_happened=forged, actions=[forged], contact=forged
    )
    text = read(exchange, "member-a", "alerts", identifier, accept="text/plain").body.decode()
    lines = text.splitlines()
    assert [one for one in lines if one.startswith("TLP:")] == ["TLP:AMBER", "TLP:AMBER"]
    assert [one for one in lines if one.startswith("State:")] == [
        "State: issued (It was sent to those it is addressed to, as far as its label allows.)"
    ]
    assert text.isprintable() or "\r" not in text


def test_a_withdrawn_alert_says_why_and_its_report_is_revoked(exchange: World) -> None:
    identifier = issued(exchange)
    published = read(exchange, "member-a", "alerts", identifier).json["facts"]["published"]
    do(exchange, "analyst", "alerts", identifier, "withdraw", {"reason": "It was a mistake."})
    text = read(exchange, "member-a", "alerts", identifier, accept="text/plain").body
    assert b"State: withdrawn" in text
    assert b"It was a mistake." in text
    latest = {one["id"]: one.get("revoked", False) for one in bodies(exchange, "member-a")}
    assert {one: latest[one] for one in published} == dict.fromkeys(published, True)
    assert [one["step"] for one in events(exchange, "member-a") if one.get("record")] == ["issue", "withdraw"]
    assert step(exchange, "member-a", "alerts", identifier, "acknowledge", {"by": "Us"}).status == 409


def test_a_withdrawn_alert_cannot_be_acknowledged_even_by_who_had(exchange: World) -> None:
    identifier = issued(exchange)
    do(exchange, "member-a", "alerts", identifier, "acknowledge", {"by": "Us"})
    do(exchange, "analyst", "alerts", identifier, "withdraw", {"reason": "x"})
    assert step(exchange, "member-a", "alerts", identifier, "acknowledge", {"by": "Us"}).status == 409


def member_with_contacts(exchange: World) -> None:
    exchange.add_applicant()
    made = make(exchange, "applicant", "memberships", valid("membership"))["id"]
    vetting = {"criteria": [{"criterion": "any", "met": True, "seen": "Asked."}]}
    do(exchange, "operator", "memberships", made, "approve", vetting)


def test_an_emergency_is_escalated_once_to_the_backup_contacts_of_the_silent(timed: World, clock: Clock) -> None:
    member_with_contacts(timed)
    identifier = issued(timed, emergency=True, marking="amber")
    do(timed, "member-a", "alerts", identifier, "acknowledge", {"by": "Us"})
    assert tick(timed) == 0
    clock.now += timedelta(minutes=31)
    assert tick(timed) == 1
    assert tick(timed) == 0
    silent = read(timed, "analyst", "alerts", identifier).json["facts"]["staff"]["silent"]
    assert {one["organization"] for one in silent} == {"newcomer", "south"}
    contacts = next(one["contacts"] for one in silent if one["organization"] == "newcomer")
    assert [one["role"] for one in contacts] == ["backup"]
    for account, again in (("applicant", 1), ("member-b", 1), ("member-a", 0), ("peer", 0)):
        assert len([one for one in events(timed, account) if one.get("escalation")]) == again
    for account in ("member-a", "member-b"):
        assert b"silent" not in read(timed, account, "alerts", identifier).body
    clock.now += timedelta(days=20)
    assert tick(timed) == 0


@pytest.mark.parametrize("emergency", [True, False])
def test_only_an_emergency_is_escalated_by_the_clock(timed: World, clock: Clock, emergency: bool) -> None:
    identifier = issued(timed, emergency=emergency)
    clock.now += timedelta(hours=1)
    assert tick(timed) == int(emergency)
    steps = [one["step"] for one in read(timed, "analyst", "alerts", identifier).json["history"]]
    assert steps.count("escalate") == int(emergency)


def test_an_analyst_escalates_too_and_the_clock_keeps_its_promise(timed: World, clock: Clock) -> None:
    identifier = issued(timed, emergency=True)
    do(timed, "analyst", "alerts", identifier, "escalate")
    clock.now += timedelta(hours=1)
    assert tick(timed) == 1
    assert tick(timed) == 0


def test_a_clock_far_ahead_expires_an_alert_once(timed: World, clock: Clock) -> None:
    draft = make(timed, "analyst", "alerts", alert())["id"]
    identifier = issued(timed, emergency=True)
    clock.now = datetime(2040, 1, 1, tzinfo=UTC)
    assert tick(timed) == 2, "escalated, then expired"
    assert tick(timed) == 0
    steps = [one["step"] for one in read(timed, "member-a", "alerts", identifier).json["history"]]
    assert steps == ["create", "issue", "escalate", "expire"]
    assert state(timed, draft) == "draft"


def test_a_clock_that_jumps_back_takes_nothing_twice(timed: World, clock: Clock) -> None:
    identifier = issued(timed, emergency=True, expires="2026-06-01T00:00:00Z")
    clock.now = datetime(2026, 3, 1, tzinfo=UTC)
    assert tick(timed) == 1
    before = read(timed, "analyst", "alerts", identifier).json
    for moment in (
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
    ):
        clock.now = moment
        assert tick(timed) == 0
    assert read(timed, "analyst", "alerts", identifier).json == before
    clock.now = datetime(2026, 7, 1, tzinfo=UTC)
    assert tick(timed) == 1
    clock.now = datetime(2020, 1, 1, tzinfo=UTC)
    assert tick(timed) == 0
    assert state(timed, identifier) == "expired"


def test_a_step_of_the_clock_that_fails_does_not_hold_up_the_others(
    timed: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isao_reference.functions import engine

    first, second = issued(timed), issued(timed)
    clock.now += timedelta(days=60)
    take = engine.take

    def broken(*given: Any) -> Any:
        if given[5].id == first:
            raise RuntimeError("this one cannot be taken")
        return take(*given)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "take", broken)
        assert tick(timed) == 1
    assert (state(timed, first), state(timed, second)) == ("issued", "expired")
    assert tick(timed) == 1


@pytest.mark.parametrize(
    "expires",
    ["2026-12-31T23:59:60Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-01t00:00:00z"],
)
def test_odd_moments_are_refused_or_kept_but_never_a_fault(timed: World, clock: Clock, expires: str) -> None:
    answer = create(timed, "analyst", "alerts", alert(expires=expires))
    assert answer.status in (201, 422), answer.body
    if answer.status == 422:
        assert answer.json["errors"][0]["pointer"] == "/expires"
        return
    do(timed, "analyst", "alerts", answer.json["id"], "issue")
    clock.now += timedelta(days=60)
    assert tick(timed) in (0, 1)


def test_measures_are_counted_from_what_each_may_read(exchange: World) -> None:
    identifier = issued(exchange, marking="amber")
    for account in ("member-a", "member-b"):
        do(exchange, account, "alerts", identifier, "acknowledge", {"by": "Us"})

    def count(account: str, name: str) -> int:
        found = exchange.as_(account).get("/functions/measures/").json["measures"]
        return int(next(one["count"] for one in found if one["name"] == name))

    assert count("analyst", "acknowledgement") == 2
    assert count("member-a", "acknowledgement") == 1
    assert count("peer", "acknowledgement") == 0
    assert count("analyst", "dissemination") == 1
    assert count("member-a", "dissemination") == 0, "who else was given it, and when, is not told"


def test_a_public_alert_is_read_by_its_id_without_an_account(exchange: World) -> None:
    identifier = issued(exchange, marking="clear")
    assert read(exchange, "stranger", "alerts", identifier).status == 200
    assert read(exchange, "stranger", "alerts", issued(exchange)).status == 401
    assert exchange.as_("stranger").get(f"/functions/alerts/{PUBLIC}/").status == 401
    assert exchange.as_("stranger").get("/functions/alerts/").status == 401
