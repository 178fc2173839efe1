"""What is logged of an unexpected fault: one line, and nothing of what anybody sent."""

from __future__ import annotations

import logging
import traceback

log = logging.getLogger("isao_reference")


def log_fault(doing: str, fault: BaseException) -> None:
    """An unexpected fault: what was being done, its kind and where. Never its text, which may quote what was sent, and
    never a line break, by which an author could write lines of his own into the log."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    log.error("%s fault=%s at %s", ascii(doing)[1:-1], type(fault).__name__, frames[-6:])
