"""A store for one request: each of its transactions begins with the question whether the request may still go on, and
the first that writes ends with the request's entry in the audit log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from isao_reference.store.commits import Commits


class Transactions(Protocol):
    """What endpoints use of a store: see `sqlite.Store`."""

    cursor_key: bytes
    audit_key: bytes
    commits: Commits

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection inside one read transaction."""
        ...

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """The one writing connection inside one transaction."""
        ...


class Entry(Protocol):
    """What a request leaves in the audit log."""

    def write(self, db: sqlite3.Connection) -> None:
        """Adds it inside a transaction."""
        ...

    def is_written(self) -> None:
        """That transaction was committed."""
        ...


class Guarded:
    """The store behind a check that raises what ends the request, with the entry that tells of it.

    The check runs in the very transaction it is for: what is read or written there is read or written by somebody who
    has access at that moment. After the request has written something itself it is not asked any more: whoever leaves
    by this request is still told that it did.

    The entry is in the first transaction that the request writes and does not give up: what it did is on record
    exactly when it was done, and no endpoint can forget it.
    """

    def __init__(self, store: Transactions, check: Callable[[sqlite3.Connection], None], entry: Entry) -> None:
        self.plain = store
        self.cursor_key = store.cursor_key
        self.audit_key = store.audit_key
        self._entry = entry
        self.commits = store.commits
        self._check = check
        self._has_written = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Like the store's."""
        with self.plain.reading() as db:
            self._ask(db)
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Like the store's; a check that fails leaves everything as it was."""
        with self.plain.writing() as db:
            self._ask(db)
            yield db
            if not self._has_written:
                self._entry.write(db)
        if not self._has_written:
            self._has_written = True
            self._entry.is_written()

    def _ask(self, db: sqlite3.Connection) -> None:
        if not self._has_written:
            self._check(db)
