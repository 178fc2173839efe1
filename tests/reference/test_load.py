"""`isao load`: what it reads, what it refuses in which words, and how it ends."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from isao_reference import stix_files
from isao_reference.cli.load import load as load_command
from tests.support.live import prepared_demo_database

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
    members = {"0": {"type": "file"}}
    observed = {"type": "observed-data", "id": "observed-data--1", "objects": members}
    for item in (observed, {"objects": members}, {"type": "bundle", "objects": members}):
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


# --- the command -------------------------------------------------------------------------------------------

STATEMENT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--0b8f9a52-6d1e-4f0c-8a3b-3f8c6f0f2d11",
    "created": "2026-11-01T00:00:00.000Z",
    "definition_type": "statement",
    "definition": {"statement": "Copyright of a fictional organization."},
}


def _note(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--00000000-0000-4000-8000-{number:012x}",
        "created": "2026-11-01T00:00:00.000Z",
        "modified": "2026-11-01T00:00:00.000Z",
        "content": f"note {number}",
        "object_refs": [STATEMENT["id"]],
        **more,
    }


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "exchange.sqlite"
    shutil.copyfile(prepared_demo_database().database, path)
    return path


def _load(database: Path, *arguments: str | Path, account: str = "analyst") -> Result:
    command = [*map(str, arguments), "--database", str(database), "--account", account]
    return CliRunner().invoke(load_command, command)


def _rows(database: Path, columns: str = "c.title, i.object_id, i.label, i.body") -> list[tuple[Any, ...]]:
    """What is stored in collections that the load made or filled."""
    with closing(sqlite3.connect(database)) as db:
        return db.execute(
            f"SELECT {columns} FROM items i JOIN collections c ON c.key = i.collection"
            " WHERE c.title NOT IN ('Community', 'Library', 'Advisories', 'Archive') ORDER BY i.key"
        ).fetchall()


def test_each_file_goes_into_a_new_collection_named_after_it(tmp_path: Path, database: Path) -> None:
    one = _write(tmp_path / "one.json.gz", _json({"type": "bundle", "objects": [_note(1), _note(2)]}))
    two = _write(tmp_path / "two.ndjson", _json(_note(3)))
    result = _load(database, one, two)
    assert result.exit_code == 0, result.output
    assert "3 objects loaded, 0 refused" in result.stdout
    assert [(title, id[-1]) for title, id in _rows(database, "c.title, i.object_id")] == [
        ("one", "1"),
        ("one", "2"),
        ("two", "3"),
    ]


def test_all_files_into_one_named_collection_and_again_changes_nothing(tmp_path: Path, database: Path) -> None:
    paths = [_write(tmp_path / f"{number}.json", _json(_note(number))) for number in (1, 2)]
    for _ in range(2):
        result = _load(database, *paths, "--collection", "workbench")
        assert result.exit_code == 0, result.output
        assert "2 objects loaded, 0 refused" in result.stdout
    assert [title for (title,) in _rows(database, "c.title")] == ["Workbench", "Workbench"]


def test_one_new_collection_for_all_files_with_its_readers(tmp_path: Path, database: Path) -> None:
    paths = [_write(tmp_path / f"{number}.json", _json(_note(number))) for number in (1, 2)]
    result = _load(database, *paths, "--new-collection", "Both", "--reader", "peers", "--reader", "members")
    assert result.exit_code == 0, result.output
    assert [(title, json.loads(who)) for title, who in _rows(database, "c.title, c.readers")] == [
        ("Both", ["peers", "members"])
    ] * 2


def test_the_stored_bytes_are_those_of_the_file(tmp_path: Path, database: Path) -> None:
    text = json.dumps(_note(1)).replace(": ", " :  ").encode()
    _load(database, _write(tmp_path / "x.json", b'{"objects": [' + text + b"]}"), "--collection", "workbench")
    assert [body for (body,) in _rows(database, "i.body")] == [text]


def test_refused_objects_are_named_with_file_position_id_and_reason(tmp_path: Path, database: Path) -> None:
    lines = [_json(_note(1)), b'{"type": "note", "id": "note--oops"}', b"[1]", _json(_note(2))]
    path = _write(tmp_path / "x.ndjson", b"\n".join(lines))
    result = _load(database, path)
    assert result.exit_code == 1
    refused = [line for line in result.stdout.splitlines() if line.startswith("refused: ")]
    assert [line.split(": ")[1:4] for line in refused] == [
        [str(path), "line 2", "note--oops"],
        [str(path), "line 3", "no id"],
    ]
    assert all(len(line.split(": ", 4)[4]) > 10 for line in refused)
    assert "2 objects loaded, 2 refused" in result.stdout
    assert len(_rows(database)) == 2


def test_only_the_first_twenty_refusals_are_shown_and_the_rest_counted(tmp_path: Path, database: Path) -> None:
    result = _load(database, _write(tmp_path / "x.ndjson", b'{"type": "note"}\n' * 25))
    refused = [line for line in result.stdout.splitlines() if line.startswith("refused: ")]
    assert len(refused) == 21
    assert refused[-1] == "refused: 5 more"
    assert "0 objects loaded, 25 refused" in result.stdout


def test_nothing_is_stored_when_a_later_file_is_broken(tmp_path: Path, database: Path) -> None:
    good = _write(tmp_path / "good.json", _json(_note(1)))
    bad = _write(tmp_path / "bad.ndjson", _json(_note(2)) + b"\n{oops}\n")
    before = _rows(database)
    result = _load(database, good, bad)
    assert result.exit_code == 2
    assert f"Error: {bad}: line 2, not JSON" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert _rows(database) == before


def test_a_reviewed_default_label_counts_beside_the_object_and_leaves_it_as_it_is(
    tmp_path: Path, database: Path
) -> None:
    path = _write(tmp_path / "x.json", _json(_note(1)))
    result = _load(database, path, "--default-tlp", "clear", "--reviewed-by", "analyst")
    assert result.exit_code == 0, result.output
    assert "TLP:CLEAR, asserted by analyst" in result.stdout
    ((_, _, label, body),) = _rows(database)
    assert label == "clear"
    assert json.loads(body) == _note(1)
    unreviewed = _write(tmp_path / "y.json", _json(_note(2)))
    _load(database, unreviewed)
    assert [row[2] for row in _rows(database)] == ["clear", "amber"]


def test_a_statement_is_understood_though_it_stands_after_what_it_marks(tmp_path: Path, database: Path) -> None:
    marked = [_note(number, object_marking_refs=[STATEMENT["id"]]) for number in range(600)]
    lines = [*map(_json, marked), _json(STATEMENT)]
    result = _load(database, _write(tmp_path / "x.ndjson", b"\n".join(lines)), account="member-a")
    assert result.exit_code == 0, result.output
    assert "601 objects loaded, 0 refused" in result.stdout
    assert {row[2] for row in _rows(database)} == {"amber"}


USAGE = {
    "--default-tlp clear": "--reviewed-by",
    "--reviewed-by analyst": "--default-tlp",
    "--default-tlp clear --reviewed-by member-a": "is a member",
    "--default-tlp clear --reviewed-by nobody": "no account 'nobody'",
    "--collection nowhere": "no collection 'nowhere'; collections are: community",
    "--collection workbench --new-collection X": "exclude each other",
    "--collection workbench --reader peers": "--reader is for new collections",
}


@pytest.mark.parametrize("options", USAGE)
def test_usage_errors_end_with_2_and_say_what_to_do(tmp_path: Path, database: Path, options: str) -> None:
    result = _load(database, _write(tmp_path / "x.json", _json(_note(1))), *options.split())
    assert result.exit_code == 2
    assert USAGE[options] in result.stderr
    assert _rows(database) == []


def test_an_unknown_account_and_a_missing_or_foreign_database_are_named(tmp_path: Path, database: Path) -> None:
    path = _write(tmp_path / "x.json", _json(_note(1)))
    nobody = _load(database, path, account="nobody")
    assert (nobody.exit_code, "accounts are: analyst" in nobody.stderr) == (2, True)
    missing = _load(tmp_path / "missing.sqlite", path)
    assert (missing.exit_code, "no such database" in missing.stderr) == (2, True)
    assert not (tmp_path / "missing.sqlite").exists()
    foreign = _load(path, path)
    assert (foreign.exit_code, "cannot be opened as a database" in foreign.stderr) == (2, True)


def test_progress_is_told_on_standard_error(tmp_path: Path, database: Path) -> None:
    path = _write(tmp_path / "x.ndjson", b"\n".join(_json(_note(number)) for number in range(1200)))
    result = _load(database, path)
    assert result.exit_code == 0
    assert "1,200 of 1,200 objects (x.ndjson)" in result.stderr
    assert "1,200 of" not in result.stdout


def test_who_loads_answers_for_the_content_unless_a_review_is_asked_for(tmp_path: Path, database: Path) -> None:
    secret = "078-05-1120"
    notes = [
        _note(1, content=f"The victim's SSN is {secret}."),
        _note(2, content="Ask quiet.person@isp.example."),
        _note(3),
    ]
    path = _write(tmp_path / "x.json", _json({"type": "bundle", "objects": notes}))
    reviewed = _load(database, path, "--new-collection", "Reviewed", "--review")
    assert reviewed.exit_code == 1
    assert "1 objects loaded, 2 refused" in reviewed.stdout
    assert "1 of them wait for a person" in reviewed.stdout
    assert "us-ssn at /content" in reviewed.stdout
    bodies = [body.decode() for (body,) in _rows(database, "i.body") if b'"note"' in body]
    assert [json.loads(body)["content"] for body in bodies] == ["note 3", "The victim's SSN is [removed: us-ssn]."]
    trusted = _load(database, path, "--new-collection", "Trusted")
    assert trusted.exit_code == 0, trusted.output
    assert "3 objects loaded, 0 refused" in trusted.stdout
    both = _load(database, path, "--new-collection", "Both", "--review", "--keep-invalid")
    assert both.exit_code == 2
    assert "--keep-invalid" in both.stderr
