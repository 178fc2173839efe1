"""Runs whose pauses take no time, for faults that show only after a minute.

Harness and server read the same clock here. A pause moves it instead of being slept, so whatever the server does at a
time it does as it would have; only what waits by itself, as a stream does, is not hurried.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from isao_conformance.ceilings import Ceilings
from isao_conformance.evidence import Live, Redactor
from isao_conformance.transport import Wire


class Pace:
    """The wall clock plus what was skipped."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def clock(self) -> datetime:
        """The time that everybody in the run goes by, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.skipped)


class HurriedLive(Live):
    """A live conduit whose pauses move a clock."""

    def __init__(self, wire: Wire, redactor: Redactor, pace: Pace, ceilings: Ceilings | None = None) -> None:
        super().__init__(wire, redactor, ceilings=ceilings)
        self._pace = pace

    def pause(self, seconds: float) -> None:
        """Moves the clock."""
        self._pace.skipped += seconds

    def value(self, probe: str, name: str, ordinal: int, produce: Callable[[], Any]) -> Any:
        """The clock is the one that was moved; every other input is produced as ever."""
        moved = self._pace.clock().timestamp
        return super().value(probe, name, ordinal, moved if name == "now" else produce)
