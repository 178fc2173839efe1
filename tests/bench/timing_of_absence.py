"""How far what is hidden and what is absent can be told apart by how long the answer takes. Run it with
`python -m tests.bench.timing_of_absence`.

One exchange in process, requests answered in this thread: without sockets and other threads the clock sees more than
anybody outside could. For each path, pairs of GETs in turns: an id that is there but hidden from who asks, and an id
that never was; which one goes first is drawn. As many ids of each are asked for equally often. Prints, for each path,
both medians, their difference, how often the hidden one took longer, and the p-value of a rank test. Whoever reads it
holds it against the bar of our plan, less than 5 % of the median and less than 1 ms; nothing is asserted, for the
machine may be shared.
"""

from __future__ import annotations

import gc
import json
import math
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isao_reference import setup
from isao_reference.funnel import Machine
from isao_reference.store import documents
from tests.support.asgi import Response
from tests.support.functions import JSON, make, words
from tests.support.world import OPEN, ROOT, World, collection_url, indicator, object_url, objects_url, world

PAIRS = 4_000
SHOWN, HIDDEN, RECORDS = 20_000, 2_000, 200
"""Objects that everybody reads; objects (of three versions each) and statuses that the reader does not; submissions."""
BAR_PERCENT, BAR_MS = 5.0, 1.0
FLUSH_EVERY = 100
"""Pairs after which the audit log is written, so that it is never written while the clock runs."""

Ask = Callable[[str], Response]


@dataclass(frozen=True)
class Ranks:
    """A Mann-Whitney test of two samples: `longer` is how often one of the first exceeds one of the second (0.5 when
    they are alike, ties count half), `p` the two-sided p-value by the normal approximation."""

    longer: float
    p: float


def rank_test(first: Sequence[int], second: Sequence[int]) -> Ranks:
    """Mann and Whitney's U with the correction for ties; needs some dozens in each sample for its approximation."""
    joint = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks_of_first, ties, place = 0.0, 0, 0
    while place < len(joint):
        end = place
        while end < len(joint) and joint[end][0] == joint[place][0]:
            end += 1
        alike = end - place
        ranks_of_first += sum(1 for _, whose in joint[place:end] if whose == 0) * (place + 1 + end) / 2
        ties += alike**3 - alike
        place = end
    m, n, every = len(first), len(second), len(joint)
    u = ranks_of_first - m * (m + 1) / 2
    spread = math.sqrt(m * n / 12 * (every + 1 - ties / (every * (every - 1))))
    z = (u - m * n / 2) / spread if spread else 0.0
    return Ranks(u / (m * n), math.erfc(abs(z) / math.sqrt(2)))


async def _at_once(_: Machine, work: Callable[[], Any], *, writes: bool = False) -> Any:
    return work()


@contextmanager
def filled() -> Iterator[tuple[World, dict[str, list[str]]]]:
    """An exchange with objects, statuses and records; the ids of those that `peer` is not shown, by what they are."""
    in_thread, Machine.in_thread = Machine.in_thread, _at_once
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, world(Path(folder)) as exchange:
            shown = [json.dumps(indicator(marks=["green"], name="x" * 200)).encode() for _ in range(SHOWN)]
            names = [f"indicator--{uuid.uuid4()}" for _ in range(HIDDEN)]
            hidden = [
                json.dumps(indicator(version, id=one, marks=["amber"], name="x" * 200)).encode()
                for one in names
                for version in range(3)
            ]
            half = SHOWN // 2
            setup.ingest(exchange.store, OPEN, [*shown[:half], *hidden, *shown[half:]], "member-a")
            status = exchange.share("member-a", indicator(marks=["amber"]))
            statuses = [str(uuid.uuid4()) for _ in range(HIDDEN)]
            with exchange.store.writing() as db:
                row = db.execute("SELECT account, created FROM statuses WHERE id = ?", (status["id"],)).fetchone()
                for one in statuses:
                    body = json.dumps({**status, "id": one}).encode()
                    documents.insert_status(db, one, ROOT.strip("/"), row[0], row[1], body)
            records = [
                make(exchange, "member-a", "submissions", words(f"Seen, {number}.", marking="red"))["id"]
                for number in range(RECORDS)
            ]
            yield exchange, {"object": names, "status": statuses, "record": records}
    finally:
        Machine.in_thread = in_thread


