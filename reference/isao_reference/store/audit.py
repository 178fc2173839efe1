"""The audit log on disk: entries, the frontiers of the trees over them, and the tiles that proofs are made from.

Nothing here changes or removes an entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from isao_reference.audit.chain import WHOLE, Entry, Said, placed
from isao_reference.audit.tree import Frontier, Hashes

_HASH = 32
_AT_ONCE = 1000


@dataclass
class _Tree:
    """A tree while entries are added to it: its frontier, and the last leaf of its chain."""

    frontier: Frontier
    last: bytes | None


@dataclass(frozen=True)
class Kept:
    """An entry as it is kept: its place in the log that was asked for (from 1), its bytes, its account."""

    place: int
    account: str | None
    body: bytes
    details: bytes


def append(db: sqlite3.Connection, entries: Iterable[Said]) -> None:
    """Adds entries in their order, inside the caller's transaction."""
    trees: dict[str, _Tree] = {}
    rows = []
    whole = trees[WHOLE] = _read(db, WHOLE)
    for said in entries:
        own = trees.get(said.log)
        if own is None:
            own = trees[said.log] = _read(db, said.log)
        entry = placed(said, own.frontier.size + 1, own.last)
        own.frontier.add(entry.leaf)
        whole.frontier.add(entry.leaf)
        own.last = entry.leaf
        rows.append(_row(whole.frontier.size, entry))
    db.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    for log, tree in trees.items():
        frontier = tree.frontier
        state = (log, frontier.size, tree.last or b"", b"".join(frontier.peaks))
        db.execute("INSERT OR REPLACE INTO audit_trees VALUES (?, ?, ?, ?)", state)
        db.executemany("INSERT INTO audit_tiles VALUES (?, ?, ?, ?)", [(log, *tile) for tile in frontier.tiles])


def size_of(db: sqlite3.Connection, log: str) -> int:
    """How many entries a log has; none when nothing was ever done."""
    return _read(db, log).frontier.size


def root_at(db: sqlite3.Connection, log: str, size: int, hashes: Hashes | None = None) -> bytes:
    """The root over the first `size` entries of a log, which has at least as many."""
    tree = _read(db, log)
    if tree.frontier.size == size:
        return tree.frontier.root()
    return Frontier().root() if size == 0 else (hashes or hashes_of(db, log)).over(0, size)


def hashes_of(db: sqlite3.Connection, log: str) -> Hashes:
    """The hashes of a log's tree, for proofs; to be used inside the same transaction."""
    return Hashes(lambda level, first, count: _hashes(db, log, level, first, count))


def entries(db: sqlite3.Connection, log: str, after: int, most: int) -> list[Kept]:
    """The entries of a log after that many, oldest first; of the log of everything in the order they came."""
    place, allowed = ("key", "") if log == WHOLE else ("number", "log = :log AND ")
    text = f"SELECT {place}, account, entry, details FROM audit WHERE {allowed}{place} > :after"
    rows = db.execute(f"{text} ORDER BY {place} LIMIT :most", {"log": log, "after": after, "most": most})
    return [Kept(int(at), account, bytes(body), bytes(details)) for at, account, body, details in rows]


def every_entry(db: sqlite3.Connection, log: str) -> Iterator[Kept]:
    """All entries of a log, as `entries` has them."""
    after = 0
    while found := entries(db, log, after, _AT_ONCE):
        yield from found
        after = found[-1].place


def _read(db: sqlite3.Connection, log: str) -> _Tree:
    row = db.execute("SELECT size, last, peaks FROM audit_trees WHERE log = ?", (log,)).fetchone()
    if row is None:
        return _Tree(Frontier(), None)
    size, last, peaks = int(row[0]), bytes(row[1]), bytes(row[2])
    return _Tree(Frontier(size, [peaks[at : at + _HASH] for at in range(0, len(peaks), _HASH)]), last or None)


def _row(key: int, entry: Entry) -> tuple[object, ...]:
    return (key, entry.log, entry.number, entry.account, entry.leaf, entry.body, entry.details)


def _hashes(db: sqlite3.Connection, log: str, level: int, first: int, count: int) -> Sequence[bytes]:
    if level:
        text = "SELECT hash FROM audit_tiles WHERE log = ? AND level = ? AND place >= ? ORDER BY place LIMIT ?"
        rows = db.execute(text, (log, level, first, count))
    elif log == WHOLE:
        rows = db.execute("SELECT leaf FROM audit WHERE key > ? ORDER BY key LIMIT ?", (first, count))
    else:
        text = "SELECT leaf FROM audit WHERE log = ? AND number > ? ORDER BY number LIMIT ?"
        rows = db.execute(text, (log, first, count))
    return [bytes(row[0]) for row in rows]
