"""A target that answers junk gets verdicts or none; it never makes the harness itself fail."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import runner
from isao_conformance.creations import Creations
from isao_conformance.evidence import Live, Redactor
from isao_conformance.lab import Check, World
from isao_conformance.probe import all_probes, all_watchers
from isao_conformance.session import Session
from isao_conformance.survey import survey
from isao_conformance.target import load_target
from isao_conformance.transport import Wire
from isao_conformance.verdict import Outcome
from tests.support.answering import Reply, Seen, layer
from tests.support.live import live_demo
from tests.support.mutation import Fault

WORDS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**40,
    float("inf"),
    "",
    "x",
    "http://[",
    "//",
    "\ud800",
    "indicator--x",
)
WORDS += ("2026-13-45T00:00:00Z", [], {}, [[]], [{}], ["x", 1], {"a": []})
BODIES = (b"", b"[]", b"null", b"\xff", b'{"objects":')
CODES = (200, 202, 204, 301, 400, 401, 403, 404, 418, 500)


def twisted(chance: random.Random, value: Any, often: float) -> Any:
    """The value with some of its parts replaced by junk, and some members lost."""
    if chance.random() < often:
        return chance.choice(WORDS)
    if isinstance(value, dict):
        return {k: twisted(chance, v, often) for k, v in value.items() if chance.random() > often / 3}
    return [twisted(chance, item, often) for item in value] if isinstance(value, list) else value


def junk(seed: int, often: float) -> Fault:
    """A fault that spoils a part of all answers; how requests interleave decides which."""
    chance, fault = random.Random(seed), Fault()

    def spoil(_: Seen, reply: Reply) -> Reply:
        if chance.random() < often:
            return replace(reply, status=chance.choice(CODES), body=chance.choice(BODIES))
        try:
            return replace(reply, body=json.dumps(twisted(chance, json.loads(reply.body), often)).encode())
        except ValueError:
            return reply

    fault.change_answers(lambda _: True, spoil)
    return fault


@pytest.mark.parametrize(
    ("seed", "often"), [*(pytest.param(*one, marks=pytest.mark.full) for one in ((1, 0.002), (2, 0.02))), (3, 0.2)]
)
def test_junk_from_the_target_is_never_an_error_of_ours(tmp_path: Path, seed: int, often: float) -> None:
    fault = junk(seed, often)
    with live_demo(tmp_path, wrap=lambda app: layer(app, fault.layers, {})) as exchange:
        target = load_target(exchange.target_path)
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        fixtures = runner._Fixtures()

        def session(actor: str) -> Session:
            return Session(live, f"survey_{actor}", target.actors[actor], target.origins)

        world = World(target, live, str(seed), survey(target, session), Creations(), False, fixtures.get)
        fixtures.world = world
        taxii = [probe for probe in all_probes().values() if probe.requirement.startswith("TAXII-")]
        with ThreadPoolExecutor(8) as pool:
            checks: list[Check] = [check for made in pool.map(lambda p: runner._run(p, world), taxii) for check in made]
        for watcher in all_watchers().values():
            checks += runner._watch(watcher, live.all_exchanges())
    assert len(checks) > len(taxii)
    assert [f"{c.name}: {c.got}" for c in checks if c.outcome is Outcome.ERROR] == []


@pytest.mark.parametrize("root", ["http://[", "https://x:port/", "", "ftp:///", "https://elsewhere.example/root/"])
def test_an_api_root_that_is_no_url_is_passed_over(tmp_path: Path, root: str) -> None:
    fault = Fault()
    fault.change_json(
        lambda seen: seen.endpoint == "discovery", lambda body: body.update(api_roots=[root], default=root)
    )
    with live_demo(tmp_path, wrap=lambda app: layer(app, fault.layers, {})) as exchange:
        target = replace(load_target(exchange.target_path), read=(), write=())
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        found = survey(target, lambda actor: Session(live, actor, target.actors[actor], target.origins))
    assert found.discovery is not None
    assert found.discovery.resource["api_roots"] == [root]
    assert found.api_root == ""
