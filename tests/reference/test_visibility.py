"""Nothing hidden shows: not by its shadow, not in a count, a date, a cursor or an error."""

from __future__ import annotations

import json
import secrets
import uuid
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from isao_reference import setup
from tests.support.asgi import Response
from tests.support.chance import placed_by_name
from tests.support.world import (
    DROPBOX,
    LIBRARY,
    OPEN,
    TLP,
    Clock,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    stamp,
    world,
)

GONE = "12345678-1234-4234-8234-123456789012"
STATEMENT = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"


def definition(identifier: str = STATEMENT, **more: Any) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": identifier,
        "created": stamp(0),
        "definition_type": "statement",
        "definition": {"statement": "Copyright of nobody."},
    } | more


def published(label: str) -> dict[str, Any]:
    """The marking definition of a TLP 2.0 label as its extension publishes it."""
    extension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP[label],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{label.upper()}",
        "extensions": {extension: {"extension_type": "property-extension", "tlp_2_0": label}},
    }


def same(one: Response, other: Response) -> bool:
    return (one.status, one.headers, one.body) == (other.status, other.headers, other.body)


READERS = ["member-a", "member-a2", "member-b", "peer", "government", "operator", "analyst"]
TABLE = {
    "clear": READERS,
    "green": ["member-a", "member-a2", "member-b", "peer", "operator", "analyst"],
    "amber": ["member-a", "member-a2", "member-b", "operator", "analyst"],
    "amber+strict": ["member-a", "member-a2", "operator", "analyst"],
    "red": ["member-a", "operator", "analyst"],
    "marking-definition--00000000-0000-4000-8000-000000000000": ["member-a", "operator", "analyst"],
}


@pytest.mark.parametrize("place", ["object", "granular"])
@pytest.mark.parametrize("mark", TABLE)
def test_each_label_on_every_path(exchange: World, mark: str, place: str) -> None:
    canary = f"canary-{uuid.uuid4()}"
    if place == "object":
        value = indicator(marks=[mark], name=canary)
    else:
        granular = [{"selectors": ["name"], "marking_ref": TLP.get(mark, mark)}]
        value = indicator(marks=["clear"], name=canary, granular_markings=granular)
    exchange.share("member-a", value)
    hidden_id = value["id"]
    paths = [
        (objects_url(), ""),
        (objects_url(), f"match[id]={hidden_id}"),
        (objects_url(), "match[version]=all&match[type]=indicator"),
        (collection_url() + "manifest/", ""),
        (collection_url() + "manifest/", "match[version]=first&match[spec_version]=2.1"),
        (object_url(hidden_id), ""),
        (object_url(hidden_id) + "versions/", ""),
    ]
    for reader in READERS:
        allowed = reader in TABLE[mark]
        for path, query in paths:
            answer = exchange.as_(reader).get(path, query=query)
            shown = hidden_id.encode() in answer.body or answer.json == {"versions": [value["modified"]]}
            assert shown is allowed, (reader, path, query)
            if not allowed:
                assert canary.encode() not in answer.body
                assert answer.header("x-taxii-date-added-first") is None


