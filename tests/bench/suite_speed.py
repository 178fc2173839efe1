"""How long the whole taxii-server profile takes against the reference on the loopback, and against the same server
when every answer comes 50 ms late.

Prints seconds and exchanges of both, in one run; nothing is asserted.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from isao_conformance.creations import Creations
from isao_conformance.evidence import Live, Redactor
from isao_conformance.runner import Plan, execute
from isao_conformance.target import load_target
from isao_conformance.transport import Wire
from isao_conformance.verdict import Outcome
from isao_spec import load
from tests.support.live import live_demo

LATE_SECONDS = 0.05


class _Late:
    """An application whose every answer comes late."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(LATE_SECONDS)
        await self._app(scope, receive, send)


def measure(name: str, wrap: Any = None) -> float:
    """Seconds of one run of the profile."""
    catalogue = load()
    rows = catalogue.in_profiles(("taxii-server",))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, live_demo(Path(folder), wrap=wrap) as exchange:
        target = load_target(exchange.target_path)
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        started, used = time.monotonic(), time.process_time()
        run = execute(Plan(target, catalogue, rows, "bench"), live, Creations())
        seconds, used = time.monotonic() - started, time.process_time() - used
    passed = sum(judged.outcome is Outcome.PASS for judged in run.judged)
    print(
        f"{name:<24} {seconds:5.1f} s  {len(run.exchanges)} exchanges, {passed} of {len(rows)} requirements passed, "
        f"{used:.1f} s of processor time for harness and server together"
    )
    return seconds


def main() -> None:
    """Measure both and say how they relate."""
    at_once = measure("loopback")
    late = measure(f"{LATE_SECONDS * 1000:.0f} ms late", _Late)
    print(f"late : at once = {late / at_once:.1f}")


if __name__ == "__main__":
    main()
