"""Personal information on its way in over TAXII: minimised, held for a person, or decided; and who is told what."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from isao_reference.functions import clock
from tests.support.asgi import Response
from tests.support.functions import bodies, do, events, listed, make, read, step
from tests.support.world import OPEN, TLP, World, indicator, objects_url

SSN = "078-05-1120"
CERTAIN = f"The victim's SSN is {SSN}."
DOUBTFUL = "Please ask quiet.person@isp.example about it."
SECRETS = (SSN, "quiet.person@isp.example")


def post(exchange: World, account: str, *objects: dict[str, Any]) -> dict[str, Any]:
    answer = exchange.as_(account).post(objects_url(OPEN), {"objects": list(objects)})
    assert answer.status == 202, answer.body
    status: dict[str, Any] = answer.json
    total = status["success_count"] + status["failure_count"] + status["pending_count"]
    assert total == status["total_count"] == len(objects)
    return status


def status_of(exchange: World, account: str, status: dict[str, Any]) -> dict[str, Any]:
    answer = exchange.as_(account).get(f"/exchange/status/{status['id']}/")
    assert answer.status == 200
    told: dict[str, Any] = answer.json
    return told


def seen(exchange: World, account: str) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in bodies(exchange, account)}


def review_of(exchange: World, account: str = "analyst") -> dict[str, Any]:
    found = listed(exchange, account, "reviews")
    assert len(found) == 1
    return found[0]


def everywhere(exchange: World, account: str) -> str:
    """Everything that an account is given: objects, records, events."""
    records = [listed(exchange, account, one) for one in ("reviews", "submissions", "recalls")]
    return json.dumps([list(bodies(exchange, account)), records, events(exchange, account)])


def test_what_is_clean_goes_on_as_ever(exchange: World) -> None:
    item = indicator(marks=["green"], description="The loader sleeps for an hour.")
    assert post(exchange, "member-a", item)["success_count"] == 1
    assert seen(exchange, "member-b")[item["id"]] == item
    assert listed(exchange, "analyst", "reviews") == []


def test_what_is_certain_is_published_as_a_copy_of_the_exchange_and_never_as_it_was_sent(exchange: World) -> None:
    item, twin = indicator(marks=["green"], description=CERTAIN), indicator(marks=["green"], description="Clean.")
    status = post(exchange, "member-a", item, twin)
    assert (status["status"], status["success_count"], status["failure_count"]) == ("complete", 1, 1)
    line = status["failures"][0]
    assert (line["id"], line["version"]) == (item["id"], item["modified"])
    given = seen(exchange, "member-b")
    assert item["id"] not in given
    assert given[twin["id"]] == twin
    (copy,) = [one for one in given.values() if one["type"] == "indicator" and one["id"] != twin["id"]]
    assert copy["description"] == "The victim's SSN is [removed: us-ssn]."
    assert copy["object_marking_refs"] == [TLP["green"]]
    assert copy["pattern"] == item["pattern"]
    assert given[copy["created_by_ref"]]["name"] == "Exchange"
    assert copy["id"] in line["message"]
    assert "us-ssn at /description" in line["message"]
    for account in ("member-b", "peer", "government"):
        assert SSN not in everywhere(exchange, account)


def test_the_record_says_where_by_which_rule_and_what_was_done_and_not_the_value(exchange: World) -> None:
    item = indicator(marks=["green"], description=CERTAIN)
    post(exchange, "member-a", item)
    record = review_of(exchange, "member-a")
    assert record["state"] == "minimised"
    assert record["document"] == {
        "object": item["id"],
        "version": item["modified"],
        "collection": OPEN,
        "findings": [{"pointer": "/description", "rule": "us-ssn", "certainty": "certain", "action": "minimise"}],
    }
    assert [(one["step"], one["state"]) for one in record["history"]] == [("create", "held"), ("minimise", "minimised")]
    assert record["facts"]["published"][0] in seen(exchange, "member-b")
    assert SSN not in json.dumps(record)
    assert "minimise" in [one["step"] for one in events(exchange, "member-a") if one["resource"] == "reviews"]
    staff = read(exchange, "analyst", "reviews", record["id"]).json
    assert json.loads(staff["facts"]["staff"]["original"]) == item
    assert SSN not in json.dumps([staff["document"], staff["history"]])
    for account in ("member-b", "peer", "government"):
        assert read(exchange, account, "reviews", record["id"]).status == 404
        assert listed(exchange, account, "reviews") == []


@pytest.mark.parametrize(
    ("label", "readers"),
    [
        ("clear", ("member-a", "member-a2", "member-b", "peer", "government")),
        ("green", ("member-a", "member-a2", "member-b", "peer")),
        ("amber", ("member-a", "member-a2", "member-b")),
        ("amber+strict", ("member-a", "member-a2")),
        ("red", ("member-a",)),
    ],
)
def test_a_copy_has_the_readers_that_the_original_would_have_had(
    exchange: World, label: str, readers: tuple[str, ...]
) -> None:
    post(exchange, "member-a", indicator(marks=[label], description=CERTAIN))
    for account in ("member-a", "member-a2", "member-b", "peer", "government"):
        copies = [one for one in bodies(exchange, account) if one["type"] == "indicator"]
        assert len(copies) == (account in readers), account


def test_what_refers_to_it_in_the_envelope_is_there_and_a_copy_that_leads_to_the_copy(exchange: World) -> None:
    malware = {**indicator(marks=["green"]), "type": "malware", "id": f"malware--{uuid.uuid4()}", "is_family": False}
    malware = {k: v for k, v in malware.items() if not k.startswith(("pattern", "valid"))} | {"name": "Drill"}
    item = indicator(marks=["green"], description=CERTAIN)
    link = {
        **{name: item[name] for name in ("spec_version", "created", "modified", "object_marking_refs")},
        "type": "relationship",
        "id": f"relationship--{uuid.uuid4()}",
        "relationship_type": "indicates",
        "source_ref": item["id"],
        "target_ref": malware["id"],
    }
    status = post(exchange, "member-a", item, malware, link)
    assert status["success_count"] == 2
    given = seen(exchange, "member-b")
    assert given[link["id"]] == link
    (copy,) = [one for one in given.values() if one["type"] == "indicator"]
    (followed,) = [one for one in given.values() if one["type"] == "relationship" and one["id"] != link["id"]]
    assert (followed["source_ref"], followed["target_ref"]) == (copy["id"], malware["id"])
    before = exchange.seen("member-b")
    post(exchange, "member-a", item, malware, link)
    assert exchange.seen("member-b") == before


def test_sending_the_same_again_changes_nothing_and_is_answered_the_same(exchange: World) -> None:
    certain, doubtful = (indicator(marks=["green"], description=text) for text in (CERTAIN, DOUBTFUL))
    first = post(exchange, "member-a", certain, doubtful, certain)
    before = (exchange.seen("member-b"), [one["id"] for one in listed(exchange, "analyst", "reviews")])
    assert len(before[1]) == 2
    again = post(exchange, "member-a", certain, doubtful)
    assert (exchange.seen("member-b"), [one["id"] for one in listed(exchange, "analyst", "reviews")]) == before
    assert again["failures"] == first["failures"][:1]
    assert again["pendings"] == first["pendings"]


def test_another_version_of_it_is_another_version_of_the_copy(exchange: World) -> None:
    first = indicator(1, marks=["green"], description=CERTAIN)
    second = first | {"modified": indicator(2)["modified"], "name": "Better"}
    post(exchange, "member-a", first, second)
    post(exchange, "member-a", second | {"modified": indicator(3)["modified"]})
    copies = [one for one in bodies(exchange, "member-b") if one["type"] == "indicator"]
    assert len(copies) == 3
    assert len({one["id"] for one in copies}) == 1
    assert len({one["created"] for one in copies}) == 1
    clean = second | {"modified": indicator(4)["modified"], "description": "Clean."}
    assert post(exchange, "member-a", clean)["success_count"] == 1


def held(exchange: World, **more: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """(object, status, id of the record) of something that waits."""
    item = indicator(marks=["green"], description=f"{DOUBTFUL} {CERTAIN}", **more)
    status = post(exchange, "member-a", item)
    assert (status["status"], status["pending_count"]) == ("pending", 1)
    assert item["id"] == status["pendings"][0]["id"]
    record = review_of(exchange)["id"]
    assert record in status["pendings"][0]["message"]
    return item, status, record


def test_what_is_doubtful_is_in_no_collection_until_a_person_decides(exchange: World) -> None:
    item, status, record = held(exchange)
    assert seen(exchange, "member-a") == seen(exchange, "member-b") == {}
    assert exchange.as_("member-a").get(f"{objects_url(OPEN)}{item['id']}/").status == 404
    told = read(exchange, "member-a", "reviews", record).json
    assert told["state"] == "held"
    assert set(told["due"]) == {"release", "minimise", "refuse"}
    assert told["allowed"] == ["withdraw"]
    assert [one["certainty"] for one in told["document"]["findings"]] == ["doubtful", "certain"]
    for account in ("member-a", "member-b", "peer"):
        assert not any(secret in everywhere(exchange, account) for secret in SECRETS)
    for name in ("release", "minimise", "refuse"):
        assert step(exchange, "member-a", "reviews", record, name, {"reason": "Mine."}).status == 403
        assert step(exchange, "member-b", "reviews", record, name, {"reason": "Theirs."}).status == 404
    assert status_of(exchange, "member-a", status) == status


def test_released_it_is_published_as_it_was_sent_and_dated_then(exchange: World) -> None:
    item, status, record = held(exchange)
    later = indicator(marks=["green"], description="Sent meanwhile.")
    post(exchange, "member-b", later)
    do(exchange, "analyst", "reviews", record, "release", {"reason": "The address is the attacker's."})
    assert [one for one, _ in exchange.seen("member-b")] == [later["id"], item["id"]]
    assert seen(exchange, "member-b")[item["id"]] == item
    told = status_of(exchange, "member-a", status)
    assert (told["status"], told["success_count"], told["pending_count"]) == ("complete", 1, 0)
    assert told["successes"] == [{"id": item["id"], "version": item["modified"]}]
    staff = read(exchange, "analyst", "reviews", record).json
    assert (staff["state"], staff["history"][-1]["account"]) == ("released", "analyst")
    assert "staff" not in staff["facts"]
    assert post(exchange, "member-a", item)["success_count"] == 1
    assert len(listed(exchange, "analyst", "reviews")) == 1


def test_minimised_a_person_says_what_stays_and_what_goes_besides(exchange: World) -> None:
    item, status, record = held(exchange, name="Seen by Max")
    decision = {"reason": "The SSN is not needed.", "keep": [0], "remove": ["/name"]}
    for wrong in ({"keep": [7]}, {"remove": ["/pattern/0"]}, {"remove": ["/none"]}, {"keep": [0, 1]}):
        answer = step(exchange, "analyst", "reviews", record, "minimise", {"reason": "x", **wrong})
        assert answer.status == 422, answer.body
    do(exchange, "analyst", "reviews", record, "minimise", decision)
    (copy,) = [one for one in bodies(exchange, "member-b") if one["type"] == "indicator"]
    assert copy["id"] != item["id"]
    assert (copy["name"], copy["description"]) == (
        "[removed: decision]",
        f"{DOUBTFUL} The victim's SSN is [removed: us-ssn].",
    )
    told = status_of(exchange, "member-a", status)
    assert (told["status"], told["failure_count"]) == ("complete", 1)
    assert copy["id"] in told["failures"][0]["message"]
    assert SSN not in everywhere(exchange, "member-b")


def test_refused_it_is_never_published_nor_kept_and_its_contributor_is_told(exchange: World) -> None:
    item, status, record = held(exchange)
    do(exchange, "analyst", "reviews", record, "refuse", {"reason": "Nothing of it is about a threat."})
    told = status_of(exchange, "member-a", status)
    assert (told["status"], told["failure_count"]) == ("complete", 1)
    shown = read(exchange, "member-a", "reviews", record).json
    assert shown["history"][-1]["document"]["reason"] == "Nothing of it is about a threat."
    assert seen(exchange, "member-b") == {}
    with exchange.store.reading() as db:
        assert not any(secret in "\n".join(db.iterdump()) for secret in SECRETS)
    assert post(exchange, "member-a", item)["failure_count"] == 1
    assert len(listed(exchange, "analyst", "reviews")) == 1


def test_its_contributor_takes_back_what_waits(exchange: World) -> None:
    _, status, record = held(exchange)
    do(exchange, "member-a", "reviews", record, "withdraw", {"reason": "Sent by mistake."})
    assert status_of(exchange, "member-a", status)["failure_count"] == 1
    assert step(exchange, "analyst", "reviews", record, "release", {"reason": "x"}).status == 409


def test_a_reason_that_holds_the_value_is_refused(exchange: World) -> None:
    _, _, record = held(exchange)
    answer = step(exchange, "analyst", "reviews", record, "refuse", {"reason": CERTAIN})
    assert answer.status == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["/reason"]


def test_what_was_taken_out_by_mistake_is_restored_and_the_copy_revoked(exchange: World) -> None:
    item = indicator(marks=["green"], description=CERTAIN)
    post(exchange, "member-a", item)
    do(
        exchange,
        "analyst",
        "reviews",
        review_of(exchange)["id"],
        "restore",
        {"reason": "The number is the scam's own."},
    )
    given = seen(exchange, "member-b")
    assert given[item["id"]] == item
    assert [one["revoked"] for one in given.values() if one["type"] == "indicator" and one["id"] != item["id"]] == [
        True
    ]


def test_a_contributor_recalls_a_copy_of_what_it_sent_and_another_member_does_not(exchange: World) -> None:
    post(exchange, "member-a", indicator(marks=["green"], description=CERTAIN))
    (copy,) = [one["id"] for one in bodies(exchange, "member-b") if one["type"] == "indicator"]
    refused = exchange.as_("member-b").post(
        "/functions/recalls/",
        {"subject": copy, "reason": "x"},
        content_type="application/json",
        accept="application/json",
    )
    assert refused.status == 403
    make(exchange, "member-a", "recalls", {"subject": copy, "reason": "Wrong."})
    assert seen(exchange, "member-b")[copy]["revoked"] is True


def test_an_overdue_review_says_so_and_the_original_is_not_kept_for_ever(exchange: World) -> None:
    _, _, record = held(exchange)
    post(exchange, "member-a", indicator(marks=["green"], description=CERTAIN))
    ticking: Any = exchange.settings.clock
    clock.run_due(exchange.settings, exchange.store)
    assert "overdue" not in read(exchange, "member-a", "reviews", record).json.get("facts", {})
    ticking.now += timedelta(hours=25)
    assert clock.run_due(exchange.settings, exchange.store) == 1
    assert clock.run_due(exchange.settings, exchange.store) == 0
    assert read(exchange, "member-a", "reviews", record).json["facts"]["overdue"] is True
    for account in ("member-a", "analyst"):
        assert "escalate" in [one["step"] for one in events(exchange, account) if one.get("record") == record]
    minimised = listed(exchange, "analyst", "reviews", "state=minimised")[0]["id"]
    ticking.now += timedelta(days=30)
    clock.run_due(exchange.settings, exchange.store)
    assert "staff" not in read(exchange, "analyst", "reviews", minimised).json["facts"]
    assert step(exchange, "analyst", "reviews", minimised, "restore", {"reason": "x"}).status == 409


def test_a_status_that_waits_is_not_forgotten(exchange: World) -> None:
    _, status, record = held(exchange)
    ticking: Any = exchange.settings.clock
    ticking.now += timedelta(days=8)
    post(exchange, "member-a", indicator(marks=["green"]))
    assert status_of(exchange, "member-a", status)["status"] == "pending"
    do(exchange, "analyst", "reviews", record, "refuse", {"reason": "x"})
    ticking.now += timedelta(days=6)
    post(exchange, "member-a", indicator(marks=["green"]))
    assert status_of(exchange, "member-a", status)["status"] == "complete"


def test_what_is_no_valid_stix_is_refused_and_not_set_aside(exchange: World) -> None:
    broken = indicator(marks=["green"], description=CERTAIN)
    del broken["pattern_type"]
    status = post(exchange, "member-a", broken)
    assert status["failure_count"] == 1
    assert "pattern_type" in status["failures"][0]["message"]
    assert listed(exchange, "analyst", "reviews") == []


def test_reviews_are_made_by_the_exchange_alone(exchange: World) -> None:
    document = {"object": "x", "version": "y", "collection": "z", "findings": []}
    for account in ("member-a", "analyst", "operator", "peer", "government"):
        answer: Response = exchange.as_(account).post(
            "/functions/reviews/", document, content_type="application/json", accept="application/json"
        )
        assert answer.status == 403


def test_colleagues_learn_nothing_of_a_review_of_what_is_red(exchange: World) -> None:
    for label, shown in (("amber+strict", True), ("red", False)):
        known = {one["id"] for one in listed(exchange, "analyst", "reviews")}
        post(exchange, "member-a", indicator(marks=[label], description=CERTAIN))
        (made,) = {one["id"] for one in listed(exchange, "analyst", "reviews")} - known
        assert made in everywhere(exchange, "member-a")
        assert (made in everywhere(exchange, "member-a2")) is shown
