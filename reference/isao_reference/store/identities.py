"""The identities that organizations speak in: the one that the exchange makes for each, and those registered."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from isao_reference.policy import provenance


def owners_of(db: sqlite3.Connection, claims: Collection[str]) -> dict[str, str]:
    """The organizations of those of the identities that are some organization's."""
    found = {}
    for claim in claims:
        row = db.execute("SELECT organization FROM identities WHERE id = ?", (claim,)).fetchone()
        owner = str(row[0]) if row is not None else _maker(db, claim)
        if owner is not None:
            found[claim] = owner
    return found


def _maker(db: sqlite3.Connection, claim: str) -> str | None:
    if claim[24:25] != "5":  # what the exchange makes are UUIDs of version 5
        return None
    rows = db.execute("SELECT id FROM organizations ORDER BY id")
    return provenance.made_identities(tuple(str(row[0]) for row in rows)).get(claim)


def of_others(db: sqlite3.Connection, organization: str) -> list[str]:
    """Every identity of the other organizations."""
    rows = db.execute("SELECT id FROM organizations ORDER BY id")
    made = provenance.made_identities(tuple(str(row[0]) for row in rows))
    return [one for one, owner in [*made.items(), *registered(db)] if owner != organization]


def registered(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """(identity, organization) of all that were registered, by organization."""
    rows = db.execute("SELECT id, organization FROM identities ORDER BY organization, id")
    return [(str(one), str(organization)) for one, organization in rows]


def register(db: sqlite3.Connection, identity: str, organization: str) -> None:
    """Makes an identity an organization's; what that said in it before counts as said in its own name from now on.
    sqlite3.IntegrityError when it is somebody's already."""
    db.execute("INSERT INTO identities VALUES (?, ?)", (identity, organization))
    db.execute(
        "UPDATE items SET hearsay = (organization != ?)"
        " WHERE object_id = ? OR json_extract(CAST(body AS TEXT), '$.created_by_ref') = ?",
        (organization, identity, identity),
    )


def names_of_others(db: sqlite3.Connection, organization: str) -> Iterator[str]:
    """The names by which the other organizations of the exchange are registered."""
    for row in db.execute("SELECT name FROM organizations WHERE id != ?", (organization,)):
        yield str(row[0])
