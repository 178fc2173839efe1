"""What contributors deleted, kept for some days for the operator alone: no answer to a request is made from it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

TABLE = """
-- Versions that were deleted: when (microseconds), by which account, and all that is needed to store them again. Only
-- an operator's command reads them, and they are removed some days later.
CREATE TABLE deletions (
    key INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    by TEXT NOT NULL,
    collection INTEGER NOT NULL REFERENCES collections(key),
    object_id TEXT NOT NULL,
    version_key TEXT NOT NULL,
    organization TEXT NOT NULL,
    account TEXT NOT NULL,
    label TEXT NOT NULL,
    handling TEXT NOT NULL,
    statement INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX deletions_by_age ON deletions(time);
CREATE INDEX deletions_by_object ON deletions(object_id);
"""

_AS_STORED = "collection, object_id, version_key, organization, account, label, handling, statement, body"


class Deletion(NamedTuple):
    """The versions of one object that one request deleted: when (microseconds), whose they were, which account deleted
    them, and out of which collection."""

    time: int
    organization: str
    by: str
    collection: str
    object_id: str
    versions: int


@dataclass(frozen=True)
class Chosen:
    """Which deletions: of what an organization contributed ("" for any), from a moment on (microseconds), of these
    objects (none: any)."""

    organization: str = ""
    since: int = 0
    objects: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """As an SQL condition with the named values of `values`."""
        objects = " AND object_id IN (SELECT value FROM json_each(:objects))" if self.objects else ""
        return f"(:organization = '' OR organization = :organization) AND time >= :since{objects}"

    @property
    def values(self) -> dict[str, str | int]:
        """What `where` names."""
        return {"organization": self.organization, "since": self.since, "objects": json.dumps(self.objects)}


class Kept(NamedTuple):
    """One deleted version: its row here, and all that is needed to store it again. `defines` says that it defines
    a marking."""

    key: int
    collection: int
    object_id: str
    organization: str
    account: str
    label: str
    handling: str
    defines: bool
    body: bytes


def keep(db: sqlite3.Connection, keys: Iterable[int], by: str, now: int) -> None:
    """Copies rows of items that are about to be deleted by an account."""
    db.executemany(
        f"INSERT INTO deletions (time, by, {_AS_STORED}) SELECT ?, ?, {_AS_STORED} FROM items WHERE key = ?",
        [(now, by, key) for key in keys],
    )


def listed(db: sqlite3.Connection, chosen: Chosen) -> list[Deletion]:
    """What is kept, in the order it was deleted."""
    rows = db.execute(
        "SELECT time, organization, by, collections.title, object_id, COUNT(*) FROM deletions"
        f" JOIN collections ON collections.key = deletions.collection WHERE {chosen.where}"
        " GROUP BY time, organization, by, collection, object_id ORDER BY MIN(deletions.key)",
        chosen.values,
    )
    return [Deletion(*row) for row in rows]


def find(db: sqlite3.Connection, chosen: Chosen) -> list[Kept]:
    """The versions that are kept, the earliest of each object first."""
    rows = db.execute(
        "SELECT key, collection, object_id, organization, account, label, handling, statement, body FROM deletions"
        f" WHERE {chosen.where} ORDER BY version_key, key",
        chosen.values,
    )
    return [Kept(*row) for row in rows]


def shared_anew(db: sqlite3.Connection, keys: Sequence[int]) -> set[int]:
    """Those of the rows whose object the same organization has brought into the collection again after the deletion."""
    rows = db.execute(
        "SELECT deletions.key FROM deletions WHERE key IN (SELECT value FROM json_each(?)) AND EXISTS ("
        " SELECT 1 FROM items WHERE items.object_id = deletions.object_id AND items.collection = deletions.collection"
        " AND items.organization = deletions.organization AND items.date_added > deletions.time)",
        (json.dumps(list(keys)),),
    )
    return {int(row[0]) for row in rows}


def forget(db: sqlite3.Connection, keys: Sequence[int]) -> None:
    """Removes rows for good."""
    db.executemany("DELETE FROM deletions WHERE key = ?", [(key,) for key in keys])


def forget_object(db: sqlite3.Connection, object_id: str, organization: str | None) -> None:
    """Removes for good what an organization (None: any) deleted under an id."""
    db.execute("DELETE FROM deletions WHERE object_id = ? AND ? IN (organization, '')", (object_id, organization or ""))


def forget_before(db: sqlite3.Connection, time: int) -> None:
    """Removes for good what was deleted before a moment (microseconds)."""
    db.execute("DELETE FROM deletions WHERE time < ?", (time,))


def oldest_time(db: sqlite3.Connection) -> int | None:
    """When the first of what is kept was deleted (microseconds)."""
    row = db.execute("SELECT MIN(time) FROM deletions").fetchone()
    return None if row[0] is None else int(row[0])
