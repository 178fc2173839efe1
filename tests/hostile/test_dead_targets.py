"""A target that is no exchange earns nothing, whatever it answers, and never exit code 0."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from isao_conformance import certification
from isao_conformance.certification import Options, certify
from isao_conformance.errors import Unreachable
from isao_conformance.target import Target, basic_actor, parse_target
from isao_conformance.verdict import ExitCode, Outcome
from isao_spec import load
from tests.hostile.dead import COLLECTION, DEAD, DEAD_CREDENTIALS, serving
from tests.support.pace import HurriedLive, Pace

EVERYTHING = ("taxii-server", "exchange", "foundational")
ACTORS = ("operator", "analyst", "member-a", "member-a2", "member-b", "ex-member", "peer", "government")


def dead_target(base: str) -> Target:
    environment = {f"SECRET_{name}": f"secret-of-{name}" for name in ACTORS}
    actors = {
        name: {"auth": "basic", "username_env": f"SECRET_{name}", "secret_env": f"SECRET_{name}"} for name in ACTORS
    }
    DEAD_CREDENTIALS.update(
        basic_actor(name, f"secret-of-{name}", f"secret-of-{name}").authorization or "" for name in ACTORS
    )
    raw = {
        "schema": "isao-target/1",
        "name": "dead",
        "base_url": base,
        "origins": [base.rstrip("/")],
        "profiles": list(EVERYTHING),
        "taxii": {
            "discovery": f"{base}taxii2/",
            "write": [f"{base}api/collections/{COLLECTION}/"],
            "may_delete": True,
        },
        "actors": actors,
    }
    return parse_target(raw, "test", environment)


SLOW = ("canned", "echo")
"""Those that take long to see through, and are less like something real than the two others that do."""


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.full) if one in SLOW else one for one in sorted(DEAD)]
)
@pytest.mark.parametrize("read_only", [False, True], ids=["writing", "read-only"])
def test_a_dead_target_passes_no_must(
    name: str, read_only: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certification, "Live", lambda wire, redactor, *_: HurriedLive(wire, redactor, Pace()))
    with serving(DEAD[name]) as base:
        options = Options(EVERYTHING, read_only=read_only, no_claim=True, seed="dead")
        report, run, code = certify(dead_target(base), load(), options, tmp_path)
    passed = [j.row.id for j in run.judged if j.row.level.binding and j.outcome is Outcome.PASS]
    assert passed == []
    assert len(run.judged) >= 45
    assert code is not ExitCode.CONFORMANT
    assert not any(claim["conformant"] for claim in report["claims"])


def test_nothing_listening_is_unreachable_and_judges_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="refused"):
            certify(dead_target(base), load(), Options(EVERYTHING, seed="dead"), tmp_path)
    assert not (tmp_path / "report.json").exists()
