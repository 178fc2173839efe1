"""The fuzzing phase: it reads only, gives no secret away, says why it was not done, and decides nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import fuzz
from isao_conformance.fuzz import Finding, FuzzFault, Plan
from isao_conformance.target import load_target
from isao_spec import load
from isao_spec.openapi import document
from tests.support.live import live_demo

PLAN = Plan(document(load()), "https://exchange.example/functions/", 5, authorization="Bearer very-secret")


def words(plan: Plan) -> list[str]:
    return fuzz.command(plan, "schemathesis", Path("openapi.json"), Path("report.json"))


def test_credentials_are_neither_in_the_command_nor_in_the_configuration() -> None:
    assert "very-secret" not in " ".join(words(PLAN)) + fuzz.configuration(PLAN)
    assert fuzz.AUTHORIZATION in fuzz.configuration(PLAN)


def test_reading_only_leaves_out_every_method_that_writes() -> None:
    reading, all_of_it = PLAN, Plan(PLAN.document, PLAN.base_url, 5, reads_only=False)
    assert words(reading)[-2:] == ["--include-method", "GET"]
    assert "unexpected-methods = []" in fuzz.configuration(reading)
    assert "--include-method" not in words(all_of_it)


def test_a_part_of_a_document_keeps_the_paths_below_its_prefix() -> None:
    kept = fuzz.below(PLAN.document, "/functions/")["paths"]
    assert {"/", "/events/", "/alerts/{record}/"} <= set(kept)
    assert not [path for path in kept if "taxii" in path or "well-known" in path]


def test_failures_and_errors_of_a_report_are_findings() -> None:
    told = {
        "failures": [{"title": "Server error", "count": 3, "operations": ["GET /alerts/"]}],
        "errors": [{"title": "Network error"}],
        "test_cases": {"generated": 12},
        "operations": {"tested": 2},
    }
    found = fuzz.outcome(told, "")
    assert found.findings == (Finding("Server error", 3, ("GET /alerts/",)), Finding("Network error", 1, ()))
    assert "Server error, 3 times: GET /alerts/" in "\n".join(fuzz.lines(found))
    assert "neither the outcome nor the exit code" in fuzz.lines(found)[-1]


def test_a_missing_or_failing_program_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "program", lambda: None)
    with pytest.raises(FuzzFault, match="not installed"):
        fuzz.run(PLAN)
    monkeypatch.setattr(fuzz, "program", lambda: "/bin/false")
    with pytest.raises(FuzzFault, match="ended with 1"):
        fuzz.run(PLAN)


def test_what_is_not_offered_or_not_listed_is_not_contacted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def never(_: Plan) -> None:
        raise AssertionError("it was contacted")

    monkeypatch.setattr(fuzz, "run", never)
    with live_demo(tmp_path, plain_http=True) as exchange:
        target = load_target(exchange.target_path)
    assert "names no function API" in fuzz.beside(target, "", PLAN.document, 5, tmp_path)[0]
    assert "does not list" in fuzz.beside(target, "https://other.example/functions/", PLAN.document, 5, tmp_path)[0]


class Broken:
    """Answers 500 to everything below /functions/, and notes every method there."""

    def __init__(self, app: Any, methods: set[str]) -> None:
        self.app, self.methods = app, methods

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def failing(message: Any) -> None:
            await send({**message, "status": 500} if message["type"] == "http.response.start" else message)

        below = scope.get("path", "").startswith("/functions/")
        if below:
            self.methods.add(scope["method"])
        await self.app(scope, receive, failing if below else send)


def test_findings_stand_beside_the_verdicts_and_leave_the_exit_code_alone(tmp_path: Path) -> None:
    methods: set[str] = set()
    with live_demo(tmp_path, wrap=lambda app: Broken(app, methods)) as exchange:
        command = [sys.executable, "-m", "isao_conformance.cli.main", "certify", "--target", str(exchange.target_path)]
        command += ["--select", "ISAO-GOV-001", "--read-only", "--fuzz", "8", "--output", str(tmp_path / "report")]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ISAO_")}
        done = subprocess.run(command, capture_output=True, text=True, env=kept, timeout=180)
        secrets = [actor.secret for actor in exchange.actors.values()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Server error" in done.stdout, done.stdout
    assert methods == {"GET"}
    kept_text = (tmp_path / "report/fuzz.txt").read_text("utf-8")
    assert "/functions/" in kept_text
    assert [secret for secret in secrets if secret in kept_text + done.stdout] == []
