"""A second client that is not ours reads the exchange: cytaxii2, which shares no code with taxii2-client.

It follows the `default` of discovery, sends a media type with its version, and pages by whatever `next` it was given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cytaxii2 import cytaxii2

from isao_reference.cli.load import load
from tests.support.live import LiveExchange, live_demo

REAL = "oasis-examples-stix21.ndjson.gz"
PAGE = 25


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveExchange]:
    with live_demo(tmp_path_factory.mktemp("cytaxii2")) as exchange:
        yield exchange


@pytest.fixture
def client(live: LiveExchange, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its only setting for certificates is the environment."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(live.ca_file))
    monkeypatch.setenv("NO_PROXY", "*")
    reader = live.actors["member-a"]
    return cytaxii2.cytaxii2(live.discovery, reader.name, reader.secret)


def _good(said: dict[str, Any], status: int = 200) -> dict[str, Any]:
    assert (said["status"], said["status_code"]) == (True, status), said
    return dict(said["response"])


def test_cytaxii2_finds_its_way_from_discovery_to_a_collection(live: LiveExchange, client: Any) -> None:
    assert _good(client.discovery_request())["default"] == live.api_root
    assert "application/taxii+json;version=2.1" in _good(client.root_discovery())["versions"]
    listed = _good(client.collection_request())["collections"]
    assert len(listed) > 1
    for collection in listed:
        assert _good(client.collection_data_request(collection["id"])) == collection


def test_cytaxii2_posts_and_reads_back_what_it_posted(live: LiveExchange, client: Any) -> None:
    collection = next(c["id"] for c in _good(client.collection_request())["collections"] if c["can_write"])
    posted = {
        "type": "identity",
        "spec_version": "2.1",
        "id": "identity--0f1dd4b6-6f9c-4f9d-8b0a-5d0b4b6c7a11",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": "drill identity",
        "object_marking_refs": ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"],
    }
    status = _good(client.inbox_request(collection, json.dumps({"objects": [posted]})), 202)
    assert (status["status"], status["success_count"]) == ("complete", 1)
    assert _good(client.poll_request(collection, object_id=posted["id"]))["objects"] == [posted]


def test_cytaxii2_pages_through_real_data(real_data: Path, live: LiveExchange, client: Any) -> None:
    command = [str(real_data / REAL), "--database", str(live.settings.database), "--account", "member-a"]
    result = CliRunner().invoke(load, command)
    assert result.exit_code == 0, result.output
    collection = result.stdout.split("Collection ")[1].split(": ")[1].split()[0]
    whole = _good(client.poll_request(collection, limit=1000))
    assert not whole.get("more")
    paged: list[dict[str, Any]] = []
    position = None
    while True:
        page = _good(client.poll_request(collection, limit=PAGE, next=position))
        assert len(page["objects"]) <= PAGE
        paged += page["objects"]
        if not page.get("more"):
            break
        position = page["next"]
    assert len(paged) > 2 * PAGE
    assert paged == whole["objects"]


def test_cytaxii2_is_told_when_its_password_is_wrong(live: LiveExchange, client: Any) -> None:
    client.auth = (client.auth[0], "not the password")
    said = client.collection_request()
    assert said["status"] is False
    assert "title" in said["response"] or said["status_code"] == 401
