"""Organizations and accounts."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from isao_reference.policy.principal import Principal


@dataclass(frozen=True)
class Account:
    """One account with what its organization is right now."""

    name: str
    organization: str
    kind: str
    standing: str
    role: str

    @property
    def principal(self) -> Principal:
        """The account as policy sees it: of an applicant until its organization is let in."""
        kind = "applicant" if self.standing == "applicant" else self.kind
        return Principal(self.name, self.organization, kind, self.role)


_SELECT = """SELECT a.name, a.organization, o.kind, o.standing, a.role
FROM accounts a JOIN organizations o ON o.id = a.organization WHERE a.removed IS NULL"""


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


def insert_account(db: sqlite3.Connection, name: str, organization: str, role: str) -> None:
    """Adds an account; sqlite3.IntegrityError when the name is or was taken."""
    db.execute("INSERT INTO accounts (name, organization, role) VALUES (?, ?, ?)", (name, organization, role))


def account_by_name(db: sqlite3.Connection, name: str) -> Account | None:
    """The account of that name; None when it was removed."""
    row = db.execute(f"{_SELECT} AND a.name = ?", (name,)).fetchone()
    return None if row is None else Account(*row)


def all_accounts(db: sqlite3.Connection) -> list[Account]:
    """Every account, by name."""
    return [Account(*row) for row in db.execute(f"{_SELECT} ORDER BY a.name")]


def update_role(db: sqlite3.Connection, name: str, role: str) -> None:
    """Gives an account another role."""
    db.execute("UPDATE accounts SET role = ? WHERE name = ?", (role, name))


def remove_account(db: sqlite3.Connection, name: str, now: int) -> bool:
    """Removes an account for good, but for its name (`now` in microseconds); False when there is none of that name."""
    changed = db.execute("UPDATE accounts SET removed = ? WHERE name = ? AND removed IS NULL", (now, name))
    return changed.rowcount == 1


def insert_group(db: sqlite3.Connection, identifier: str, title: str) -> None:
    """Adds a sharing group; sqlite3.IntegrityError when the id is taken."""
    db.execute("INSERT INTO groups VALUES (?, ?)", (identifier, title))


def set_in_group(db: sqlite3.Connection, group: str, organization: str, belongs: bool) -> None:
    """Puts an organization into a group, or takes it out. sqlite3.IntegrityError when either is not there."""
    if belongs:
        db.execute("INSERT OR IGNORE INTO group_members VALUES (?, ?)", (organization, group))
    else:
        db.execute("DELETE FROM group_members WHERE organization = ? AND group_id = ?", (organization, group))


def groups_of(db: sqlite3.Connection, organization: str) -> frozenset[str]:
    """The groups that an organization is in."""
    rows = db.execute("SELECT group_id FROM group_members WHERE organization = ?", (organization,))
    return frozenset(str(row[0]) for row in rows)


def all_groups(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The members of each group that has any."""
    found: dict[str, list[str]] = {}
    for organization, group in db.execute("SELECT organization, group_id FROM group_members ORDER BY 2, 1"):
        found.setdefault(group, []).append(organization)
    return found


def access_serial(db: sqlite3.Connection) -> bytes:
    """Another value after every change of accounts, credentials, organizations, groups or signed terms."""
    return bytes(db.execute("SELECT serial FROM access").fetchone()[0])
