"""Rows in and out: audiences, insertion, deletion, known statements."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from isao_reference.policy import audience, handling
from isao_reference.policy.audience import Audience, Contributor, Distribution
from isao_reference.policy.marking import Restriction
from isao_reference.store import collections, revocations
from isao_reference.store.collections import Collection
from isao_reference.wire.stix_object import StixFacts


@dataclass(frozen=True)
class NewItem:
    """One object about to be stored: its facts, exact bytes, what restricts it, readers and identity. `defines` says
    that it defines a marking that is understood; `embargo` is when it ends (microseconds), 0 for none;
    `hearsay` unless it speaks in an identity of its contributor."""

    facts: StixFacts
    body: bytes
    restriction: Restriction
    readers: Audience
    identity: str
    defines: bool
    embargo: int
    hearsay: bool = True


def audiences(db: sqlite3.Connection) -> dict[int, Audience]:
    """Every audience by its number."""
    return {int(key): _audience(atoms) for key, atoms in db.execute("SELECT * FROM audiences")}


@lru_cache(maxsize=10_000)
def _audience(atoms: str) -> Audience:
    return frozenset(json.loads(atoms))


def audience_before(
    db: sqlite3.Connection, collection: int, item: NewItem, contributor: Contributor
) -> Audience | None:
    """The audience of the version that an item follows in the line of its contributor; None where it is the first one,
    or not the newest."""
    alone = item.identity == f"account:{contributor.account}"
    shared = "" if alone else " OR contributor = 'organization:' || organization"
    rows = db.execute(
        "SELECT version_key, atoms FROM items JOIN audiences ON audiences.key = items.audience"
        f" WHERE collection = ? AND object_id = ? AND organization = ? AND (account = ?{shared}) AND embargo = 0"
        " ORDER BY version_key DESC LIMIT 2",
        (collection, item.facts.id, contributor.organization, contributor.account),
    ).fetchall()
    if len(rows) < 2 or rows[0][0] != item.facts.version_key:
        return None
    return _audience(rows[1][1])


def audience_key(db: sqlite3.Connection, readers: Audience) -> int:
    """The number of an audience; a new one is stored."""
    atoms = json.dumps(sorted(readers))
    row = db.execute("SELECT key FROM audiences WHERE atoms = ?", (atoms,)).fetchone()
    if row is None:
        row = db.execute("INSERT INTO audiences (atoms) VALUES (?) RETURNING key", (atoms,)).fetchone()
    return int(row[0])


def last_audience(db: sqlite3.Connection) -> int:
    """The number of the newest audience, 0 before the first."""
    return int(db.execute("SELECT COALESCE(MAX(key), 0) FROM audiences").fetchone()[0])


def others_own(db: sqlite3.Connection, object_id: str, organization: str) -> set[int]:
    """The collections in which another organization says something under an id in an identity of its own."""
    rows = db.execute(
        "SELECT DISTINCT collection FROM items WHERE object_id = ? AND hearsay = 0 AND organization != ?",
        (object_id, organization),
    )
    return {int(row[0]) for row in rows}


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
        " contributor, organization, account, label, audience, statement, date_added, body, handling, embargo, hearsay)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            item.restriction.label,
            audience_key(db, item.readers),
            item.defines,
            date_added,
            item.body,
            handling.to_text(item.restriction.handling),
            item.embargo,
            item.hearsay,
        ),
    )
    if facts.revoked:
        revocations.note(db, collection, facts, item.identity)


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
    contributor: str
    version_key: str

    @property
    def collection_key(self) -> int:
        """The number of the collection."""
        return self.collection.key


def newest_of(db: sqlite3.Connection, object_id: str, organization: str | None) -> list[Stored]:
    """The newest version of an object from each contributor (or from one organization) in each collection, oldest
    collection first."""
    mine = "" if organization is None else " AND organization = ?"
    values = (object_id,) if organization is None else (object_id, organization)
    rows = db.execute(
        "SELECT key, collection, object_id, organization, account, label, audience, body, contributor, version_key"
        " FROM items"
        f" WHERE object_id = ?{mine} ORDER BY collection, contributor, version_key DESC, key",
        values,
    ).fetchall()
    places = {one.key: one for one in collections.all_collections(db)} if rows else {}
    found: dict[tuple[int, str, str], Stored] = {}
    for key, place, name, owner, account, label, audience_number, body, identity, version in rows:
        stored = Stored(
            key, places[place], name, owner, account, label, audience_number, bytes(body), identity, version
        )
        found.setdefault((place, owner, identity), stored)
    return list(found.values())


def restriction_of(db: sqlite3.Connection, key: int) -> tuple[str, handling.Handling]:
    """The label that a stored version counts as, and its handling."""
    label, said = db.execute("SELECT label, handling FROM items WHERE key = ?", (key,)).fetchone()
    return str(label), handling.from_text(said)


class Restricted(NamedTuple):
    """What one stored version is stored under, and whose it is, with the numbers of its collection and audience."""

    object_id: str
    place: int
    audience: int
    organization: str
    account: str
    restriction: Restriction


def restrictions(db: sqlite3.Connection, ids: Iterable[str]) -> Iterator[Restricted]:
    """Every stored version of some objects."""
    for one in ids:
        rows = db.execute(
            "SELECT collection, audience, organization, account, label, handling FROM items WHERE object_id = ?", (one,)
        )
        for place, readers, whose, account, label, said in rows.fetchall():
            yield Restricted(one, place, readers, whose, account, Restriction(label, handling.from_text(said)))


def delete_items(db: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Removes rows by their numbers."""
    db.executemany("DELETE FROM items WHERE key = ?", [(key,) for key in keys])


