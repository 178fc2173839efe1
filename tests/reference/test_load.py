"""`isao load`: what it reads, what it refuses in which words, and how it ends."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from isao_reference import stix_files

FIRST = {"type": "tool", "id": "tool--1", "number": 1.10}
SECOND = {"type": "tool", "id": "tool--2", "text": "a\u2028b"}


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def _json(value: Any, **options: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, **options).encode()


BUNDLE = {"type": "bundle", "id": "bundle--1", "objects": [FIRST, SECOND]}
ENVELOPE = {"more": False, "objects": [FIRST, SECOND]}
FORMS = {
    "bundle.json": _json(BUNDLE),
    "bundle-pretty.json": b"\xef\xbb\xbf\n" + _json(BUNDLE, indent=2),
    "bundle.json.gz": _json(BUNDLE, indent=2),
    "envelope.json": _json(ENVELOPE),
    "objects.ndjson": _json(FIRST) + b"\n\n" + _json(SECOND) + b"\n",
    "objects.ndjson.gz": _json(FIRST) + b"\n" + _json(SECOND),
    "mixed.ndjson": _json({"type": "bundle", "objects": [FIRST]}) + b"\n" + _json({"objects": [SECOND]}),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_of_file_yields_the_same_objects(tmp_path: Path, name: str) -> None:
    path = _write(tmp_path / name, FORMS[name])
    found = list(stix_files.read_objects(path))
    assert [json.loads(item.raw) for item in found] == [FIRST, SECOND]
    assert [item.id for item in found] == ["tool--1", "tool--2"]
    assert stix_files.check_files([path, path]) == 4


def test_positions_name_the_line_and_the_object(tmp_path: Path) -> None:
    lines = [_json({"type": "bundle", "objects": [FIRST, SECOND]}), b"", _json(SECOND)]
    path = _write(tmp_path / "x.ndjson", b"\n".join(lines))
    assert [item.position for item in stix_files.read_objects(path)] == [
        "line 1, object 1",
        "line 1, object 2",
        "line 3",
    ]


def test_the_bytes_of_an_object_are_those_of_the_file(tmp_path: Path) -> None:
    text = b'{"type":"bundle","objects":[ {"id" : "a--1",  "n": 1.10e2 , "s":"\\u00e9"} ]}'
    (found,) = stix_files.read_objects(_write(tmp_path / "x.json", text))
    assert found.raw == b'{"id" : "a--1",  "n": 1.10e2 , "s":"\\u00e9"}'


def test_objects_as_a_dictionary_is_observed_data_of_stix_20_not_a_container(tmp_path: Path) -> None:
    item = {"type": "observed-data", "id": "observed-data--1", "objects": {"0": {"type": "file"}}}
    (found,) = stix_files.read_objects(_write(tmp_path / "x.json", _json(item)))
    assert json.loads(found.raw) == item


UNREADABLE = {
    "empty.json": (b"", "the file is empty"),
    "cut.json": (_json(BUNDLE, indent=2)[:-30], "not JSON"),
    "line-2.ndjson": (_json(FIRST) + b"\n{oops}\n", "line 2, not JSON"),
    "pretty-line-4.json": (b'{\n "type": "bundle",\n "objects": [\n  oops\n ]\n}', "line 4: not JSON"),
    "latin-1.json": (b'{\n "type": "bundle",\n "name": "caf\xe9"\n}', "line 3: not JSON"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_named_with_fault_and_remedy(tmp_path: Path, name: str) -> None:
    content, words = UNREADABLE[name]
    path = _write(tmp_path / name, content)
    with pytest.raises(stix_files.UnreadableFile) as caught:
        stix_files.check_files([path])
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert ";" in message
    assert "\n" not in message


def test_missing_folder_not_gzip_and_truncated_gzip_each_have_their_words(tmp_path: Path) -> None:
    packed = gzip.compress(_json(BUNDLE) * 50)
    not_gzip = tmp_path / "a.json.gz"
    not_gzip.write_bytes(_json(BUNDLE))
    truncated = tmp_path / "b.json.gz"
    truncated.write_bytes(packed[:-12])
    damaged = tmp_path / "c.json.gz"
    damaged.write_bytes(packed[:30] + b"\xff\xff\xff\xff" + packed[34:])
    faults = {
        tmp_path / "nowhere.json": "no such file",
        tmp_path: "this is a folder",
        not_gzip: "not gzip data",
        truncated: "ends too early",
        damaged: "damaged",
    }
    for path, words in faults.items():
        with pytest.raises(stix_files.UnreadableFile, match=words):
            stix_files.check_files([path])
