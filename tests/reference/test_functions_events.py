"""Events: told once to those concerned, resumed without loss or repetition, and cut off with the access."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from isao_reference import setup
from isao_reference.functions import clock
from isao_reference.policy.audience import DEFAULT_DISTRIBUTION
from isao_reference.store import events as store_events
from isao_reference.store.commits import Commits
from tests.support.functions import JSON, alert, do, events, make, words
from tests.support.live import LiveExchange, live_demo
from tests.support.world import LIBRARY, OPEN, PUBLIC, World, indicator, objects_url

PATH = "/functions/events/"


def listing(exchange: World, account: str, after: str | None = None) -> dict[str, Any]:
    sent = [] if after is None else [("last-event-id", after)]
    answer = exchange.as_(account).get(PATH, headers=sent, accept=JSON)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_events_are_told_to_accounts_only(exchange: World) -> None:
    for accept in (JSON, "text/event-stream"):
        assert exchange.as_("stranger").get(PATH, accept=accept).status == 401


def test_a_client_that_comes_back_misses_nothing_and_gets_nothing_twice(exchange: World) -> None:
    for number in range(60):
        exchange.share("member-a", indicator(number, marks=["green"]))
        if number % 3 == 0:
            exchange.share("member-a", indicator(number, marks=["red"]))
    whole = events(exchange, "member-b")
    assert len(whole) == 60
    assert len({one["id"] for one in whole}) == 60
    for place in (0, 10, 58):
        assert events(exchange, "member-b", whole[place]["id"]) == whole[place + 1 :]
    assert events(exchange, "member-b", whole[-1]["id"]) == []
    exchange.share("member-a", indicator(99, marks=["green"]))
    assert len(events(exchange, "member-b", whole[-1]["id"])) == 1


def test_an_id_that_is_foreign_or_unknown_or_forgotten_means_read_everything_anew(exchange: World) -> None:
    make(exchange, "member-a", "submissions", words())
    foreign = events(exchange, "member-a")[-1]["id"]
    exchange.share("member-a", indicator(marks=["green"]))
    own = listing(exchange, "member-b")["events"]
    for asked in (foreign, "never-heard-of", "", "x" * 5000, "'; DROP TABLE events; --", own[0]["id"].upper()):
        answer = listing(exchange, "member-b", asked)
        assert answer == {"resync": True, "events": own}, "and nobody learns which of these it was"
    with exchange.store.writing() as db:
        store_events.forget_events(db, 10**18)
    assert listing(exchange, "member-b", own[0]["id"]) == {"resync": True, "events": []}


def test_events_of_before_a_new_map_are_forgotten(exchange: World) -> None:
    """Whom an event was for was worked out by the old map."""
    exchange.share("member-a", indicator(marks=["green"]))
    known = listing(exchange, "member-b")["events"]
    assert known
    labels = {**DEFAULT_DISTRIBUTION, "green": ["members"]}
    setup.set_capability_document(exchange.store, {"distribution": {"labels": labels}})
    assert listing(exchange, "member-b", known[0]["id"]) == {"resync": True, "events": []}


def test_a_commit_stands_though_a_listeners_loop_has_just_closed() -> None:
    commits = Commits()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        with commits.listening():
            loop.stop()
            await asyncio.sleep(3600)

    task = loop.create_task(listen())
    loop.run_forever()
    loop.close()
    commits.wake()
    assert not task.done(), "it was listening when its loop was closed"


def test_events_for_others_never_arrive(exchange: World) -> None:
    exchange.share("member-a", indicator(marks=["amber+strict"]), indicator(marks=["red"]))
    exchange.share("operator", indicator(marks=["green"]), collection=LIBRARY)
    held = make(exchange, "member-a", "submissions", words())["id"]
    do(exchange, "analyst", "submissions", held, "decline", {"reason": "x"})
    make(exchange, "analyst", "alerts", alert())
    assert [one["collection"] for one in events(exchange, "member-b")] == [LIBRARY]
    assert events(exchange, "peer") == []
    steps = [one["step"] for one in events(exchange, "member-a") if one["resource"] == "submissions"]
    assert steps == ["hold", "decline"]
    assert any(one["collection"] == OPEN for one in events(exchange, "member-a2") if "collection" in one)


def test_an_event_of_objects_says_from_when_to_pull_and_nothing_of_what_is_hidden(exchange: World) -> None:
    shown, hidden = indicator(marks=["green"]), indicator(marks=["red"])
    exchange.share("member-a", hidden, shown)
    (told,) = events(exchange, "member-b")
    assert set(told) == {"id", "resource", "api_root", "collection", "added_after", "time"}
    query = f"added_after={told['added_after']}"
    assert [one["id"] for one in exchange.as_("member-b").get(objects_url(), query=query).json["objects"]] == [
        shown["id"]
    ]
    first = exchange.as_("member-b").get(objects_url()).header("x-taxii-date-added-first")
    assert told["added_after"] < str(first)
    # The same with nothing hidden beside it: the distance between the dates is the same.
    exchange.share("member-a", indicator(marks=["green"]))
    again = events(exchange, "member-b")[-1]
    page = exchange.as_("member-b").get(objects_url(), query=f"added_after={again['added_after']}")
    assert page.header("x-taxii-date-added-first")
    distance = [
        micros(str(date)) - micros(one["added_after"])
        for date, one in ((first, told), (page.header("x-taxii-date-added-first"), again))
    ]
    assert distance == [1, 1]


def micros(text: str) -> int:
    return int(text[-7:-1])


def test_a_repeated_post_of_the_same_objects_is_no_news(exchange: World) -> None:
    item = indicator(marks=["green"])
    exchange.share("member-a", item)
    before = events(exchange, "member-b")
    exchange.share("member-a", item)
    assert events(exchange, "member-b") == before


def test_what_is_public_is_told_to_every_account(exchange: World) -> None:
    exchange.add_applicant()
    exchange.share("member-a", indicator(marks=["clear"]), collection=PUBLIC)
    for account in ("member-b", "peer", "government", "applicant"):
        assert [one["collection"] for one in events(exchange, account)] == [PUBLIC]


class Stream:
    """A live stream of events over a socket, read line by line with a deadline."""

    def __init__(self, live: LiveExchange, actor: str, after: str | None = None) -> None:
        address = urlsplit(live.base_url)
        self.connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        headers = {"Accept": "text/event-stream", **live.authorization(actor)}
        if after is not None:
            headers["Last-Event-ID"] = after
        self.connection.request("GET", PATH, headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert str(self.answer.headers["Content-Type"]).startswith("text/event-stream")
        assert self.answer.readline() == b"retry: 2000\n"
        assert self.answer.readline() == b"\n"

    def close(self) -> None:
        self.connection.close()

    def next(self) -> dict[str, Any] | None:
        """The next event with its id and kind; None at the end of the stream."""
        told: dict[str, Any] = {}
        while True:
            line = self.answer.readline().decode()
            if not line:
                return None
            if line == "\n" and told:
                return told
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "data":
                told |= {"data": json.loads(value)}
            elif name:
                told |= {name: value}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveExchange]:
    with live_demo(tmp_path, plain_http=True) as running:
        yield running


def post(live: LiveExchange, actor: str, path: str, document: Any, kind: str = JSON) -> dict[str, Any]:
    address = urlsplit(live.base_url)
    with closing(http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)) as connection:
        headers = {"Content-Type": kind, "Accept": kind, **live.authorization(actor)}
        connection.request("POST", path, json.dumps(document), headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in (200, 201, 202), body
        made: dict[str, Any] = json.loads(body)
        return made


def issued(live: LiveExchange, **more: Any) -> str:
    expires = {"expires": "2100-01-01T00:00:00Z", "drill": True}
    made = post(live, "analyst", "/functions/alerts/", alert(**expires, **more))["id"]
    post(live, "analyst", f"/functions/alerts/{made}/issue/", {})
    return str(made)


def of_alerts(stream: Stream) -> dict[str, Any]:
    while True:
        told = stream.next()
        assert told is not None
        if told["event"] == "alerts":
            return told


def test_a_stream_wakes_well_under_a_second_after_the_commit(live: LiveExchange) -> None:
    with closing(Stream(live, "member-a")) as stream:
        slept = []
        for _ in range(3):
            identifier = issued(live)
            committed = time.monotonic()
            told = of_alerts(stream)
            slept.append(time.monotonic() - committed)
            assert told["data"]["record"] == identifier
        assert min(slept) < 0.5, slept


def test_a_stream_is_resumed_by_id_and_a_stale_id_says_so(live: LiveExchange) -> None:
    with closing(Stream(live, "member-a")) as stream:
        first = issued(live)
        told = of_alerts(stream)
        assert told["data"]["record"] == first
    missed = [issued(live), issued(live)]
    with closing(Stream(live, "member-a", after=told["id"])) as stream:
        assert [of_alerts(stream)["data"]["record"] for _ in missed] == missed
        assert of_alerts_within(stream, issued(live))
    with closing(Stream(live, "member-a", after="long-gone")) as stream:
        told = stream.next() or {}
        assert (told["event"], told["data"]) == ("resync", {})
        last = issued(live)
        assert of_alerts(stream)["data"]["record"] == last, "and then it begins now"


def of_alerts_within(stream: Stream, wanted: str) -> bool:
    return bool(of_alerts(stream)["data"]["record"] == wanted)


def test_a_stream_without_an_id_begins_now(live: LiveExchange) -> None:
    issued(live)
    with closing(Stream(live, "member-a")) as stream:
        now = issued(live)
        assert of_alerts(stream)["data"]["record"] == now


def test_events_for_others_never_come_over_a_stream(live: LiveExchange) -> None:
    with closing(Stream(live, "peer")) as stream:
        hidden = issued(live, marking="amber")
        shown = issued(live, marking="green")
        assert of_alerts(stream)["data"]["record"] == shown != hidden


def test_a_suspension_cuts_a_live_stream_before_the_next_event(live: LiveExchange) -> None:
    organization = live.actors["member-b"].organization
    with closing(Stream(live, "member-b")) as cut, closing(Stream(live, "member-a")) as kept:
        before = issued(live)
        assert of_alerts(cut)["data"]["record"] == before
        store = setup.open_store(live.settings.database)
        try:
            setup.set_standing(store, organization, "suspended")
        finally:
            store.close()
        after = issued(live)
        assert of_alerts(kept)["data"]["record"] == before
        assert of_alerts(kept)["data"]["record"] == after
        rest = []
        while (told := cut.next()) is not None:
            rest.append(told)
        assert [one for one in rest if one["event"] == "alerts"] == []


def test_many_streams_are_served_at_once_and_their_ends_are_noticed(live: LiveExchange) -> None:
    streams = [Stream(live, actor) for actor in ("member-a", "member-b", "peer") for _ in range(5)]
    try:
        wanted = issued(live)
        found: list[str] = []
        readers = [threading.Thread(target=lambda s=s: found.append(of_alerts(s)["data"]["record"])) for s in streams]
        for one in readers:
            one.start()
        for one in readers:
            one.join(10)
        assert found == [wanted] * len(streams)
    finally:
        for stream in streams:
            stream.close()
    assert issued(live)


def test_events_are_forgotten_after_a_month_and_not_before(exchange: World) -> None:
    exchange.share("member-a", indicator(marks=["green"]))
    seen = events(exchange, "member-b")[-1]["id"]
    exchange.settings.clock.now += timedelta(days=29)
    clock.forget_old_events(exchange.settings, exchange.store)
    assert listing(exchange, "member-b", seen) == {"resync": False, "events": []}
    exchange.settings.clock.now += timedelta(days=2)
    clock.forget_old_events(exchange.settings, exchange.store)
    assert listing(exchange, "member-b", seen) == {"resync": True, "events": []}
