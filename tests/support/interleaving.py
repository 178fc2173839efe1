"""Something that happens between two transactions of a client's requests, at every place where it can."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.asgi import Response
from tests.support.world import World

Ask = Callable[[dict[str, Any]], Response]
"""One request of a programme; the dictionary holds what earlier answers said."""


class Interleaved:
    """Lets `change` happen just before the transaction number `at` (from 0) that the exchange begins for a client, and
    notes during which request that was, and whether this request had written something before."""

    def __init__(self, exchange: World, at: int, change: Callable[[], None]) -> None:
        self._store = exchange.store
        self._at, self._change = at, change
        self.begun = 0
        self.request = -1
        self.changed_in: int | None = None
        self.wrote_before = False
        self._wrote = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watches the store while the block runs."""
        reading, writing = self._store.reading, self._store.writing

        @contextmanager
        def counted(transaction: Callable[..., Any], writes: bool, **how: Any) -> Iterator[sqlite3.Connection]:
            self._step()
            with transaction(**how) as db:
                yield db
            self._wrote |= writes

        self._store.reading = lambda: counted(reading, False)
        self._store.writing = lambda **how: counted(writing, True, **how)
        self._changing = (reading, writing)
        try:
            yield
        finally:
            del self._store.reading, self._store.writing

    def run(self, programme: list[Ask]) -> list[Response]:
        """The answers to a programme."""
        memory: dict[str, Any] = {}
        answers = []
        with self.watched():
            for self.request, ask in enumerate(programme):
                self._wrote = False
                answers.append(ask(memory))
        return answers

    def _step(self) -> None:
        self.begun += 1
        if self.begun - 1 != self._at or self.changed_in is not None:
            return
        self.changed_in, self.wrote_before = self.request, self._wrote
        watched = self._store.reading, self._store.writing
        self._store.reading, self._store.writing = self._changing
        try:
            self._change()
        finally:
            self._store.reading, self._store.writing = watched