def paths(exchange: World) -> dict[str, tuple[str, Ask]]:
    """What is asked for, by name: which ids, and the request for one."""
    reader = exchange.as_("peer")
    manifest = collection_url() + "manifest/"
    return {
        "object": ("object", lambda one: reader.get(object_url(one))),
        "versions of an object": ("object", lambda one: reader.get(object_url(one) + "versions/")),
        "objects by match[id]": ("object", lambda one: reader.get(objects_url(), query=f"match[id]={one}")),
        "manifest by match[id]": ("object", lambda one: reader.get(manifest, query=f"match[id]={one}")),
        "status": ("status", lambda one: reader.get(f"{ROOT}status/{one}/")),
        "record of a function": ("record", lambda one: reader.get(f"/functions/submissions/{one}/", accept=JSON)),
    }


def absent(ids: Sequence[str]) -> list[str]:
    """As many ids that never were, of the same form."""
    return [one[:-36] + str(uuid.uuid4()) for one in ids]


def timed(ask: Ask, identifier: str) -> tuple[int, int]:
    """Nanoseconds of one request, and the status of its answer."""
    started = time.perf_counter_ns()
    answer = ask(identifier)
    return time.perf_counter_ns() - started, answer.status


def measure(exchange: World, ask: Ask, hidden: Sequence[str], draw: random.Random) -> tuple[list[int], list[int]]:
    """Nanoseconds of the requests for what is hidden, and of those for what is absent. RuntimeError where the two are
    answered with different statuses."""
    pools = hidden, absent(hidden)
    found: tuple[list[int], list[int]] = ([], [])
    for _ in range(50):
        for pool in pools:
            ask(draw.choice(pool))
    gc.collect()
    gc.disable()
    try:
        for number in range(PAIRS):
            statuses = set()
            for which in draw.sample((0, 1), 2):
                took, status = timed(ask, pools[which][number % len(hidden)])
                found[which].append(took)
                statuses.add(status)
            if len(statuses) > 1:
                raise RuntimeError(f"hidden and absent are answered with {statuses}")
            if number % FLUSH_EVERY == 0:
                exchange.app.state.trail.flush()
                gc.collect()
    finally:
        gc.enable()
    return found


def main() -> None:
    """Measure every path, in the order of a seed that can be given."""
    draw = random.Random(sys.argv[1] if len(sys.argv) > 1 else "absence")
    print(f"{PAIRS} pairs a path; {SHOWN} objects shown, {HIDDEN} hidden; milliseconds")
    print(f"{'path':<24}{'hidden':>9}{'absent':>9}{'differ by':>11}{'%':>8}{'longer':>8}{'p':>10}")
    with filled() as (exchange, ids):
        for name, (kind, ask) in paths(exchange).items():
            hidden, never = measure(exchange, ask, ids[kind], draw)
            there, not_there = statistics.median(hidden) / 1e6, statistics.median(never) / 1e6
            differ = there - not_there
            percent = 100 * differ / not_there
            ranks = rank_test(hidden, never)
            beyond = abs(percent) >= BAR_PERCENT or abs(differ) >= BAR_MS
            print(
                f"{name:<24}{there:>9.3f}{not_there:>9.3f}{differ:>+11.4f}{percent:>+8.2f}"
                f"{ranks.longer:>8.3f}{ranks.p:>10.1e}{'  beyond the bar' if beyond else ''}"
            )


if __name__ == "__main__":
    main()
