"""What the audit log adds to a page and to a contribution: the same requests with it and without it, in turns.

Prints times of requests in process (no sockets, so that nothing hides the difference); nothing is asserted.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from isao_reference import setup
from isao_reference.audit.trail import OfRequest
from isao_reference.funnel import Funnel
from tests.support.world import OPEN, World, indicator, objects_url, world

ROUNDS, PAGES, POSTS = 16, 150, 40
"""Pairs of turns, one with the log and one without; GETs and POSTs in each turn."""


@contextmanager
def without_the_log() -> Iterator[None]:
    """Requests leave no entry while the block runs."""
    noting, writing = Funnel.put_on_record, OfRequest.write
    Funnel.put_on_record = lambda *_, **__: None
    OfRequest.write = lambda *_: None
    try:
        yield
    finally:
        Funnel.put_on_record, OfRequest.write = noting, writing


def turn(work: Callable[[], Any], times: int) -> float:
    """Milliseconds of one request, over a turn of some."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) * 1000 / times


def compare(name: str, exchange: World, work: Callable[[], Any], times: int) -> None:
    """Prints the medians of both, and of the ratios of each pair of turns. What waits is written within the turn."""
    trail = exchange.app.state.trail

    def recorded() -> float:
        found = turn(work, times)
        started = time.process_time()
        trail.flush()
        return found + (time.process_time() - started) * 1000 / times

    pairs = []
    for place in range(ROUNDS):
        if place % 2:
            with_log = recorded()
        with without_the_log():
            plain = turn(work, times)
        if not place % 2:
            with_log = recorded()
        pairs.append((plain, with_log))
    plain, with_log = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for other, one in pairs)
    print(f"{name:<34} {plain:7.3f} ms without, {with_log:7.3f} ms with the log; ratio {ratio:.3f}")


def main() -> None:
    """Measure pages of 100, pages of 1, and contributions of one object and of 20."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, world(Path(folder)) as exchange:
        raws = [json.dumps(indicator(marks=["green"], name="x" * 200)).encode() for _ in range(2000)]
        setup.ingest(exchange.store, OPEN, raws, "member-a")
        reader, writer = exchange.as_("member-b"), exchange.as_("member-a")
        exchange.seen(
            "member-b", "limit=1000"
        )  # what is given for the first time is written into the ledger of deliveries
        exchange.app.state.trail.start()
        url = objects_url()
        compare("GET of 100 objects", exchange, lambda: reader.get(url, query="limit=100"), PAGES)
        compare("GET of 1 object", exchange, lambda: reader.get(url, query="limit=1"), PAGES)
        compare("GET of 100 manifest records", exchange, lambda: reader.get(url.replace("objects", "manifest")), PAGES)
        compare("POST of 1 object", exchange, lambda: writer.post(url, {"objects": [indicator()]}), POSTS)
        compare(
            "POST of 20 objects",
            exchange,
            lambda: writer.post(url, {"objects": [indicator() for _ in range(20)]}),
            POSTS,
        )
        exchange.app.state.trail.stop()


if __name__ == "__main__":
    main()
