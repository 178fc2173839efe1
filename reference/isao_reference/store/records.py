"""Records of functions, what was done with them, and answers to repeated requests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Record:
    """One record as it stands. `named` are organizations it was sent to by name, `facts` what the exchange worked out
    for it; times are microseconds, `entered` when it came into its state; `audience` is a number of the store."""

    key: int
    resource: str
    id: str
    state: str
    entered: int
    account: str
    organization: str
    audience: int
    named: tuple[str, ...]
    facts: Mapping[str, Any]
    created: int
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Taken:
    """One step that was taken: by whom, when (microseconds), from where to where, and with which document."""

    step: str
    source: str
    target: str
    account: str
    organization: str
    time: int
    document: Mapping[str, Any] | None = field(default=None)


_COLUMNS = "key, resource, id, state, entered, account, organization, audience, named, facts, created, body"


def _record(row: Sequence[Any]) -> Record:
    key, resource, identifier, state, entered, account, organization, audience, named, facts, created, body = row
    return Record(
        key=key,
        resource=resource,
        id=identifier,
        state=state,
        entered=entered,
        account=account,
        organization=organization,
        audience=audience,
        named=tuple(json.loads(named)),
        facts=json.loads(facts),
        created=created,
        document=json.loads(body),
    )


def insert_record(db: sqlite3.Connection, record: Record) -> Record:
    """Adds a record (its `key` is given by the store) and returns it with its key."""
    row = db.execute(
        f"INSERT INTO records ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
        (
            record.resource,
            record.id,
            record.state,
            record.entered,
            record.account,
            record.organization,
            record.audience,
            _text(record.named),
            _text(record.facts),
            record.created,
            _text(record.document).encode(),
        ),
    ).fetchone()
    return _record(row)


def update_record(db: sqlite3.Connection, record: Record) -> None:
    """Stores where a record stands, who may read it, and what it says now."""
    db.execute(
        "UPDATE records SET state = ?, entered = ?, audience = ?, named = ?, facts = ?, body = ? WHERE key = ?",
        (
            record.state,
            record.entered,
            record.audience,
            _text(record.named),
            _text(record.facts),
            _text(record.document).encode(),
            record.key,
        ),
    )


def by_id(
    db: sqlite3.Connection, resource: str, identifier: str, audiences: Sequence[int] | None = None
) -> Record | None:
    """The record of that id, None when this resource has none for a reader of these audiences; None means all."""
    where = "WHERE id = ? AND resource = ?"
    if audiences is not None:
        # A row that nobody here may see costs one number more than no row: nothing of it is fetched or parsed.
        found = db.execute(f"SELECT audience FROM records {where}", (identifier, resource)).fetchone()
        if found is None or found[0] not in audiences:
            return None
    row = db.execute(f"SELECT {_COLUMNS} FROM records {where}", (identifier, resource)).fetchone()
    return None if row is None else _record(row)


def key_of(db: sqlite3.Connection, identifier: str) -> int:
    """The key of a record by its id; 0, which is before all, when there is none."""
    row = db.execute("SELECT key FROM records WHERE id = ?", (identifier,)).fetchone()
    return 0 if row is None else int(row[0])


def page(
    db: sqlite3.Connection,
    resource: str,
    audiences: Sequence[int] | None,
    after: int,
    size: int,
    state: str | None = None,
) -> list[Record]:
    """Records in the order they were made, those after the key `after`; `audiences` None means all."""
    wheres, values = ["resource = ?", "key > ?"], [resource, after]
    if state is not None:
        wheres.append("state = ?")
        values.append(state)
    if audiences is not None:
        wheres.append("audience IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(audiences)))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE {' AND '.join(wheres)} ORDER BY key LIMIT ?", (*values, size)
    )
    return [_record(row) for row in rows]


def newest(db: sqlite3.Connection, resource: str, audiences: Sequence[int] | None, size: int) -> list[Record]:
    """The newest records of a resource among those that a reader of these audiences may see; None means all."""
    allowed, values = "", [resource]
    if audiences is not None:
        allowed = " AND audience IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(list(audiences)))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE resource = ?{allowed} ORDER BY key DESC LIMIT ?", (*values, size)
    )
    return [_record(row) for row in rows]


def in_states(db: sqlite3.Connection, resource: str, states: Iterable[str]) -> list[Record]:
    """Every record of a resource that stands in one of the states, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE resource = ? AND state IN (SELECT value FROM json_each(?)) ORDER BY key",
        (resource, json.dumps(list(states))),
    )
    return [_record(row) for row in rows]


def insert_step(db: sqlite3.Connection, record: int, taken: Taken) -> None:
    """Adds a line to what was done with a record."""
    body = None if taken.document is None else _text(taken.document).encode()
    db.execute(
        "INSERT INTO steps (record, step, source, target, account, organization, time, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (record, taken.step, taken.source, taken.target, taken.account, taken.organization, taken.time, body),
    )


def steps_of(db: sqlite3.Connection, record: int) -> list[Taken]:
    """What was done with a record, in order."""
    rows = db.execute(
        "SELECT step, source, target, account, organization, time, body FROM steps WHERE record = ? ORDER BY key",
        (record,),
    )
    return [
        Taken(step, source, target, account, organization, time, None if body is None else json.loads(body))
        for step, source, target, account, organization, time, body in rows
    ]


def has_taken(db: sqlite3.Connection, identifier: str, step: str, organization: str) -> bool:
    """Whether an organization has taken a step of the record of that id."""
    row = db.execute(
        "SELECT 1 FROM steps s JOIN records r ON r.key = s.record"
        " WHERE r.id = ? AND s.step = ? AND s.organization = ? LIMIT 1",
        (identifier, step, organization),
    ).fetchone()
    return row is not None


def repeated(db: sqlite3.Connection, account: str, key: str) -> tuple[bytes, str] | None:
    """(digest of the request, id of the record) that this account sent under this Idempotency-Key, or None."""
    row = db.execute("SELECT digest, record FROM repeats WHERE account = ? AND key = ?", (account, key)).fetchone()
    return None if row is None else (bytes(row[0]), str(row[1]))


def remember(db: sqlite3.Connection, account: str, key: str, digest: bytes, record: str, now: int) -> None:
    """Keeps what a request with an Idempotency-Key led to."""
    db.execute("INSERT INTO repeats VALUES (?, ?, ?, ?, ?)", (account, key, digest, record, now))


def forget(db: sqlite3.Connection, before: int) -> None:
    """Removes keys older than a moment (microseconds)."""
    db.execute("DELETE FROM repeats WHERE created < ?", (before,))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
