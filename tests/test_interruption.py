"""A run leaves no object behind, neither at its end nor when it is stopped at whatever moment (H6)."""

from __future__ import annotations

import os
import random
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from isao_conformance.cleanup import Leftover
from isao_conformance.content import RUN_LABEL
from isao_conformance.creations import RECORD, Created, read_journal
from isao_conformance.interruption import heeded
from isao_conformance.report import console
from tests.support.live import LiveExchange, live_demo
from tests.test_certify import isao

SELECTED = ("taxii_objects", "taxii_deletion")
"""Rows that write, some for all and some for themselves, and rows that delete what they wrote."""
CEILING = 60.0
"""Seconds from the signal to the end of the process: one exchange that hangs, and the clean-up."""
STRAY = random.Random("moments")
MOMENTS = [
    pytest.param(STRAY.random(), STRAY.choice(["asked", "answered"]), marks=() if place < 2 else pytest.mark.full)
    for place in range(50)
]
"""How far into the run, by its requests, and whether the signal comes before or after the exchange does its part."""


@dataclass
class Signaller:
    """Around the exchange: sends signals to the harness at one of its requests."""

    at: int = 0
    when: str = "asked"
    signals: tuple[signal.Signals, ...] = ()
    seen: int = 0
    sent: float = 0.0
    process: subprocess.Popen[str] | None = None
    lock: Any = field(default_factory=threading.Lock)

    def around(self, app: Any) -> Any:
        async def counting(scope: Any, receive: Any, send: Any) -> None:
            with self.lock:
                self.seen += scope["type"] == "http"
                due = scope["type"] == "http" and self.seen == self.at
            if due and self.when == "asked":
                self._send()
            await app(scope, receive, send)
            if due and self.when == "answered":
                self._send()

        return counting

    def _send(self) -> None:
        assert self.process is not None
        self.sent = time.monotonic()
        for number in self.signals:
            self.process.send_signal(number)


@dataclass(frozen=True)
class Bench:
    exchange: LiveExchange
    signaller: Signaller

    def certify(
        self,
        folder: Path,
        at: int = 0,
        when: str = "asked",
        *signals: signal.Signals,
        select: tuple[str, ...] = SELECTED,
    ) -> tuple[int, str, str]:
        """Exit code and what was said, of a run that gets the signals at a request (0: none)."""
        one = self.signaller
        command = [sys.executable, "-m", "isao_conformance.cli.main", "certify", "--output", str(folder)]
        command += ["--target", str(self.exchange.target_path), "--profile", "taxii-server", "--profile", "exchange"]
        command += [word for stem in select for word in ("--select", stem)]
        with one.lock:  # no request is counted before there is a process to signal
            one.at, one.when, one.signals, one.seen, one.sent = at, when, signals, 0, 0.0
            one.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        told, errors = one.process.communicate(timeout=300)
        assert bool(one.sent) == bool(signals)
        assert not signals or time.monotonic() - one.sent < CEILING
        return one.process.returncode, told, errors

    def objects(self) -> list[Any]:
        """Every object in the exchange, whoever may see it."""
        with closing(sqlite3.connect(f"file:{self.exchange.settings.database}?mode=ro", uri=True)) as store:
            return store.execute("SELECT collection, object_id, version FROM items ORDER BY 1, 2, 3").fetchall()

    def marked(self) -> list[Any]:
        """The ids of the objects that carry the mark of a run."""
        with closing(sqlite3.connect(f"file:{self.exchange.settings.database}?mode=ro", uri=True)) as store:
            return store.execute(
                "SELECT object_id FROM items WHERE instr(body, CAST(? AS BLOB))", [RUN_LABEL]
            ).fetchall()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    signaller = Signaller()
    with live_demo(tmp_path_factory.mktemp("exchange"), wrap=signaller.around) as exchange:
        yield Bench(exchange, signaller)


