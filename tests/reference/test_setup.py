"""What an operator does from outside HTTP: each mistake is refused with a sentence."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isao_reference import setup
from isao_reference.setup import SetupError
from isao_reference.store.sqlite import Store, StoreError
from tests.support.world import OPEN, World, indicator, objects_url, old_form

MISTAKES: dict[str, Callable[[Store], Any]] = {
    "organization twice": lambda store: setup.create_organization(store, "north", "North", "member"),
    "organization id": lambda store: setup.create_organization(store, "North Inc", "North", "member"),
    "kind": lambda store: setup.create_organization(store, "x", "X", "friend"),
    "standing": lambda store: setup.create_organization(store, "x", "X", "member", standing="fine"),
    "unknown organization": lambda store: setup.set_standing(store, "nobody", "good"),
    "unknown standing": lambda store: setup.set_standing(store, "north", "fine"),
    "account twice": lambda store: setup.create_account(store, "member-a", "north", "member"),
    "account name": lambda store: setup.create_account(store, "a:b", "north", "member"),
    "role": lambda store: setup.create_account(store, "x", "north", "root"),
    "auth": lambda store: setup.create_account(store, "x", "north", "member", auth="digest"),
    "account of nobody": lambda store: setup.create_account(store, "x", "nobody", "member"),
    "operator of a member": lambda store: setup.create_account(store, "x", "north", "operator"),
    "analyst of a peer": lambda store: setup.create_account(store, "x", "lakeside", "analyst"),
    "empty secret": lambda store: setup.create_account(store, "x", "north", "member", secret=""),
    "secret with a line break": lambda store: setup.create_account(store, "x", "north", "member", secret="a\nb"),
    "bearer with a space": lambda store: setup.create_account(
        store, "x", "north", "member", auth="bearer", secret="a b"
    ),
    "collection id": lambda store: setup.create_collection(store, "X", id="x"),
    "collection id version 1": lambda store: setup.create_collection(store, "X", id=str(uuid.uuid1())),
    "collection id in capitals": lambda store: setup.create_collection(store, "X", id=str(uuid.uuid4()).upper()),
    "collection twice": lambda store: setup.create_collection(store, "X", id=OPEN),
    "alias twice": lambda store: setup.create_collection(store, "X", alias="open"),
    "alias": lambda store: setup.create_collection(store, "X", alias="a/b"),
    "alias of an id": lambda store: setup.create_collection(store, "X", alias=OPEN),
    "reader": lambda store: setup.create_collection(store, "X", readers=["everybody"]),
    "public writer": lambda store: setup.create_collection(store, "X", writers=["public"]),
    "ingest into nothing": lambda store: setup.ingest(store, "nothing", [], "operator"),
    "ingest by nobody": lambda store: setup.ingest(store, OPEN, [], "nobody"),
    "label": lambda store: setup.ingest(store, OPEN, [], "operator", default_label="white"),
    "default label too open": lambda store: setup.set_capability_document(
        store, {"distribution": {"default_label": "green"}}
    ),
    "map too wide": lambda store: setup.set_capability_document(
        store, {"distribution": {"labels": {"red": ["members"]}}}
    ),
    "document name": lambda store: setup.set_policy_document(store, "../isao.json", b""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_refused_and_changes_nothing(exchange: World, name: str) -> None:
    def dump() -> list[Any]:
        with exchange.store.reading() as db:
            tables = ("organizations", "accounts", "collections", "documents", "items", "meta")
            return [db.execute(f"SELECT * FROM {table}").fetchall() for table in tables]

    before = dump()
    with pytest.raises(SetupError) as caught:
        MISTAKES[name](exchange.store)
    assert len(str(caught.value)) > 10
    assert dump() == before


def test_secrets_are_random_unless_given(exchange: World) -> None:
    one = setup.create_account(exchange.store, "one", "north", "member")
    two = setup.create_account(exchange.store, "two", "north", "member", auth="bearer")
    assert one != two
    assert min(len(one), len(two)) >= 43
    assert setup.create_account(exchange.store, "three", "north", "member", secret="given") == "given"
    listed = {account.name: account for account in setup.list_accounts(exchange.store)}
    assert {"one", "two", "three", "member-a"} <= set(listed)
    assert listed["ex-member"].standing == "former"
    with exchange.store.reading() as db:
        kept = {row[0] for row in db.execute("SELECT secret FROM credentials")}
    assert not any(secret in text for text in kept for secret in (one, two, "given"))


def test_ingest_tells_of_each_object(exchange: World) -> None:
    good, old = indicator(), old_form(indicator())
    raws = [
        json.dumps(good).encode() + b"\n",
        b'{"a":1,"a":2}',
        json.dumps(old).encode(),
        b"[]",
        json.dumps(good).encode(),
        json.dumps(good | {"name": "other"}).encode(),
        b"[" * 63 + b"]" * 63,
    ]
    found = setup.ingest(exchange.store, "open", raws, "operator", default_label="green")
    assert [one.ok for one in found] == [True, False, True, False, True, False, False]
    assert [one.id for one in found][:4] == [good["id"], "objects[1]", old["id"], "objects[3]"]
    assert "twice" in found[1].why
    assert "other content" in found[5].why
    body = exchange.as_("peer").get(objects_url(), query=f"match[id]={good['id']}").body
    assert body == b'{"objects":[' + json.dumps(good).encode() + b"]}"


def test_ingest_is_one_transaction(exchange: World) -> None:
    def objects() -> Any:
        yield json.dumps(indicator()).encode()
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        setup.ingest(exchange.store, OPEN, objects(), "operator")
    assert exchange.seen("operator") == []


def test_another_form_of_database_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "x.sqlite"
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StoreError, match="99"):
        setup.open_store(database)


def test_a_commit_is_on_disk_before_it_returns(exchange: World) -> None:
    with exchange.store.writing() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_reader_cannot_write(exchange: World) -> None:
    with exchange.store.reading() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM items")
    assert exchange.as_("member-a").get("/taxii2/").status == 200


def test_a_store_opens_again_as_it_was(tmp_path: Path) -> None:
    first = setup.open_store(tmp_path / "x.sqlite")
    setup.create_organization(first, "north", "North", "member")
    key = first.cursor_key
    first.close()
    again = setup.open_store(tmp_path / "x.sqlite")
    assert again.cursor_key == key
    assert len(key) == 32
    with pytest.raises(SetupError):
        setup.create_organization(again, "north", "North", "member")
    again.close()


def test_a_store_is_its_owners_and_other_files_are_refused(tmp_path: Path) -> None:
    store = setup.open_store(tmp_path / "x.sqlite")
    with store.writing() as db:
        db.execute("DELETE FROM items")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert "x.sqlite-wal" in modes
    assert set(modes.values()) == {0o600}
    store.close()
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    for path in (tmp_path / "notes.txt", tmp_path / "missing" / "x.sqlite", tmp_path):
        with pytest.raises(StoreError, match="no store can be opened"):
            setup.open_store(path)