def test_hidden_and_absent_answer_byte_for_byte_alike(exchange: World) -> None:
    red = indicator(marks=["red"])
    exchange.share("member-a", red)
    exchange.share("member-a", red, collection=DROPBOX)
    status = exchange.share("member-a", indicator())["id"]
    absent = indicator()["id"]
    for reader in ("member-a2", "member-b", "peer", "government"):
        client = exchange.as_(reader)
        for suffix in ("", "versions/"):
            for query in ("", "match[version]=all", "limit=1", f"match[version]={red['modified']}"):
                hidden = client.get(object_url(red["id"]) + suffix, query=query)
                assert hidden.status == 404
                assert same(hidden, client.get(object_url(absent) + suffix, query=query))
        for query in ("", "match[version]=all", f"match[version]={red['modified']}"):
            hidden = client.delete(object_url(red["id"]), query=query)
            assert same(hidden, client.delete(object_url(absent), query=query))
        theirs = client.get(f"/exchange/status/{status}/")
        assert theirs.status == 404
        assert same(theirs, client.get(f"/exchange/status/{GONE}/"))
    for reader in ("peer", "government"):
        client = exchange.as_(reader)
        for path in ("", "objects/", "manifest/", f"objects/{red['id']}/", f"objects/{red['id']}/versions/"):
            for hidden_collection in (DROPBOX, LIBRARY):
                hidden = client.get(collection_url(hidden_collection) + path)
                assert hidden.status == 404
                assert same(hidden, client.get(collection_url(GONE) + path))
        posted = client.post(objects_url(DROPBOX), {"objects": [indicator()]})
        assert same(posted, client.post(objects_url(GONE), {"objects": [indicator()]}))
        assert same(client.delete(object_url(absent, DROPBOX)), client.delete(object_url(absent, GONE)))


def test_a_hidden_version_does_not_shadow_a_visible_one(exchange: World) -> None:
    """Neither an earlier one of the same contributor, nor a later one that another account keeps to itself."""
    identifier = indicator()["id"]
    exchange.share("member-a", indicator(1, id=identifier, marks=["green"]))
    exchange.share("member-a2", indicator(2, id=identifier, marks=["red"]))
    exchange.share("member-a", indicator(0, id=identifier, marks=["amber+strict"]))
    for query in ("", "match[version]=last", "match[version]=first", "match[version]=first,last"):
        assert exchange.seen("member-b", query) == [(identifier, stamp(1))]
    assert exchange.seen("member-b", "match[version]=all") == [(identifier, stamp(1))]
    assert exchange.seen("member-b", f"match[version]={stamp(2)}") == []
    assert exchange.as_("member-b").get(object_url(identifier) + "versions/").json == {"versions": [stamp(1)]}
    assert exchange.seen("member-a") == [(identifier, stamp(1))]
    assert exchange.seen("member-a", "match[version]=first") == [(identifier, stamp(0))]
    assert exchange.seen("member-a2") == [(identifier, stamp(2))]
    assert exchange.seen("operator") == [(identifier, stamp(2))]


def test_a_hidden_earlier_copy_does_not_shadow_a_visible_one(exchange: World) -> None:
    identifier = indicator()["id"]
    secret = indicator(1, id=identifier, marks=["red"], name="theirs")
    open_one = indicator(1, id=identifier, marks=["green"], name="ours")
    exchange.share("member-a", secret)
    answer = exchange.share("member-b", open_one)
    assert answer["success_count"] == 1
    for reader, name in (("member-b", "ours"), ("peer", "ours"), ("member-a", "theirs"), ("operator", "theirs")):
        found = exchange.as_(reader).get(object_url(identifier)).json["objects"]
        assert [one["name"] for one in found] == [name], reader
    manifest = exchange.as_("member-a").get(collection_url() + "manifest/", query="match[version]=all").json
    assert len(manifest["objects"]) == 1


def test_posting_what_one_may_not_see_answers_as_for_something_new(exchange: World) -> None:
    red = indicator(1, marks=["red"])
    exchange.share("member-a", red)
    other = indicator(1, id=red["id"], name="guess")
    fresh = indicator(1, name="guess")
    hidden = exchange.as_("member-b").post(objects_url(), {"objects": [other]}).json
    new = exchange.as_("member-b").post(objects_url(), {"objects": [fresh]}).json
    for answer in (hidden, new):
        del answer["id"], answer["request_timestamp"], answer["successes"][0]["id"]
    assert hidden == new
    assert exchange.as_("member-a2").post(objects_url(), {"objects": [red]}).json["success_count"] == 1


