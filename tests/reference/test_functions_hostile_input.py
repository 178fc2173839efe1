"""Whatever is sent to the function API and is not what the address takes is answered 4xx, and leaves nothing."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.test_json_reader import HARD
from tests.support.asgi import Response
from tests.support.documents import valid
from tests.support.functions import JSON, PROBLEM, alert, everything, make, read, step, words
from tests.support.world import World, indicator, world

LIMIT = 60_000


class Places:
    """Every address that takes a body, each with an account that may use it and a document that it takes."""

    def __init__(self, exchange: World) -> None:
        self.exchange = exchange
        exchange.add_applicant()
        item = indicator(marks=["green"])
        exchange.share("member-a", item)
        exchange.seen("member-b")
        warned = make(exchange, "analyst", "alerts", alert())["id"]
        step(exchange, "analyst", "alerts", warned, "issue")
        draft = make(exchange, "analyst", "alerts", alert())["id"]
        held = make(exchange, "member-a", "submissions", words())["id"]
        terms = make(exchange, "operator", "agreements", valid("agreement"))["id"]
        step(exchange, "operator", "agreements", terms, "publish")
        sha256 = read(exchange, "member-b", "agreements", terms).json["facts"]["sha256"]
        told = make(exchange, "member-b", "feedback", {"subject": item["id"], "timely": "yes"})["id"]
        applied = make(exchange, "applicant", "memberships", valid("membership"))["id"]
        reason = {"reason": "x"}
        self.all: list[tuple[str, str, dict[str, Any] | None]] = [
            ("operator", "agreements/", valid("agreement")),
            ("member-b", f"agreements/{terms}/sign/", {**valid("signature"), "sha256": sha256}),
            ("analyst", "alerts/", alert()),
            ("analyst", f"alerts/{draft}/revise/", alert()),
            ("analyst", f"alerts/{draft}/issue/", None),
            ("member-b", f"alerts/{warned}/acknowledge/", valid("acknowledgement")),
            ("analyst", f"alerts/{warned}/withdraw/", reason),
            ("member-b", "feedback/", {"subject": item["id"], "timely": "yes"}),
            ("member-a", f"feedback/{told}/answer/", valid("answer")),
            ("applicant", f"memberships/{applied}/amend/", valid("membership")),
            ("operator", f"memberships/{applied}/approve/", valid("vetting")),
            ("member-a", "recalls/", {"subject": item["id"], "reason": "x"}),
            ("member-a", "submissions/", words()),
            ("member-a", "submissions/", words() | {"format": "stix", "content": [indicator(marks=["green"])]}),
            ("analyst", f"submissions/{held}/minimise/", {"content": "x", "removed": "x"}),
            ("analyst", f"submissions/{held}/decline/", reason),
        ]

    def post(self, place: int, body: Any, **more: Any) -> Response:
        account, path, _ = self.all[place]
        more.setdefault("content_type", JSON)
        headers = [("if-match", "*"), *more.pop("headers", ())]
        client = self.exchange.as_(account)
        return client.request("POST", f"/functions/{path}", body=body, headers=headers, accept=JSON, **more)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with world(tmp_path_factory.mktemp("hostile"), max_content_length=LIMIT) as exchange:
        yield Places(exchange)


COUNT = 16
EVERYWHERE = range(COUNT)


def refused(answer: Response, *statuses: int) -> bool:
    assert answer.status in statuses, (answer.status, answer.body[:300])
    assert answer.header("content-type") == PROBLEM
    assert answer.json["status"] == answer.status
    assert b"Traceback" not in answer.body
    return True


def test_every_place_is_counted(places: Places) -> None:
    assert len(places.all) == COUNT


@pytest.mark.parametrize("name", HARD)
def test_hard_json_is_refused_everywhere(places: Places, name: str) -> None:
    body, _ = HARD[name]
    before = everything(places.exchange)
    for place in EVERYWHERE:
        document = places.all[place][2]
        if document is not None or body.strip():
            assert refused(places.post(place, body), 400, 413, 422)
        if document is not None:
            key = next(iter(document))
            whole = json.dumps({**document, key: "@@"}).encode().replace(b'"@@"', body[:40_000] or b" ")
            assert refused(places.post(place, whole), 400, 413, 422)
    assert everything(places.exchange) == before


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, 1e308, 2**53 - 1, "", " ", "\u0000", "\u202e", "x" * 300, [], {}, [[]], [{}], [None]],
    ids=repr,
)
def test_any_value_in_any_place_is_taken_or_refused_and_never_a_fault(tmp_path: Path, value: Any) -> None:
    with world(tmp_path, max_content_length=LIMIT) as exchange:
        places = Places(exchange)
        for place in EVERYWHERE:
            document = places.all[place][2]
            before = everything(exchange)
            for whole in (value, [value], {"x": value}):
                if document is not None or whole not in (None, {}):
                    assert refused(places.post(place, json.dumps(whole).encode()), 400, 409, 422)
            for name in document or ():
                changed = {**copy.deepcopy(document or {}), name: value}
                answer = places.post(place, json.dumps(changed).encode(), headers=[("idempotency-key", "one")])
                if answer.status in (200, 201):
                    break  # a value that fits; from here on the record stands elsewhere
                assert refused(answer, 400, 409, 422)
                assert everything(exchange) == before


@pytest.mark.parametrize("place", EVERYWHERE)
def test_other_content_types_encodings_and_sizes_are_refused(places: Places, place: int) -> None:
    body = json.dumps(places.all[place][2] or {}).encode()
    before = everything(places.exchange)
    for kind in ("text/html", "application/x-www-form-urlencoded", "application/taxii+json;version=2.1", "x"):
        assert refused(places.post(place, body, content_type=kind), 415)
    if places.all[place][1] != "submissions/":
        for kind in ("text/csv", "text/plain"):
            assert refused(places.post(place, body, content_type=kind), 415)
    for encoding in ("gzip", "br", "deflate", "identity, gzip"):
        assert refused(places.post(place, gzip.compress(body), headers=[("content-encoding", encoding)]), 415)
    large = b" " * (LIMIT - len(body) + 1) + body
    assert refused(places.post(place, large), 413)
    assert refused(places.post(place, [large[at : at + 1000] for at in range(0, len(large), 1000)]), 413)
    assert refused(places.post(place, [b"{"], headers=[("content-length", "99999999999")]), 413)
    assert refused(places.post(place, [body[:1], b""], length=False), 400, 422)
    assert everything(places.exchange) == before


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(list(EVERYWHERE)), body=st.binary(min_size=1, max_size=200))
def test_random_octets_are_refused(places: Places, place: int, body: bytes) -> None:
    if body.strip():
        assert refused(places.post(place, body), 400, 422)


@settings(max_examples=200, deadline=None)
@given(
    query=st.dictionaries(
        st.sampled_from(["limit", "state", "next", "title", "x", ""]), st.text(max_size=20), max_size=4
    ),
    path=st.sampled_from(
        ["alerts/", "submissions/", "events/", "measures/", "x/", "exports/blocklist.txt", "alerts/x/"]
    ),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]),
)
def test_random_queries_and_methods_never_fail(places: Places, query: dict[str, str], path: str, method: str) -> None:
    sent = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    assert places.exchange.as_("member-b").request(method, f"/functions/{path}", query=sent).status < 500


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(["if-match", "idempotency-key", "last-event-id", "accept", "content-type", "content-length"]),
    value=st.text(st.characters(max_codepoint=255), max_size=60),
    place=st.sampled_from(list(EVERYWHERE)),
)
def test_random_headers_never_fail(places: Places, name: str, value: str, place: int) -> None:
    assert places.post(place, b'{"x": 1}', headers=[(name, value)], length=False).status < 500
    client = places.exchange.as_("member-b")
    for path in ("events/", "alerts/", "alerts/x/"):
        assert client.request("GET", f"/functions/{path}", headers=[(name, value)], accept=None).status < 500


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "state=x",
        "next=x",
        "color=1",
        "&".join(f"a{n}=1" for n in range(99)),
    ],
)
def test_queries_that_are_not_known_are_400(places: Places, query: str) -> None:
    assert refused(places.exchange.as_("member-b").get("/functions/alerts/", query=query), 400)
    path = "/functions/submissions/"
    many = "&".join(f"a{n}=1" for n in range(99))
    client = places.exchange.as_("member-a")
    assert refused(client.request("POST", path, query=many, body=b"x", content_type="text/plain"), 400)


def test_a_strangers_body_is_not_even_looked_at(places: Places) -> None:
    stranger = places.exchange.as_("stranger")
    plain = stranger.request("POST", "/functions/alerts/", body=b"{}", content_type=JSON)
    for body, kind in ((b"x" * 90_000, JSON), (b"{", JSON), (b"{}", "image/png")):
        answer = stranger.request("POST", "/functions/alerts/", body=body, content_type=kind)
        assert refused(answer, 401)
        assert answer.body == plain.body
