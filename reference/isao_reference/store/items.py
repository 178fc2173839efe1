"""Rows in and out: audiences, insertion, deletion, known statements."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from isao_reference.policy import audience
from isao_reference.policy.audience import Audience, Contributor, Distribution
from isao_reference.store import collections
from isao_reference.store.collections import Collection
from isao_reference.wire.stix_object import StixFacts


@dataclass(frozen=True)
class NewItem:
    """One object about to be stored: its facts, exact bytes, label, readers and identity."""

    facts: StixFacts
    body: bytes
    label: str
    readers: Audience
    identity: str


def audiences(db: sqlite3.Connection) -> dict[int, Audience]:
    """Every audience by its number."""
    return {int(key): _audience(atoms) for key, atoms in db.execute("SELECT * FROM audiences")}


@lru_cache(maxsize=10_000)
def _audience(atoms: str) -> Audience:
    return frozenset(json.loads(atoms))


def audience_key(db: sqlite3.Connection, readers: Audience) -> int:
    """The number of an audience; a new one is stored."""
    atoms = json.dumps(sorted(readers))
    row = db.execute("SELECT key FROM audiences WHERE atoms = ?", (atoms,)).fetchone()
    if row is None:
        row = db.execute("INSERT INTO audiences (atoms) VALUES (?) RETURNING key", (atoms,)).fetchone()
    return int(row[0])


def stored_body(db: sqlite3.Connection, collection: int, facts: StixFacts, identities: Sequence[str]) -> bytes | None:
    """The bytes already stored for the same version under one of the identities, or None."""
    marks = ", ".join("?" for _ in identities)
    row = db.execute(
        "SELECT body FROM items WHERE collection = ? AND object_id = ? AND version_key = ?"
        f" AND spec_version = ? AND contributor IN ({marks})",
        (collection, facts.id, facts.version_key, facts.spec_version, *identities),
    ).fetchone()
    return None if row is None else bytes(row[0])


def own_versions(db: sqlite3.Connection, collection: int, object_id: str, identities: Sequence[str]) -> list[bytes]:
    """The bytes of versions of an object stored under one of the identities: the oldest and the newest ones. That is
    enough to tell when it was created, by whom, and whether it is revoked, however many versions there are."""
    marks = ", ".join("?" for _ in identities)
    where = f"FROM items WHERE collection = ? AND object_id = ? AND spec_version = '2.1' AND contributor IN ({marks})"
    rows = db.execute(
        f"SELECT body FROM (SELECT key, body {where} ORDER BY version_key LIMIT 1)"
        f" UNION SELECT body FROM (SELECT key, body {where} ORDER BY version_key DESC LIMIT 8)",
        (collection, object_id, *identities) * 2,
    )
    return [bytes(row[0]) for row in rows]


def insert_item(
    db: sqlite3.Connection, collection: int, item: NewItem, contributor: Contributor, date_added: int
) -> None:
    """Stores one version; sqlite3.IntegrityError when the identity already has it."""
    facts = item.facts
    db.execute(
        "INSERT INTO items (collection, object_id, object_type, version, version_key, spec_version,"
        " contributor, organization, account, label, audience, statement, date_added, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            collection,
            facts.id,
            facts.type,
            facts.version,
            facts.version_key,
            facts.spec_version,
            item.identity,
            contributor.organization,
            contributor.account,
            item.label,
            audience_key(db, item.readers),
            facts.is_statement,
            date_added,
            item.body,
        ),
    )


@dataclass(frozen=True)
class Stored:
    """One stored version with where it lies, whose it is and who may read it (`audience` is a number of the store)."""

    key: int
    collection: Collection
    object_id: str
    organization: str
    account: str
    label: str
    audience: int
    body: bytes


def newest_of(db: sqlite3.Connection, object_id: str, organization: str | None) -> list[Stored]:
    """The newest version of an object from each contributor (or from one organization) in each collection, oldest
    collection first."""
    mine = "" if organization is None else " AND organization = ?"
    values = (object_id,) if organization is None else (object_id, organization)
    rows = db.execute(
        "SELECT key, collection, object_id, organization, account, label, audience, body, contributor FROM items"
        f" WHERE object_id = ?{mine} ORDER BY collection, contributor, version_key DESC, key",
        values,
    ).fetchall()
    places = {one.key: one for one in collections.all_collections(db)} if rows else {}
    found: dict[tuple[int, str, str], Stored] = {}
    for key, place, name, owner, account, label, audience_number, body, identity in rows:
        stored = Stored(key, places[place], name, owner, account, label, audience_number, bytes(body))
        found.setdefault((place, owner, identity), stored)
    return list(found.values())


def label_of(db: sqlite3.Connection, key: int) -> str:
    """The label that a stored version counts as."""
    return str(db.execute("SELECT label FROM items WHERE key = ?", (key,)).fetchone()[0])


def audiences_since(db: sqlite3.Connection, collection: int, after: int) -> dict[int, int]:
    """The audiences (numbers) of what was added after a date, each with its first date (microseconds)."""
    rows = db.execute(
        "SELECT audience, MIN(date_added) FROM items WHERE collection = ? AND date_added > ? GROUP BY audience",
        (collection, after),
    )
    return {int(audience): int(first) for audience, first in rows}


def delete_items(db: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Removes rows by their numbers."""
    db.executemany("DELETE FROM items WHERE key = ?", [(key,) for key in keys])


def known_statements(db: sqlite3.Connection, markings: Iterable[str], organizations: Sequence[str]) -> frozenset[str]:
    """Those of `markings` that one of the organizations has defined as a statement."""
    marks = ", ".join("?" for _ in organizations)
    found = set()
    for marking in set(markings):
        row = db.execute(
            f"SELECT 1 FROM items WHERE statement = 1 AND object_id = ? AND organization IN ({marks}) LIMIT 1",
            (marking, *organizations),
        ).fetchone()
        if row is not None:
            found.add(marking)
    return frozenset(found)


def exchange_organizations(db: sqlite3.Connection) -> tuple[str, ...]:
    """The organizations that run the exchange; their statements are known to everybody."""
    rows = db.execute("SELECT id FROM organizations WHERE kind = 'exchange' ORDER BY id")
    return tuple(str(row[0]) for row in rows)


def redistribute(db: sqlite3.Connection, distribution: Distribution) -> None:
    """Recomputes every row's audience and identity under another distribution map. Dates stay:
    a change of entitlement never re-dates. Raises sqlite3.IntegrityError if two rows of one
    contributor would become the same row."""
    groups = db.execute(
        "SELECT DISTINCT i.label, i.account, i.organization, o.kind"
        " FROM items i JOIN organizations o ON o.id = i.organization"
    ).fetchall()
    for label, account, organization, kind in groups:
        contributor = Contributor(account, organization, kind)
        readers = audience.audience_of(label, contributor, distribution)
        identity = audience.identity_of(label, contributor, distribution)
        db.execute(
            "UPDATE items SET audience = ?, contributor = ? WHERE label = ? AND account = ? AND organization = ?",
            (audience_key(db, readers), identity, label, account, organization),
        )
