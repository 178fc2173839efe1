"""What a whole run may take: exchanges, memory and time. Past one of them a run asks nothing more.

What is not asked stands on record with the reason, so the rows behind it are untestable, in a replay too. A run that
the operator stops is not judged at all: there the next to ask anything ends with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from isao_conformance.interruption import Stop
from isao_conformance.limits import LIMITS

FULL = "the answers of this run fill its ceiling of memory; limits.run_mebibytes in the target file raises it"


class Ceilings:
    """Counts against the ceilings of one run, which begins now. Safe for many threads.

    `octets` of memory and `seconds` are what the operator allows; 0 for as much as `LIMITS` says. `monotonic` reads a
    clock in seconds. Once `stop` is asked for, `ask` and `reached` raise KeyboardInterrupt; the second time after
    `make_room`.
    """

    def __init__(
        self,
        octets: int = 0,
        seconds: float = 0.0,
        stop: Stop | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop, self._patience = stop or Stop(), 1
        self._ceiling = octets or LIMITS.run_octets
        self._seconds = seconds or LIMITS.run_seconds
        self._monotonic = monotonic
        self._ends = monotonic() + self._seconds
        self._lock = threading.Lock()
        self._asked = self._octets = 0

    def ask(self) -> str:
        """Count one exchange, or say which ceiling forbids it."""
        with self._lock:
            why = self._reached()
            self._asked += not why
        return why and f"not asked: {why}"

    def reached(self) -> str:
        """Which ceiling is reached, or nothing."""
        with self._lock:
            return self._reached()

    def _reached(self) -> str:
        if self._stop.asked >= self._patience:
            raise KeyboardInterrupt
        if self._asked >= LIMITS.run_exchanges:
            return f"the run's ceiling of {LIMITS.run_exchanges} exchanges is reached"
        if self._octets >= self._ceiling:
            return FULL
        if self._monotonic() >= self._ends:
            minutes = f"{self._seconds / 60:g}"
            return (
                f"this run has used its ceiling of {minutes} minutes; limits.run_minutes in the target file raises it"
            )
        return ""

    def keep(self, octets: int) -> bool:
        """Count what an exchange takes in memory; False when its answer does not fit any more."""
        with self._lock:
            self._octets += octets
            return self._octets <= self._ceiling

    def make_room(self) -> None:
        """Leave the clean-up room below the ceilings: a target that used them up keeps nothing by that."""
        with self._lock:
            self._patience = 2
            self._asked = 0
            self._octets = min(self._octets, self._ceiling - LIMITS.cleanup_octets)
            self._ends = max(self._ends, self._monotonic() + LIMITS.cleanup_seconds)
