"""Nobody speaks for another: whose versions count, in whose name, and what a later word does to the earlier ones."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest
from click.testing import CliRunner

from isao_reference import setup
from isao_reference.cli.account import account as command
from isao_reference.policy.provenance import identity_of, skeleton
from isao_reference.taxii import embargoes
from tests.support.functions import create, events, make
from tests.support.world import (
    ACCOUNTS,
    DROPBOX,
    OPEN,
    PUBLIC,
    TLP,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    old_form,
    stamp,
)

NORTH, SOUTH = "identity--00000000-0000-4000-8000-0000000000a1", "identity--00000000-0000-4000-8000-0000000000b2"
VENDOR = "identity--00000000-0000-4000-8000-0000000000cc"
WRITERS = ("member-a", "member-b", "peer", "analyst", "operator")
PAIRS = [(one, two) for one, two in itertools.permutations(WRITERS, 2) if ACCOUNTS[one][0] != ACCOUNTS[two][0]]
SEES = ("member-a", "member-a2", "member-b", "peer", "analyst", "operator")


def post(exchange: World, account: str, *objects: dict[str, Any], collection: str = OPEN) -> list[str]:
    """The reasons of what was refused."""
    answer = exchange.as_(account).post(objects_url(collection), {"objects": list(objects)})
    assert answer.status == 202, answer.body
    return [one["message"] for one in answer.json.get("failures", [])]


def everything(exchange: World, reader: str, object_id: str) -> list[bytes]:
    """All that a reader is told of an object."""
    client = exchange.as_(reader)
    paths = (object_url(object_id), object_url(object_id) + "versions/", collection_url() + "manifest/", objects_url())
    queries = ("", "match[version]=all", "match[version]=first", "match[spec_version]=2.1,2.0")
    return [client.get(path, query=query).body for path in paths for query in queries]


def identity(name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid.uuid4()}",
        "created": stamp(0),
        "modified": stamp(0),
        "name": name,
        "identity_class": "organization",
        "object_marking_refs": [TLP["green"]],
    } | more


def stix(*objects: dict[str, Any], attribution: str) -> dict[str, Any]:
    """A submission of STIX objects."""
    return {
        "title": "What we saw",
        "format": "stix",
        "content": list(objects),
        "marking": "green",
        "attribution": attribution,
    }


@pytest.mark.parametrize(("source", "rival"), PAIRS)
def test_nobody_adds_versions_to_what_another_shared_first(exchange: World, source: str, rival: str) -> None:
    item = indicator(1, marks=["green"], name="as it was")
    exchange.share(source, item)
    before = {reader: everything(exchange, reader, item["id"]) for reader in SEES}
    attempts = {
        "revoked": item | {"modified": stamp(2), "revoked": True},
        "changed": item | {"modified": stamp(2), "pattern": "[ipv4-addr:value = '203.0.113.9']"},
        "wider": item | {"modified": stamp(2), "object_marking_refs": [TLP["clear"]]},
        "narrower": item | {"modified": stamp(2), "object_marking_refs": [TLP["red"]]},
        "earlier": item | {"modified": stamp(0), "name": "first of all"},
        "another creator": item | {"modified": stamp(2), "created_by_ref": VENDOR},
        "the old form": old_form(item) | {"modified": stamp(2), "revoked": True},
        "years ahead": item | {"modified": "2999-01-01T00:00:00.000Z"},
    }
    for words, attempt in attempts.items():
        assert len(post(exchange, rival, attempt)) == 1, words
    assert {reader: everything(exchange, reader, item["id"]) for reader in SEES} == before
    assert exchange.seen("government") == []
    assert post(exchange, source, item | {"modified": stamp(3)}) == []


@pytest.mark.parametrize("rival", ["member-b", "peer"])
def test_another_content_of_the_same_version_changes_nothing_for_who_sees_the_first(
    exchange: World, rival: str
) -> None:
    item = indicator(1, marks=["green"], name="as it was")
    exchange.share("member-a", item)
    before = {reader: everything(exchange, reader, item["id"]) for reader in SEES}
    (said,) = post(exchange, rival, item | {"name": "other"}, item)
    assert "other content" in said
    assert {reader: everything(exchange, reader, item["id"]) for reader in SEES} == before


def test_who_cannot_see_an_object_is_answered_as_for_a_new_one_and_supersedes_nothing(exchange: World) -> None:
    item = indicator(1, marks=["amber"])
    exchange.share("member-a", item)
    before = {reader: everything(exchange, reader, item["id"]) for reader in ("member-a", "member-b", "operator")}
    taken = item | {"modified": stamp(9), "revoked": True, "object_marking_refs": [TLP["green"]]}
    assert post(exchange, "peer", taken) == []
    for reader, told in before.items():
        assert everything(exchange, reader, item["id"]) == told, reader
    assert exchange.seen("peer") == [(item["id"], stamp(9))]
    assert post(exchange, "member-a", item | {"modified": stamp(5)}) == []
    assert exchange.seen("member-b") == [(item["id"], stamp(5))]


def test_a_write_only_collection_tells_nothing_by_what_it_takes(exchange: World) -> None:
    item = indicator(1, marks=["green"])
    exchange.share("member-a", item, collection=DROPBOX)
    assert post(exchange, "member-b", item | {"modified": stamp(2), "revoked": True}, collection=DROPBOX) == []
    assert exchange.seen("analyst", collection=DROPBOX) == [(item["id"], stamp(1))]


def test_observables_and_markings_of_others_may_be_sent_along(exchange: World) -> None:
    """Their ids are made from their content, or published: everybody uses the same."""
    address = {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
        "value": "198.51.100.3",
        "object_marking_refs": [TLP["green"]],
    }
    marking = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": stamp(0),
        "definition_type": "statement",
        "definition": {"statement": "x"},
    }
    exchange.share("member-a", address, marking)
    assert post(exchange, "member-b", address | {"defanged": True}, marking | {"created": stamp(1)}) == []
    assert exchange.as_("peer").get(object_url(address["id"])).json["objects"] == [address]


def test_what_nobody_here_made_may_be_passed_on_by_everybody(exchange: World) -> None:
    for account in ("member-a", "member-b", "peer"):
        assert post(exchange, account, indicator(created_by_ref=VENDOR), identity("A vendor of reports")) == []
    first = indicator(1, created_by_ref=VENDOR, marks=["green"])
    exchange.share("member-a", first)
    newer = first | {"modified": stamp(2)}
    assert post(exchange, "member-b", first) == []
    assert len(post(exchange, "member-b", newer)) == 1
    assert post(exchange, "member-b", newer, collection=PUBLIC) == [], "another collection is another shelf"


@pytest.mark.parametrize(("owner", "rival"), PAIRS)
def test_nobody_speaks_in_anothers_identity(exchange: World, owner: str, rival: str) -> None:
    organization = ACCOUNTS[owner][0]
    setup.add_identity(exchange.store, organization, NORTH)
    for claim in (NORTH, identity_of(organization)):
        hidden = indicator(marks=["red"], created_by_ref=claim)
        exchange.share(owner, hidden)
        said = [
            post(exchange, rival, indicator(created_by_ref=claim)),
            post(exchange, rival, indicator(created_by_ref=claim, marks=["clear"]), collection=PUBLIC)
            if rival != "peer"
            else ["it may not write there"],
            post(exchange, rival, indicator(created_by_ref=claim, id=hidden["id"])),
        ]
        assert [len(one) for one in said] == [1, 1, 1]
        if rival not in ("operator", "analyst"):
            assert said[0] == said[2], "hidden or new: the claim decides"
        seen = indicator(1, marks=["green"], created_by_ref=claim)
        exchange.share(owner, seen)
        assert post(exchange, rival, seen) == [], "it is there already"
        assert exchange.as_(owner).delete(object_url(seen["id"])).status == 200
        assert (seen["id"], stamp(1)) not in exchange.seen("operator"), "nothing of it was stored beside it"


def test_an_own_object_cannot_be_handed_to_another_creator_later(exchange: World) -> None:
    setup.add_identity(exchange.store, "north", NORTH)
    item = indicator(1, marks=["green"])
    exchange.share("member-b", item)
    assert len(post(exchange, "member-b", item | {"modified": stamp(2), "created_by_ref": NORTH})) == 1
    assert post(exchange, "member-b", item | {"modified": stamp(2)}) == []


def test_an_id_of_ones_own_name_is_nobody_elses_in_any_collection_it_can_be_seen_from(exchange: World) -> None:
    setup.add_identity(exchange.store, "north", NORTH)
    item = indicator(1, marks=["green"], created_by_ref=NORTH)
    secret = indicator(1, marks=["amber+strict"], created_by_ref=NORTH)
    exchange.share("member-a", item, secret)
    for attempt in ({}, {"created_by_ref": VENDOR}, {"revoked": True}):
        other = {name: value for name, value in item.items() if name != "created_by_ref"} | {"modified": stamp(2)}
        assert len(post(exchange, "member-b", other | attempt, collection=PUBLIC)) == 1
    assert post(exchange, "member-b", indicator(2, id=secret["id"]), collection=PUBLIC) == [], "it cannot know of it"


def test_who_joins_later_speaks_for_itself_from_then_on(exchange: World) -> None:
    """A member had passed on what another organization published before that joined."""
    old = indicator(1, marks=["green"], created_by_ref=NORTH)
    exchange.share("member-b", old)
    setup.add_identity(exchange.store, "north", NORTH)
    assert post(exchange, "member-a", old | {"modified": stamp(2)}) == []
    for reader in ("member-b", "peer", "operator"):
        assert exchange.seen(reader, "match[version]=all") == [(old["id"], stamp(2))]
    assert len(post(exchange, "member-b", old | {"modified": stamp(3)})) == 1


def test_a_member_describes_itself_where_the_exchange_had_described_it(exchange: World) -> None:
    setup.add_identity(exchange.store, "north", NORTH)
    exchange.share("operator", identity("North", id=NORTH))
    assert len(post(exchange, "member-b", identity("North", id=NORTH, modified=stamp(1)))) == 1
    assert post(exchange, "member-a", identity("The North of it", id=NORTH, modified=stamp(2))) == []
    assert exchange.seen("peer") == [(NORTH, stamp(2))]


# --- wider and narrower ------------------------------------------------------------------------------


def test_the_newest_label_of_the_source_counts_for_all_its_versions(exchange: World) -> None:
    item = indicator(1, marks=["green"])
    exchange.share("member-a", item)
    assert exchange.seen("peer") == exchange.seen("member-b") == [(item["id"], stamp(1))]
    exchange.share("member-a", item | {"modified": stamp(2), "object_marking_refs": [TLP["amber"]]})
    absent = exchange.as_("peer").get(object_url(indicator()["id"])).body
    for suffix in ("", "versions/"):
        for query in ("", "match[version]=all", f"match[version]={stamp(1)}", "match[version]=first"):
            answer = exchange.as_("peer").get(object_url(item["id"]) + suffix, query=query)
            assert (answer.status, answer.body) == (404, absent)
    assert exchange.seen("peer", "match[version]=all") == []
    assert exchange.as_("peer").delete(object_url(item["id"])).status == 404
    assert exchange.seen("member-b", "match[version]=all") == [(item["id"], stamp(1)), (item["id"], stamp(2))]
    exchange.share("member-a2", item | {"modified": stamp(3), "object_marking_refs": [TLP["amber+strict"]]})
    assert exchange.seen("member-b", "match[version]=all") == []
    assert len(exchange.seen("member-a", "match[version]=all")) == 3


def test_widening_shows_the_new_version_and_not_the_one_that_was_narrower(exchange: World) -> None:
    item = indicator(1, marks=["red"], name="with what is only for us")
    exchange.share("member-a", item)
    exchange.share("member-a", item | {"modified": stamp(2), "object_marking_refs": [TLP["clear"]], "name": "plain"})
    assert exchange.seen("government", "match[version]=all") == [(item["id"], stamp(2))]
    assert len(exchange.seen("member-a", "match[version]=all")) == 2


def test_what_one_account_keeps_to_itself_narrows_nothing_of_its_colleagues(exchange: World) -> None:
    item = indicator(1, marks=["green"])
    exchange.share("member-a", item)
    exchange.share("member-a2", item | {"modified": stamp(2), "object_marking_refs": [TLP["red"]]})
    assert exchange.seen("member-a") == exchange.seen("peer") == [(item["id"], stamp(1))]


def test_who_was_given_what_is_no_longer_for_it_is_told_once(exchange: World) -> None:
    item, other = indicator(1, marks=["green"]), indicator(1, marks=["green"])
    exchange.share("member-a", item, other)
    exchange.seen("peer")
    for number, label in enumerate(("amber", "red"), 2):
        exchange.share("member-a", item | {"modified": stamp(number), "object_marking_refs": [TLP[label]]})
    told = {reader: [e["narrowed"] for e in events(exchange, reader) if "narrowed" in e] for reader in SEES}
    assert told["peer"] == [[item["id"]]]
    assert told["member-b"] == [], "it was never given it"


def test_a_version_under_embargo_narrows_nothing_yet(exchange: World) -> None:
    until = "2026-01-01T05:00:00Z"
    said = {"extension_type": "property-extension", "embargo_until": until}
    marking = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": stamp(0),
        "object_marking_refs": [TLP["green"]],
        "extensions": {"extension-definition--5a0d1f5e-8f0f-4e0d-9d0c-1f7c2a7d6b31": said},
    }
    item = indicator(1, marks=["green"])
    exchange.share("member-a", item)
    later = item | {"modified": stamp(2), "object_marking_refs": [TLP["amber"], marking["id"]]}
    exchange.share("member-a", marking, later)
    assert exchange.seen("peer") == [(item["id"], stamp(1))]
    assert (item["id"], stamp(2)) in exchange.seen("member-a")
    clock: Any = exchange.settings.clock
    clock.now = clock.now.replace(hour=6)
    assert embargoes.release_due(exchange.settings, exchange.store) > 0
    assert exchange.seen("peer", "match[type]=indicator") == []
    assert exchange.seen("member-b", "match[type]=indicator&match[version]=all") == [
        (item["id"], stamp(1)),
        (item["id"], stamp(2)),
    ]


# --- revoked -----------------------------------------------------------------------------------------


def test_what_was_revoked_stays_revoked(exchange: World) -> None:
    item = indicator(1, marks=["green"])
    revoked = item | {"modified": stamp(2), "revoked": True}
    exchange.share("member-a", item, revoked)
    client = exchange.as_("member-a")
    later = item | {"modified": stamp(3)}
    for account, attempt in itertools.product(("member-a", "member-a2", "member-b"), (later, old_form(later))):
        assert len(post(exchange, account, attempt)) == 1
    for query in (f"match[version]={stamp(2)}", "match[version]=last"):
        assert client.delete(object_url(item["id"]), query=query).status == 403
    (shown,) = exchange.as_("peer").get(object_url(item["id"])).json["objects"]
    assert shown["revoked"] is True
    assert post(exchange, "member-a", revoked, item) == [], "the same again changes nothing"
    assert client.delete(object_url(item["id"]), query=f"match[version]={stamp(1)}").status == 200
    assert client.delete(object_url(item["id"])).status == 200
    assert len(post(exchange, "member-a", item)) == 1
    assert len(post(exchange, "member-a", later)) == 1
    assert post(exchange, "member-a", revoked, item) == [], "with its revocation it may be told again"
    assert exchange.seen("peer") == [(item["id"], stamp(2))]


def test_a_contributor_does_not_undo_an_analysts_recall_by_deleting_it(exchange: World) -> None:
    item = indicator(1, marks=["green"])
    exchange.share("member-a", item)
    make(exchange, "analyst", "recalls", {"subject": item["id"], "reason": "Wrong."})
    assert exchange.as_("member-a").delete(object_url(item["id"]), query="match[version]=last").status == 403
    assert exchange.as_("peer").get(object_url(item["id"])).json["objects"][0]["revoked"] is True


# --- times and names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("modified", "taken"), [("2026-01-01T23:59:00.000Z", True), ("2026-01-02T00:01:00.000Z", False)]
)
def test_a_version_is_at_most_a_day_ahead(exchange: World, modified: str, taken: bool) -> None:
    assert (post(exchange, "member-a", indicator(modified=modified)) == []) is taken


LOOK_ALIKES = ["South", "SOUTH", "s o u t h", "Sоuth", "ѕουth", "So\u200buth", "Sóuth", "Ｓｏｕｔｈ", "S0uth", "South."]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_an_identity_does_not_pass_for_another_organization(exchange: World, name: str) -> None:
    assert len(post(exchange, "member-a", identity(name))) == 1
    assert post(exchange, "member-b", identity(name)) == []
    assert create(exchange, "member-a", "submissions", stix(identity(name), attribution="anonymous")).status == 422


@pytest.mark.parametrize("name", ["Southern", "Mouth", "South and North", "", "---", "南"])
def test_other_names_are_free(exchange: World, name: str) -> None:
    assert post(exchange, "member-a", identity(name)) == []


def test_names_that_members_gave_themselves_are_guarded_as_far_as_they_can_be_seen(exchange: World) -> None:
    setup.add_identity(exchange.store, "north", NORTH)
    setup.add_identity(exchange.store, "south", SOUTH)
    exchange.share("member-a", identity("Lakes of Iron", id=NORTH))
    exchange.share("member-b", identity("Secret Society", id=SOUTH, object_marking_refs=[TLP["amber+strict"]]))
    assert len(post(exchange, "peer", identity("Iakes of lron"))) == 1
    assert post(exchange, "peer", identity("Secret Society")) == []


def test_two_organizations_that_the_operator_gave_one_name_may_both_bear_it(exchange: World) -> None:
    exchange.add("twin", "second-south")
    with exchange.store.writing() as db:
        db.execute("UPDATE organizations SET name = 'SOUTH' WHERE id = 'second-south'")
    assert post(exchange, "member-b", identity("South")) == []
    assert post(exchange, "twin", identity("South")) == []
    assert len(post(exchange, "member-a", identity("South"))) == 1


def test_skeletons() -> None:
    alike = [("Modern Bank", "Modem Bank"), ("Illinois", "lllinois"), ("ΗΟΡΕ", "HOPE"), ("Vvest", "West")]
    assert all(skeleton(one) == skeleton(two) for one, two in alike)
    names = ["North", "South", "Lakeside", "Office", "Old", "Exchange", "Bank of A", "Bank of B"]
    assert len({skeleton(name) for name in names}) == len(names)


# --- submissions and the operator --------------------------------------------------------------------


@pytest.mark.parametrize("attribution", ["attributed", "anonymous"])
def test_a_submission_in_anothers_name_is_refused(exchange: World, attribution: str) -> None:
    setup.add_identity(exchange.store, "north", NORTH)
    for claim in (NORTH, identity_of("north")):
        content = [indicator(), indicator(created_by_ref=claim)]
        answer = create(exchange, "member-b", "submissions", stix(*content, attribution=attribution))
        assert answer.status == 422
        assert [one["pointer"] for one in answer.json["errors"]] == ["/content/1"]
    assert make(exchange, "member-a", "submissions", stix(*content, attribution=attribution))["state"] == "published"
    vendors = stix(indicator(created_by_ref=VENDOR), attribution=attribution)
    assert make(exchange, "member-b", "submissions", vendors)["state"] == "published"


def test_a_submission_adds_no_version_to_what_another_shared(exchange: World) -> None:
    item = indicator(1, marks=["green"])
    exchange.share("member-a", item)
    before = everything(exchange, "operator", item["id"])
    answer = create(
        exchange,
        "member-b",
        "submissions",
        stix(item | {"modified": stamp(2), "revoked": True}, attribution="attributed"),
    )
    place = next(iter(exchange.seen("operator")))
    assert place == (item["id"], stamp(1))
    assert answer.status == 422
    assert everything(exchange, "operator", item["id"]) == before


def test_identities_are_registered_once_and_listed(exchange: World) -> None:
    database = str(exchange.settings.database)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, [words[0], "--database", database, *words[1:]])
        return done.exit_code, done.output

    assert run("add-identity", "north", NORTH)[0] == 0
    for wrong in (("south", NORTH), ("nobody", SOUTH), ("south", "indicator--1"), ("south", SOUTH.upper())):
        assert run("add-identity", *wrong)[0] == 2
    assert f"identity    {NORTH}  north" in run("list")[1]
