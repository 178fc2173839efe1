"""`isao publish`: a document that is not right publishes nothing; one that is counts at once."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from isao_reference import scenario, setup
from isao_reference.audit import heads
from isao_reference.cli.publish import publish
from isao_reference.store import documents

BASE = "https://isao.example/"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    setup.open_store(tmp_path / "exchange.db").close()
    (tmp_path / "sharing.txt").write_text("Be kind.\n")
    (tmp_path / "security.txt").write_text("Contact: mailto:security@isao.example\n")
    return tmp_path / "exchange.db"


def _document(digest: str, database: Path) -> dict[str, Any]:
    with closing(setup.open_store(database)) as store:
        key = heads.public_key(store.audit_key)
    urls = {policy.file: f"{BASE}policies/{policy.file}" for policy in scenario.load().policies}
    document = scenario.capability_document(BASE, urls, date(2026, 11, 22), key)
    document["policies"][0] |= {"url": f"{BASE}policies/sharing.txt", "sha256": digest}
    document["distribution"]["labels"]["green"] = ["members"]
    return document


def _publish(database: Path, document: Any, *options: str) -> Result:
    file = database.parent / "isao.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return CliRunner().invoke(publish, [str(file), "--database", str(database), *options])


def _stored(database: Path, name: str) -> bytes | None:
    store = setup.open_store(database)
    try:
        with store.reading() as db:
            found = documents.get_document(db, name)
            return None if found is None else found[1]
    finally:
        store.close()


def test_what_is_published_is_served_and_followed(database: Path) -> None:
    policy, contact = database.parent / "sharing.txt", database.parent / "security.txt"
    document = _document(hashlib.sha256(policy.read_bytes()).hexdigest(), database)
    result = _publish(database, document, "--policy", str(policy), "--security-txt", str(contact))
    assert (result.exit_code, result.stdout) == (
        0,
        "Published: /.well-known/isao.json, /policies/sharing.txt, /.well-known/security.txt\n",
    )
    assert json.loads(_stored(database, "isao.json") or b"") == document
    assert _stored(database, "policies/sharing.txt") == b"Be kind.\n"
    assert _stored(database, "security.txt") == contact.read_bytes()
    store = setup.open_store(database)
    with store.reading() as db:
        assert documents.policy_settings(db)[0]["green"] == ["members"]
        assert documents.membership_criteria(db) == ("constituency", "minimum-security")
    store.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: "{", "is not JSON"),
        (lambda _: "[]", "nothing was published"),
        (lambda d: {k: v for k, v in d.items() if k != "contacts"}, "contacts"),
        (lambda d: d | {"membership": {"criteria": []}}, "/membership/criteria"),
        (lambda d: d | {"keys": {"keys": [heads.public_key(bytes(32))]}}, "isao audit key"),
    ],
    ids=["no-json", "no-object", "part-missing", "no-criterion", "another-key-for-the-audit-log"],
)
def test_a_document_with_a_fault_publishes_nothing(database: Path, change: Any, said: str) -> None:
    policy = database.parent / "sharing.txt"
    document = change(_document(hashlib.sha256(policy.read_bytes()).hexdigest(), database))
    result = _publish(database, document, "--policy", str(policy))
    assert result.exit_code == 2
    assert said in result.output
    assert (_stored(database, "isao.json"), _stored(database, "policies/sharing.txt")) == (None, None)


def test_a_policy_whose_digest_is_not_stated_is_not_published(database: Path) -> None:
    policy = database.parent / "sharing.txt"
    result = _publish(database, _document("0" * 64, database), "--policy", str(policy))
    assert result.exit_code == 2
    assert hashlib.sha256(policy.read_bytes()).hexdigest() in result.output
    assert _stored(database, "isao.json") is None


def test_a_map_wider_than_tlp_allows_is_refused(database: Path) -> None:
    document = _document("0" * 64, database)
    document["distribution"]["labels"]["red"] = ["members"]
    result = _publish(database, document)
    assert result.exit_code == 2
    assert _stored(database, "isao.json") is None


def test_files_that_are_not_there_are_named(database: Path) -> None:
    result = CliRunner().invoke(publish, ["nowhere.json", "--database", str(database)])
    assert (result.exit_code, "nowhere.json: cannot be read" in result.output) == (2, True)
    result = _publish(database, _document("0" * 64, database), "--policy", "lost.txt")
    assert (result.exit_code, "lost.txt: cannot be read" in result.output) == (2, True)
