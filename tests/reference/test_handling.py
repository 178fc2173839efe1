"""What a contributor can say besides the label: to whom, not to the government, not before a day, not for a purpose."""

from __future__ import annotations

import json
import random
import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from isao_reference import identity, setup
from isao_reference.policy import handling
from isao_reference.taxii import embargoes
from isao_spec.schema_check import problems
from tests.oracle.handling import worlds
from tests.support.functions import events
from tests.support.world import (
    OPEN,
    PUBLIC,
    TLP,
    Clock,
    World,
    indicator,
    marking,
    object_url,
    objects_url,
    world,
)

COMMON = ("spec_version", "created", "modified", "object_marking_refs")
PAGE = Path(__file__).parents[2] / "docs" / "handling.md"
EVERYBODY = ("member-a", "member-a2", "member-b", "peer", "government", "stranger")


def shared(exchange: World, label: str, collection: str = OPEN, account: str = "member-a", **said: Any) -> str:
    """The id of an indicator that an account shares with a label and a handling."""
    mark = {**marking(**said), "object_marking_refs": [TLP[label]]}
    item = indicator(marks=[label, mark["id"]])
    exchange.share(account, mark, item, collection=collection)
    return str(item["id"])


def readers(exchange: World, identifier: str, collection: str = OPEN, **more: Any) -> set[str]:
    """The accounts that are given an object, by itself and in the list alike."""
    found = set()
    for account in EVERYBODY:
        alone = exchange.as_(account).get(object_url(identifier, collection), **more)
        listed = exchange.as_(account).get(objects_url(collection), query="limit=1000", **more)
        assert (alone.status == 200) is (identifier.encode() in listed.body), account
        found |= {account} if alone.status == 200 else set()
    return found


OWN = {"member-a", "member-a2"}


@pytest.mark.parametrize(
    ("label", "said", "wanted"),
    [
        ("green", {"addressed_to": ["organization:south"]}, OWN | {"member-b"}),
        ("amber+strict", {"addressed_to": ["organization:south"]}, OWN | {"member-b"}),
        ("amber", {"addressed_to": ["organization:lakeside"]}, OWN | {"peer"}),
        ("red", {"addressed_to": ["organization:south", "account:peer"]}, {"member-a", "peer"}),
        ("green", {"addressed_to": ["peers"]}, OWN | {"peer"}),
        ("amber", {"addressed_to": ["peers"]}, OWN),
        ("amber", {"addressed_to": ["government"]}, OWN | {"government"}),
        ("amber", {"government": "yes"}, OWN | {"member-b", "government"}),
        ("amber+strict", {"government": "yes"}, OWN),
        ("clear", {"government": "no"}, OWN | {"member-b", "peer"}),
        ("clear", {"refused_purposes": ["civil-litigation"]}, OWN | {"member-b", "peer", "government"}),
        ("green", {"addressed_to": ["organization:nobody-of-this-name"]}, OWN),
        ("green", {"something_new": True}, {"member-a"}),
        ("green", {"embargo_until": "tomorrow"}, {"member-a"}),
    ],
)
def test_an_item_goes_to_whom_its_contributor_says(
    exchange: World, label: str, said: dict[str, Any], wanted: set[str]
) -> None:
    place = PUBLIC if label == "clear" else OPEN
    assert readers(exchange, shared(exchange, label, place, **said), place) == wanted


def test_a_definition_is_shown_to_those_alone_who_get_what_it_marks(exchange: World) -> None:
    mark = marking(addressed_to=["organization:south"])
    exchange.share("member-a", {**mark, "object_marking_refs": [TLP["clear"]]})
    assert readers(exchange, mark["id"]) == OWN | {"member-b"}


def test_a_definition_of_another_member_is_not_believed(exchange: World) -> None:
    mark = marking(addressed_to=["organization:south"])
    exchange.share("member-b", mark)
    item = indicator(marks=["green", mark["id"]])
    exchange.share("member-a", item)
    assert readers(exchange, item["id"]) == {"member-a"}, "it is withheld as what is not understood"


def test_a_group_is_whoever_is_in_it_when_it_is_read(exchange: World) -> None:
    setup.create_group(exchange.store, "energy", "Energy")
    item = shared(exchange, "amber", addressed_to=["group:energy"])
    assert readers(exchange, item) == OWN
    setup.set_in_group(exchange.store, "energy", "lakeside", True)
    assert readers(exchange, item) == OWN | {"peer"}
    setup.set_in_group(exchange.store, "energy", "lakeside", False)
    assert readers(exchange, item) == OWN


