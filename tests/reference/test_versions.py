"""Versions of an object over HTTP: out of order, in two STIX versions, from several contributors."""

from __future__ import annotations

import pytest

from tests.support.world import (
    OPEN,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    old_form,
    stamp,
)


def test_latest_is_by_modified_not_by_arrival(exchange: World) -> None:
    identifier = indicator()["id"]
    for number in (3, 1, 2):
        exchange.share("member-a", indicator(number, id=identifier))
    single = indicator(5)
    exchange.share("member-a", single)
    one = (single["id"], stamp(5))

    def seen(query: str) -> list[tuple[str, str]]:
        return exchange.seen("member-b", query)

    three, two, first = ((identifier, stamp(number)) for number in (3, 2, 1))
    assert seen("") == seen("match[version]=last") == [three, one]
    assert seen("match[version]=first") == [first, one]
    assert seen("match[version]=all") == [three, first, two, one]
    assert seen("match[version]=first,last") == [three, first, one]
    assert seen(f"match[version]=first,{stamp(2)},last") == [three, first, two, one]
    assert seen(f"match[version]={stamp(2)}") == [two]
    assert seen(f"match[version]={stamp(1)},{stamp(2)}") == [first, two]
    assert seen(f"match[version]={stamp(2).replace('.000Z', '.001Z')}") == []
    assert seen(f"match[version]={stamp(2).replace('.000Z', '.000000Z')}") == [two]
    assert seen(f"match[version]={stamp(2).replace('.000Z', 'Z')}") == [two]


def test_version_selection_applies_to_what_the_other_filters_leave(exchange: World) -> None:
    identifier = indicator()["id"]
    exchange.share("member-a", indicator(3, id=identifier))
    added = exchange.as_("member-b").get(objects_url()).header("x-taxii-date-added-last")
    exchange.share("member-a", indicator(1, id=identifier))
    assert exchange.seen("member-b", f"added_after={added}") == [(identifier, stamp(1))]
    assert exchange.seen("member-b") == [(identifier, stamp(3))]


def test_the_spelling_of_a_version_is_the_objects_own(exchange: World) -> None:
    value = indicator(modified="2024-01-01T00:00:00.1200Z")
    exchange.share("member-a", value)
    client = exchange.as_("member-a")
    assert client.get(object_url(value["id"]) + "versions/").json == {"versions": ["2024-01-01T00:00:00.1200Z"]}
    manifest = client.get(collection_url() + "manifest/").json
    assert manifest["objects"][0]["version"] == "2024-01-01T00:00:00.1200Z"
    again = exchange.share("member-a", value)
    assert again["successes"][0]["version"] == "2024-01-01T00:00:00.1200Z"


def test_only_the_latest_stix_version_unless_asked(exchange: World) -> None:
    new = indicator(1)
    old = old_form(new)
    older = old_form(indicator(0, id=new["id"]))
    for value in (old, older, new):
        exchange.share("member-a", value)
    name = new["id"]

    def forms(query: str) -> list[tuple[str, str]]:
        found = exchange.as_("member-b").get(object_url(name), query=query).json.get("objects", [])
        return [(one["modified"], one.get("spec_version", "2.0")) for one in found]

    assert forms("match[version]=all") == [(stamp(0), "2.0"), (stamp(1), "2.1")]
    assert forms("") == [(stamp(1), "2.1")]
    assert forms("match[version]=all&match[spec_version]=2.0") == [(stamp(1), "2.0"), (stamp(0), "2.0")]
    assert forms("match[spec_version]=2.0") == [(stamp(1), "2.0")]
    assert forms("match[spec_version]=2.0,2.1") == [(stamp(1), "2.0"), (stamp(1), "2.1")]
    assert forms("match[spec_version]=9.9") == []
    versions = object_url(name) + "versions/"
    client = exchange.as_("member-b")
    assert client.get(versions).json == {"versions": [stamp(0), stamp(1)]}
    assert client.get(versions, query="match[spec_version]=2.0,2.1").json == {"versions": [stamp(1), stamp(0)]}
    assert client.get(versions, query="match[spec_version]=9.9").body == b"{}"


