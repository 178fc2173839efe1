"""Documents served as they are (capability document, policies, security.txt), and statuses."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from isao_reference.policy import audience

CAPABILITY = "isao.json"


def put_document(db: sqlite3.Connection, name: str, media_type: str, body: bytes) -> None:
    """Stores or replaces one document."""
    db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (name, media_type, body))


def get_document(db: sqlite3.Connection, name: str) -> tuple[str, bytes] | None:
    """(media type, body) of a document, or None."""
    row = db.execute("SELECT media_type, body FROM documents WHERE name = ?", (name,)).fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))


def policy_settings(db: sqlite3.Connection) -> tuple[audience.Distribution, str]:
    """(distribution map, label of unlabelled items) as the capability document declares them, or
    the published defaults."""
    row = db.execute("SELECT value FROM meta WHERE name = 'distribution'").fetchone()
    declared: dict[str, Any] = {} if row is None else json.loads(row[0])
    labels = declared.get("labels", audience.DEFAULT_DISTRIBUTION)
    return labels, str(declared.get("default_label", audience.DEFAULT_LABEL))


def set_policy_settings(db: sqlite3.Connection, labels: audience.Distribution, default_label: str) -> None:
    """Remembers the declared map and default label."""
    text = json.dumps({"labels": dict(labels), "default_label": default_label})
    db.execute("INSERT OR REPLACE INTO meta VALUES ('distribution', ?)", (text,))


def membership_criteria(db: sqlite3.Connection) -> tuple[str, ...]:
    """The names of the criteria that the capability document publishes; none without such a document."""
    found = get_document(db, CAPABILITY)
    declared = {} if found is None else json.loads(found[1]).get("membership", {})
    return tuple(str(one["name"]) for one in declared.get("criteria", ()))


def demand_agreement(db: sqlite3.Connection, record: str, accept_by: int) -> None:
    """From `accept_by` on (microseconds) members' access needs a signature under this agreement; until then under the
    ones that were demanded before, as far as their time had come."""
    demanded = [(record, accept_by), *demanded_agreements(db)]
    db.execute("INSERT OR REPLACE INTO meta VALUES ('agreement', ?)", (json.dumps(demanded),))


def withdraw_demand(db: sqlite3.Connection, record: str) -> None:
    """When this is the newest agreement, none is demanded any more; otherwise the newest takes its place anyway."""
    found = demanded_agreements(db)
    if found and found[0][0] == record:
        db.execute("DELETE FROM meta WHERE name = 'agreement'")


def demanded_agreements(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """(id of the record, until when it has to be signed in microseconds) of the agreement in force, then of those
    before it; none when no agreement is in force."""
    row = db.execute("SELECT value FROM meta WHERE name = 'agreement'").fetchone()
    return [] if row is None else [(str(record), int(until)) for record, until in json.loads(row[0])]


def insert_status(
    db: sqlite3.Connection, identifier: str, api_root: str, account: str, created: int, body: bytes
) -> None:
    """Keeps a status for the account that asked in that API root; `created` in microseconds."""
    db.execute(
        "INSERT INTO statuses (id, api_root, account, created, body) VALUES (?, ?, ?, ?, ?)",
        (identifier, api_root, account, created, body),
    )


def forget_statuses(db: sqlite3.Connection, before: int) -> None:
    """Removes statuses that were complete before a moment (microseconds)."""
    db.execute("DELETE FROM statuses WHERE created < ? AND id NOT IN (SELECT status FROM awaited)", (before,))


def update_status(db: sqlite3.Connection, identifier: str, now: int, body: bytes) -> None:
    """Changes what a status says; its time until it is forgotten begins anew."""
    db.execute("UPDATE statuses SET created = ?, body = ? WHERE id = ?", (now, body, identifier))


def status_body(db: sqlite3.Connection, identifier: str) -> bytes | None:
    """What a status says, for the exchange itself; None when there is none of that id."""
    row = db.execute("SELECT body FROM statuses WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else bytes(row[0])


def get_status(db: sqlite3.Connection, api_root: str, identifier: str) -> tuple[str, bytes] | None:
    """(account, body) of a status of that API root, or None."""
    row = db.execute(
        "SELECT account, body FROM statuses WHERE id = ? AND api_root = ?", (identifier, api_root)
    ).fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))
