"""What was revoked, by whom and in which version; kept when the version is deleted, so that it stays revoked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from isao_reference.wire.stix_object import StixFacts


def note(db: sqlite3.Connection, collection: int, facts: StixFacts, contributor: str) -> None:
    """Writes down that a contributor revoked an object; of several revocations the earliest version counts."""
    db.execute(
        "INSERT INTO revocations VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET version_key = MIN(version_key, excluded.version_key)",
        (collection, facts.id, contributor, facts.version_key),
    )


def version_of(db: sqlite3.Connection, collection: int, object_id: str, contributors: Sequence[str]) -> str | None:
    """The version in which one of the contributors revoked an object; None when none did."""
    marks = ", ".join("?" for _ in contributors)
    row = db.execute(
        f"SELECT MIN(version_key) FROM revocations WHERE collection = ? AND object_id = ? AND contributor IN ({marks})",
        (collection, object_id, *contributors),
    ).fetchone()
    return None if row[0] is None else str(row[0])


def still_stored(
    db: sqlite3.Connection, collection: int, object_id: str, version: str, contributors: Sequence[str]
) -> bool:
    """Whether a version of one of the contributors is there."""
    marks = ", ".join("?" for _ in contributors)
    row = db.execute(
        "SELECT 1 FROM items WHERE collection = ? AND object_id = ? AND version_key = ?"
        f" AND contributor IN ({marks}) LIMIT 1",
        (collection, object_id, version, *contributors),
    ).fetchone()
    return row is not None


def left_alone(db: sqlite3.Connection, keys: Sequence[int]) -> bool:
    """Whether deleting these rows would leave earlier versions of a contributor without their revocation."""
    gone = set(keys)
    rows = db.execute(
        "SELECT DISTINCT i.collection, i.object_id, i.contributor, r.version_key"
        " FROM items i JOIN revocations r USING (collection, object_id, contributor)"
        " WHERE i.key IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(gone)),),
    ).fetchall()
    for *where, revoked in rows:
        lines = db.execute(
            "SELECT key, version_key FROM items WHERE collection = ? AND object_id = ? AND contributor = ?", where
        ).fetchall()
        kept = [version for key, version in lines if key not in gone]
        if kept and revoked not in kept:
            return True
    return False
