"""Posting and deleting: what is refused, what changes nothing, who may take things back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from isao_reference import limits
from tests.support.world import (
    LIBRARY,
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


def manifest(exchange: World, account: str = "operator") -> bytes:
    return exchange.as_(account).get(collection_url() + "manifest/", query="match[version]=all").body


def test_repeating_a_post_changes_nothing(exchange: World) -> None:
    values = [indicator(number) for number in range(3)]
    client = exchange.as_("member-a")
    exchange.share("member-a", *values)
    before = manifest(exchange)
    for body in (
        {"objects": values},
        {"objects": list(reversed(values))},
        {"objects": [dict(reversed(list(value.items()))) for value in values]},
        {"objects": values + values},
    ):
        again = client.post(objects_url(), body).json
        assert again["failure_count"] == 0
        assert again["success_count"] == again["total_count"] == len(body["objects"])
        assert manifest(exchange) == before
    colleague = exchange.as_("member-a2").post(objects_url(), {"objects": values}).json
    assert colleague["failure_count"] == 0
    assert manifest(exchange) == before


def test_the_same_version_with_other_content_is_a_failure_and_the_stored_one_stays(exchange: World) -> None:
    value = indicator(1, marks=["green"], name="first")
    exchange.share("member-a", value)
    before = exchange.as_("operator").get(objects_url()).body
    for account in ("member-a", "member-a2"):
        for change in ({"name": "second"}, {"x_number": 1}, {"object_marking_refs": [TLP["clear"]]}, {"revoked": True}):
            answer = exchange.as_(account).post(objects_url(), {"objects": [value | change, indicator(marks=["red"])]})
            status = answer.json
            assert [status["failure_count"], status["success_count"]] == [1, 1]
            assert status["failures"][0]["id"] == value["id"]
            assert status["failures"][0]["version"] == value["modified"]
            assert "other content" in status["failures"][0]["message"]
    assert exchange.as_("member-b").get(objects_url()).body == before


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, 1.0), ("1", 1), ("", 0)])
def test_values_that_only_look_alike_are_other_content(exchange: World, one: Any, other: Any) -> None:
    value = indicator()
    exchange.share("member-a", value | {"x_value": one})
    answer = exchange.as_("member-a").post(objects_url(), {"objects": [value | {"x_value": other}]}).json
    assert answer["failure_count"] == 1


def test_an_envelope_of_very_many_objects_is_refused_and_one_less_is_looked_at(exchange: World) -> None:
    most, client, before = limits.MAX_ENVELOPE_OBJECTS, exchange.as_("member-a"), manifest(exchange)
    many = client.post(objects_url(), b'{"objects":[' + b",".join([b"1"] * (most + 1)) + b"]}")
    assert (many.status, "at most 10000 objects" in many.json["description"]) == (422, True)
    assert client.post(objects_url(), b'{"objects":[' + b",".join([b"1"] * most) + b"]}").json["failure_count"] == most
    assert manifest(exchange) == before


def test_the_first_of_two_contradicting_copies_in_one_envelope_decides(exchange: World) -> None:
    value = indicator(1, name="strict", marks=["red"])
    loose = indicator(1, id=value["id"], name="loose", marks=["clear"])
    status = exchange.as_("member-a").post(objects_url(), {"objects": [value, loose, indicator()]}).json
    assert [status["success_count"], status["failure_count"]] == [2, 1]
    assert exchange.seen("government") == []


BROKEN: dict[str, Any] = {
    "not an object": [1],
    "null": None,
    "no type": {"id": "indicator--11111111-1111-4111-8111-111111111111"},
    "type is a number": indicator() | {"type": 5},
    "type with capitals": indicator() | {"type": "Indicator"},
    "bundle": {"type": "bundle", "id": "bundle--11111111-1111-4111-8111-111111111111", "objects": [indicator()]},
    "no id": {name: member for name, member in indicator().items() if name != "id"},
    "id is a list": indicator() | {"id": ["a"]},
    "id of another type": indicator(id="malware--11111111-1111-4111-8111-111111111111"),
    "id without uuid": indicator(id="indicator--1"),
    "id in capitals": indicator(id="indicator--ABCDEFAB-1111-4111-8111-111111111111"),
    "id with a line break": indicator(id="indicator--11111111-1111-4111-8111-111111111111\n"),
    "id with other digits": indicator(id="indicator--١1111111-1111-4111-8111-111111111111"),
    "id in braces": indicator(id="indicator--{11111111-1111-4111-8111-111111111111}"),
    "spec 9.9": indicator(spec_version="9.9"),
    "spec 2.0 spelled out": indicator(spec_version="2.0"),
    "spec null": indicator(spec_version=None),
    "spec number": indicator(spec_version=2.1),
    "modified not a time": indicator(modified="yesterday"),
    "modified a number": indicator(modified=5),
    "modified with offset": indicator(modified="2024-01-01T00:00:00.000+01:00"),
    "no modified": {name: member for name, member in indicator().items() if name != "modified"},
    "no created": {name: member for name, member in indicator().items() if name != "created"},
    "old form without modified": {name: m for name, m in old_form(indicator()).items() if name != "modified"},
    "modified before created": indicator(created=stamp(5), modified=stamp(4)),
    "empty markings": indicator(object_marking_refs=[]),
    "markings a string": indicator(object_marking_refs=TLP["red"]),
    "a marking a number": indicator(object_marking_refs=[5]),
    "a marking of another type": indicator(object_marking_refs=["indicator--11111111-1111-4111-8111-111111111111"]),
    "a marking in capitals": indicator(object_marking_refs=[TLP["red"].upper()]),
    "granular a dict": indicator(granular_markings={"marking_ref": TLP["red"]}),
    "granular of numbers": indicator(granular_markings=[5]),
    "granular without selectors": indicator(granular_markings=[{"marking_ref": TLP["red"]}]),
    "granular without ref": indicator(granular_markings=[{"selectors": ["name"]}]),
    "granular with bad ref": indicator(granular_markings=[{"selectors": ["name"], "marking_ref": "red"}]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_object_fails_alone_and_says_why(exchange: World, name: str) -> None:
    good = indicator()
    answer = exchange.as_("member-a").post(objects_url(), {"objects": [BROKEN[name], good]})
    assert answer.status == 202
    status = answer.json
    assert [status["total_count"], status["success_count"], status["failure_count"]] == [2, 1, 1]
    assert status["successes"] == [{"id": good["id"], "version": good["modified"]}]
    failure = status["failures"][0]
    assert all(isinstance(failure[part], str) and failure[part] for part in ("id", "version", "message"))
    assert exchange.seen("operator") == [(good["id"], good["modified"])]


def test_unknown_types_and_custom_properties_are_taken(exchange: World) -> None:
    custom = {**indicator(), "type": "x-acme-thing", "x_acme": {"deep": [1, 2.5, "three"]}}
    custom["id"] = custom["id"].replace("indicator", "x-acme-thing")
    bare = {"type": "acme-observable", "id": "acme-observable--11111111-1111-5111-8111-111111111111"}
    exchange.share("member-a", custom, bare)
    found = exchange.as_("member-a").get(objects_url()).json["objects"]
    assert sorted(found, key=lambda one: one["type"]) == [bare, custom]


def test_delete_takes_back_ones_own(exchange: World) -> None:
    identifier = indicator()["id"]
    other = indicator()
    exchange.share("member-a", other, *[indicator(number, id=identifier) for number in (1, 2, 3)])
    client = exchange.as_("member-a")
    answer = client.delete(object_url(identifier), query=f"match[version]={stamp(1)}")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("content-type") == "application/taxii+json;version=2.1"
    left = client.get(object_url(identifier) + "versions/").json
    assert (left.keys(), sorted(left["versions"])) == ({"versions"}, [stamp(2), stamp(3)])
    assert client.delete(object_url(identifier), query="match[spec_version]=2.0").status == 404
    assert client.delete(object_url(identifier), query="match[version]=last").status == 200
    assert client.get(object_url(identifier) + "versions/").json == {"versions": [stamp(2)]}
    exchange.share("member-a2", indicator(9, id=identifier))
    assert client.delete(object_url(identifier)).status == 200
    for path in (object_url(identifier), object_url(identifier) + "versions/"):
        assert client.get(path, query="match[version]=all").status == 404
    assert client.delete(object_url(identifier)).status == 404
    assert exchange.seen("operator", "match[version]=all") == [(other["id"], other["modified"])]


def test_delete_of_others_things(exchange: World) -> None:
    theirs = indicator(marks=["green"])
    exchange.share("member-a", theirs)
    before = manifest(exchange)
    for account in ("member-b", "peer", "analyst"):
        assert exchange.as_(account).delete(object_url(theirs["id"])).status == 403
    assert exchange.as_("government").delete(object_url(theirs["id"])).status == 403
    assert manifest(exchange) == before
    assert exchange.as_("operator").delete(object_url(theirs["id"])).status == 200
    assert exchange.seen("operator") == []


def test_delete_leaves_what_others_contributed(exchange: World) -> None:
    value = indicator(marks=["green"])
    exchange.share("member-a", value)
    exchange.share("member-b", value)
    assert exchange.as_("member-b").delete(object_url(value["id"])).status == 200
    assert len(exchange.seen("peer")) == 1
    assert exchange.as_("member-b").delete(object_url(value["id"])).status == 403


def test_a_colleague_cannot_delete_what_only_the_account_may_see(exchange: World) -> None:
    value = indicator(marks=["red"])
    exchange.share("member-a", value)
    assert exchange.as_("member-a2").delete(object_url(value["id"])).status == 404
    assert exchange.as_("member-a").delete(object_url(value["id"])).status == 200


def test_delete_follows_the_table_of_the_standard(exchange: World) -> None:
    value = indicator()
    exchange.share("member-a", value, collection=PUBLIC)
    assert exchange.as_("peer").delete(object_url(value["id"], LIBRARY)).status == 404
    assert exchange.as_("member-a").delete(object_url(value["id"], LIBRARY)).status == 403
    assert exchange.as_("peer").delete(object_url(value["id"], PUBLIC)).status == 403
    dropbox = "44444444-4444-4444-8444-444444444444"
    exchange.share("member-a", value, collection=dropbox)
    assert exchange.as_("member-a").delete(object_url(value["id"], dropbox)).status == 403
    assert len(exchange.seen("operator", collection=dropbox)) == 1


def test_what_was_deleted_can_be_posted_again_with_a_later_date(exchange: World) -> None:
    value = indicator()
    exchange.share("member-a", value)
    client = exchange.as_("member-a")
    before = client.get(objects_url()).header("x-taxii-date-added-last")
    client.delete(object_url(value["id"]))
    exchange.settings.clock.now = exchange.settings.clock.now.replace(year=2025)
    exchange.share("member-a", value)
    after = client.get(objects_url()).header("x-taxii-date-added-last")
    assert before is not None
    assert after is not None
    assert after > before


def test_dates_rise_even_when_the_clock_stands_or_goes_back(exchange: World) -> None:
    clock: Any = exchange.settings.clock
    clock.step = 0
    for year in (2026, 2026, 2025, 2024):
        clock.now = clock.now.replace(year=year)
        exchange.share("member-a", *[indicator() for _ in range(4)])
    records = json.loads(manifest(exchange))["objects"]
    dates = [one["date_added"] for one in records]
    assert len(set(dates)) == 16
    assert dates == sorted(dates)


def test_old_statuses_are_forgotten_only_after_a_week(exchange: World) -> None:
    clock: Any = exchange.settings.clock
    status = exchange.share("member-a", indicator())
    path = f"/exchange/status/{status['id']}/"
    clock.now += timedelta(days=6)
    exchange.share("member-b", indicator())
    assert exchange.as_("member-a").get(path).status == 200
    clock.now += timedelta(days=6)
    exchange.share("member-b", indicator())
    assert exchange.as_("member-a").get(path).status == 404
