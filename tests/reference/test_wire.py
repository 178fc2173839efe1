"""Media types, timestamps, filters and cursors, as pure functions."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isao_reference.errors import Refusal
from isao_reference.wire import cursor, filters, media_types, timestamps

V = "application/taxii+json;version=2.1"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        V,
        "application/taxii+json",
        "application/taxii+json; version=2.1",
        "application/taxii+json ;\tversion=2.1",
        'application/taxii+json;version="2.1"',
        "Application/TAXII+JSON;Version=2.1",
        "text/html;q=0.9, application/taxii+json;version=2.1;q=0.5",
        "application/taxii+json;version=2.1, */*;q=0",
        "*/*",
        "application/*",
        "application/taxii+json;version=2.1;charset=utf-8",
        'text/html;x="a,b", application/taxii+json',
        "nonsense, application/taxii+json;version=2.1",
        "application/taxii+json;version=9.9, application/taxii+json;version=2.1;q=0.1",
        "application/taxii+json;version=2.1,application/stix+json;version=2.1",
    ],
)
def test_accept_that_allows_a_taxii_answer(header: str | None) -> None:
    assert media_types.accepts_taxii(header)


@pytest.mark.parametrize(
    "header",
    [
        "text/html",
        "application/json",
        "application/taxii+json;version=2.0",
        "application/taxii+json;version=9.9",
        "application/taxii+json;version=2.1;q=0",
        "application/taxii+json;version=2.1;q=0, */*",
        "application/taxii+json;version=2.1;q=2",
        "text/*",
        "application",
        ";;;,,,",
        "application/vnd.oasis.taxii+json; version=2.1",
        "application/stix+json;version=2.1",
    ],
)
def test_accept_that_allows_none(header: str) -> None:
    assert not media_types.accepts_taxii(header)


def test_the_stix_type_counts_only_where_the_tables_print_it() -> None:
    assert media_types.accepts_taxii("application/stix+json;version=2.1", stix_too=True)
    assert not media_types.accepts_taxii("application/stix+json;version=2.0", stix_too=True)


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (V, True),
        ("application/taxii+json", True),
        ("application/taxii+json; version=2.1", True),
        ('APPLICATION/taxii+json;version="2.1"; charset=utf-8', True),
        ("application/taxii+json;version=2.0", False),
        ("application/json", False),
        ("text/plain", False),
        ("*/*", False),
        ("", False),
        (None, False),
    ],
)
def test_content_type(header: str | None, taken: bool) -> None:
    assert media_types.is_taxii_content(header) is taken


@pytest.mark.parametrize(
    ("listed", "version", "taken"),
    [
        (("application/stix+json;version=2.1",), "2.1", True),
        (("application/stix+json;version=2.1",), "2.0", False),
        (("application/stix+json",), "2.0", True),
        (("application/pdf",), "2.1", False),
        ((), "2.1", False),
    ],
)
def test_what_a_collection_takes(listed: tuple[str, ...], version: str, taken: bool) -> None:
    assert media_types.collection_takes(listed, version) is taken


@settings(max_examples=200)
@given(st.integers(0, 253402300799999999))
def test_microseconds_survive_the_round_trip(value: int) -> None:
    text = timestamps.format_micros(value)
    assert len(text) == 27
    assert timestamps.parse_taxii(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2020-01-01",
        "2020-01-01T00:00:00",
        "2020-01-01 00:00:00Z",
        "2020-01-01T00:00:00+00:00",
        "2020-01-01T00:00:00.000000+02:00",
        "2020-13-01T00:00:00Z",
        "2020-02-30T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T00:00:60Z",
        "0000-01-01T00:00:00Z",
        "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00.000000z",
        "2020-01-01t00:00:00Z",
        "2020-01-01T00:00:00.000000Z\n",
        "٢٠٢٠-01-01T00:00:00Z",
        "2020-01-01T00:00:00." + "1" * 31 + "Z",
    ],
)
def test_what_is_no_timestamp(text: str) -> None:
    assert timestamps.parse_taxii(text) is None
    assert timestamps.version_key(text) is None


def test_versions_compare_as_instants() -> None:
    spelled = ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000000Z"]
    assert len({timestamps.version_key(text) for text in spelled}) == 1
    rising = [
        "2019-12-31T23:59:59.999999Z",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00.000001Z",
        "2020-01-01T00:00:00.05Z",
        "2020-01-01T00:00:00.1Z",
        "2020-01-01T00:00:00.10000000001Z",
        "2020-01-01T00:00:01Z",
        "2020-01-01T00:01:00Z",
        "2020-10-01T00:00:00Z",
    ]
    keys = [timestamps.version_key(text) or "" for text in rising]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


MALFORMED = [
    b"limit=0",
    b"limit=-1",
    b"limit=1.5",
    b"limit=abc",
    b"limit=",
    b"limit=+5",
    b"limit=1e3",
    b"limit=%D9%A3",
    b"limit=" + b"9" * 5000,
    b"limit=1&limit=1",
    b"added_after=yesterday",
    b"added_after=",
    b"added_after=2020-01-01T00:00:00.000000+02:00",
    b"added_after=2020-01-01T00:00:00.000000Z&added_after=2020-01-01T00:00:00.000000Z",
    b"next=",
    b"next=" + b"a" * 600,
    b"next=a&next=a",
    b"match[version]=newest",
    b"match[version]=",
    b"match[version]=all,last",
    b"match[version]=last,last",
    b"match[version]=first,,last",
    b"match[version]=2020-01-01",
    b"match[version]=2020-01-01T00:00:00.000Z,2020-01-01T00:00:00.000Z",
    b"match[version]=all&match[version]=all",
    b"match[id]=",
    b"match[id]=,",
    b"match[id]=a&match%5Bid%5D=b",
    b"match[type]=indicator&match[type]=malware",
    b"match[spec_version]=2.1&match[spec_version]=2.0",
    b"match[type]=" + b",".join([b"x"] * 600),
    b"match[id]=%ff",
    b"match[id]=\xff",
    b"a=" + b"x" * 40_000,
]


@pytest.mark.parametrize("query", MALFORMED)
def test_malformed_filters_are_400(query: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        filters.parse(query, filters.OBJECTS)
    assert caught.value.status == 400


def test_what_is_unknown_or_not_offered_is_ignored() -> None:
    wanted = filters.parse(b"match[x]=1&match[x]=2&foo=&match[type]=a,b,a&limit=7", filters.OBJECTS)
    assert wanted == filters.Filters(limit=7, types=("a", "b"))
    assert filters.parse(b"match[id]=,&match[type]=", filters.OBJECT) == filters.Filters()
    assert filters.parse(b"match[version]=nonsense", filters.VERSIONS) == filters.Filters()
    assert filters.parse(b"limit=zero&added_after=x", filters.DELETE) == filters.Filters()


def test_brackets_may_be_encoded() -> None:
    raw = filters.parse(b"match[type]=indicator", filters.OBJECTS)
    assert raw == filters.parse(b"match%5Btype%5D=indicator", filters.OBJECTS)


def test_version_filters() -> None:
    key = timestamps.version_key("2020-01-01T00:00:00Z")
    found = filters.parse_versions("first,2020-01-01T00:00:00.000Z,last")
    assert found == filters.Versions(frozenset({"first", "last"}), frozenset({key or ""}))


KEY = b"k" * 32
BOUND = cursor.context("member-a", "collection", "objects", "filters")


def test_a_cursor_is_good_only_where_it_was_given() -> None:
    token = cursor.issue(KEY, BOUND, 1_700_000_000_000_000)
    assert cursor.redeem(KEY, BOUND, token) == 1_700_000_000_000_000
    others = [
        cursor.context("member-b", "collection", "objects", "filters"),
        cursor.context(None, "collection", "objects", "filters"),
        cursor.context("member-a", "other", "objects", "filters"),
        cursor.context("member-a", "collection", "manifest", "filters"),
        cursor.context("member-a", "collection", "objects", "others"),
        cursor.context("member-a", "collectio", "nobjects", "filters"),
        cursor.context("", "collection", "objects", "filters"),
    ]
    for other in others:
        with pytest.raises(Refusal) as caught:
            cursor.redeem(KEY, other, token)
        assert caught.value.status == 400
    with pytest.raises(Refusal):
        cursor.redeem(b"x" * 32, BOUND, token)


def test_no_changed_cursor_is_taken() -> None:
    token = cursor.issue(KEY, BOUND, 1_700_000_000_000_000)
    octets = base64.urlsafe_b64decode(token)
    for bit in range(len(octets) * 8):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refusal):
            cursor.redeem(KEY, BOUND, base64.urlsafe_b64encode(bytes(changed)).decode())
    for text in ("", "a", token + "=", token[:-1], token + token, token + "\n", "é", "=" * 32, token.swapcase()):
        with pytest.raises(Refusal):
            cursor.redeem(KEY, BOUND, text)


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_made_up_cursors_are_refusals_never_faults(text: str) -> None:
    with pytest.raises(Refusal):
        cursor.redeem(KEY, BOUND, text)


def test_the_fingerprint_tells_filters_apart_but_not_limits() -> None:
    queries = [
        b"",
        b"match[type]=a",
        b"match[type]=a,b",
        b"match[id]=a",
        b"match[version]=all",
        b"match[version]=last",
        b"match[spec_version]=2.1",
        b"added_after=2020-01-01T00:00:00.000000Z",
    ]
    prints = {filters.fingerprint(filters.parse(query, filters.OBJECTS)) for query in queries}
    assert len(prints) == len(queries)
    one = filters.parse(b"match[type]=b,a&limit=5", filters.OBJECTS)
    two = filters.parse(b"match[type]=a,b&limit=9&next=x", filters.OBJECTS)
    assert filters.fingerprint(one) == filters.fingerprint(two)
