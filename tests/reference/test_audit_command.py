"""`isao audit`: copies, heads and keys from a database; checking them with files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isao_reference.audit import heads
from isao_reference.cli.audit import audit
from isao_reference.cli.load import load
from tests.support.world import World, indicator, objects_url


def run(*arguments: object) -> Result:
    return CliRunner().invoke(audit, [str(one) for one in arguments])


@pytest.fixture
def files(exchange: World, tmp_path: Path) -> dict[str, Path]:
    """An export, a head and a key of an exchange where something was done; and a head of one organization."""
    exchange.share("member-a", indicator(marks=["green"]))
    for _ in range(3):
        exchange.as_("member-b").get(objects_url())
    exchange.app.state.trail.flush()
    database = exchange.settings.database
    made = {"database": database}
    for name, arguments in {
        "log": ["export"],
        "head": ["head"],
        "key": ["key"],
        "south": ["export", "--log", "south"],
        "south-head": ["head", "--log", "south"],
    }.items():
        done = run(arguments[0], "--database", database, *arguments[1:])
        assert done.exit_code == 0, done.output
        made[name] = tmp_path / f"{name}.json"
        made[name].write_text(done.stdout, "utf-8")
    return made


def test_an_export_is_verified_with_head_and_key(files: dict[str, Path]) -> None:
    done = run("verify", files["log"], "--head", files["head"], "--key", files["key"])
    assert done.exit_code == 0, done.output
    assert "the copy begins with exactly these" in done.output
    assert "not checked" not in done.output
    both = run("verify", files["log"], "--head", files["south-head"], "--key", files["key"])
    assert both.exit_code == 0, both.output
    assert "head of the log of south, 3 entries" in both.output
    one = run("verify", files["south"], "--head", files["south-head"], "--key", files["key"])
    assert one.exit_code == 0, one.output
    assert "3 entries" in one.output


def test_what_was_not_checked_is_said(files: dict[str, Path]) -> None:
    done = run("verify", files["log"])
    assert done.exit_code == 0
    assert "Signatures were not checked" in done.output
    assert "missing at the end would not be seen" in done.output


def test_a_changed_a_cut_and_another_copy_end_with_1(files: dict[str, Path], tmp_path: Path) -> None:
    rows = files["log"].read_bytes().splitlines(keepends=True)
    copies = {
        "changed": files["log"].read_bytes().replace(b'"member-b"', b'"member-a"', 1),
        "cut": b"".join(rows[1:-2]),
        "no JSON": b"something else\n",
        "other JSON": b'{"a":1}\n',
        "empty": b"",
    }
    for name, octets in copies.items():
        path = tmp_path / "copy"
        path.write_bytes(octets)
        done = run("verify", path, "--head", files["head"], "--key", files["key"])
        assert (name, done.exit_code) == (name, 1)
        assert "fault: " in done.output


def test_a_forged_head_ends_with_1_and_a_wrong_key_too(files: dict[str, Path], tmp_path: Path) -> None:
    head = json.loads(files["head"].read_text("utf-8"))
    forged = tmp_path / "forged.json"
    other = heads.sign(bytes(32), "*", head["size"], bytes.fromhex(head["root"]), head["time"])
    forged.write_text(json.dumps(other), "utf-8")
    assert run("verify", files["log"], "--head", forged, "--key", files["key"]).exit_code == 1
    forged.write_text(json.dumps(heads.public_key(bytes(32))), "utf-8")
    assert run("verify", files["log"], "--head", files["head"], "--key", forged).exit_code == 1


def test_the_key_may_stand_in_a_set_or_in_a_capability_document(files: dict[str, Path], tmp_path: Path) -> None:
    key = json.loads(files["key"].read_text("utf-8"))
    path = tmp_path / "keys.json"
    for form in ([key], {"keys": [key]}, {"schema": "isao-capability/1", "keys": {"keys": [{"kty": "RSA"}, key]}}):
        path.write_text(json.dumps(form), "utf-8")
        assert run("verify", files["log"], "--key", path).exit_code == 0
    for form in ({}, [], {"keys": []}, "text"):
        path.write_text(json.dumps(form), "utf-8")
        assert run("verify", files["log"], "--key", path).exit_code == 2


def test_files_that_cannot_be_read_end_with_2(files: dict[str, Path], tmp_path: Path) -> None:
    assert run("verify", tmp_path / "missing").exit_code == 2
    assert run("verify", files["log"], "--head", tmp_path / "missing").exit_code == 2
    assert run("verify").exit_code == 2
    assert run("export", "--database", tmp_path / "missing").exit_code == 2
    (tmp_path / "text").write_text("no JSON", "utf-8")
    assert run("verify", files["log"], "--head", tmp_path / "text").exit_code == 2


def test_who_answered_for_a_label_is_in_the_export(exchange: World, tmp_path: Path) -> None:
    stix = tmp_path / "objects.ndjson"
    stix.write_text(json.dumps(indicator()), "utf-8")
    database = ["--database", str(exchange.settings.database)]
    said = ["--default-tlp", "clear", "--reviewed-by", "analyst"]
    done = CliRunner().invoke(load, [str(stix), *database, "--account", "operator", "--collection", "open", *said])
    assert done.exit_code == 0, done.output
    last = json.loads(run("export", *database).stdout.splitlines()[-1])
    assert (last["details"]["concerns"]["label"], last["details"]["concerns"]["reviewed_by"]) == ("clear", "analyst")
