"""Whatever a target does, a certification ends, stays small, tells nothing and gives nothing (H1 to H4)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import ceilings, certification
from isao_conformance.ceilings import Ceilings
from isao_conformance.target import load_target
from isao_conformance.verdict import ExitCode
from tests.hostile import hostile_content, hostile_tls
from tests.hostile.hostile import SCENARIOS, Asked, serving
from tests.hostile.hostile_exchange import TURNING
from tests.hostile.running import hostile_target, run_against, without_waiting
from tests.support.answering import layer
from tests.support.live import live_demo
from tests.support.mutation import Fault

CEILING = 60.0
"""Seconds in which every run has to end; a run that nothing bounds would go on until the server's own stop."""
FOLLOWS_DISCOVERY = ("echo", "api_roots", "broken", "tricks", "a_collection")
"""Beginnings of the names of scenarios whose target names no collection, so that the links of the target count."""
OF_THEIR_OWN = {
    32: "test_two_runs_ask_the_same_things_with_other_names",
    39: "test_what_earlier_runs_left_changes_no_outcome",
}
"""Numbers of the list that are no single server, and the tests here that are about them."""
EVERY_PUSH = frozenset(
    {
        "drips_the_body",
        "a_chunk_of_minus_one_octets",
        "header_flood",
        "a_length_that_is_too_small",
        "control_bytes_in_headers",
        "gzip_bomb",
        "broken_json",
        "a_collection_named_by_half_a_character",
        "redirect_to_a_metadata_address",
        "tricks_in_every_reflected_field",
        "echo_of_the_token",
        "echo_of_the_token_as_an_encoding",
        "echo_of_the_token_as_an_address",
        "expired_certificate",
        "a_cursor_that_doubles",
        "ids_that_are_paths_and_scripts",
        "dates_of_the_first_and_the_last_year",
    }
)
"""One of each kind; the others are in the full lane."""
ELSEWHERE = [name for name, entry in SCENARIOS.items() if {15, 16, 17, 18} & {*entry.numbers}]


def lanes(names: Iterable[str], every_push: frozenset[str]) -> list[Any]:
    """All names as parameters, those that are not for every push in the full lane."""
    return [name if name in every_push else pytest.param(name, marks=pytest.mark.full) for name in names]


@pytest.mark.parametrize("name", lanes(SCENARIOS, EVERY_PUSH))
def test_a_hostile_target_earns_nothing_and_breaks_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = SCENARIOS[name]
    started = time.monotonic()
    with serving(entry.script) as (base, asked):
        target = hostile_target(base, entry.seconds, writes=not name.startswith(FOLLOWS_DISCOVERY))
        ran = run_against(target, tmp_path / "report", monkeypatch)
    assert time.monotonic() - started < CEILING
    assert asked
    assert ran.passed == []
    assert ran.code in (ExitCode.NOT_CONFORMANT, ExitCode.INCOMPLETE, ExitCode.UNREACHABLE)


@pytest.mark.parametrize("name", lanes(TURNING, EVERY_PUSH))
def test_an_exchange_that_turns_hostile_gains_nothing_and_breaks_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, fault = TURNING[name], Fault()
    entry.turn(fault)
    started = time.monotonic()
    with live_demo(tmp_path, wrap=lambda app: layer(app, fault.layers, {})) as exchange:
        target = without_waiting(load_target(exchange.target_path))
        ran = run_against(target, tmp_path / "report", monkeypatch, select=entry.select)
    assert time.monotonic() - started < CEILING
    assert ran.code in (ExitCode.NOT_CONFORMANT, ExitCode.INCOMPLETE)


@pytest.mark.parametrize("name", lanes(hostile_tls.UNTRUSTED, EVERY_PUSH))
def test_who_cannot_be_trusted_over_tls_is_told_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = hostile_tls.UNTRUSTED[name]
    with serving(hostile_tls.greets, made(tmp_path)) as (base, asked):
        target = hostile_target(base, authority=tmp_path / "authority.pem")
        ran = run_against(target, tmp_path / "report", monkeypatch)
    assert ran.code is ExitCode.UNREACHABLE
    assert asked == []