def test_events_of_a_group_go_to_those_of_it_who_read_the_collection(exchange: World) -> None:
    setup.create_group(exchange.store, "energy", "Energy")
    for one in ("lakeside", "south"):
        setup.set_in_group(exchange.store, "energy", one, True)
    exchange.share("member-a", mark := marking(addressed_to=["group:energy"]))
    before = len(events(exchange, "member-b"))
    exchange.share("member-a", indicator(marks=["amber", mark["id"]]))
    assert len(events(exchange, "member-b")) == before + 1
    library = setup.create_collection(exchange.store, "Inner", readers=["members"], writers=["members"])
    seen = {one: len(events(exchange, one)) for one in ("member-b", "peer", "government")}
    exchange.share("member-a", indicator(marks=["amber", mark["id"]]), collection=library)
    told = {one: len(events(exchange, one)) - seen[one] for one in seen}
    assert told == {"member-b": 1, "peer": 0, "government": 0}


@pytest.fixture
def purposes(exchange: World) -> World:
    """Accounts whose credential is for more than cybersecurity."""
    for account, organization in (("regulator", "office"), ("north-counsel", "north")):
        exchange.add(account, organization, "government" if organization == "office" else "member")
        made = identity.add_credential(
            exchange.store, account, "api-key", purposes=["cybersecurity", "regulatory-enforcement"]
        )
        exchange.clients[account] = exchange.as_("stranger").as_(f"Bearer {made.secret}")
    return exchange


def for_(purpose: str) -> dict[str, Any]:
    return {"headers": [("isao-purpose", purpose)]}


def test_an_item_is_refused_for_a_purpose_and_given_for_another(purposes: World) -> None:
    protected = shared(purposes, "amber", government="yes", refused_purposes=["regulatory-enforcement"])
    plain = shared(purposes, "amber", government="yes")
    for account, wanted in (("regulator", (200, 404)), ("north-counsel", (200, 200))):
        client = purposes.as_(account)
        assert client.get(object_url(protected)).status == wanted[0]
        assert client.get(object_url(protected), **for_("regulatory-enforcement")).status == wanted[1], account
        assert client.get(object_url(plain), **for_("regulatory-enforcement")).status == 200


def test_the_staff_is_refused_for_a_purpose_too(exchange: World) -> None:
    made = identity.add_credential(exchange.store, "analyst", "api-key", purposes=["public-records"])
    client = exchange.as_("stranger").as_(f"Bearer {made.secret}")
    protected, plain = shared(exchange, "green", refused_purposes=["public-records"]), shared(exchange, "red")
    assert client.get(object_url(plain)).status == 200
    assert client.get(object_url(protected)).status == 404
    assert protected.encode() not in client.get(objects_url()).body
    assert exchange.as_("analyst").get(object_url(protected)).status == 200


def test_what_is_withheld_is_given_to_the_staff_for_no_purpose_that_it_may_refuse(exchange: World) -> None:
    """Who passes an item on without the definition of its marking loses what that refuses, so that it refuses all."""
    made = identity.add_credential(exchange.store, "analyst", "api-key", purposes=["public-records"])
    client = exchange.as_("stranger").as_(f"Bearer {made.secret}")
    item = indicator(marks=["green", marking(refused_purposes=["public-records"])["id"]])
    exchange.share("member-a", item)
    assert client.get(object_url(item["id"])).status == 404
    assert exchange.as_("analyst").get(object_url(item["id"])).status == 200
    assert exchange.as_("member-a").get(object_url(item["id"])).status == 200
    assert exchange.as_("member-a2").get(object_url(item["id"])).status == 404


@pytest.mark.parametrize("purpose", ["regulatory-enforcement", "curiosity", "cybersecurity, public-records"])
def test_a_purpose_that_a_credential_was_not_given_for_is_refused(exchange: World, purpose: str) -> None:
    assert exchange.as_("member-b").get(objects_url(), **for_("cybersecurity")).status == 200
    assert exchange.as_("member-b").get(objects_url(), **for_(purpose)).status == 403


def test_a_cursor_for_one_purpose_gives_nothing_for_another(purposes: World) -> None:
    ids = [shared(purposes, "amber", government="yes", refused_purposes=["regulatory-enforcement"]) for _ in range(4)]
    client = purposes.as_("regulator")
    page = client.get(objects_url(), query="limit=1")
    again = client.get(objects_url(), query=f"limit=9&next={page.json['next']}", **for_("regulatory-enforcement"))
    assert again.status == 400 or not any(one.encode() in again.body for one in ids)


