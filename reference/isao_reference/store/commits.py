"""Waking whoever waits for something new: every commit of this process sets the events of all listeners."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Commits:
    """Safe to share between threads; listeners wait in event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set after each commit while the block runs; in an event loop only."""
        event, loop = asyncio.Event(), asyncio.get_running_loop()
        with self._lock:
            self._listeners[id(event)] = (loop, event)
        try:
            yield event
        finally:
            with self._lock:
                self._listeners.pop(id(event), None)

    def wake(self) -> None:
        """Tell all listeners."""
        with self._lock:
            waiting = list(self._listeners.values())
        for loop, event in waiting:
            with suppress(RuntimeError):  # its loop has just closed: what was committed is committed all the same
                loop.call_soon_threadsafe(event.set)
