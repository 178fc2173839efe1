"""Connections to one SQLite file: many readers, one writer, acknowledged writes on disk.

WAL with synchronous=FULL: a commit that returned survives the death of the process. All
writes of this process queue behind one lock and begin immediately, so date_added is given
in commit order.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isao_reference.store import schema
from isao_reference.store.commits import Commits

_BUSY_MILLISECONDS = 15_000


class StoreError(Exception):
    """The file is not a store this version can open."""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _connect_to_write(path: Path) -> sqlite3.Connection:
    """Holds, besides, the windows of dates that the running transaction has opened (isao_reference.store.dates)."""
    connection = _connect(path)
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("CREATE TEMP TABLE windows (collection INTEGER PRIMARY KEY, begin INTEGER NOT NULL)")
    return connection


def _run(connection: sqlite3.Connection, statements: str) -> None:
    statement = ""
    for part in statements.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):  # a trigger has semicolons inside
            connection.execute(statement)
            statement = ""


def _create_or_upgrade(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            _run(connection, schema.TABLES)
            connection.execute("INSERT INTO meta VALUES ('cursor_key', ?)", (secrets.token_bytes(32),))
            connection.execute(f"PRAGMA user_version={schema.SCHEMA_VERSION}")
        elif found > schema.SCHEMA_VERSION:
            raise StoreError(f"the database has form {found}, this version reads {schema.SCHEMA_VERSION}")
        else:
            for form in range(found, schema.SCHEMA_VERSION):
                _run(connection, schema.UPGRADES[form])
            connection.execute(f"PRAGMA user_version={schema.SCHEMA_VERSION}")
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('audit_key', ?)", (secrets.token_bytes(32),))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


class Store:
    """One open database. Safe to share between threads; `close` ends it."""

    def __init__(self, path: Path) -> None:
        """Opens the file or creates it, for its owner only; raises StoreError when it cannot be opened,
        is no database, or has the form of a later version. Earlier forms are brought up to date."""
        self.path = path
        try:
            path.touch(mode=0o600)
            self._writer = _connect_to_write(path)
            _create_or_upgrade(self._writer)
        except (OSError, sqlite3.DatabaseError) as fault:
            raise StoreError(f"no store can be opened there: {fault}") from None
        self._write_lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._closed = False
        self.commits = Commits()
        self.cursor_key = self._key("cursor_key")
        self.audit_key = self._key("audit_key")

    def _key(self, name: str) -> bytes:
        row = self._writer.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return bytes(row[0])

    def _take_idle(self) -> sqlite3.Connection:
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        connection = _connect(self.path)
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Keeps a connection for the next reader, unless it is in a state nobody expects."""
        with self._idle_lock:
            if not self._closed and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one read transaction: everything read through it is one moment."""
        connection = self._take_idle()
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self, *, quietly: bool = False) -> Iterator[sqlite3.Connection]:
        """The one writing connection inside one transaction: all of it or, after an exception,
        none of it is kept. `quietly` wakes nobody who waits for something new.

        An exception from the commit itself proves neither: SQLite may fail after the last row is on disk. So whatever
        writes here may be asked to do the same again, and finds what is there already.
        """
        with self._write_lock:
            connection = self._writer
            try:
                # An error from this too proves nothing: it can come after the transaction has begun.
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("DELETE FROM temp.windows")
                connection.execute("COMMIT")
                if not quietly:
                    self.commits.wake()
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        """Takes back an unfinished transaction. What cannot be rolled back on the connection is by closing it: a writer
        left inside a transaction would refuse every write from then on."""
        if not self._writer.in_transaction:
            return
        try:
            self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            self._writer.close()
            self._writer = _connect_to_write(self.path)

    def close(self) -> None:
        """Closes every idle connection; further use is an error."""
        with self._idle_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        with self._write_lock:
            self._writer.close()