def twin(folder: Path, *, with_hidden: bool) -> list[tuple[Any, ...]]:
    """What member-b gets out of a programme during which member-a shares things member-b may not
    see, or not. Identifiers and clocks are the same in both."""
    ids = iter(str(uuid.UUID(int=n, version=4)) for n in range(1, 10_000))

    def make(version: int = 0, **more: Any) -> dict[str, Any]:
        return indicator(version, id=f"indicator--{next(ids)}", **more)

    status_ids = iter(str(uuid.UUID(int=n, version=4)) for n in range(20_000, 30_000))
    hidden_ids = iter(str(uuid.UUID(int=n, version=4)) for n in range(40_000, 50_000))
    clock = Clock(step=0)
    told: list[tuple[Any, ...]] = []
    chance = mock.patch.object(secrets, "randbelow", placed_by_name("twin"))
    with chance, world(folder, clock=clock, new_id=lambda: next(status_ids)) as made:
        made.store.cursor_key = b"k" * 32
        member = made.as_("member-b")

        def look() -> None:
            for path in (objects_url(), collection_url() + "manifest/"):
                for query in ("", "limit=2", "match[version]=all&limit=3", "match[version]=first"):
                    answer = member.get(path, query=query)
                    told.append((answer.status, answer.headers, answer.body))

        shared = [make(marks=["green"]) for _ in range(4)]
        for round_number in range(4):
            clock.now = clock.now.replace(second=2 * round_number)
            batch = [shared[round_number], indicator(round_number + 5, id=shared[0]["id"], marks=["amber"])]
            if with_hidden:
                # A version before the newest: that one narrows what its contributor said before, which others notice.
                secret = [
                    indicator(round_number + 1, id=shared[0]["id"], marks=["red"]),
                    indicator(round_number, id=f"indicator--{next(hidden_ids)}", marks=["amber+strict"]),
                ]
                batch = [secret[0], batch[0], secret[1], batch[1]]
            posted = made.as_("member-a").post(objects_url(), {"objects": batch})
            assert posted.json["failure_count"] == 0, posted.body
            look()
            clock.now = clock.now.replace(second=2 * round_number + 1)
            answer = member.post(objects_url(), {"objects": [make(marks=["clear"])]})
            told.append((answer.status, answer.headers, answer.body))
            look()
            gone = member.delete(object_url(shared[0]["id"]))
            told.append((gone.status, gone.headers, gone.body))
            if with_hidden and round_number == 2:
                made.as_("member-a").delete(object_url(secret[1]["id"]))
            look()
    return told


def test_two_worlds_that_differ_in_what_is_hidden_look_the_same(tmp_path: Path) -> None:
    for name in ("without", "with"):
        (tmp_path / name).mkdir()
    without = twin(tmp_path / "without", with_hidden=False)
    with_hidden = twin(tmp_path / "with", with_hidden=True)
    assert len(without) > 100
    assert without == with_hidden
    assert any(b'"more":true' in body for _, _, body in without)


def test_more_is_decided_by_what_is_visible(exchange: World) -> None:
    exchange.share("member-a", *[indicator(marks=["green"]) for _ in range(3)])
    exchange.share("member-a", *[indicator(marks=["red"]) for _ in range(3)])
    answer = exchange.as_("member-b").get(objects_url(), query="limit=3").json
    assert len(answer["objects"]) == 3
    assert "more" not in answer
    assert "next" not in answer


def test_statement_markings_restrict_nobody_and_unknown_ones_withhold(exchange: World) -> None:
    before = indicator(marks=["green", STATEMENT])
    exchange.share("member-a", before)
    assert exchange.seen("member-b") == []
    exchange.share("member-a", definition())
    after = indicator(marks=["green", STATEMENT])
    exchange.share("member-a", after)
    assert (after["id"], after["modified"]) in exchange.seen("member-b")
    assert (before["id"], before["modified"]) not in exchange.seen("member-b")


