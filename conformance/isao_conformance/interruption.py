"""Ctrl-C and SIGTERM as something that a run asks about, so that it ends in order and removes what it wrote.

An exchange under way is finished first: a request that was sent, and then left alone, could still be carried out after
the clean-up has asked for what it made.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STANDARD_ERROR = 2


class Stop:
    """How often the operator asked for the end: once ends the run, twice its clean-up too."""

    def __init__(self) -> None:
        self.asked = 0


@contextmanager
def heeded(once: str, twice: str) -> Iterator[Stop]:
    """Count SIGINT and SIGTERM while the block runs, and say the line that belongs to the first and to the second on
    standard error. The third ends the process at once. A signal that whoever started us has ignored stays ignored.

    Only for the main thread: raises ValueError in others.
    """
    stop = Stop()

    def count(number: int, frame: FrameType | None) -> None:
        stop.asked += 1
        if stop.asked > 2:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        # Not by the stream: the signal may have come while the same thread writes to it.
        with suppress(OSError):
            os.write(STANDARD_ERROR, f"{(once, twice)[stop.asked - 1]}\n".encode())

    before = {
        number: signal.signal(number, count)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