def definitions(
    db: sqlite3.Connection, markings: Iterable[str], organizations: Sequence[str]
) -> dict[str, list[bytes]]:
    """The definitions that one of the organizations gave of `markings` and that are understood, by marking."""
    marks = ", ".join("?" for _ in organizations)
    query = f"SELECT body FROM items WHERE statement = 1 AND object_id = ? AND organization IN ({marks})"
    found = {}
    for marking in set(markings):
        found[marking] = [bytes(row[0]) for row in db.execute(query, (marking, *organizations))]
    return {marking: bodies for marking, bodies in found.items() if bodies}


def embargoes_due(db: sqlite3.Connection, now: int) -> list[tuple[int, int]]:
    """(collection, number) of each item whose embargo has ended by a moment (microseconds), in the order they came."""
    rows = db.execute(
        "SELECT collection, key FROM items WHERE embargo > 0 AND embargo <= ? ORDER BY embargo, date_added", (now,)
    )
    return [(int(collection), int(key)) for collection, key in rows]


def release(db: sqlite3.Connection, key: int, distribution: Distribution, date_added: int) -> Audience:
    """Gives an item that was under embargo to its readers, as added at a date (microseconds), and says who they are."""
    label, said, account, organization, kind = db.execute(
        "SELECT i.label, i.handling, i.account, i.organization, o.kind"
        " FROM items i JOIN organizations o ON o.id = i.organization WHERE i.key = ?",
        (key,),
    ).fetchone()
    contributor = Contributor(account, organization, kind)
    readers = audience.audience_of(label, contributor, distribution, handling.from_text(said))
    db.execute(
        "UPDATE items SET audience = ?, date_added = ?, embargo = 0 WHERE key = ?",
        (audience_key(db, readers), date_added, key),
    )
    return readers


def exchange_organizations(db: sqlite3.Connection) -> tuple[str, ...]:
    """The organizations that run the exchange; their statements are known to everybody."""
    rows = db.execute("SELECT id FROM organizations WHERE kind = 'exchange' ORDER BY id")
    return tuple(str(row[0]) for row in rows)


def redistribute(db: sqlite3.Connection, distribution: Distribution) -> None:
    """Recomputes every row's audience and identity under another distribution map. Dates stay:
    a change of entitlement never re-dates. Raises sqlite3.IntegrityError if two rows of one
    contributor would become the same row."""
    columns = ("label", "handling", "embargo > 0", "account", "organization")
    groups = db.execute(
        f"SELECT DISTINCT {', '.join(f'i.{one}' for one in columns)}, o.kind"
        " FROM items i JOIN organizations o ON o.id = i.organization"
    ).fetchall()
    for *same, kind in groups:
        label, said, embargoed, account, organization = same
        contributor = Contributor(account, organization, kind)
        readers = audience.audience_of(
            label, contributor, distribution, handling.from_text(said), embargoed=bool(embargoed)
        )
        identity = audience.identity_of(label, contributor, distribution)
        db.execute(
            f"UPDATE items SET audience = ?, contributor = ? WHERE {' AND '.join(f'({one}) = ?' for one in columns)}",
            (audience_key(db, readers), identity, *same),
        )
