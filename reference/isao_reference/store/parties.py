"""Organizations and accounts."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from isao_reference.policy.principal import Principal


@dataclass(frozen=True)
class Account:
    """One account with what its organization is right now. `secret` is a hash, never the secret."""

    name: str
    organization: str
    kind: str
    standing: str
    role: str
    auth: str
    secret: str

    @property
    def principal(self) -> Principal:
        """The account as policy sees it: of an applicant until its organization is let in."""
        kind = "applicant" if self.standing == "applicant" else self.kind
        return Principal(self.name, self.organization, kind, self.role)


_SELECT = """SELECT a.name, a.organization, o.kind, o.standing, a.role, a.auth, a.secret
FROM accounts a JOIN organizations o ON o.id = a.organization"""


def insert_organization(db: sqlite3.Connection, identifier: str, name: str, kind: str, standing: str) -> None:
    """Adds an organization; sqlite3.IntegrityError when the id is taken."""
    db.execute("INSERT INTO organizations VALUES (?, ?, ?, ?)", (identifier, name, kind, standing))


def organization_kind(db: sqlite3.Connection, identifier: str) -> str | None:
    """The kind of an organization, None when there is none of that id."""
    row = db.execute("SELECT kind FROM organizations WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else str(row[0])


def organization_name(db: sqlite3.Connection, identifier: str) -> str | None:
    """The name of an organization, None when there is none of that id."""
    row = db.execute("SELECT name FROM organizations WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else str(row[0])


def all_organizations(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """(id, kind, standing) of every organization, by id."""
    rows = db.execute("SELECT id, kind, standing FROM organizations ORDER BY id")
    return [(str(one), str(kind), str(standing)) for one, kind, standing in rows]


def update_standing(db: sqlite3.Connection, identifier: str, standing: str) -> bool:
    """Changes an organization's standing; False when there is none of that id."""
    changed = db.execute("UPDATE organizations SET standing = ? WHERE id = ?", (standing, identifier))
    return changed.rowcount == 1


def insert_account(db: sqlite3.Connection, name: str, organization: str, role: str, auth: str, secret: str) -> None:
    """Adds an account with the hash of its secret; sqlite3.IntegrityError when the name is taken."""
    db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?)", (name, organization, role, auth, secret))


def account_by_name(db: sqlite3.Connection, name: str, auth: str | None = None) -> Account | None:
    """The account of that name (and way of authenticating, if given)."""
    row = db.execute(f"{_SELECT} WHERE a.name = ?", (name,)).fetchone()
    found = None if row is None else Account(*row)
    return found if found is None or auth in (None, found.auth) else None


def account_by_secret(db: sqlite3.Connection, auth: str, secret: str) -> Account | None:
    """The account whose stored hash is `secret`."""
    row = db.execute(f"{_SELECT} WHERE a.auth = ? AND a.secret = ?", (auth, secret)).fetchone()
    return None if row is None else Account(*row)


def all_accounts(db: sqlite3.Connection) -> list[Account]:
    """Every account, by name."""
    return [Account(*row) for row in db.execute(f"{_SELECT} ORDER BY a.name")]
