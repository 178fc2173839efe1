"""How long the whole taxii-server profile takes against the reference on the loopback, and against the same server
when every answer comes 50 ms late.

The exchange is served by a process of its own, as it is wherever somebody certifies one. Prints seconds and exchanges
of both, in one run; nothing is asserted.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
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
START_SECONDS = 60.0


class _Late:
    """An application whose every answer comes late."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(LATE_SECONDS)
        await self._app(scope, receive, send)


def _serve(folder: str, late: bool, told: Connection) -> None:
    """Serve the demonstration, say where its target file is and, when told to stop, the processor time it took."""
    with live_demo(Path(folder), wrap=_Late if late else None) as exchange:
        used = time.process_time()
        told.send(str(exchange.target_path))
        told.recv()
        told.send(time.process_time() - used)


@contextmanager
def _served(folder: str, late: bool) -> Iterator[tuple[Path, Connection]]:
    """The target file of an exchange in another process, and the line to it. RuntimeError if it does not start."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(folder, late, there))
    process.start()
    try:
        if not here.poll(START_SECONDS):
            raise RuntimeError("the exchange did not start")
        yield Path(here.recv()), here
    finally:
        process.terminate()
        process.join()


def measure(name: str, late: bool) -> float:
    """Seconds of one run of the profile."""
    catalogue = load()
    rows = catalogue.in_profiles(("taxii-server",))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _served(folder, late) as (target_path, server):
        target = load_target(target_path)
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        started, used = time.monotonic(), time.process_time()
        run = execute(Plan(target, catalogue, rows, "bench"), live, Creations())
        seconds, used = time.monotonic() - started, time.process_time() - used
        server.send("stop")
        of_server = server.recv()
    passed = sum(judged.outcome is Outcome.PASS for judged in run.judged)
    print(
        f"{name:<24} {seconds:5.1f} s  {len(run.exchanges)} exchanges, {passed} of {len(rows)} requirements passed, "
        f"processor time: harness {used:.1f} s, server {of_server:.1f} s"
    )
    return seconds


def main() -> None:
    """Measure both and say how they relate."""
    at_once = measure("loopback", late=False)
    late = measure(f"{LATE_SECONDS * 1000:.0f} ms late", late=True)
    print(f"late : at once = {late / at_once:.1f}")


if __name__ == "__main__":
    main()
