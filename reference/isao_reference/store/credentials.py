"""Credentials: what proves that a request comes from an account. Nothing that is stored lets anybody log in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

WAYS = ("password", "api-key", "certificate")
SCOPES = ("read", "read-write")
DEFAULT_PURPOSES = ("cybersecurity",)


@dataclass(frozen=True)
class Credential:
    """One credential of an account. Times are microseconds, None where there is no such moment.

    `secret` is what the store keeps: the Argon2 hash of a password, the SHA-256 of an API key or of a certificate, in
    hexadecimal digits. `id` is no secret. `purposes` are the purposes of use that it may be used for.
    """

    id: str
    account: str
    way: str
    secret: str
    scope: str = "read-write"
    purposes: tuple[str, ...] = DEFAULT_PURPOSES
    not_before: int | None = None
    expires: int | None = None
    revoked: int | None = None
    created: int = 0

    def state(self, now: int) -> str:
        """What it is good for at a moment: usable, revoked, expired or not yet valid."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= now:
            return "expired"
        return "usable" if self.not_before is None or self.not_before <= now else "not yet valid"


_COLUMNS = "id, account, way, secret, scope, purposes, not_before, expires, revoked, created"
_SELECT = f"SELECT {_COLUMNS} FROM credentials"
_NEWEST_FIRST = "ORDER BY account, created DESC, id"


def _credential(row: Sequence[Any]) -> Credential:
    identifier, account, way, secret, scope, purposes, *times = row
    return Credential(identifier, account, way, secret, scope, tuple(json.loads(purposes)), *times)


def insert_credential(db: sqlite3.Connection, one: Credential) -> None:
    """Adds a credential; sqlite3.IntegrityError when its id is taken or another has the same secret."""
    times = (one.not_before, one.expires, one.revoked, one.created)
    db.execute(
        f"INSERT INTO credentials ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (one.id, one.account, one.way, one.secret, one.scope, json.dumps(one.purposes), *times),
    )


def by_id(db: sqlite3.Connection, identifier: str) -> Credential | None:
    """The credential of that id."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else _credential(row)


def by_secret(db: sqlite3.Connection, way: str, secret: str) -> Credential | None:
    """The credential of which the store keeps `secret`."""
    row = db.execute(f"{_SELECT} WHERE way = ? AND secret = ?", (way, secret)).fetchone()
    return None if row is None else _credential(row)


def of_account(db: sqlite3.Connection, account: str, ways: Iterable[str] = WAYS) -> list[Credential]:
    """The credentials of an account, newest first."""
    rows = db.execute(f"{_SELECT} WHERE account = ? {_NEWEST_FIRST}", (account,))
    wanted = set(ways)
    return [one for one in map(_credential, rows) if one.way in wanted]


def all_credentials(db: sqlite3.Connection) -> list[Credential]:
    """Every credential, by account, newest first."""
    return [_credential(row) for row in db.execute(f"{_SELECT} {_NEWEST_FIRST}")]


def expire(db: sqlite3.Connection, identifier: str, moment: int) -> None:
    """Lets a credential end at a moment (microseconds), or earlier if it would have ended earlier."""
    db.execute(
        "UPDATE credentials SET expires = ? WHERE id = ? AND (expires IS NULL OR expires > ?)",
        (moment, identifier, moment),
    )


def revoke(db: sqlite3.Connection, identifier: str, now: int) -> bool:
    """Ends a credential for good; False when there is none of that id. The first revocation stays on record."""
    changed = db.execute("UPDATE credentials SET revoked = coalesce(revoked, ?) WHERE id = ?", (now, identifier))
    return changed.rowcount == 1
