"""Databases of earlier forms, made from one of today by taking back what the upgrades did."""

from __future__ import annotations

import re
import sqlite3

from isao_reference.store import schema


def take_back(db: sqlite3.Connection, form: int) -> None:
    """Turns a database of today's form into one of an earlier form with the same content, as far as it could hold it:
    an account had one credential."""
    for upgrade in range(schema.SCHEMA_VERSION - 1, form - 1, -1):
        if upgrade == 3:
            _credentials_into_accounts(db)
        for kind, name in reversed(
            re.findall(r"CREATE (?:UNIQUE )?(TABLE|TRIGGER|INDEX) (\w+)", schema.UPGRADES[upgrade])
        ):
            db.execute(f"DROP {kind} {name}")
        for table, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", schema.UPGRADES[upgrade]):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.execute(f"PRAGMA user_version={form}")
    db.commit()


def _credentials_into_accounts(db: sqlite3.Connection) -> None:
    kept = db.execute("SELECT account, way, secret FROM credentials").fetchall()
    for column in ("auth", "secret"):
        db.execute(f"ALTER TABLE accounts ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    for account, way, secret in kept:
        auth = {"password": "basic", "api-key": "bearer"}[way]
        db.execute("UPDATE accounts SET auth = ?, secret = ? WHERE name = ?", (auth, secret, account))
    db.execute("CREATE UNIQUE INDEX accounts_by_secret ON accounts(auth, secret)")
