"""Collections and their grants."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Collection:
    """One collection; `api_root` is the name of its root, `readers` and `writers` are reader classes, `key` its
    number in the store. Whatever lies in it has at least its `label`, when it has one."""

    key: int
    api_root: str
    id: str
    alias: str | None
    title: str
    description: str
    media_types: tuple[str, ...]
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    label: str = ""


_COLUMNS = "api_root, id, alias, title, description, media_types, readers, writers, label"
_SELECT = f"SELECT key, {_COLUMNS} FROM collections"


def _from_row(row: Sequence[object]) -> Collection:
    key, api_root, identifier, alias, title, description, media_types, readers, writers, label = row
    return Collection(
        int(str(key)),
        str(api_root),
        str(identifier),
        None if alias is None else str(alias),
        str(title),
        str(description),
        _listed(str(media_types)),
        _listed(str(readers)),
        _listed(str(writers)),
        str(label),
    )


@lru_cache(maxsize=10_000)
def _listed(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def insert_collection(db: sqlite3.Connection, collection: Collection) -> None:
    """Adds a collection (its `key` is given by the store); sqlite3.IntegrityError when the id or
    the alias is taken."""
    db.execute(
        f"INSERT INTO collections ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            collection.api_root,
            collection.id,
            collection.alias,
            collection.title,
            collection.description,
            json.dumps(collection.media_types),
            json.dumps(collection.readers),
            json.dumps(collection.writers),
            collection.label,
        ),
    )


def all_collections(db: sqlite3.Connection) -> list[Collection]:
    """Every collection, oldest first: the order is the same in every answer (TAXII 2.1 section 3.3)."""
    return [_from_row(row) for row in db.execute(f"{_SELECT} ORDER BY key")]


def by_id_or_alias(db: sqlite3.Connection, name: str) -> Collection | None:
    """The collection of that id, else of that alias (TAXII 2.1 section 5.2.1)."""
    for column in ("id", "alias"):
        row = db.execute(f"{_SELECT} WHERE {column} = ?", (name,)).fetchone()
        if row is not None:
            return _from_row(row)
    return None