def test_a_statement_defined_in_the_same_envelope_counts(exchange: World) -> None:
    marked = indicator(marks=["green", STATEMENT])
    exchange.share("member-a", marked, definition())
    assert (marked["id"], marked["modified"]) in exchange.seen("member-b")


def test_somebody_elses_definition_lifts_no_restriction(exchange: World) -> None:
    exchange.share("member-b", definition())
    marked = indicator(marks=["green", STATEMENT])
    exchange.share("member-a", marked)
    assert (marked["id"], marked["modified"]) not in exchange.seen("member-b")
    exchange.share("operator", definition())
    known = indicator(marks=["green", STATEMENT])
    exchange.share("member-a", known)
    assert (known["id"], known["modified"]) in exchange.seen("member-b")


@pytest.mark.parametrize(
    "strange",
    [
        {"definition_type": "x-acme-terms", "definition": {"terms": "ours"}},
        {"extensions": {"extension-definition--" + GONE: {"extension_type": "property-extension", "terms": "ours"}}},
    ],
)
def test_only_a_plain_statement_is_a_statement(exchange: World, strange: dict[str, Any]) -> None:
    marked = indicator(marks=["green", STATEMENT])
    exchange.share("member-a", definition(**strange), marked)
    assert (marked["id"], marked["modified"]) not in exchange.seen("member-b")


def test_the_tlp_definitions_themselves_are_clear(exchange: World) -> None:
    exchange.share("member-a", published("red"), published("clear"), definition())
    assert {identifier for identifier, _ in exchange.seen("government")} == {TLP["red"], TLP["clear"]}


def test_unlabelled_items_get_the_default_beside_them(exchange: World) -> None:
    value = indicator()
    exchange.share("member-a", value)
    assert exchange.seen("member-b") == [(value["id"], value["modified"])]
    assert exchange.seen("peer") == []
    assert "object_marking_refs" not in exchange.as_("member-b").get(object_url(value["id"])).json["objects"][0]
    loaded = [json.dumps(indicator()).encode() for _ in range(2)]
    setup.ingest(exchange.store, OPEN, loaded[:1], "operator", default_label="clear")
    setup.ingest(exchange.store, OPEN, loaded[1:], "operator")
    assert len(exchange.seen("government")) == 1
    assert len(exchange.seen("member-b")) == 3


def test_a_new_distribution_map_applies_to_what_is_stored(exchange: World) -> None:
    value = indicator(marks=["amber"])
    exchange.share("member-a", value)
    found = [(value["id"], value["modified"])]
    date = exchange.as_("operator").get(collection_url() + "manifest/").body
    assert exchange.seen("member-b") == found
    labels = {"clear": ["public"], "green": ["members", "peers"], "amber": ["contributing-organization"]}
    labels |= {"amber+strict": ["contributing-organization"], "red": ["contributing-account"]}
    setup.set_capability_document(exchange.store, {"distribution": {"labels": labels, "default_label": "amber+strict"}})
    assert exchange.seen("member-b") == []
    assert exchange.seen("member-a2") == found
    assert exchange.as_("operator").get(collection_url() + "manifest/").body == date
    exchange.share("member-a", indicator())
    assert exchange.seen("member-b") == []


def test_a_write_only_collection_takes_and_shows_nothing(exchange: World) -> None:
    exchange.share("member-a", indicator(), collection=DROPBOX)
    client = exchange.as_("member-a")
    for path in ("objects/", "manifest/", f"objects/{indicator()['id']}/"):
        assert client.get(collection_url(DROPBOX) + path).status == 403
    assert len(exchange.seen("analyst", collection=DROPBOX)) == 1


def test_a_read_only_collection_stays_as_it_is(exchange: World) -> None:
    client = exchange.as_("member-a")
    assert client.post(objects_url(LIBRARY), {"objects": [indicator()]}).status == 403
    assert client.delete(object_url(indicator()["id"], LIBRARY)).status == 403
    assert exchange.seen("operator", collection=LIBRARY) == []
