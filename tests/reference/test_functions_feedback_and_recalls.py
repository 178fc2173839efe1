"""What comes back to who shared something, and what is taken back from everybody who was given it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from isao_reference.functions import ledger
from isao_reference.store import events as store_events
from tests.support.functions import (
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
from tests.support.world import (
    DROPBOX,
    LIBRARY,
    OPEN,
    PUBLIC,
    TLP,
    World,
    indicator,
    marking,
    object_url,
    objects_url,
    stamp,
)


def shared(exchange: World, account: str = "member-a", mark: str = "green", collection: str = OPEN) -> str:
    item = indicator(marks=[mark])
    exchange.share(account, item, collection=collection)
    return str(item["id"])


def opinions(exchange: World, account: str) -> list[dict[str, Any]]:
    return [one for one in bodies(exchange, account) if one["type"] == "opinion"]


def recipients(exchange: World, stix_id: str, organization: str) -> dict[str, int]:
    with exchange.store.reading() as db:
        return store_events.recipients_of(db, ledger.item(stix_id, organization))


def test_feedback_reaches_who_shared_the_item_without_its_giver(exchange: World) -> None:
    item = shared(exchange)
    given = make(exchange, "member-b", "feedback", {"subject": item, "timely": "no", "consequence": "Too late."})
    (read_,) = listed(exchange, "member-a", "feedback")
    assert read_["id"] == given["id"]
    assert read_["document"]["consequence"] == "Too late."
    assert "contributor" not in read_
    assert "south" not in json.dumps([read_, events(exchange, "member-a")])
    assert [one["record"] for one in events(exchange, "member-a") if one["resource"] == "feedback"] == [given["id"]]
    assert "north" not in json.dumps([given, read(exchange, "member-b", "feedback", given["id"]).json])
    for account in ("peer", "government"):
        assert listed(exchange, account, "feedback") == []
        assert not [one for one in events(exchange, account) if one["resource"] == "feedback"]


@pytest.mark.parametrize("named", [True, False])
def test_the_giver_is_named_when_it_agrees(exchange: World, named: bool) -> None:
    given = make(exchange, "member-b", "feedback", {"subject": shared(exchange), "timely": "yes", "named": named})
    shown = read(exchange, "member-a", "feedback", given["id"]).json
    assert shown.get("contributor") == ("south" if named else None)


def test_feedback_on_an_anonymous_submission_finds_its_contributor(exchange: World) -> None:
    made = make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), attribution="anonymous"))
    (item,) = made["facts"]["published"]
    given = make(exchange, "member-a", "feedback", {"subject": item, "effective": "yes"})
    assert [one["id"] for one in listed(exchange, "member-b", "feedback")] == [given["id"]]
    assert "south" not in json.dumps(read(exchange, "member-a", "feedback", given["id"]).json)
    answer = do(exchange, "member-b", "feedback", given["id"], "answer", {"text": "Thanks.", "outcome": "kept"})
    assert answer["state"] == "answered"
    told = read(exchange, "member-a", "feedback", given["id"]).json
    assert told["history"][-1]["document"] == {"text": "Thanks.", "outcome": "kept"}
    assert "south" not in json.dumps([told, events(exchange, "member-a")])
    assert create(exchange, "member-b", "feedback", {"subject": item, "timely": "yes"}).status == 422


def test_feedback_on_what_is_for_one_person_is_for_that_person_and_for_who_shared_it(exchange: World) -> None:
    giver, author = exchange.add("giver", "east"), exchange.add("author", "west")
    exchange.add("colleague-of-giver", "east")
    exchange.add("colleague-of-author", "west")
    definition = marking(addressed_to=["account:giver"])
    item = indicator(marks=["red", definition["id"]])
    exchange.share("author", definition, item)
    given = make(exchange, "giver", "feedback", {"subject": item["id"], "timely": "no"})
    for account in ("giver", "author", "analyst"):
        assert [one["id"] for one in listed(exchange, account, "feedback")] == [given["id"]], account
    for account in ("colleague-of-giver", "colleague-of-author", "member-a"):
        assert listed(exchange, account, "feedback") == [], account
        assert read(exchange, account, "feedback", given["id"]).status == 404
        told = json.dumps(events(exchange, account))
        assert item["id"] not in told
        assert given["id"] not in told
    assert [one["record"] for one in events(exchange, "author") if one["resource"] == "feedback"] == [given["id"]]
    answered = do(exchange, "author", "feedback", given["id"], "answer", {"text": "Thanks.", "outcome": "kept"})
    assert answered["state"] == "answered"
    for account in ("colleague-of-giver", "colleague-of-author"):
        assert read(exchange, account, "feedback", given["id"]).status == 404
    assert giver.get(objects_url()).status == author.get(objects_url()).status == 200


def test_feedback_on_what_one_person_handed_in_anonymously_for_another_is_for_those_two(exchange: World) -> None:
    for account, organization in (("giver", "east"), ("author", "west"), ("colleague-of-author", "west")):
        exchange.add(account, organization)
    choice = {"marking": "red", "attribution": "anonymous", "handling": {"addressed_to": ["account:giver"]}}
    made = make(exchange, "author", "submissions", table(("domain-name", "a.example"), **choice))
    (item,) = made["facts"]["published"]
    given = make(exchange, "giver", "feedback", {"subject": item, "timely": "no"})
    assert [one["id"] for one in listed(exchange, "author", "feedback")] == [given["id"]]
    assert listed(exchange, "colleague-of-author", "feedback") == []
    assert item not in json.dumps(events(exchange, "colleague-of-author"))


def test_feedback_on_what_a_whole_organization_is_given_is_read_by_the_giver_s_colleagues(exchange: World) -> None:
    exchange.add("giver", "east")
    exchange.add("colleague-of-giver", "east")
    definition = marking(addressed_to=["organization:east"])
    item = indicator(marks=["amber+strict", definition["id"]])
    exchange.share("member-a", definition, item)
    given = make(exchange, "giver", "feedback", {"subject": item["id"], "timely": "no"})
    for account in ("colleague-of-giver", "member-a", "member-a2"):
        assert [one["id"] for one in listed(exchange, account, "feedback")] == [given["id"]], account


def test_the_opinion_is_published_without_giver_and_words(exchange: World) -> None:
    item = shared(exchange)
    document = {"subject": item, "actionable": "no", "consequence": "South was down.", "named": True}
    make(exchange, "member-b", "feedback", document)
    (opinion,) = opinions(exchange, "peer")
    assert opinion["opinion"] == "disagree"
    assert opinion["object_refs"] == [item]
    assert opinion["object_marking_refs"] == [TLP["green"]]
    assert "South" not in json.dumps(list(bodies(exchange, "peer")))


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"false_positive": True, "effective": "yes"}, "strongly-disagree"),
        ({"effective": "yes"}, "strongly-agree"),
        ({"timely": "yes", "effective": "no"}, "agree"),
        ({"timely": "no"}, "disagree"),
        ({"timely": "unknown", "actionable": "partly"}, None),
        ({"consequence": "Nothing."}, None),
    ],
)
def test_answers_become_a_word_of_the_vocabulary_or_none(
    exchange: World, said: dict[str, Any], word: str | None
) -> None:
    make(exchange, "member-b", "feedback", {"subject": shared(exchange), **said})
    assert [one["opinion"] for one in opinions(exchange, "member-a")] == ([word] if word else [])


def test_an_opinion_is_seen_by_nobody_who_does_not_see_the_item(exchange: World) -> None:
    exchange.share("operator", kept := indicator(marks=["green"]), collection=LIBRARY)
    make(exchange, "member-b", "feedback", {"subject": kept["id"], "timely": "yes"})
    assert len(opinions(exchange, "member-a")) == 1
    assert opinions(exchange, "peer") == [], "peers do not read the library"
    amber = shared(exchange, mark="amber")
    make(exchange, "member-b", "feedback", {"subject": amber, "timely": "yes"})
    assert opinions(exchange, "peer") == []
    for item in (
        shared(exchange, mark="red"),
        shared(exchange, collection=DROPBOX),
        shared(exchange, mark="amber+strict"),
    ):
        before = [list(bodies(exchange, one)) for one in ("member-b", "peer", "government")]
        assert create(exchange, "analyst", "feedback", {"subject": item, "timely": "yes"}).status == 201
        assert [list(bodies(exchange, one)) for one in ("member-b", "peer", "government")] == before


def test_feedback_on_an_item_under_a_marking_that_nobody_knows_is_taken(exchange: World) -> None:
    item = indicator(marks=[f"marking-definition--{uuid.uuid4()}"])
    exchange.share("member-a", item)
    made = make(exchange, "analyst", "feedback", {"subject": item["id"], "timely": "yes"})
    assert "opinion" not in made["facts"]


def test_feedback_on_what_is_hidden_absent_or_ones_own_is_refused_alike(exchange: World) -> None:
    before_items = [shared(exchange, mark=mark) for mark in ("red", "amber+strict")]
    own = shared(exchange, "member-b")
    absent = f"indicator--{uuid.uuid4()}"
    before = everything(exchange)
    answers = [
        create(exchange, "member-b", "feedback", {"subject": one, "timely": "yes"})
        for one in (*before_items, shared(exchange, collection=DROPBOX), own, absent)
    ]
    assert {one.status for one in answers} == {422}
    assert len({(one.headers, one.body) for one in answers}) == 1
    assert answers[0].json["errors"][0]["pointer"] == "/subject"
    assert len([one for one in everything(exchange) if one[0] == "records"]) == len(
        [one for one in before if one[0] == "records"]
    )


def test_every_reader_of_an_item_from_two_gets_both_their_feedback(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    exchange.share("peer", item)
    make(exchange, "member-b", "feedback", {"subject": item["id"], "timely": "yes"})
    assert len(listed(exchange, "member-a", "feedback")) == len(listed(exchange, "peer", "feedback")) == 1


def test_a_recall_is_its_contributors_or_an_analysts(exchange: World) -> None:
    item = shared(exchange)
    hidden = shared(exchange, mark="red")
    before = everything(exchange)
    assert create(exchange, "member-b", "recalls", {"subject": item, "reason": "x"}).status == 403
    gone = create(exchange, "member-b", "recalls", {"subject": f"indicator--{uuid.uuid4()}", "reason": "x"})
    unseen = create(exchange, "member-b", "recalls", {"subject": hidden, "reason": "x"})
    assert gone.status == 422
    assert gone == unseen
    assert create(exchange, "operator", "recalls", {"subject": item, "reason": "x"}).status == 403
    assert everything(exchange) == before
    assert make(exchange, "member-a2", "recalls", {"subject": item, "reason": "x"})["state"] == "issued"


@pytest.mark.parametrize("by", ["member-a", "analyst"])
def test_a_recall_revokes_and_reaches_exactly_who_was_given_the_item(exchange: World, by: str) -> None:
    item = shared(exchange)
    exchange.seen("member-b")
    made = make(exchange, by, "recalls", {"subject": item, "reason": "A mistake."})
    assert exchange.as_("member-b").get(object_url(item)).json["objects"][0]["revoked"] is True
    assert [one["id"] for one in listed(exchange, "member-b", "recalls")] == [made["id"]]
    assert listed(exchange, "peer", "recalls") == [], "it was never given the item"
    told = [one["record"] for one in events(exchange, "member-b") if one["resource"] == "recalls"]
    assert told == [made["id"]]
    staff = read(exchange, "analyst", "recalls", made["id"]).json["facts"]["staff"]
    assert staff["recipients"] == ["south"]
    assert b"south" not in read(exchange, "member-a", "recalls", made["id"]).body
    assert [one["id"] for one in listed(exchange, "member-a", "recalls")] == [made["id"]], (
        "and so learns its contributor"
    )
    do(exchange, "member-b", "recalls", made["id"], "acknowledge", {"by": "Desk"})
    assert step(exchange, "peer", "recalls", made["id"], "acknowledge", {"by": "Desk"}).status == 404
    assert "south" not in read(exchange, "member-a", "recalls", made["id"]).body.decode()


def test_an_anonymous_item_is_recalled_without_telling_whose_it_was(exchange: World) -> None:
    made = make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), attribution="anonymous"))
    (item,) = made["facts"]["published"]
    exchange.seen("member-a")
    assert create(exchange, "member-a", "recalls", {"subject": item, "reason": "x"}).status == 403
    recall = make(exchange, "member-b", "recalls", {"subject": item, "reason": "A mistake."})
    (told,) = listed(exchange, "member-a", "recalls")
    assert told["id"] == recall["id"]
    assert "south" not in json.dumps([told, events(exchange, "member-a")])
    assert exchange.as_("member-a").get(object_url(item)).json["objects"][0]["revoked"] is True


def test_nobody_recalls_anothers_item_by_sharing_one_of_the_same_id(exchange: World) -> None:
    item = indicator(marks=["amber"])
    exchange.share("member-a", item)
    exchange.seen("member-b")
    exchange.share("peer", indicator(3, id=item["id"], marks=["green"], name="not the same"))
    made = make(exchange, "peer", "recalls", {"subject": item["id"], "reason": "Do not trust it."})
    assert listed(exchange, "member-b", "recalls") == [], "it was given the other's"
    assert read(exchange, "analyst", "recalls", made["id"]).json["facts"]["staff"]["recipients"] == []
    exchange.share("member-a", {**item, "modified": stamp(9)})
    assert exchange.as_("member-b").get(object_url(item["id"])).json["objects"]


def test_an_item_of_two_accounts_of_one_organization_is_revoked_once(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    exchange.share("member-a2", {**item, "modified": stamp(2), "name": "second"})
    exchange.seen("member-b")
    make(exchange, "member-a", "recalls", {"subject": item["id"], "reason": "x"})
    versions = exchange.as_("member-b").get(object_url(item["id"]), query="match[version]=all").json["objects"]
    assert [one.get("revoked", False) for one in versions] == [False, False, True]
    assert versions[-1]["name"] == "second"


def test_an_item_with_a_time_ahead_of_the_clock_is_revoked_all_the_same(exchange: World) -> None:
    item = indicator(marks=["green"], modified="2026-01-01T23:00:00.000Z")
    exchange.share("member-a", item)
    make(exchange, "member-a", "recalls", {"subject": item["id"], "reason": "x"})
    (newest,) = exchange.as_("member-b").get(object_url(item["id"])).json["objects"]
    assert newest["revoked"] is True


def test_an_item_that_was_loaded_under_laxer_rules_is_revoked_all_the_same(exchange: World) -> None:
    from isao_reference import setup

    item = {**indicator(marks=["green"]), "pattern": "["}
    (outcome,) = setup.ingest(exchange.store, OPEN, [json.dumps(item).encode()], "operator", strict=False)
    assert outcome.ok
    make(exchange, "analyst", "recalls", {"subject": item["id"], "reason": "x"})
    assert exchange.as_("member-b").get(object_url(item["id"])).json["objects"][0]["revoked"] is True


def test_the_ledger_has_who_was_given_what_by_every_way_of_reading(exchange: World) -> None:
    items = [shared(exchange) for _ in range(3)]
    ways = {
        "member-b": lambda: exchange.as_("member-b").get(objects_url()),
        "peer": lambda: exchange.as_("peer").get(object_url(items[0])),
        "government": lambda: exchange.as_("government").get(objects_url()),
    }
    for ask in ways.values():
        assert ask().status == 200
    exchange.as_("member-a").get(objects_url())
    exchange.as_("analyst").get(objects_url())
    exchange.as_("stranger").get(objects_url(PUBLIC))
    assert recipients(exchange, items[0], "north").keys() == {"south", "lakeside"}
    assert recipients(exchange, items[1], "north").keys() == {"south"}
    exchange.add("member-c", "west")
    exchange.as_("member-c").get("/functions/exports/blocklist.txt")
    assert recipients(exchange, items[1], "north").keys() == {"south", "west"}
    first = recipients(exchange, items[1], "north")
    exchange.as_("member-b").get(objects_url())
    assert recipients(exchange, items[1], "north") == first, "the first time stays"


def test_the_ledger_is_written_before_the_answer(exchange: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = shared(exchange)

    def broken(*_: Any) -> None:
        raise RuntimeError("the disk went")

    with monkeypatch.context() as patched:
        patched.setattr(store_events, "insert_deliveries", broken)
        for path in (objects_url(), object_url(item), "/functions/exports/indicators.csv"):
            answer = exchange.as_("member-b").get(path)
            assert answer.status == 500
            assert item.encode() not in answer.body
    assert recipients(exchange, item, "north") == {}


def test_a_head_request_or_an_empty_page_gives_nobody_anything(exchange: World) -> None:
    item = shared(exchange)
    for path in (objects_url(), object_url(item), "/functions/exports/blocklist.txt"):
        assert exchange.as_("member-b").request("HEAD", path).status == 200
    exchange.as_("member-b").get(objects_url(), query="match[type]=malware")
    exchange.as_("member-b").get(objects_url().replace("objects/", "manifest/"))
    assert recipients(exchange, item, "north") == {}
