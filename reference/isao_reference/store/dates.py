"""Which date_added the items of one transaction get, so that the dates tell nothing of what a reader is not shown.

Everything that one transaction brings into a collection is spread by chance, and in no order, over one short window
that begins after every date given before. Whoever is shown a part of it sees dates that are spread as if that part were
all there is: there is no gap to see, and no place in a row. TAXII 2.1 (section 3.2) asks for dates that are ascending
from one answer to the next; it gives the objects of one envelope no order, and neither does STIX those of a bundle.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass

WIDTH = 1000
"""Microseconds of a window: less than it takes to have a transaction on the disk, so that no later one has to wait for
the end of it and is told by its own date that there was another."""

_ROOM = 2
"""Places for each item, where there are so many that they would fill the window."""


@dataclass
class Window:
    """The dates that one transaction gives in a collection; `given` are those that it gave already (microseconds)."""

    begin: int
    width: int
    given: set[int]

    def draw(self) -> int:
        """The date of one more item: any place that is free, each as likely as any other."""
        while (date := self.begin + secrets.randbelow(self.width)) in self.given:
            pass
        self.given.add(date)
        return date


def open_window(db: sqlite3.Connection, collection: int, now: int, count: int) -> Window:
    """The window of the running transaction in a collection, with room for `count` further items. Whoever opens it
    first in the transaction says when it begins: `now` (microseconds), or just after all that was given before."""
    last = db.execute("SELECT last_added FROM collections WHERE key = ?", (collection,)).fetchone()[0]
    db.execute("INSERT OR IGNORE INTO temp.windows VALUES (?, ?)", (collection, max(now, last + 1)))
    begin = db.execute("SELECT begin FROM temp.windows WHERE collection = ?", (collection,)).fetchone()[0]
    own = db.execute("SELECT date_added FROM items WHERE collection = ? AND date_added >= ?", (collection, begin))
    given = {int(row[0]) for row in own}
    return Window(int(begin), max(WIDTH, _ROOM * (len(given) + count)), given)


def close_window(db: sqlite3.Connection, collection: int, window: Window) -> None:
    """Keeps later transactions behind the window, all of it: its last date would tell of the item that has it."""
    end = window.begin + window.width - 1
    db.execute("UPDATE collections SET last_added = MAX(last_added, ?) WHERE key = ?", (end, collection))
