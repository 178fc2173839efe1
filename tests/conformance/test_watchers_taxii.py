"""Each watcher of TAXII is shown a fault that it has to find, and lawful answers that it must not object to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isao_conformance.exchange import Exchange, Key, Request
from isao_conformance.probe import Finding, all_watchers
from isao_conformance.session import TAXII
from tests.conformance.test_probes_taxii import COLLECTION, ROOT, exchange

WATCHERS = {name: w for name, w in all_watchers().items() if w.requirement.startswith("TAXII-")}

RECORD = {"id": "tool--1", "date_added": "2026-01-05T08:00:00.123456Z", "version": "2026-01-05T08:00:00.000Z"}
MANIFEST = f"{COLLECTION}manifest/"
ENVELOPE = f"{COLLECTION}objects/"
ONE = f"{COLLECTION}objects/tool--11111111-1111-4111-8111-111111111111/"
VERSIONS = f"{ONE}versions/"
STATUS = f"{ROOT}status/2d086da7-4bdc-4f91-900e-d77486753710/"
DISCOVERY = "https://taxii.example/taxii2/"
WHEN = "2026-01-05T08:00:00.123456Z"
STIX = {"type": "tool", "id": "tool--11111111-1111-4111-8111-111111111111"}
API_ROOT = {"title": "r", "versions": [TAXII], "max_content_length": 100}
DONE = {
    "id": "2d086da7-4bdc-4f91-900e-d77486753710",
    "status": "complete",
    "total_count": 1,
    "success_count": 1,
    "failure_count": 0,
    "pending_count": 0,
}
FINDINGS = {
    "booleans_are_json_literals": exchange(f"{ROOT}collections/", {"collections": [{"can_read": "true"}]}),
    "no_list_is_empty": exchange(f"{ROOT}status/1/", {"id": "1", "failures": []}),
    "timestamps_have_six_digits_and_are_utc": exchange(
        MANIFEST, {"objects": [RECORD, {**RECORD, "date_added": "2026-01-05T08:00:00.123Z"}]}
    ),
    "bodies_are_utf_8": exchange(ENVELOPE, b'{"objects": [{"name": "\xdc"}]}'),
    "bodies_are_interoperable_json": exchange(ENVELOPE, b'{"objects": [{"a": 1, "a": 2}]}'),
    "required_properties_are_there": exchange(MANIFEST, {"objects": [{"id": "tool--1", "version": "x"}]}),
    "date_added_headers_are_timestamps": exchange(
        ENVELOPE, {"objects": [{"id": "tool--1"}]}, X_TAXII_Date_Added_Last="Mon, 05 Jan 2026 08:00:00 GMT"
    ),
    "successes_name_the_media_type_with_its_version": exchange(ENVELOPE, {}, label="application/taxii+json"),
    "error_messages_have_a_title": exchange(ENVELOPE, {"description": "no"}, 400),
    "error_messages_name_their_own_status": exchange(ENVELOPE, {"title": "no", "http_status": "400"}, 404),
    "properties_of_error_messages_have_their_types": exchange(ENVELOPE, {"title": "no", "http_status": 404}, 404),
    "a_401_carries_a_challenge": exchange(ENVELOPE, {"title": "who"}, 401),
    "a_single_object_carries_date_added_first": exchange(ONE, {"objects": [STIX]}, X_TAXII_Date_Added_Last=WHEN),
    "a_single_object_carries_date_added_last": exchange(ONE, {"objects": [STIX]}, X_TAXII_Date_Added_First=WHEN),
    "aliases_are_unique": exchange(
        f"{ROOT}collections/", {"collections": [{"id": "1", "alias": "a"}, {"id": "2", "alias": "a"}]}
    ),
    "an_answer_that_lists_nothing_has_no_made_up_dates": exchange(ENVELOPE, {}, X_TAXII_Date_Added_First="undefined"),
    "an_answer_to_delete_names_the_taxii_type": exchange(ONE, b"", method="DELETE", label="application/json"),
    "challenges_name_registered_schemes": exchange(ENVELOPE, {"title": "who"}, 401, WWW_Authenticate="Token x=1"),
    "counts_of_a_status_add_up": exchange(STATUS, {**DONE, "total_count": 2}),
    "custom_names_begin_with_x": exchange(ROOT, {**API_ROOT, "acme_note": "ours"}),
    "custom_names_do_not_double_declared_ones": exchange(ROOT, {**API_ROOT, "x_acme_title": "t"}),
    "custom_names_have_a_lawful_length": exchange(ROOT, {**API_ROOT, "xx": "short"}),
    "custom_names_have_lawful_characters": exchange(ROOT, {**API_ROOT, "x_Acme-note": "ours"}),
    "custom_names_tell_their_source": exchange(ROOT, {**API_ROOT, "x_note": "whose"}),
    "entries_of_a_status_have_id_and_version": exchange(STATUS, {**DONE, "successes": ["indicator--1"]}),
    "envelopes_hold_stix_objects_only": exchange(ENVELOPE, {"objects": [{"name": "no type"}]}),
    "errors_labelled_as_taxii_hold_an_error_message_or_nothing": exchange(ENVELOPE, b"<html>", 404),
    "total_count_is_a_count": exchange(STATUS, {**DONE, "total_count": -1}),
    "success_count_is_a_count": exchange(STATUS, {**DONE, "success_count": "1"}),
    "failure_count_is_a_count": exchange(STATUS, {**DONE, "failure_count": 0.5}),
    "pending_count_is_a_count": exchange(STATUS, {**DONE, "pending_count": None}),
    "identifiers_are_random_uuids": exchange(COLLECTION, {"id": "11111111-1111-1111-8111-111111111111", "title": "c"}),
    "integers_are_whole_and_safe": exchange(ROOT, {**API_ROOT, "max_content_length": 2**63}),
    "manifests_carry_date_added_last": exchange(MANIFEST, {"objects": [RECORD]}, X_TAXII_Date_Added_First=WHEN),
    "members_of_lists_have_the_type_of_the_list": exchange(ROOT, {**API_ROOT, "versions": [TAXII, 2.1]}),
    "names_are_spelled_as_in_the_tables": exchange(ROOT, {**API_ROOT, "Description": "capital"}),
    "next_comes_only_with_more": exchange(ENVELOPE, {"objects": [STIX], "next": "2"}),
    "next_is_a_string": exchange(ENVELOPE, {"objects": [STIX], "more": True, "next": 2}),
    "no_api_root_is_listed_twice": exchange(DISCOVERY, {"title": "d", "api_roots": [ROOT, ROOT]}),
    "objects_carry_date_added_first": exchange(ENVELOPE, {"objects": [STIX]}, X_TAXII_Date_Added_Last=WHEN),
    "objects_carry_date_added_last": exchange(ENVELOPE, {"objects": [STIX]}, X_TAXII_Date_Added_First=WHEN),
    "relative_api_roots_begin_with_one_slash": exchange(DISCOVERY, {"title": "d", "api_roots": ["../root/"]}),
    "strings_are_strings": exchange(ROOT, {**API_ROOT, "title": 5}),
    "success_brings_the_resource_of_the_endpoint": exchange(MANIFEST, {"objects": [STIX]}),
    "timestamps_end_in_z": exchange(MANIFEST, {"objects": [{**RECORD, "date_added": WHEN.replace("Z", "+01:00")}]}),
    "versions_carry_date_added_first": exchange(VERSIONS, {"versions": [WHEN]}, X_TAXII_Date_Added_Last=WHEN),
    "versions_carry_date_added_last": exchange(VERSIONS, {"versions": [WHEN]}, X_TAXII_Date_Added_First=WHEN),
}


def test_every_watcher_is_shown_a_fault() -> None:
    assert set(FINDINGS) == set(WATCHERS)


@pytest.mark.parametrize("name", sorted(FINDINGS))
def test_a_watcher_finds_its_fault(name: str) -> None:
    assert isinstance(WATCHERS[name].look(FINDINGS[name]), Finding)


LAWFUL = [
    exchange(f"{ROOT}collections/", {}),
    exchange(ENVELOPE, {"more": False, "x_acme_ours": []}),
    exchange(
        ENVELOPE,
        {"objects": [{**STIX, "labels": [], "more": "x"}]},
        label='Application/TAXII+json; VERSION="2.1"',
        X_TAXII_Date_Added_First=WHEN,
        X_TAXII_Date_Added_Last=WHEN,
    ),
    exchange(MANIFEST, {"objects": [RECORD]}, X_TAXII_Date_Added_First=WHEN, X_TAXII_Date_Added_Last=WHEN),
    exchange(f"{COLLECTION}objects/tool--1/", b"", method="DELETE"),
    exchange(ENVELOPE, b"<h1>Method Not Allowed</h1>", 405, label="text/html"),
    exchange(ENVELOPE, {"title": "who"}, 401, WWW_Authenticate='Basic realm="x"'),
    exchange(f"{COLLECTION}objects/", {"title": "hidden"}, 404, actor="nobody-instead-of-member-a"),
    exchange("https://taxii.example/no-such-root-1/", b"\xff\xfe home", label="text/html"),
]


@pytest.mark.parametrize("name", sorted(FINDINGS))
@pytest.mark.parametrize("lawful", LAWFUL, ids=range(len(LAWFUL)))
def test_no_watcher_objects_to_what_is_lawful(name: str, lawful: Exchange) -> None:
    assert not isinstance(WATCHERS[name].look(lawful), Finding)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["objects", "collections", "versions", "successes", "title", "id", "more", "date_added", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
URLS = ["https://taxii.example/taxii2/", ROOT, f"{ROOT}collections/", COLLECTION, MANIFEST, ENVELOPE]
URLS += [f"{ENVELOPE}tool--1/", f"{ENVELOPE}tool--1/versions/", f"{ROOT}status/1/", "https://taxii.example"]


@given(
    st.sampled_from(URLS),
    st.binary(max_size=40) | JUNK.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000),
    st.sampled_from([0, 200, 202, 204, 400, 401, 404, 500]),
    st.sampled_from([TAXII, "application/taxii+json", "text/html", "", ";;=", None]),
    st.text(st.characters(codec="latin-1"), max_size=30),
)
def test_watchers_survive_any_answer(url: str, body: bytes, status: int, label: str | None, header: str) -> None:
    for method in ("GET", "POST"):
        seen = exchange(
            url, body, status, method, label=label, WWW_Authenticate=header, X_TAXII_Date_Added_First=header
        )
        for watcher in WATCHERS.values():
            assert isinstance(watcher.look(seen), Finding | bool)


def test_watchers_survive_an_exchange_without_answer() -> None:
    silent = Exchange(Key("p", "a", 1), Request("GET", ENVELOPE), None, "no answer")
    assert not any(watcher.look(silent) for watcher in WATCHERS.values())
