"""So much at once, and then so much a second: how whoever asks for too much is made to wait."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Allowance:
    """So many units at once, and then so many a second."""

    at_once: float
    a_second: float


class Levels:
    """How much each of many places has used and not yet been forgiven. It keeps a bounded number of places, those that
    used something last. Safe to share between threads; nothing of it outlives the process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._monotonic = monotonic

    def wait(self, place: bytes, allowance: Allowance) -> int:
        """Whole seconds until a place may use one more unit; 0 means now."""
        with self._lock:
            over = self._level(place, allowance) + 1 - allowance.at_once
            return max(0, math.ceil(over / allowance.a_second))

    def use(self, place: bytes, amount: float, allowance: Allowance, most: int) -> None:
        """Counts what a place has used; of more than `most` places the oldest are forgotten."""
        with self._lock:
            self._levels[place] = (self._level(place, allowance) + amount, self._monotonic())
            self._levels.move_to_end(place)
            while len(self._levels) > most:
                self._levels.popitem(last=False)

    def __len__(self) -> int:
        return len(self._levels)

    def _level(self, place: bytes, allowance: Allowance) -> float:
        now = self._monotonic()
        level, since = self._levels.get(place, (0.0, now))
        return max(0.0, level - (now - since) * allowance.a_second)
