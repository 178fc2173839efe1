"""Malformed input is always a clear 4xx, never a 5xx, and never leaves anything behind."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.test_json_reader import HARD
from tests.reference.test_wire import MALFORMED
from tests.support.asgi import TAXII, Response
from tests.support.world import (
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    world,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One exchange that nothing in this file may change."""
    with world(tmp_path_factory.mktemp("hostile"), max_content_length=20_000) as made:
        made.share("operator", indicator(marks=["clear"], name="the only one"))
        yield made


def nothing_changed(exchange: World) -> bool:
    with exchange.store.reading() as db:
        counts = db.execute("SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM statuses)").fetchone()
    return tuple(counts) == (1, 1)


def refused(answer: Response, *statuses: int) -> bool:
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.header("content-type") == TAXII
    assert answer.json["http_status"] == str(answer.status)
    assert isinstance(answer.json["title"], str)
    assert b"Traceback" not in answer.body
    return True


@pytest.mark.parametrize("name", HARD)
def test_hard_json_as_body_as_object_and_inside_an_object(shared: World, name: str) -> None:
    body, _ = HARD[name]
    client = shared.as_("member-a")
    assert refused(client.post(objects_url(), body), 400, 413, 422)
    wrapped = b'{"objects":[' + body[:15_000] + b"]}"
    assert refused(client.post(objects_url(), wrapped), 400, 413, 422)
    inside = json.dumps({"objects": [indicator()]}).encode()
    inside = inside.replace(b'"pattern_type"', b'"x_inside": ' + body[:15_000] + b', "pattern_type"')
    assert refused(client.post(objects_url(), inside), 400, 413)
    assert nothing_changed(shared)


def test_the_description_says_what_and_where(shared: World) -> None:
    body = b'{"objects":[{"type":"indicator"},{"a":{"b":1,"b":2}}]}'
    answer = shared.as_("member-a").post(objects_url(), body)
    assert "'b' occurs twice" in answer.json["description"]
    assert "/objects/1" in answer.json["description"]


@pytest.mark.parametrize("query", MALFORMED)
def test_malformed_queries_at_every_paged_endpoint(shared: World, query: bytes) -> None:
    text = query.decode("utf-8", "surrogateescape")
    client = shared.as_("member-a")
    name = client.get(objects_url()).json["objects"][0]["id"]
    for path in (objects_url(), collection_url() + "manifest/"):
        assert refused(client.get(path, query=text), 400)
    for path in (object_url(name), object_url(name) + "versions/"):
        if text.startswith(("limit", "added_after", "next", "a=")) or "\udcff" in text or "%ff" in text:
            assert refused(client.get(path, query=text), 400)
        else:
            assert client.get(path, query=text).status in (200, 400)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_octets_as_a_body(shared: World, body: bytes) -> None:
    assert refused(shared.as_("member-a").post(objects_url(), body), 400, 422)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["limit", "added_after", "next", "match[id]", "match[version]", "match[type]", "x", ""]),
        st.text(max_size=20),
        max_size=4,
    ),
    st.sampled_from(["objects/", "manifest/", "objects/x/", "objects/x/versions/", ""]),
    st.sampled_from(["GET", "HEAD", "DELETE"]),
)
def test_random_queries_never_fail(shared: World, query: dict[str, str], path: str, method: str) -> None:
    encodable = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    answer = shared.as_("member-b").request(method, collection_url() + path, query=encodable)
    assert answer.status < 500


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["GET", "POST", "DELETE", "PUT"]))
def test_random_paths_never_fail(shared: World, text: str, method: str) -> None:
    path = "/" + text.encode("utf-8", "replace").decode()
    for full in (path, "/exchange" + path, "/exchange/collections" + path, objects_url() + path[1:] + "/"):
        assert shared.as_("member-a").request(method, full).status < 500


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["accept", "authorization", "content-type", "content-length", "content-encoding", "expect"]),
    st.text(st.characters(max_codepoint=255), max_size=60),
)
def test_random_headers_never_fail(shared: World, name: str, value: str) -> None:
    body = b'{"objects":[]}'
    for account in ("member-a", "stranger"):
        client = shared.as_(account)
        assert client.request("GET", objects_url(), headers=[(name, value)], accept=None).status < 500
        answer = client.request("POST", objects_url(), body=body, headers=[(name, value)], length=False)
        assert answer.status < 500
    assert nothing_changed(shared)