def test_what_is_under_embargo_comes_when_it_ends_and_nobody_misses_it(tmp_path: Path) -> None:
    clock = Clock()
    with world(tmp_path, clock=clock) as exchange:
        until = (clock.now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        item = shared(exchange, "green", embargo_until=until)
        exchange.share("member-a", indicator(marks=["green"]))
        last = exchange.as_("member-b").get(objects_url()).header("x-taxii-date-added-last")
        told = len(events(exchange, "member-b"))
        assert readers(exchange, item) == OWN
        assert embargoes.release_due(exchange.settings, exchange.store) == 0
        clock.now += timedelta(hours=2)
        assert readers(exchange, item) == OWN, "nothing comes unless it is released"
        assert embargoes.release_due(exchange.settings, exchange.store) == 2, "the item and its marking"
        assert readers(exchange, item) == OWN | {"member-b", "peer"}
        pulled = exchange.as_("member-b").get(objects_url(), query=f"added_after={last}")
        assert item in [one["id"] for one in pulled.json["objects"]]
        assert len(events(exchange, "member-b")) == told + 1
        assert embargoes.release_due(exchange.settings, exchange.store) == 0


def test_a_new_map_keeps_what_was_said_besides_the_label(exchange: World) -> None:
    item = shared(exchange, "green", addressed_to=["members", "organization:office"])
    late = shared(exchange, "green", embargo_until="2039-01-01T00:00:00Z")
    assert readers(exchange, item) == OWN | {"member-b", "government"}
    setup.set_capability_document(
        exchange.store, {"distribution": {"labels": {"green": ["contributing-organization"]}}}
    )
    assert readers(exchange, item) == OWN | {"government"}
    assert readers(exchange, late) == OWN


def test_what_lies_in_a_collection_counts_at_least_as_its_label(exchange: World) -> None:
    everyone = ["members", "peers", "government"]
    place = setup.create_collection(exchange.store, "Closed", readers=everyone, writers=everyone, label="amber")
    for label, wanted in (("green", OWN | {"member-b"}), ("red", {"member-a"})):
        item = indicator(marks=[label])
        exchange.share("member-a", item, collection=place)
        assert readers(exchange, item["id"], place) == wanted


def test_the_example_of_the_page_is_taken_and_does_what_the_page_says(exchange: World) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    envelope = json.loads(example.replace("2026-11-22", "2025-11-22"))  # before the clock of this exchange
    exchange.add("lights", "harbor-light-power")
    exchange.share("member-a", *envelope["objects"])
    (item,) = (one["id"] for one in envelope["objects"] if one["type"] == "indicator")
    assert readers(exchange, item) == {"member-a", "member-a2"}
    assert exchange.as_("lights").get(object_url(item)).json["objects"][0]["id"] == item


def test_the_schema_of_the_specification_understands_what_the_exchange_understands() -> None:
    draw, base = random.Random(7), {"extension_type": "property-extension"}
    said = [base | one for one in (*worlds.MISSTATED, *worlds.AT_THE_LIMIT)] + [
        worlds.handling(draw) for _ in range(200)
    ]
    said += [base | {"other": 1}, {}, {"addressed_to": ["members"]}]
    for one in said:
        understood = handling.of_marking(marking() | {"extensions": {handling.EXTENSION: one}}) is not None
        assert (problems("handling-marking", one) == []) == understood, one
    assert len(said) > len(worlds.MISSTATED) > 20


def link_between(short: str, full: str, label: str = "clear") -> dict[str, Any]:
    """A relationship by which one indicator is derived from another."""
    ends = {"relationship_type": "derived-from", "source_ref": short, "target_ref": full}
    common = {name: value for name, value in indicator(marks=[label]).items() if name in COMMON}
    return {**common, "type": "relationship", "id": f"relationship--{uuid.uuid4()}", **ends}


@pytest.mark.parametrize("together", [True, False], ids=["in-one-envelope", "one-after-the-other"])
def test_a_tear_line_does_not_lead_to_the_full_version(exchange: World, together: bool) -> None:
    mark = {**marking(addressed_to=["organization:south"]), "object_marking_refs": [TLP["amber+strict"]]}
    full, short = indicator(marks=["amber+strict", mark["id"]]), indicator(marks=["clear"])
    link = link_between(short["id"], full["id"])
    for envelope in [(link, short, full, mark)] if together else [(mark, full), (short,), (link,)]:
        exchange.share("member-a", *envelope)
    assert readers(exchange, short["id"]) == set(EVERYBODY) - {"stranger"}
    assert readers(exchange, full["id"]) == readers(exchange, link["id"]) == {"member-a", "member-a2", "member-b"}


def test_a_link_to_what_its_contributor_may_not_read_goes_as_far_as_one_to_nothing(exchange: World) -> None:
    hidden, short = shared(exchange, "red", account="member-b"), shared(exchange, "green")
    absent = indicator()["id"]
    for target in (hidden, absent):
        link = link_between(short, target, "green")
        exchange.share("member-a", link)
        assert readers(exchange, link["id"]) == {"member-a", "member-a2", "member-b", "peer"}


def test_somebody_elses_version_of_the_full_one_narrows_no_link(exchange: World) -> None:
    short, full = shared(exchange, "green"), indicator(marks=["green"])
    exchange.share("member-a", full)
    mark = {**marking(addressed_to=["organization:north"]), "object_marking_refs": [TLP["amber+strict"]]}
    other = {**full, "object_marking_refs": [TLP["amber+strict"], mark["id"]]}
    exchange.as_("member-b").post(objects_url(PUBLIC), {"objects": [mark, other]})
    assert len(exchange.as_("member-a").get(object_url(full["id"], PUBLIC)).json["objects"]) == 1
    link = link_between(short, full["id"], "green")
    exchange.share("member-a", link)
    assert readers(exchange, link["id"]) == {"member-a", "member-a2", "member-b", "peer"}
