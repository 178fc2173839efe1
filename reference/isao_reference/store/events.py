"""Events and the ledger of deliveries: what happened, for whom; who was given what, when first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One thing that happened. `id` is random; `key` orders events and never leaves the exchange."""

    key: int
    id: str
    time: int
    body: Mapping[str, Any]


def insert_event(db: sqlite3.Connection, identifier: str, now: int, audience: int, body: Mapping[str, Any]) -> None:
    """Adds an event for those of an audience (its number); `now` in microseconds."""
    text = json.dumps(body, ensure_ascii=False).encode()
    db.execute("INSERT INTO events (id, time, audience, body) VALUES (?, ?, ?, ?)", (identifier, now, audience, text))


def events_after(db: sqlite3.Connection, audiences: Sequence[int] | None, after: int, size: int) -> list[Event]:
    """Events after the key `after` that a reader of these audiences may see; None means all."""
    allowed = ""
    values: list[int | str] = [after]
    if audiences is not None:
        allowed = " AND audience IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(list(audiences)))
    rows = db.execute(
        f"SELECT key, id, time, body FROM events WHERE key > ?{allowed} ORDER BY key LIMIT ?", (*values, size)
    )
    return [Event(key, identifier, time, json.loads(body)) for key, identifier, time, body in rows]


def position_of(db: sqlite3.Connection, identifier: str, audiences: Sequence[int] | None) -> int | None:
    """The key of the event of that id; None when there is none that a reader of these audiences may see."""
    row = db.execute("SELECT key, audience FROM events WHERE id = ?", (identifier,)).fetchone()
    if row is None or (audiences is not None and row[1] not in audiences):
        return None
    return int(row[0])


def last_key(db: sqlite3.Connection) -> int:
    """The key of the newest event, 0 when there is none."""
    return int(db.execute("SELECT COALESCE(MAX(key), 0) FROM events").fetchone()[0])


def oldest_time(db: sqlite3.Connection) -> int | None:
    """When the oldest kept event happened (microseconds), None when there is none."""
    row = db.execute("SELECT time FROM events ORDER BY key LIMIT 1").fetchone()
    return None if row is None else int(row[0])


def forget_events(db: sqlite3.Connection, before: int) -> None:
    """Removes events older than a moment (microseconds). Who comes back with a forgotten id is told to read anew."""
    db.execute("DELETE FROM events WHERE time < ?", (before,))


def forget_all(db: sqlite3.Connection) -> None:
    """Removes every event, for who may read what has changed: all who come back are told to read anew."""
    db.execute("DELETE FROM events")


def undelivered(db: sqlite3.Connection, organization: str, subjects: Iterable[str]) -> list[str]:
    """Those of the subjects that the organization was not given before, in order, each once."""
    wanted = list(dict.fromkeys(subjects))
    rows = db.execute(
        "SELECT subject FROM deliveries WHERE organization = ? AND subject IN (SELECT value FROM json_each(?))",
        (organization, json.dumps(wanted)),
    )
    known = {row[0] for row in rows}
    return [subject for subject in wanted if subject not in known]


def insert_deliveries(db: sqlite3.Connection, organization: str, subjects: Iterable[str], now: int) -> None:
    """Writes down that the organization was given these; what is known already keeps its first time."""
    db.executemany(
        "INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?)", [(subject, organization, now) for subject in subjects]
    )


def recipients_of(db: sqlite3.Connection, subject: str) -> dict[str, int]:
    """The organizations that were given a subject, each with the time of the first time (microseconds)."""
    rows = db.execute("SELECT organization, time FROM deliveries WHERE subject = ? ORDER BY time", (subject,))
    return {str(organization): int(time) for organization, time in rows}
