"""What the exchange does with invalid, custom and old objects: refused with rule and place, or kept as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import World, indicator, object_url, objects_url, stamp, world


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def failure(exchange: World, *objects: dict[str, Any], account: str = "member-a") -> str:
    """The message of the one object that was refused."""
    status = exchange.as_(account).post(objects_url(), {"objects": list(objects)}).json
    assert [status["failure_count"], status["success_count"]] == [1, len(objects) - 1]
    return str(status["failures"][0]["message"])


@pytest.mark.parametrize(
    ("wrong", "rule", "place"),
    [
        ({"valid_until": stamp(-1)}, "S-IND-1", "/valid_until"),
        ({"pattern": "[ipv4-addr:value = "}, "S-IND-4", "/pattern"),
        ({"confidence": 101}, "S-CMN-3", "/confidence"),
        ({"external_references": []}, "S-LIST-1", "/external_references"),
        ({"created_by_ref": "malware--0f1ae8f3-7c8d-4a2b-9d6e-000000000001"}, "S-CMN-4", "/created_by_ref"),
    ],
)
def test_what_breaks_a_must_is_refused_with_rule_clause_and_place_and_its_neighbour_is_taken(
    exchange: World, wrong: dict[str, Any], rule: str, place: str
) -> None:
    good, bad = indicator(), indicator(**wrong)
    said = failure(exchange, bad, good)
    assert said.startswith(f"{rule}, ")
    assert place in said
    assert exchange.seen("member-a") == [(good["id"], good["modified"])]


def test_what_breaks_a_should_is_taken(exchange: World) -> None:
    version_1_id = indicator(id="indicator--0f1ae8f3-7c8d-1a2b-9d6e-000000000001")
    exchange.share("member-a", version_1_id)
    assert exchange.seen("member-b") == [(version_1_id["id"], version_1_id["modified"])]


def test_a_later_version_keeps_creation_and_creator(exchange: World) -> None:
    first = indicator(1)
    exchange.share("member-a", first)
    assert failure(exchange, {**first, "modified": stamp(2), "created": stamp(1)}).startswith("S-VER-2, ")
    owned = indicator(1, created_by_ref="identity--0f1ae8f3-7c8d-4a2b-9d6e-000000000001")
    exchange.share("member-a", owned)
    taken_over = {**owned, "modified": stamp(2), "created_by_ref": "identity--0f1ae8f3-7c8d-4a2b-9d6e-000000000002"}
    assert failure(exchange, taken_over).startswith("S-VER-4, ")
    exchange.share("member-a", {**owned, "modified": stamp(2)})


def test_nothing_follows_a_revoked_version(exchange: World) -> None:
    first = indicator(1)
    exchange.share("member-a", first, {**first, "modified": stamp(2), "revoked": True})
    assert failure(exchange, {**first, "modified": stamp(3)}).startswith("S-VER-5, ")
    exchange.share("member-a", {**first, "modified": stamp(1).replace("000Z", "500Z")})


def test_versions_of_another_contributor_are_not_held_against_one(exchange: World) -> None:
    hidden = indicator(1, marks=["red"], revoked=True)
    exchange.share("member-b", hidden)
    own = {**indicator(2, id=hidden["id"]), "created": stamp(1)}
    exchange.share("member-a", own)
    assert exchange.seen("member-a") == [(own["id"], own["modified"])]


def test_a_translation_has_to_fit_what_its_contributor_stored(exchange: World) -> None:
    report = indicator(1)
    exchange.share("member-a", report)
    words = {
        "type": "language-content",
        "spec_version": "2.1",
        "id": "language-content--0f1ae8f3-7c8d-4a2b-9d6e-000000000003",
        "created": stamp(1),
        "modified": stamp(1),
        "object_ref": report["id"],
        "object_modified": stamp(5),
        "contents": {"de": {"name": "Anzeichen"}},
    }
    assert failure(exchange, words).startswith("S-LC-2, ")
    exchange.share("member-a", {**words, "object_modified": report["modified"]})


def test_custom_objects_and_properties_come_back_whole(exchange: World) -> None:
    extension = "extension-definition--0f1ae8f3-7c8d-4a2b-9d6e-000000000004"
    custom = {
        **{name: value for name, value in indicator().items() if name in ("spec_version", "created", "modified")},
        "type": "x-acme-case",
        "id": "x-acme-case--0f1ae8f3-7c8d-4a2b-9d6e-000000000005",
        "extensions": {extension: {"extension_type": "new-sdo"}},
        "steps": [{"n": 1.5, "who": "é"}],
    }
    exchange.share("member-a", custom, {**indicator(), "x_acme_score": {"low": 1}})
    assert exchange.as_("member-b").get(object_url(custom["id"])).json["objects"] == [custom]
