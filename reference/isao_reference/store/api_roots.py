"""The API roots beside the first one (TAXII 2.1, section 4.2): a name in the path, and what the root says of itself."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

FIRST = "exchange"


@dataclass(frozen=True)
class ApiRoot:
    """One API root at `/NAME/`; `max_content_length` is octets."""

    name: str
    title: str
    description: str
    max_content_length: int

    @property
    def path(self) -> str:
        """Its address, relative to the origin (section 4.1.1 allows relative URLs)."""
        return f"/{self.name}/"


def insert_api_root(db: sqlite3.Connection, root: ApiRoot) -> None:
    """Adds a root; sqlite3.IntegrityError when the name is taken."""
    db.execute(
        "INSERT INTO api_roots VALUES (?, ?, ?, ?)", (root.name, root.title, root.description, root.max_content_length)
    )


def further_api_roots(db: sqlite3.Connection) -> list[ApiRoot]:
    """Every root but the first, by name."""
    return [ApiRoot(*row) for row in db.execute("SELECT * FROM api_roots ORDER BY name")]
