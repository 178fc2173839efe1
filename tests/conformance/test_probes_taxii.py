"""What TAXII probes stand on: instants, page walks, kinds of exchanges, and watchers that survive any body."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer, Exchange, Key, Request
from isao_conformance.limits import LIMITS
from isao_conformance.listings import Pages, instant, microseconds, pages, shifted, whole
from isao_conformance.probe import all_watchers
from isao_conformance.probes.taxii_errors import is_challenge
from isao_conformance.resources import kind_of
from isao_conformance.session import TAXII

ROOT = "https://taxii.example/root/"
COLLECTION = f"{ROOT}collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/"
WATCHERS = {name: w for name, w in all_watchers().items() if w.requirement.startswith("TAXII-")}


def exchange(
    url: str,
    body: Any,
    status: int = 200,
    method: str = "GET",
    actor: str = "member-a",
    label: str | None = TAXII,
    **headers: str,
) -> Exchange:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    kept = (("content-type", label), *sent) if label else sent
    return Exchange(Key("p", actor, 1), Request(method, url, (("Accept", TAXII),)), Answer(status, kept, octets))


# --- instants ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-01-05T08:00:00Z", "2026-01-05T08:00:00.000000Z"),
        ("2026-01-05T08:00:00.5Z", "2026-01-05T08:00:00.500Z"),
        ("2026-01-05T08:00:00.123Z", "2026-01-05T10:00:00.123+02:00"),
        ("2026-01-05t08:00:00z", "2026-01-05T08:00:00Z"),
    ],
)
def test_spellings_of_one_instant_are_equal(one: str, other: str) -> None:
    assert instant(one) is not None
    assert instant(one) == instant(other)


def test_fractions_are_compared_as_numbers_and_never_cut() -> None:
    texts = ["45", "450000001", "5", "500000000000000001"]
    moments = [instant(f"2026-01-05T08:00:00.{digits}Z") for digits in texts]
    assert None not in moments
    assert moments == sorted(moments)
    assert len(set(moments)) == len(moments)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30T08:00:00Z",
        "2026-01-05 08:00:00Z",
        "2026-01-05T08:00:00",
        "٢٠٢٦-01-05T08:00:00Z",
        "2026-01-05T25:00:00Z",
        "0000-01-01T00:00:00Z",
        None,
        17,
    ],
)
def test_what_is_no_timestamp_has_no_instant(text: object) -> None:
    assert instant(text) is None


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"))
def test_instant_takes_any_text(text: str) -> None:
    assert instant(text) is None or isinstance(instant(text), tuple)


@given(st.datetimes(datetime(1000, 1, 2), datetime(9000, 1, 1)), st.integers(-(10**9), 10**9))
def test_shifting_moves_by_exactly_so_many_microseconds(when: datetime, by: int) -> None:
    text = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    before, after = instant(text), instant(shifted(text, by))
    assert before is not None
    assert after is not None
    assert microseconds(after) - microseconds(before) == by


# --- walks ------------------------------------------------------------------------------------


def serving(listed: list[dict[str, str]], size: int, cursor: Callable[[int], dict[str, Any]]) -> Callable[..., Answer]:
    """A list cut into pages; `cursor` says what a page that ends at a position adds to its body."""

    def fetch(next: str = "0", added_after: str = "") -> Answer:
        start = sum(entry["date_added"] <= added_after for entry in listed) if added_after else int(next)
        end = start + size
        more = {"more": True, **cursor(end)} if end < len(listed) else {}
        return Answer(200, (), json.dumps({"objects": listed[start:end], **more}).encode())

    return fetch


ENTRIES = [{"id": f"tool--{n}", "date_added": f"2026-01-05T08:00:0{n}.000000Z"} for n in range(7)]


def test_a_walk_by_next_is_exact_and_ends() -> None:
    walk = pages(serving(ENTRIES, 3, lambda end: {"next": str(end)}))
    assert walk.ids == [e["id"] for e in ENTRIES]
    assert (walk.exact, walk.ended, len(walk.answers)) == (True, True, 3)


def test_a_walk_without_next_goes_on_by_time_and_says_so() -> None:
    walk = pages(serving(ENTRIES, 3, lambda end: {}))
    assert walk.ids == [e["id"] for e in ENTRIES]
    assert (walk.exact, walk.ended) == (False, True)


def test_a_walk_stops_once_everything_wanted_was_seen() -> None:
    walk = pages(serving(ENTRIES, 2, lambda end: {"next": str(end)}), until=["tool--2"])
    assert len(walk.answers) == 2
    assert not walk.ended


def test_a_cursor_that_leads_in_a_circle_ends_the_walk() -> None:
    walk = pages(serving(ENTRIES, 3, lambda end: {"next": "3"}))
    assert len(walk.answers) == 3
    assert not walk.ended
    with pytest.raises(Untestable):
        whole(walk)


def test_a_walk_that_never_ends_is_given_up() -> None:
    counted = iter(range(10**9))

    def endless(**_: Any) -> Answer:
        number = next(counted)
        body = {"objects": [{"id": f"tool--{number}"}], "more": True, "next": str(number)}
        return Answer(200, (), json.dumps(body).encode())

    walk = pages(endless)
    assert len(walk.answers) == LIMITS.walk_pages
    assert not walk.ended


def test_a_walk_without_a_way_to_go_on_is_not_whole() -> None:
    with pytest.raises(Untestable):
        whole(pages(lambda: Answer(200, (), b'{"more": true}')))
    assert whole(Pages((Answer(404),), True, True)).ids == []


# --- kinds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "method", "body", "kind"),
    [
        ("https://taxii.example/taxii2/", "GET", {}, "discovery"),
        (f"{ROOT}collections/", "GET", {}, "collections"),
        (COLLECTION, "GET", {}, "collection"),
        (f"{COLLECTION}manifest/?limit=1", "GET", {}, "manifest"),
        (f"{COLLECTION}objects/", "GET", {}, "envelope"),
        (f"{COLLECTION}objects/", "POST", {}, "status"),
        (f"{COLLECTION}objects/tool--1/", "GET", {}, "envelope"),
        (f"{COLLECTION}objects/tool--1/versions/", "GET", {}, "versions"),
        (f"{ROOT}status/2d086da7-4bdc-4f91-900e-d77486753710/", "GET", {}, "status"),
        (ROOT, "GET", {"title": "r", "versions": [], "max_content_length": 1}, "api-root"),
        ("https://taxii.example/other/", "GET", {"title": "d", "api_roots": ["/root/"]}, "discovery"),
        ("https://taxii.example/news/", "GET", {"title": "news"}, ""),
    ],
)
def test_exchanges_are_told_apart_by_url(url: str, method: str, body: Any, kind: str) -> None:
    assert kind_of(exchange(url, body, method=method)) == kind


# --- challenges -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        'Basic realm="a, b"',
        'Basic realm="say \\"hi\\"", charset="UTF-8"',
        'Basic realm="x", Bearer realm="y", error="invalid_token"',
        "Negotiate dG9rZW4=",
        'Bearer , Digest realm="x", qop="auth, auth-int"',
    ],
)
def test_lawful_challenges_parse(value: str) -> None:
    assert is_challenge(value)


@pytest.mark.parametrize(
    "value", ["", " , ", 'realm="x"', 'Basic realm="x', "Basic realm=a b", "Bas ic@ x=1", '"Basic"']
)
def test_what_is_no_challenge_does_not_parse(value: str) -> None:
    assert not is_challenge(value)
