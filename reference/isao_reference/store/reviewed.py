"""Which contributed versions a review set aside, what stands for them, and which statuses wait for a decision."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

TABLES = """
-- Versions that a privacy review set aside, or that a copy follows (no record): by what somebody who sends the same
-- again gets the same answer. The content itself is in the record only.
CREATE TABLE reviewed (
    account TEXT NOT NULL,
    collection INTEGER NOT NULL REFERENCES collections(key),
    object_id TEXT NOT NULL,
    version_key TEXT NOT NULL,
    digest BLOB NOT NULL,
    record TEXT NOT NULL,
    copy TEXT NOT NULL,
    PRIMARY KEY (account, collection, object_id, version_key, digest)
) WITHOUT ROWID;
CREATE INDEX reviewed_by_record ON reviewed(record);

-- Which statuses are complete only when a record is decided.
CREATE TABLE awaited (
    record TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (record, status)
) WITHOUT ROWID;
CREATE INDEX awaited_by_status ON awaited(status);
"""


@dataclass(frozen=True)
class Version:
    """One version of an object as an account sent it to a collection (its number); `digest` is of its content."""

    account: str
    collection: int
    object_id: str
    version_key: str
    digest: bytes


_SAME = "account = ? AND collection = ? AND object_id = ? AND version_key = ? AND digest = ?"


def _key(one: Version) -> tuple[str, int, str, str, bytes]:
    return one.account, one.collection, one.object_id, one.version_key, one.digest


def insert(db: sqlite3.Connection, one: Version, record: str, copy: str) -> None:
    """Notes a version that was set aside under a record, or (record "") only followed; `copy` is the id of the object
    that stands for it, "" while there is none."""
    db.execute("INSERT OR REPLACE INTO reviewed VALUES (?, ?, ?, ?, ?, ?, ?)", (*_key(one), record, copy))


def find(db: sqlite3.Connection, one: Version) -> tuple[str, str] | None:
    """(record, copy) of the very same version sent before, or None."""
    row = db.execute(f"SELECT record, copy FROM reviewed WHERE {_SAME}", _key(one)).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


def set_copy(db: sqlite3.Connection, record: str, copy: str) -> None:
    """Notes which object stands for the version of a record."""
    db.execute("UPDATE reviewed SET copy = ? WHERE record = ?", (copy, record))


def copies(db: sqlite3.Connection, account: str, collection: int, objects: Iterable[str]) -> dict[str, str]:
    """What stands for these objects of an account in a collection, by their ids; those without a copy are left out."""
    rows = db.execute(
        "SELECT object_id, copy FROM reviewed WHERE account = ? AND collection = ? AND copy <> ''"
        " AND object_id IN (SELECT value FROM json_each(?)) ORDER BY version_key",
        (account, collection, json.dumps(list(objects))),
    )
    return {str(one): str(copy) for one, copy in rows}


def await_decision(db: sqlite3.Connection, status: str, records: Iterable[str]) -> None:
    """Notes that a status is complete only when these records are decided."""
    db.executemany("INSERT OR IGNORE INTO awaited VALUES (?, ?)", [(record, status) for record in records])


def decided(db: sqlite3.Connection, record: str) -> list[str]:
    """The statuses that waited for a record; they wait for it no longer."""
    rows = db.execute("DELETE FROM awaited WHERE record = ? RETURNING status", (record,)).fetchall()
    return [str(row[0]) for row in rows]
