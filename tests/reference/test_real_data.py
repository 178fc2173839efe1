"""Real threat data goes in through `isao load` and comes back over TAXII complete and unchanged.

Its contributor reads all of it; another member all but what is TLP:RED. The reader is taxii2-client, which
is not ours. Numbers are compared as they are written, not as they round.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from isao_reference.cli.load import load
from tests.conftest import real_files
from tests.support.live import LiveExchange, live_demo

PUSH_LANE_OCTETS = 100_000  # files up to this size are read in every push
PAGE = 500
CONTRIBUTOR = "member-a"
RED = {
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",  # TLP 1.0, STIX 2.1, 7.2.1.4
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",  # TLP 2.0
}


INVALID = {"capec-stix21.ndjson.gz": 3, "ics-attack-18.1.json.gz": 4}
"""Objects of real data that break a MUST of STIX 2.1: empty lists, and addresses that begin with a space."""


def _files() -> list[Any]:
    """One parameter a file; larger ones only in the full lane. Without files the fixture speaks."""
    return [
        pytest.param(
            path.name, marks=[pytest.mark.full] if path.stat().st_size > PUSH_LANE_OCTETS else [], id=path.name
        )
        for path in real_files()
    ] or [pytest.param("none", marks=[pytest.mark.full])]


def _exactly(text: str | bytes) -> Any:
    """JSON with every number as the text it is written with."""
    return json.loads(text, parse_float=str, parse_int=str)


def _objects_of(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file, by the standard library alone."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    lines = content.split(b"\n") if ".ndjson" in path.name else [content]
    for value in (_exactly(line) for line in lines if line.strip()):
        yield from value["objects"] if value.get("type") == "bundle" else [value]


def _is_red(item: dict[str, Any]) -> bool:
    granular = {marking.get("marking_ref") for marking in item.get("granular_markings", [])}
    return not RED.isdisjoint({*item.get("object_marking_refs", []), *granular})


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["id"], item.get("modified") or item.get("created") or ""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveExchange]:
    with live_demo(tmp_path_factory.mktemp("real-data")) as exchange:
        yield exchange


def _read_back(live: LiveExchange, collection: str, actor: str) -> list[dict[str, Any]]:
    """Every version in the collection that the actor's client for TAXII 2.1 pages through."""
    from taxii2client import common, v21

    reader = live.actors[actor]
    connection = common._HTTPConnection(reader.name, reader.secret, str(live.ca_file), version="2.1")
    connection.session.trust_env = False
    bodies: list[str] = []
    connection.session.hooks["response"].append(lambda response, **_: bodies.append(response.text))
    url = f"{live.api_root}collections/{collection}/"
    pages = v21.as_pages(v21.Collection(url, conn=connection).get_objects, per_request=PAGE, version="all")
    count = sum(len(page.get("objects", [])) for page in pages)
    objects = [item for body in bodies[1:] for item in _exactly(body).get("objects", [])]  # [0] is the collection
    assert len(objects) == count
    return objects


@pytest.mark.parametrize("name", _files())
def test_a_file_of_real_data_is_served_complete_and_unchanged(real_data: Path, live: LiveExchange, name: str) -> None:
    path = real_data / name
    command = [str(path), "--database", str(live.settings.database), "--account", CONTRIBUTOR]
    refused = INVALID.get(name, 0)
    result = CliRunner().invoke(load, command)
    assert result.exit_code == (1 if refused else 0), result.output
    assert f", {refused} refused" in result.stdout
    if refused:  # each says which rule it breaks; an operator may take it all the same
        assert result.stdout.count("refused: ") == refused
        assert all(": S-" in line for line in result.stdout.splitlines() if line.startswith("refused: "))
        result = CliRunner().invoke(load, [*command, "--keep-invalid"])
        assert (result.exit_code, ", 0 refused" in result.stdout) == (0, True), result.output
    collection = result.stdout.split("Collection ")[1].split(": ")[1].split()[0]

    sent = {_key(item): item for item in _objects_of(path)}
    received = _read_back(live, collection, CONTRIBUTOR)
    assert len(received) == len(sent)
    found = {_key(item): item for item in received}
    assert [key for key, item in sent.items() if found.get(key) != item] == []

    others = {_key(item): item for item in _read_back(live, collection, "member-b")}
    assert others == {key: item for key, item in sent.items() if not _is_red(item)}


def test_the_comparison_sees_a_number_that_was_rounded() -> None:
    assert _exactly('{"n": 1.10}') != _exactly('{"n": 1.1}')
    assert _exactly('{"n": 10000000000000001}') != _exactly('{"n": 10000000000000000}')
