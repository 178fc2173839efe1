"""Requests made up from the OpenAPI document, against the live exchange: nothing breaks, and all answers are as told.

Schemathesis runs as a process of its own, the same requests each time, until its time is spent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import fuzz
from isao_conformance.fuzz import Outcome, Plan
from isao_spec import FOLDER
from tests.support.live import LiveExchange, live_demo

QUICK_SECONDS = (6, 30, 120)
"""The first of these in which the process starts and gets something done, on whatever machine."""
FULL_SECONDS = 120
WRITABLE = "workbench"


def plan(exchange: LiveExchange, actor: str, seconds: int) -> Plan:
    return Plan(
        document=json.loads((FOLDER / "openapi.json").read_text("utf-8")),
        base_url=exchange.base_url,
        seconds=seconds,
        authorization=exchange.authorization(actor).get("Authorization", ""),
        reads_only=False,
        parameters=(("api_root", "exchange"), ("collection", WRITABLE)),
    )


def fuzzed(tmp_path: Path, actor: str, seconds: int) -> Outcome:
    with live_demo(tmp_path, plain_http=True) as exchange:
        return fuzz.run(plan(exchange, actor, seconds))


@pytest.mark.parametrize("actor", ["member-a", "operator"])
def test_no_made_up_request_breaks_the_exchange_or_is_answered_otherwise_than_told(tmp_path: Path, actor: str) -> None:
    for seconds in QUICK_SECONDS:
        found = fuzzed(tmp_path, actor, seconds)
        assert found.findings == (), found.text
        if found.requests > 20:
            return
    pytest.fail(f"{found.requests} requests in {seconds} s")


@pytest.mark.full
@pytest.mark.parametrize("actor", ["member-a", "analyst", "operator", "applicant", "government", "outsider"])
def test_nor_does_one_in_a_longer_run(tmp_path: Path, actor: str) -> None:
    found = fuzzed(tmp_path, actor, FULL_SECONDS)
    assert found.findings == (), found.text
    assert found.operations > 50
    assert found.requests > 250


# --- that a fault is found --------------------------------------------------------------------------


class Changed:
    """The exchange, with each successful answer changed."""

    def __init__(self, app: Any, status: int | None, body: bytes | None) -> None:
        self.app, self.status, self.body = app, status, body

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        changing = False

        async def changed(message: Any) -> None:
            nonlocal changing
            if message["type"] == "http.response.start":
                changing = message["status"] == 200
                headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                status = self.status if self.status and changing else message["status"]
                message = {**message, "status": status, "headers": headers}
            elif changing and self.body is not None:
                message = {**message, "body": self.body}
            await send(message)

        await self.app(scope, receive, changed if scope["type"] == "http" else send)


@contextmanager
def faulty(tmp_path: Path, **change: Any) -> Iterator[LiveExchange]:
    told = {"status": None, "body": None, **change}
    with live_demo(tmp_path, plain_http=True, wrap=lambda app: Changed(app, **told)) as exchange:
        yield exchange


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({}, ""),
        pytest.param({"status": 500}, "Server error", marks=pytest.mark.full),
        pytest.param({"status": 203}, "Undocumented status code", marks=pytest.mark.full),
        ({"body": b'{"records": 7}'}, "Response violates schema"),
    ],
    ids=["none", "a-server-error", "an-undeclared-code", "another-body"],
)
def test_a_faulty_answer_is_a_finding(tmp_path: Path, change: dict[str, Any], title: str) -> None:
    with faulty(tmp_path, **change) as exchange:
        whole = plan(exchange, "analyst", 60)
        one = {"/functions/alerts/": {"get": whole.document["paths"]["/functions/alerts/"]["get"]}}
        found = fuzz.run(
            replace(whole, document={**whole.document, "paths": one}, reads_only=True, phases=("coverage",))
        )
    assert found.requests > 5
    assert (title in {one.title for one in found.findings}) == bool(change), found.text
    assert {name for one in found.findings for name in one.operations} <= {"GET /functions/alerts/", "Stateful tests"}