def test_mutated_envelopes_never_fail(tmp_path: Path) -> None:
    chance = random.Random(7)
    good = json.dumps({"objects": [indicator(marks=["red"]), indicator(name="a\u00e9\U0001f600")]}).encode()
    pieces = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\u0000", b"\\ud800", b"1e999", b"null", b"\xff", b"\\"]
    with world(tmp_path) as exchange:
        client = exchange.as_("member-a")
        for _ in range(1500):
            body = bytearray(good)
            for _ in range(chance.randint(1, 3)):
                start = chance.randrange(len(body))
                body[start : start + chance.randint(0, 6)] = chance.choice(pieces)
            answer = client.post(objects_url(), bytes(body))
            assert answer.status in (202, 400, 422), bytes(body)
            if answer.status == 202:
                status = answer.json
                assert status["success_count"] + status["failure_count"] == status["total_count"]
        page = exchange.as_("operator").get(objects_url(), query="limit=1000&match[version]=all")
        assert page.status == 200
        page.body.decode("utf-8")
        assert page.json


CONTENT_TYPES = [
    None,
    "",
    "application/json",
    "text/plain",
    "application/taxii+json;version=2.0",
    "multipart/form-data",
]


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_other_content_types_are_415(shared: World, kind: str | None) -> None:
    body = json.dumps({"objects": [indicator()]}).encode()
    answer = shared.as_("member-a").request("POST", objects_url(), body=body, content_type=kind)
    assert refused(answer, 415)
    assert nothing_changed(shared)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "x"])
def test_encoded_bodies_are_415(shared: World, encoding: str) -> None:
    answer = shared.as_("member-a").post(
        objects_url(), {"objects": [indicator()]}, headers=[("content-encoding", encoding)]
    )
    assert refused(answer, 415)
    assert nothing_changed(shared)


def padded(size: int) -> bytes:
    """An envelope of exactly `size` octets, most of them two-octet characters."""
    empty = json.dumps({"objects": [indicator(name="")]}, ensure_ascii=False).encode()
    missing = size - len(empty)
    name = "\u00e9" * (missing // 2) + "x" * (missing % 2)
    return empty.replace(b'"name": ""', b'"name": "' + name.encode() + b'"')


@pytest.mark.parametrize("chunk", [None, 1000, 19_999])
def test_the_ceiling_counts_octets_however_they_are_sent(tmp_path: Path, chunk: int | None) -> None:
    def cut(body: bytes) -> Any:
        return body if chunk is None else [body[at : at + chunk] for at in range(0, len(body), chunk)]

    with world(tmp_path, max_content_length=20_000) as exchange:
        client = exchange.as_("member-a")
        for size in (10_000, 19_999, 20_000):
            body = padded(size)
            assert len(body) == size
            assert client.request("POST", objects_url(), body=cut(body), content_type=TAXII).status == 202
        before = exchange.seen("operator")
        for size in (20_001, 30_000, 5_000_000):
            answer = client.request("POST", objects_url(), body=cut(padded(size)), content_type=TAXII)
            assert refused(answer, 413)
        assert exchange.seen("operator") == before


def test_a_body_announced_as_huge_is_refused_unread(shared: World) -> None:
    answer = shared.as_("member-a").request(
        "POST", objects_url(), body=[b"{"], headers=[("content-length", "99999999999")], content_type=TAXII
    )
    assert refused(answer, 413)


def test_a_strangers_body_is_not_even_looked_at(shared: World) -> None:
    stranger = shared.as_("stranger")
    plain = stranger.post(objects_url(), {"objects": [indicator()]})
    for body, kind in ((b"x" * 50_000, TAXII), (b"{", TAXII), (b"{}", "image/png")):
        answer = stranger.request("POST", objects_url(), body=body, content_type=kind)
        assert refused(answer, 401)
        assert answer.body == plain.body


def test_a_body_that_ends_early_is_refused(shared: World) -> None:
    client = shared.as_("member-a")
    sent = client.request("POST", objects_url(), body=[b'{"objects":', b""], content_type=TAXII)
    assert refused(sent, 400)
    assert nothing_changed(shared)


def test_ten_thousand_tiny_faults_are_all_told(tmp_path: Path) -> None:
    with world(tmp_path) as exchange:
        status = exchange.as_("member-a").post(objects_url(), {"objects": [{}] * 10_000}).json
        assert status["failure_count"] == 10_000
        assert status["failures"][9999]["id"] == "objects[9999]"


def test_an_unexpected_fault_is_a_500_that_tells_nothing(
    shared: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from isao_reference.taxii import objects

    def broken(_: object) -> None:
        raise RuntimeError("secret detail of member-a")

    monkeypatch.setattr(objects, "get_objects", broken)
    answer = shared.as_("member-a").get(objects_url())
    assert refused(answer, 500)
    identifier = answer.json["error_id"]
    assert identifier in caplog.text
    assert "RuntimeError" in caplog.text
    for secret in ("secret detail", shared.secrets["member-a"]):
        assert secret not in caplog.text
        assert secret.encode() not in answer.body
