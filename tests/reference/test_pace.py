"""One organization cannot flood what all share: it is made to wait, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from isao_reference.allowances import Allowance, Levels
from tests.support.functions import create, table
from tests.support.world import World, indicator, object_url, objects_url, world


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def exchange(tmp_path: Path, time: Time) -> Iterator[World]:
    """Three writing requests at once and then one in ten seconds; ten thousand octets and then a hundred a second."""
    with world(tmp_path, writes=Allowance(3, 0.1), written=Allowance(10_000, 100)) as made:
        made.app.state.machine.written = Levels(time)
        yield made


def test_an_organization_that_writes_too_often_waits_and_only_that(exchange: World, time: Time) -> None:
    item = indicator(marks=["green"])
    north = exchange.as_("member-a")
    assert north.post(objects_url(), {"objects": [item]}).status == 202
    assert create(exchange, "member-a2", "submissions", table(("domain-name", "a.example"))).status == 201
    assert north.post(objects_url(), "not JSON").status == 422
    before = exchange.seen("member-a")
    for account in ("member-a", "member-a2"):
        refused = exchange.as_(account).post(objects_url(), {"objects": [indicator(marks=["green"])]})
        assert (refused.status, refused.header("retry-after")) == (429, "10")
        assert refused.json["http_status"] == "429"
        refused = create(exchange, account, "submissions", table(("domain-name", "a.example")))
        assert (refused.status, refused.json["status"]) == (429, 429)
    assert north.delete(object_url(item["id"])).status == 429
    assert exchange.seen("member-a") == before
    assert exchange.as_("member-b").post(objects_url(), {"objects": [indicator(marks=["green"])]}).status == 202
    time.now = 10.0
    assert north.delete(object_url(item["id"])).status == 200
    assert north.post(objects_url(), {"objects": [item]}).status == 429


def test_an_organization_that_writes_too_much_waits(exchange: World, time: Time) -> None:
    large = indicator(marks=["green"], description="x" * 12_000)
    assert exchange.as_("member-a").post(objects_url(), {"objects": [large]}).status == 202
    refused = exchange.as_("member-a2").post(objects_url(), {"objects": [indicator()]})
    assert refused.status == 429
    assert 20 <= int(refused.header("retry-after") or 0) <= 30
    time.now = float(refused.header("retry-after") or 0)
    assert exchange.as_("member-a2").post(objects_url(), {"objects": [indicator()]}).status == 202


def test_who_may_not_write_uses_nothing_up(exchange: World) -> None:
    for _ in range(5):
        assert exchange.as_("stranger").post(objects_url(), {"objects": [indicator()]}).status == 401
    assert len(exchange.app.state.machine.written) == 0
