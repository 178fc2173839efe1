"""How entries come into the log: with what they tell of in one transaction, or, for what was only read, a moment later.

A write is acknowledged after its commit, and its entry is in that commit. A read changes nothing, so a transaction and
a sync of the disk for each would cost far more than the read: such entries wait in memory and are written together, at
most `limits.AUDIT_SECONDS` later. What a process that is killed takes with it is the entries of the last such moment.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from isao_reference import limits
from isao_reference.audit.chain import Said
from isao_reference.audit.record import Draft
from isao_reference.errors import Refusal
from isao_reference.faults import log_fault
from isao_reference.settings import utc_now
from isao_reference.store import audit, parties
from isao_reference.store.sqlite import Store
from isao_reference.wire import timestamps

Waiting = tuple[int, Draft]


def write(db: sqlite3.Connection, draft: Draft, now: int) -> None:
    """Adds the entry of a draft inside the caller's transaction; `now` in microseconds."""
    audit.append(db, [draft.said(now)])


@contextmanager
def recorded(store: Store, draft: Draft, clock: Callable[[], datetime] = utc_now) -> Iterator[sqlite3.Connection]:
    """A writing transaction outside HTTP together with its entry, to which the block may add."""
    with store.writing() as db:
        yield db
        write(db, draft, timestamps.micros(clock()))


def command(store: Store, what: str, **details: Any) -> AbstractContextManager[sqlite3.Connection]:
    """A writing transaction of an operator's command. `details` say what it concerns; they are kept as they are, so
    secrets have no place in them."""
    return recorded(store, Draft("operate", what, details={"concerns": details}))


class OfRequest:
    """The entry of one request, for the transaction in which the request writes."""

    def __init__(self, draft: Draft, clock: Callable[[], datetime]) -> None:
        self._draft = draft
        self._clock = clock

    def write(self, db: sqlite3.Connection) -> None:
        """Adds the entry as it is known by now."""
        write(db, self._draft, timestamps.micros(self._clock()))

    def is_written(self) -> None:
        """From now on the draft is done with."""
        self._draft.written = True


class Trail:
    """The entries that wait to be written. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[Waiting] = []
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._some = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, draft: Draft, now: int) -> None:
        """Takes the entry of a request that is about to be answered; `now` in microseconds. Refusal 503 when so many
        wait that they cannot be written: what is not on record is not given."""
        with self._lock:
            if len(self._waiting) >= limits.AUDIT_WAITING:
                raise full()
            self._waiting.append((now, draft))
        if not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Writes what waits. On return everything that was noted before is on disk, whoever wrote it."""
        with self._flushing:
            with self._lock:
                taken, self._waiting = self._waiting, []
            if not taken:
                return
            try:
                with self._store.writing(quietly=True) as db:
                    audit.append(db, merged(db, taken))
            except BaseException:
                with self._lock:
                    self._waiting = taken + self._waiting
                raise

    def start(self) -> None:
        """Begins to write in the background."""
        self._thread = threading.Thread(target=self._run, name="isao-audit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what waits and ends; nothing may be noted afterwards."""
        self._stopping.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join()
        self._flush_or_log()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._some.wait()
            self._stopping.wait(limits.AUDIT_SECONDS)
            self._some.clear()
            self._flush_or_log()

    def _flush_or_log(self) -> None:
        try:
            self.flush()
        except Exception as fault:  # they are kept and tried again
            log_fault("doing=writing-the-audit-log", fault)
            self._some.set()


def full() -> Refusal:
    """503: the audit log cannot be written at the moment."""
    return Refusal(503, "Try again later", "The exchange cannot keep its records.", (("Retry-After", "5"),))


def merged(db: sqlite3.Connection, waiting: list[Waiting]) -> list[Said]:
    """What to write of the drafts that wait. Equal refusals to somebody who proved no account become one entry with
    their number: otherwise a stranger could fill the disk as fast as the exchange can say no."""
    drafts: list[Waiting] = []
    places: dict[tuple[object, ...], int] = {}
    times: list[int] = []
    for now, draft in waiting:
        if draft.is_strangers:
            known = _claimed(db, draft)
            kind = (known.organization, known.account, known.action, known.what, known.status)
            if kind in places:
                times[places[kind]] += 1
                continue
            places[kind] = len(drafts)
            draft = known
        drafts.append((now, draft))
        times.append(1)
    return [draft.said(now, count) for (now, draft), count in zip(drafts, times, strict=True)]


def _claimed(db: sqlite3.Connection, draft: Draft) -> Draft:
    """The draft of a failed sign-in under the name it claimed, if there is such an account: its organization should
    know. A name that is none could be a password in the wrong field, and is not kept."""
    account = None if draft.claimed is None else parties.account_by_name(db, draft.claimed)
    return draft if account is None else replace(draft, account=account.name, organization=account.organization)
