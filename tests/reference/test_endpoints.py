"""What each TAXII endpoint answers when all is well, and the plain refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isao_reference import setup
from isao_reference.app import create_app
from tests.support.asgi import TAXII, Client
from tests.support.world import (
    DROPBOX,
    LIBRARY,
    OPEN,
    PUBLIC,
    Clock,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    old_form,
    stamp,
    world,
)

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_discovery_and_root(exchange: World) -> None:
    client = exchange.as_("member-a")
    found = client.get("/taxii2/")
    assert found.status == 200
    assert found.header("content-type") == TAXII
    assert found.json["api_roots"] == [f"{exchange.settings.public_url}exchange/"]
    assert found.json["default"] in found.json["api_roots"]
    root = client.get("/exchange/").json
    assert root["versions"] == [TAXII]
    assert root["max_content_length"] == exchange.settings.max_content_length


def test_api_roots_are_relative_where_their_absolute_url_would_not_be_https(exchange: World) -> None:
    plain = replace(exchange.settings, public_url="http://127.0.0.1:8080/")
    client = Client(create_app(plain))
    found = client.as_(exchange.as_("member-a").authorization).get("/taxii2/").json
    client.close()
    assert (found["default"], found["api_roots"]) == ("/exchange/", ["/exchange/"])


def test_collections_tell_each_caller_the_truth(exchange: World) -> None:
    def rights(account: str) -> dict[str, tuple[bool, bool]]:
        listed = exchange.as_(account).get("/exchange/collections/").json.get("collections", [])
        for one in listed:
            assert exchange.as_(account).get(collection_url(one["id"])).json == one
        return {one["id"]: (one["can_read"], one["can_write"]) for one in listed}

    yes, no = True, False
    assert rights("member-a") == {OPEN: (yes, yes), PUBLIC: (yes, yes), LIBRARY: (yes, no), DROPBOX: (no, yes)}
    assert rights("peer") == {OPEN: (yes, yes), PUBLIC: (yes, no)}
    assert rights("government") == {OPEN: (yes, no), PUBLIC: (yes, no)}
    assert rights("stranger") == {PUBLIC: (yes, no)}
    assert set(rights("operator").values()) == {(yes, yes)}
    assert len(rights("analyst")) == 4


def test_an_alias_stands_for_the_id(exchange: World) -> None:
    client = exchange.as_("member-a")
    assert client.get("/exchange/collections/open/").json == client.get(collection_url()).json
    value = indicator()
    exchange.share("member-a", value, collection="open")
    assert client.get(object_url(value["id"], "open")).body == client.get(object_url(value["id"])).body


def test_addresses_work_without_the_final_slash(exchange: World) -> None:
    value = indicator()
    exchange.share("member-a", value)
    client = exchange.as_("member-a")
    for path in ("/taxii2", "/exchange", collection_url()[:-1], objects_url()[:-1], object_url(value["id"])[:-1]):
        assert client.get(path).body == client.get(path + "/").body
        assert client.get(path).status == 200


def test_posted_bytes_come_back_as_they_were(exchange: World) -> None:
    client = exchange.as_("member-a")
    raw = (
        b'{ "type":"indicator" , "spec_version" :"2.1","id":"indicator--0f1ae8f3-7c8d-4a2b-9d6e-000000000001",\n'
        b'"created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"\xc3\xa9\\u00e9\\/",'
        b'"pattern":"[ipv4-addr:value = \'198.51.100.7\']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z",'
        b'"x_number":1.50e1}'
    )
    posted = client.post(objects_url(), b'{"objects":[' + raw + b"]}")
    assert posted.status == 202
    assert client.get(objects_url()).body == b'{"objects":[' + raw + b"]}"


def test_a_status_is_complete_and_stays_readable(exchange: World) -> None:
    good, bad = indicator(), indicator()
    del bad["modified"]
    client = exchange.as_("member-a")
    posted = client.post(objects_url(), {"objects": [good, bad, 5], "x_acme_more": {"a": []}})
    assert posted.status == 202
    status = posted.json
    assert UUID4.fullmatch(status["id"])
    assert STAMP.fullmatch(status["request_timestamp"])
    counts = [status[name] for name in ("total_count", "success_count", "failure_count", "pending_count")]
    assert counts == [3, 1, 2, 0]
    assert status["status"] == "complete"
    assert status["successes"] == [{"id": good["id"], "version": good["modified"]}]
    assert [one["id"] for one in status["failures"]] == [bad["id"], "objects[2]"]
    assert all(one["message"] for one in status["failures"])
    assert "pendings" not in status
    again = client.get(f"/exchange/status/{status['id']}/")
    assert (again.status, again.body) == (200, posted.body)
    assert [one["id"] for one in client.get(objects_url()).json["objects"]] == [good["id"]]


def test_manifest_objects_and_headers_agree(exchange: World) -> None:
    values = [indicator() for _ in range(5)]
    exchange.share("member-a", *values)
    client = exchange.as_("member-b")
    for query in ("", "limit=2", f"match[id]={values[3]['id']}", "match[version]=all&limit=4"):
        manifest = client.get(collection_url() + "manifest/", query=query)
        objects = client.get(objects_url(), query=query)
        records = manifest.json["objects"]
        assert [one["id"] for one in records] == [one["id"] for one in objects.json["objects"]]
        assert all(STAMP.fullmatch(one["date_added"]) for one in records)
        assert all(one["media_type"] == "application/stix+json;version=2.1" for one in records)
        for answer in (manifest, objects):
            assert answer.header("x-taxii-date-added-first") == records[0]["date_added"]
            assert answer.header("x-taxii-date-added-last") == records[-1]["date_added"]
            assert answer.json.get("more", False) is ("limit" in query)
            assert ("next" in answer.json) is ("limit" in query)


def test_object_and_versions_carry_their_own_dates(exchange: World) -> None:
    identifier = indicator()["id"]
    for number in (3, 1, 2):
        exchange.share("member-a", indicator(number, id=identifier))
        exchange.share("member-a", indicator())
    client = exchange.as_("member-a")
    records = client.get(collection_url() + "manifest/", query=f"match[id]={identifier}&match[version]=all").json[
        "objects"
    ]
    assert [one["version"] for one in records] == [stamp(3), stamp(1), stamp(2)]
    versions = client.get(object_url(identifier) + "versions/")
    every = client.get(object_url(identifier), query="match[version]=all")
    assert versions.json == {"versions": [stamp(3), stamp(1), stamp(2)]}
    assert [one["modified"] for one in every.json["objects"]] == [stamp(3), stamp(1), stamp(2)]
    for answer in (versions, every):
        assert answer.header("x-taxii-date-added-first") == records[0]["date_added"]
        assert answer.header("x-taxii-date-added-last") == records[2]["date_added"]
    latest = client.get(object_url(identifier))
    assert [one["modified"] for one in latest.json["objects"]] == [stamp(3)]
    assert latest.header("x-taxii-date-added-last") == records[0]["date_added"]


def test_nothing_to_return_is_an_empty_resource(exchange: World) -> None:
    value = indicator()
    exchange.share("member-a", value)
    client = exchange.as_("member-a")
    late = "added_after=2999-01-01T00:00:00.000000Z"
    paths = [objects_url(), collection_url() + "manifest/", object_url(value["id"])]
    for path in [*paths, object_url(value["id"]) + "versions/"]:
        answer = client.get(path, query=late)
        assert (answer.status, answer.body) == (200, b"{}")
        assert answer.header("x-taxii-date-added-first") is None
    assert client.get(objects_url(LIBRARY)).body == b"{}"
    assert client.get(object_url(value["id"]), query="match[version]=2001-01-01T00:00:00.000Z").body == b"{}"
    assert client.get(object_url(value["id"]), query="match[spec_version]=9.9").body == b"{}"


def test_unknown_things_are_404(exchange: World) -> None:
    client = exchange.as_("member-a")
    gone = "12345678-1234-4234-8234-123456789012"
    paths = [
        collection_url(gone),
        objects_url(gone),
        collection_url(gone) + "manifest/",
        object_url(f"indicator--{gone}"),
        object_url(f"indicator--{gone}") + "versions/",
        f"/exchange/status/{gone}/",
        "/exchange/nothing/",
        "/taxii2/nothing/",
        "/exchange/collections/a/b/c/d/e/",
    ]
    answers = [client.get(path) for path in paths]
    assert {answer.status for answer in answers} == {404}
    assert {answer.header("content-type") for answer in answers} == {TAXII}
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].json["http_status"] == "404"


@pytest.mark.parametrize("path", ["/", "/.well-known/nothing", "/policies/nothing"])
def test_other_addresses_answer_with_problems(exchange: World, path: str) -> None:
    answer = exchange.as_("stranger").get(path, accept="text/html")
    assert answer.status == 404
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json["status"] == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_405(exchange: World, method: str) -> None:
    answer = exchange.as_("member-a").request(method, objects_url())
    assert answer.status == 405
    assert answer.header("allow") == "GET, HEAD, POST"
    assert answer.header("content-type") == TAXII
    public = exchange.as_("member-a").request(method, "/.well-known/isao.json")
    assert (public.status, public.header("allow")) == (405, "GET, HEAD")


def test_head_is_get_without_a_body(exchange: World) -> None:
    exchange.share("member-a", indicator())
    client = exchange.as_("member-a")
    for path in ("/taxii2/", objects_url(), "/exchange/nothing/"):
        full, head = client.get(path), client.request("HEAD", path)
        assert (head.status, head.headers, head.body) == (full.status, full.headers, b"")


@pytest.mark.parametrize("accept", ["text/html", "application/taxii+json;version=9.9", "*/*;q=0"])
def test_406_is_a_taxii_error_and_stores_nothing(exchange: World, accept: str) -> None:
    client = exchange.as_("member-a")
    for path in ("/taxii2/", "/exchange/", "/exchange/collections/", collection_url(), objects_url()):
        answer = client.get(path, accept=accept)
        assert (answer.status, answer.header("content-type")) == (406, TAXII)
    assert client.post(objects_url(), {"objects": [indicator()]}, accept=accept).status == 406
    assert client.get(objects_url()).body == b"{}"


def test_accept_is_understood_at_every_endpoint(exchange: World) -> None:
    value = indicator()
    exchange.share("member-a", value)
    client = exchange.as_("member-a")
    stix = [objects_url(), collection_url() + "manifest/", object_url(value["id"])]
    plain = ["/taxii2/", "/exchange/", "/exchange/collections/", collection_url()]
    for path in stix + plain:
        for accept in (None, "*/*", "application/taxii+json", 'application/taxii+json; version="2.1";q=0.2, text/*'):
            answer = client.get(path, accept=accept)
            assert (answer.status, answer.header("content-type")) == (200, TAXII)
        only_stix = client.get(path, accept="application/stix+json;version=2.1")
        assert only_stix.status == (200 if path in stix else 406)


def test_stix_2_0_is_taken_where_the_collection_says_so(tmp_path: Path) -> None:
    with world(tmp_path) as exchange:
        strict = setup.create_collection(
            exchange.store,
            "Only 2.1",
            readers=["members"],
            writers=["members"],
            media_types=["application/stix+json;version=2.1"],
        )
        old = old_form(indicator())
        client = exchange.as_("member-a")
        refused = client.post(objects_url(strict), {"objects": [old]}).json
        assert refused["failure_count"] == 1
        assert "2.0" in refused["failures"][0]["message"]
        exchange.share("member-a", old)
        record = client.get(collection_url() + "manifest/").json["objects"][0]
        assert record["media_type"] == "application/stix+json;version=2.0"


def test_documents(exchange: World) -> None:
    stranger = exchange.as_("stranger")
    assert stranger.get("/.well-known/isao.json").status == 404
    setup.set_capability_document(exchange.store, {"schema": "isao-capability/1"})
    setup.set_policy_document(exchange.store, "handling.txt", b"Handle with care.\n")
    setup.set_security_txt(exchange.store, b"Contact: mailto:security@example.org\n")
    found = stranger.get("/.well-known/isao.json", accept="application/json")
    assert (found.status, found.header("content-type")) == (200, "application/json")
    assert found.json == {"schema": "isao-capability/1"}
    policy = stranger.get("/policies/handling.txt", accept=None)
    assert policy.body == b"Handle with care.\n"
    assert policy.header("content-type") == "text/plain; charset=utf-8"
    assert stranger.get("/.well-known/security.txt").body.startswith(b"Contact:")
    assert stranger.get("/policies/..%2fisao.json").status == 404


def test_a_protection_is_in_force_until_the_day_on_which_it_lapses(tmp_path: Path) -> None:
    law = {"name": "a law", "in_force": True, "as_of": "2026-01-01", "lapses": "2026-02-01"}
    lasting = {"name": "a contract", "in_force": True, "as_of": "2026-01-01"}
    with world(tmp_path, clock=(clock := Clock())) as exchange:
        setup.set_capability_document(exchange.store, {"protections": [law, lasting]})

        def shown() -> list[bool]:
            told = exchange.as_("stranger").get("/.well-known/isao.json", accept="application/json").json
            return [one["in_force"] for one in told["protections"]]

        clock.now = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
        assert shown() == [True, True]
        clock.now = datetime(2026, 2, 1, tzinfo=UTC)
        assert shown() == [False, True]


def test_every_answer_forbids_caching_and_sniffing(exchange: World) -> None:
    for path in ("/taxii2/", objects_url(), "/nothing"):
        answer = exchange.as_("member-a").get(path)
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("content-length") == str(len(answer.body))