@pytest.fixture(scope="module")
def requests(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many requests a run surely makes; chance lets some more or fewer be needed."""
    code, told, errors = bench.certify(tmp_path_factory.mktemp("whole"))
    assert code == 0, told + errors
    return bench.signaller.seen * 9 // 10


@pytest.mark.parametrize("runs", [2, pytest.param(20, marks=pytest.mark.full)])
def test_one_run_after_another_leaves_nothing(bench: Bench, tmp_path: Path, runs: int) -> None:
    before = bench.objects()
    for number in range(runs):
        code, told, errors = bench.certify(tmp_path / str(number))
        assert code == 0, told + errors
        assert len(read_journal(tmp_path / str(number))) > 30
    assert bench.objects() == before


def test_a_copy_that_is_shared_in_place_of_an_object_is_removed_too(bench: Bench, tmp_path: Path) -> None:
    code, told, errors = bench.certify(tmp_path, select=("ISAO-LEG-005",))
    assert code == 0, told + errors
    transcript = (tmp_path / "transcript.ndjson").read_text("utf-8")
    (copy,) = re.findall(r"a copy without us-ssn at /description was added as (indicator--[0-9a-f-]{36})", transcript)
    assert copy in {item.id for item in read_journal(tmp_path)}
    assert bench.marked() == []


@pytest.mark.parametrize(("share", "when"), MOMENTS)
def test_a_run_that_is_interrupted_at_any_moment_leaves_nothing(
    bench: Bench, requests: int, tmp_path: Path, share: float, when: str
) -> None:
    before = bench.objects()
    code, _, errors = bench.certify(tmp_path / "run", 1 + int(share * requests), when, signal.SIGINT)
    assert code == 130, errors
    assert "no object that the run wrote is left" in errors
    assert not (tmp_path / "run" / "report.json").exists()
    assert bench.objects() == before


@pytest.mark.full
def test_a_run_that_is_terminated_cleans_up_too(bench: Bench, requests: int, tmp_path: Path) -> None:
    before = bench.objects()
    code, _, errors = bench.certify(tmp_path / "run", requests // 2, "answered", signal.SIGTERM)
    assert code == 130, errors
    assert read_journal(tmp_path / "run")
    assert bench.objects() == before


def test_who_cannot_wait_for_the_clean_up_is_told_the_command_for_it(
    bench: Bench, requests: int, tmp_path: Path
) -> None:
    before = bench.objects()
    # Two of one kind could arrive as one.
    twice = (signal.SIGINT, signal.SIGTERM)
    code, _, errors = bench.certify(tmp_path / "a run", requests // 2, "answered", *twice)
    assert code == 130
    assert len(bench.objects()) > len(before)
    said = next(line for line in errors.splitlines() if "interrupted" in line)
    words = shlex.split(said.partition("; isao ")[2].partition(" removes")[0])
    done = isao(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bench.objects() == before


@pytest.mark.full
def test_what_a_killed_run_left_is_in_its_journal(bench: Bench, requests: int, tmp_path: Path) -> None:
    before = bench.objects()
    code, _, _ = bench.certify(tmp_path / "run", requests // 2, "answered", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert len(bench.objects()) > len(before)
    done = isao("cleanup", str(tmp_path / "run"), "--target", str(bench.exchange.target_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert bench.objects() == before


def test_records_that_stay_are_no_objects_that_are_left() -> None:
    stix = Created("https://host/c/", "member-a", "indicator--1")
    record = Created("https://host/alerts/", "member-a", "alert-1", RECORD)
    told = console.interrupted([stix, record], [Leftover(record, "stays")], Path("run"), None)
    assert told.startswith("interrupted; no object that the run wrote is left; 1 records of the function API")
    told = console.interrupted([stix, record], [Leftover(stix, "no"), Leftover(record, "stays")], Path("run"), None)
    assert "1 of 1 objects that the run wrote may still be there; isao cleanup run --target FILE removes them" in told
    assert console.interrupted([], [], Path("run"), None) == "interrupted; no object that the run wrote is left"


def test_signals_are_counted_said_and_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with heeded("first", "second") as stop:
        assert stop.asked == 0
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked == 2
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert capfd.readouterr().err == "first\nsecond\n"


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heeded("first", "second") as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.asked == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_third_signal_ends_the_process_at_once() -> None:
    program = (
        "import os, signal\n"
        "from isao_conformance.interruption import heeded\n"
        "with heeded('first', 'second'):\n"
        "    for _ in range(3):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGINT
    assert (done.stdout, done.stderr) == ("", "first\nsecond\n")
