"""Answers taken apart by the property tables, and media types compared with lists."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isao_conformance.exchange import Answer, Exchange, Key, Request
from isao_conformance.media_lists import covers, listed_types, stored_type
from isao_conformance.resources import COLLECTION, DISCOVERY, ENVELOPE, MANIFEST, STATUS, VERSIONS
from isao_conformance.tables import ERROR, Part, asked_for, misnamed, mistaken, parts, resource

TAXII = "application/taxii+json;version=2.1"


def answered(path: str, body: Any, status: int = 200, method: str = "GET", label: str = TAXII) -> Exchange:
    request = Request(method, f"https://isao.example{path}", (("Accept", TAXII),))
    answer = Answer(status, (("Content-Type", label),), json.dumps(body).encode())
    return Exchange(Key("probe", "member-a", 1), request, answer)


def test_a_list_is_taken_apart_into_its_items() -> None:
    record = {"id": "tool--1", "date_added": "2026-01-05T08:00:00.000000Z", "version": "1", "X_Note": 1}
    found = parts(answered("/root/collections/1/manifest/", {"objects": [record, 5], "x_acme_note": 1}))
    assert [part.kind for part in found] == [MANIFEST, "manifest-record"]
    assert [part.custom for part in found] == [["x_acme_note"], ["X_Note"]]


def test_an_error_message_is_a_resource_only_where_it_is_labelled_as_one() -> None:
    error = {"title": "No", "http_status": "404"}
    assert [part.kind for part in parts(answered("/taxii2/", error, 404))] == [ERROR]
    assert parts(answered("/taxii2/", error, 404, label="application/json")) == ()
    assert resource(answered("/taxii2/", error, 404)) is None


def test_an_answer_of_another_version_or_to_a_deletion_is_not_judged() -> None:
    assert asked_for(answered("/taxii2/", {}, label="application/vnd.oasis.taxii+json; version=2.0")) == ""
    assert asked_for(answered("/r/collections/1/objects/tool--1/", {}, method="DELETE")) == ""
    assert asked_for(answered("/r/collections/1/objects/", {}, 202, "POST")) == STATUS


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (DISCOVERY, {"title": "No", "http_status": "500"}),
        (DISCOVERY, {}),
        (COLLECTION, {"collections": []}),
        (STATUS, {"type": "tool", "id": "tool--1"}),
        (VERSIONS, {"objects": []}),
        (MANIFEST, {"objects": [{"type": "tool", "id": "tool--1"}]}),
        (ENVELOPE, {"objects": [{"id": "tool--1", "date_added": "2026-01-05T08:00:00.000000Z"}]}),
    ],
)
def test_another_resource_is_told_from_the_right_one(kind: str, body: dict[str, Any]) -> None:
    assert mistaken(Part(kind, kind, body)) is not None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (DISCOVERY, {"title": "A server"}),
        (COLLECTION, {"id": "1", "title": "lacks its rights"}),
        (VERSIONS, {}),
        (MANIFEST, {"x_acme_note": 1}),
        (ENVELOPE, {"more": False}),
        (ENVELOPE, {"objects": [{"type": "tool", "id": "tool--1"}, 5]}),
    ],
)
def test_the_right_resource_is_not_taken_for_another(kind: str, body: dict[str, Any]) -> None:
    assert mistaken(Part(kind, kind, body)) is None


def test_content_under_another_name_is_found_and_custom_lists_are_left_alone() -> None:
    stix = [{"type": "tool", "id": "tool--1"}]
    assert misnamed(Part(ENVELOPE, "", {"items": stix})) == "items"
    assert misnamed(Part(ENVELOPE, "", {"x_items": stix})) == ""
    assert misnamed(Part(ENVELOPE, "", {"items": stix, "objects": stix})) == ""
    assert Part(DISCOVERY, "", {"apiRoots": ["/a/"], "contact": "desk"}).misspelt == ["apiRoots"]
    assert Part(DISCOVERY, "", {"apiRoots": ["/a/"]}).custom == []


def test_a_list_entry_without_version_covers_every_version() -> None:
    assert covers(["application/stix+json"], "application/stix+json;version=2.1")
    assert covers(['application/stix+json; version="2.1"'], "application/stix+json;version=2.1")
    assert not covers(["application/stix+json;version=2.0"], "application/stix+json;version=2.1")
    assert covers(["application/stix+json;version=2.0"], stored_type({"type": "ipv4-addr"}))
    assert listed_types({}) == ["application/stix+json"]
    assert listed_types({"media_types": "application/stix+json"}) is None