def test_the_twin_of_the_untrusted_ones_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(hostile_tls.greets, hostile_tls.good_certificate(tmp_path)) as (base, asked):
        target = hostile_target(base, authority=tmp_path / "authority.pem")
        ran = run_against(target, tmp_path / "report", monkeypatch)
    assert ran.code is ExitCode.INCOMPLETE
    assert asked


@pytest.mark.parametrize("name", lanes(ELSEWHERE, EVERY_PUSH))
def test_nothing_but_the_declared_origin_is_looked_up_or_connected_to(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: set[tuple[str, int]] = set()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connecting(sock: socket.socket, address: Any) -> None:
        reached.add((address[0], address[1]))
        connect(sock, address)

    def looking_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        reached.add((host, port))
        return look_up(host, port, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", looking_up)
    secured = hostile_tls.good_certificate(tmp_path) if name == "redirect_from_https_to_http" else None
    with serving(SCENARIOS[name].script, secured) as (base, asked):
        authority = tmp_path / "authority.pem" if secured else None
        target = hostile_target(base, writes=not name.startswith(FOLLOWS_DISCOVERY), authority=authority)
        run_against(target, tmp_path / "report", monkeypatch)
    assert reached == {("127.0.0.1", int(base.rsplit(":", 1)[1].strip("/")))}
    assert asked


def test_two_runs_ask_the_same_things_with_other_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a run makes up can be known beforehand, so a target cannot keep the right answers ready (32)."""
    sent: list[list[Asked]] = []
    for seed in ("one", "two"):
        with serving(hostile_content.unavailable_after_discovery) as (base, asked):
            run_against(hostile_target(base), tmp_path / seed, monkeypatch, seed=seed)
        sent.append(asked)
    bodies = [{request.body for request in requests if request.method == "POST"} for requests in sent]
    assert all(bodies)
    assert bodies[0].isdisjoint(bodies[1])
    guesses = [{request.headers.get("authorization") for request in requests} for requests in sent]
    assert len(guesses[0] - guesses[1]) == 1, "the wrong credential is another one, the lent ones are the same"


@pytest.mark.parametrize(
    "ceiling", [{"run_exchanges": 5}, {"run_octets": 1500, "cleanup_octets": 500}, {"run_seconds": 5.0}]
)
def test_a_run_asks_nothing_beyond_its_ceilings_and_its_replay_knows(
    ceiling: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceilings, "LIMITS", replace(ceilings.LIMITS, **ceiling))
    every_look_a_second = partial(Ceilings, monotonic=count(0.0).__next__)
    monkeypatch.setattr(certification, "Ceilings", every_look_a_second)
    with serving(hostile_content.unavailable_after_discovery) as (base, asked):
        ran = run_against(hostile_target(base), tmp_path / "report", monkeypatch)
    by_the_run = [request for request in asked if request.method != "DELETE"]
    assert len(by_the_run) <= 6
    assert ran.run is not None
    assert any("ceiling" in exchange.problem for exchange in ran.run.exchanges)


@pytest.mark.full
def test_what_earlier_runs_left_changes_no_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection full of the objects of a run that cleaned nothing up, all of them like those of the next (39)."""
    outcomes: list[dict[str, str]] = []
    with live_demo(tmp_path) as exchange:
        target = without_waiting(load_target(exchange.target_path), may_delete=False, exchange_seconds=10.0)
        for seed in ("one", "two"):
            ran = run_against(target, tmp_path / seed, monkeypatch, ("taxii_objects", "taxii_filters"), seed)
            assert ran.run is not None
            outcomes.append({judged.row.id: str(judged.outcome) for judged in ran.run.judged})
    assert outcomes[0] == outcomes[1]
    assert "pass" in outcomes[0].values()
    assert "fail" not in outcomes[0].values()
