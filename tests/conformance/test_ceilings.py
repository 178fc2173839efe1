"""A run ends at its ceilings, says which one it was and how to raise it, and its clean-up has room of its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from isao_conformance.ceilings import Ceilings
from isao_conformance.errors import ConfigurationError
from isao_conformance.evidence import Live, Redactor
from isao_conformance.exchange import Answer, Key, Request
from isao_conformance.limits import LIMITS
from isao_conformance.target import Actor, Target, parse_target
from isao_conformance.transport import TlsFiles, Wire

FILE: dict[str, Any] = {"schema": "isao-target/1", "base_url": "https://exchange.example/", "profiles": ["exchange"]}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Answering(Wire):
    """A wire that answers everything, and counts."""

    def __init__(self) -> None:
        super().__init__(TlsFiles())
        self.sent = 0

    def send(self, *_: Any) -> Answer:
        self.sent += 1
        return Answer(200, (), b"{}")


def asked(live: Live, number: int) -> str:
    """Ask once; returns why nothing was asked, or nothing."""
    return live.exchange(Key("probe", "outsider", number), Request("GET", "https://host/"), Actor("outsider")).problem


def target(**limits: Any) -> Target:
    return parse_target({**FILE, "limits": limits}, "target.toml", {})


def test_a_run_has_a_quarter_of_an_hour_and_its_clean_up_some_time_more() -> None:
    clock, wire = Clock(), Answering()
    ceilings = Ceilings(monotonic=clock)
    live = Live(wire, Redactor([]), ceilings=ceilings)
    clock.now += 899.0
    assert asked(live, 1) == ""
    clock.now += 1.0
    why = asked(live, 2)
    assert "ceiling of 15 minutes" in why
    assert "limits.run_minutes in the target file raises it" in why
    ceilings.make_room()
    assert asked(live, 3) == ""
    clock.now += LIMITS.cleanup_seconds
    assert asked(live, 4) == why
    assert wire.sent == 2


def test_a_target_file_gives_a_run_more_time() -> None:
    clock = Clock()
    ceilings = Ceilings(seconds=target(run_minutes=60).run_seconds, monotonic=clock)
    clock.now += 3599.0
    assert ceilings.reached() == ""
    clock.now += 1.0
    assert "60 minutes" in ceilings.reached()


def test_a_target_file_says_nothing_of_time_or_something_sensible() -> None:
    assert target().run_seconds == 0
    assert target(run_minutes=15).run_seconds == LIMITS.run_seconds
    for minutes in (14, 1441, 20.5, "20"):
        with pytest.raises(ConfigurationError, match="run_minutes"):
            target(run_minutes=minutes)


def test_no_pause_goes_on_beyond_the_time_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    clock = Clock()
    live = Live(Answering(), Redactor([]), 0.001, Ceilings(monotonic=clock))
    assert asked(live, 1) == ""
    clock.now += LIMITS.run_seconds
    live.pause(3600.0)
    assert "minutes" in asked(live, 2)
    assert slept == [], "not for the slot of a request that is not sent either"


def test_the_guide_and_the_ceiling_name_the_same_time() -> None:
    guide = (Path(__file__).parents[2] / "docs/certify-your-server.md").read_text("utf-8")
    assert f"time for a run ({LIMITS.run_seconds / 60:g})" in guide