def test_objects_without_timestamps_have_one_constant_version(exchange: World) -> None:
    address = {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
        "value": "198.51.100.3",
    }
    bare = {"type": "url", "id": "url--c1477287-23ac-5971-a010-5c287877fa60", "value": "https://example.com/"}
    custom = {"type": "acme-observable", "id": "acme-observable--11111111-1111-5111-8111-111111111111"}
    status = exchange.share("member-a", address, bare, custom)
    constant = "1970-01-01T00:00:00.000000Z"
    assert {one["version"] for one in status["successes"]} == {constant}
    client = exchange.as_("member-b")
    records = client.get(collection_url() + "manifest/").json["objects"]
    assert {one["version"] for one in records} == {constant}
    assert {one["media_type"] for one in records} == {"application/stix+json;version=2.1"}
    assert client.get(object_url(address["id"]) + "versions/").json == {"versions": [constant]}
    found = client.get(objects_url(), query=f"match[version]={constant}&match[type]=ipv4-addr").json
    assert found["objects"] == [address]


def test_a_marking_definition_has_its_created_time(exchange: World) -> None:
    value = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168",
        "created": stamp(4),
        "definition_type": "statement",
        "definition": {"statement": "x"},
    }
    exchange.share("member-a", value)
    client = exchange.as_("member-a")
    assert client.get(object_url(value["id"]) + "versions/").json == {"versions": [stamp(4)]}
    assert client.get(objects_url(), query=f"match[version]={stamp(4)}").json["objects"] == [value]


@pytest.mark.parametrize(
    "query", ["match[type]=malware", "match[version]=2001-01-01T00:00:00.000Z", "match[spec_version]=2.0"]
)
def test_filters_are_joined_by_and(exchange: World, query: str) -> None:
    value = indicator()
    malware = {**indicator(), "type": "malware", "is_family": False}
    malware["id"] = malware["id"].replace("indicator", "malware")
    exchange.share("member-a", value, malware)
    assert exchange.seen("member-b", f"match[id]={value['id']}&{query}") == []
    both = f"match[id]={value['id']},{malware['id']}&match[type]=malware,indicator,x-nothing"
    assert len(exchange.seen("member-b", both)) == 2
    assert [name for name, _ in exchange.seen("member-b", "match[type]=malware")] == [malware["id"]]


def test_two_contributors_of_one_version_make_one_object(exchange: World) -> None:
    value = indicator(1, marks=["green"])
    exchange.share("member-a", value)
    first = exchange.as_("peer").get(collection_url() + "manifest/").body
    exchange.share("member-b", value)
    assert exchange.as_("peer").get(collection_url() + "manifest/").body == first
    added = exchange.as_("peer").get(objects_url()).header("x-taxii-date-added-last")
    assert exchange.seen("peer", f"added_after={added}") == []
    exchange.as_("member-a").delete(object_url(value["id"]))
    assert exchange.seen("peer") == [(value["id"], stamp(1))]
    assert OPEN in exchange.as_("peer").get(collection_url()).json["id"]


def test_a_repetition_by_somebody_else_does_not_hide_what_is_new(exchange: World) -> None:
    identifier = indicator()["id"]
    newest = indicator(3, id=identifier, marks=["green"])
    exchange.share("member-a", newest)
    added = exchange.as_("peer").get(objects_url()).header("x-taxii-date-added-last")
    exchange.share("member-a", indicator(2, id=identifier, marks=["green"]))
    exchange.share("member-b", newest)
    assert exchange.seen("peer", f"added_after={added}") == [(identifier, stamp(2))]
    assert exchange.seen("peer") == [(identifier, stamp(3))]
