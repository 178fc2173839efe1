"""Who loses its access loses it with the next answer, wherever its requests are at that moment.

The numbers are those of C7: at least 200 interleavings of a loss of access with pages, cursors, streams, uploads and
the transactions inside single requests. They are enumerated, not drawn: every programme, every kind of loss, every
transaction that the exchange begins for the programme.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from isao_reference import auth, guesses, identity, setup
from isao_reference.functions import stream
from isao_reference.guesses import Allowance
from isao_reference.policy.handling import EXTENSION
from isao_reference.store import credentials, records
from isao_reference.wire import timestamps
from tests.support.asgi import TAXII, Client, basic
from tests.support.functions import JSON, alert, do, make
from tests.support.interleaving import Ask, Interleaved
from tests.support.world import OPEN, TLP, World, indicator, object_url, objects_url, stamp, world

CANARY = "canary-7c1f"


@dataclass
class Victim:
    """An account that is about to lose its access, with a client for it and the id of its only credential."""

    exchange: World
    name: str
    organization: str
    credential: str
    client: Client

    def changes(self) -> dict[str, Callable[[], None]]:
        """The ways to lose all access."""
        store, clock = self.exchange.store, self.exchange.settings.clock
        return {
            "credential revoked": lambda: identity.revoke(store, self.credential, clock),
            "credential expired": self._expire,
            "expired by the clock": self._wait,
            "account removed": lambda: identity.remove_account(store, self.name, clock),
            "organization suspended": lambda: setup.set_standing(store, self.organization, "suspended"),
            "organization left": lambda: setup.set_standing(store, self.organization, "former"),
        }

    def _expire(self) -> None:
        with self.exchange.store.writing() as db:
            credentials.expire(db, self.credential, timestamps.micros(self.exchange.settings.clock()))

    def _wait(self) -> None:
        self.exchange.settings.clock.now += timedelta(hours=2)


LOSSES = (
    "credential revoked",
    "credential expired",
    "expired by the clock",
    "account removed",
    "organization suspended",
    "organization left",
)
WAYS = ("password", "api-key")


class Stage:
    """An exchange with something to read for every member, and new victims for as long as they last."""

    def __init__(self, exchange: World) -> None:
        self.exchange = exchange
        exchange.share("member-a", *(indicator(number, marks=["green"], name=CANARY) for number in range(7)))
        self.hidden = indicator(marks=["red"], name=CANARY)
        exchange.share("member-a", self.hidden)
        self.alerts = [make(exchange, "analyst", "alerts", alert(what_happened=CANARY))["id"] for _ in range(3)]
        for one in self.alerts:
            do(exchange, "analyst", "alerts", one, "issue")
        self._count = 0

    def victim(self, way: str = "api-key", organization: str | None = None, role: str = "member") -> Victim:
        """A new account, of a new member organization unless told; its credential lasts an hour."""
        self._count += 1
        exchange, name = self.exchange, f"victim-{self._count}"
        if organization is None:
            organization = f"org-{self._count}"
            setup.create_organization(exchange.store, organization, organization.title(), "member")
        setup.create_account(exchange.store, name, organization, role)
        identity_of = next(one.id for one, _ in identity.list_credentials(exchange.store) if one.account == name)
        identity.revoke(exchange.store, identity_of)
        clock = exchange.settings.clock
        handed = identity.add_credential(exchange.store, name, way, clock=clock, expires=clock() + timedelta(hours=1))
        secret = str(handed.secret)
        header = basic(name, secret) if way == "password" else f"Bearer {secret}"
        return Victim(exchange, name, organization, handed.id, exchange.as_("stranger").as_(header))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: Any) -> Iterator[Stage]:
    # Revoked passwords are wrong ones, and here more of them are sent than any client would.
    monkeypatch.setattr(guesses, "OF_ADDRESS", Allowance(10**6, 1.0))
    with world(tmp_path) as exchange:
        yield Stage(exchange)


def pages(path: str, query: str) -> Callable[[Client, Stage], list[Ask]]:
    """Three pages of a list, each with the cursor of the one before."""

    def programme(client: Client, _: Stage) -> list[Ask]:
        def ask(memory: dict[str, Any]) -> Any:
            token = f"&next={memory['next']}" if "next" in memory else ""
            accept = JSON if path.startswith("/functions/") else TAXII
            answer = client.get(path, query=query + token, accept=accept)
            if answer.status == 200:
                memory["next"] = answer.json.get("next", "")
            return answer

        return [ask, ask, ask]

    return programme


def contribution(client: Client, stage: Stage) -> list[Ask]:
    """Contributes, looks for the status, reads it back, deletes it."""
    item = indicator(marks=["green"], name=CANARY)

    def post(memory: dict[str, Any]) -> Any:
        answer = client.post(objects_url(), {"objects": [item]})
        memory["status"] = answer.json.get("id", "x") if answer.status == 202 else "x"
        return answer

    return [
        post,
        lambda memory: client.get(f"/exchange/status/{memory['status']}/"),
        lambda _: client.get(object_url(item["id"])),
        lambda _: client.delete(object_url(item["id"])),
    ]


def warned(client: Client, stage: Stage) -> list[Ask]:
    """Reads an alert, acknowledges it, reads the events and an export."""
    path = f"/functions/alerts/{stage.alerts[0]}/"
    return [
        lambda _: client.get(path, accept=JSON),
        lambda _: client.post(f"{path}acknowledge/", {"by": "Desk"}, content_type=JSON, accept=JSON),
        lambda _: client.get("/functions/events/", accept=JSON),
        lambda _: client.get("/functions/exports/indicators.csv"),
        lambda _: client.get("/functions/measures/", accept=JSON),
    ]


PROGRAMMES = {
    "objects": pages(objects_url(), "limit=2"),
    "manifest": pages(f"/exchange/collections/{OPEN}/manifest/", "limit=2"),
    "records": pages("/functions/alerts/", "limit=1"),
    "contribution": contribution,
    "warned": warned,
}


def everything_stored(exchange: World) -> tuple[set[str], int]:
    """The ids of all objects, and how many steps were taken of records."""
    with exchange.store.reading() as db:
        ids = {row[0] for row in db.execute("SELECT object_id FROM items")}
        return ids, db.execute("SELECT count(*) FROM steps").fetchone()[0]


def transactions(stage: Stage, programme: str) -> int:
    """How many transactions an undisturbed programme takes; all of its requests succeed."""
    run = Interleaved(stage.exchange, -1, lambda: None)
    answers = run.run(PROGRAMMES[programme](stage.victim().client, stage))
    assert {one.status for one in answers} <= {200, 202}
    return run.begun


def check_interleaving(stage: Stage, programme: str, loss: str, way: str, at: int) -> None:
    """One interleaving, held against the rule."""
    victim = stage.victim(way)
    refusal = stage.exchange.as_("stranger").as_("Bearer nonsense").get(objects_url())
    problem = stage.exchange.as_("stranger").as_("Bearer nonsense").get("/functions/alerts/")
    stored: list[tuple[set[str], int]] = []

    def lose() -> None:
        victim.changes()[loss]()
        stored.append(everything_stored(stage.exchange))

    run = Interleaved(stage.exchange, at, lose)
    answers = run.run(PROGRAMMES[programme](victim.client, stage))
    assert run.changed_in is not None, "the programme is longer than that"
    for number, answer in enumerate(answers):
        words = (programme, loss, way, at, number)
        if number < run.changed_in:
            assert answer.status in (200, 202), words
        elif number > run.changed_in or not run.wrote_before:
            assert answer.status == 401, words
            assert (answer.headers, answer.body) in [(one.headers, one.body) for one in (refusal, problem)], words
    assert everything_stored(stage.exchange) == stored[0], "nothing is stored after the loss"


def test_a_loss_before_any_transaction_of_any_programme(stage: Stage, request: pytest.FixtureRequest) -> None:
    """A sample of all interleavings; the next test takes them all."""
    every = list(enumerated(stage))
    assert len(every) >= 200
    for one in every[:: len(every) // 24]:
        check_interleaving(stage, *one)


@pytest.mark.full
@pytest.mark.parametrize("programme", PROGRAMMES)
def test_every_loss_before_every_transaction(stage: Stage, programme: str) -> None:
    for one in enumerated(stage):
        if one[0] == programme:
            check_interleaving(stage, *one)


def enumerated(stage: Stage) -> Iterator[tuple[str, str, str, int]]:
    for programme in PROGRAMMES:
        for at, loss in product(range(transactions(stage, programme)), LOSSES):
            yield programme, loss, WAYS[at % 2], at


def demoted(stage: Stage) -> tuple[Victim, Callable[[], None], str]:
    """An analyst who becomes a member, and an item for staff alone."""
    victim = stage.victim(organization="exchange", role="analyst")
    return victim, lambda: identity.set_role(stage.exchange.store, victim.name, "member"), stage.hidden["id"]


def left_a_group(stage: Stage) -> tuple[Victim, Callable[[], None], str]:
    """A member whose organization leaves a sharing group, and an item for that group."""
    exchange, victim = stage.exchange, stage.victim()
    group = f"group-{victim.name}"
    setup.create_group(exchange.store, group, "Energy")
    setup.set_in_group(exchange.store, group, victim.organization, True)
    mark = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": stamp(0),
        "object_marking_refs": [TLP["amber"]],
        "extensions": {EXTENSION: {"extension_type": "property-extension", "addressed_to": [f"group:{group}"]}},
    }
    item = indicator(marks=["amber", mark["id"]], name=CANARY)
    exchange.share("member-a", mark, item)
    return victim, lambda: setup.set_in_group(exchange.store, group, victim.organization, False), item["id"]


Narrowed = Callable[[Stage], tuple[Victim, Callable[[], None], str]]


@pytest.mark.parametrize("narrowed", [demoted, left_a_group])
def test_who_may_read_less_reads_with_the_new_rights_at_once(stage: Stage, narrowed: Narrowed) -> None:
    """In the middle of a request the answer is to ask again; afterwards nothing comes that is for others now."""

    def programme(client: Client, item: str) -> list[Ask]:
        one, every = object_url(item), f"match[id]={item}"
        return [lambda _: client.get(one), lambda _: client.get(objects_url(), query=every), lambda _: client.get(one)]

    victim, _, item = narrowed(stage)
    whole = Interleaved(stage.exchange, -1, lambda: None)
    assert all(CANARY.encode() in one.body for one in whole.run(programme(victim.client, item)))
    seen = set()
    for at in range(whole.begun):
        victim, narrow, item = narrowed(stage)
        run = Interleaved(stage.exchange, at, narrow)
        for number, answer in enumerate(run.run(programme(victim.client, item))):
            after = number > int(run.changed_in or 0) or (number == run.changed_in and not run.wrote_before)
            assert (CANARY.encode() in answer.body) is not after, (at, number)
            assert answer.status in ((200, 404, 503) if after else (200,)), (at, number)
            seen.add(answer.status)
    assert seen == {200, 404, 503}


# --- uploads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("way", WAYS)
def test_a_loss_while_a_body_is_on_its_way(stage: Stage, loss: str, way: str) -> None:
    """Authentication comes first, the body may take a minute: what counts is the moment of storing."""
    for place in range(3):
        victim = stage.victim(way)
        item = indicator(marks=["green"])
        whole = json.dumps({"objects": [item]}).encode()
        parts = [whole[:10], whole[10:20], whole[20:]]

        def arriving(parts: list[bytes] = parts, place: int = place, victim: Victim = victim) -> Iterator[bytes]:
            for number, part in enumerate(parts):
                if number == place:
                    victim.changes()[loss]()
                yield part

        before = everything_stored(stage.exchange)
        answer = victim.client.request("POST", objects_url(), body=b"", lazily=arriving(), content_type=TAXII)
        assert answer.status == 401
        assert everything_stored(stage.exchange) == before


# --- streams ------------------------------------------------------------------------------------------------


async def streamed(exchange: World, header: str, then: list[Callable[[], None]], patience: float = 10) -> list[bytes]:
    """What a stream says: the first of `then` is called once it has begun, each further one after something more was
    said. Raises TimeoutError unless it has ended within so many seconds (`patience`) of the last."""
    said: asyncio.Queue[bytes | None] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        else:
            await said.put(message["body"] if message.get("more_body") else None)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/functions/events/",
        "raw_path": b"/functions/events/",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"accept", b"text/event-stream"), (b"authorization", header.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 443),
    }
    whole: list[bytes] = []
    running = asyncio.ensure_future(exchange.app(scope, receive, send))
    try:
        for do_it in then:
            part = await asyncio.wait_for(said.get(), 10)
            assert part is not None
            whole.append(part)
            await asyncio.to_thread(do_it)
        ends = asyncio.get_running_loop().time() + patience
        while (part := await asyncio.wait_for(said.get(), ends - asyncio.get_running_loop().time())) is not None:
            whole.append(part)
    finally:
        gone.set()
        await asyncio.wait_for(running, 10)
    return whole


def share(exchange: World, name: str) -> None:
    raw = json.dumps(indicator(marks=["green"], name=name)).encode()
    assert all(one.ok for one in setup.ingest(exchange.store, OPEN, [raw], "member-a", clock=exchange.settings.clock))


def told(exchange: World) -> int:
    """The number of events so far."""
    with exchange.store.reading() as db:
        return int(db.execute("SELECT count(*) FROM events").fetchone()[0])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("way", WAYS)
def test_a_stream_ends_with_the_access_and_says_nothing_more(
    stage: Stage, loss: str, way: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.02)
    exchange = stage.exchange
    for events_before in (0, 1, 3):
        victim = stage.victim(way)

        def lose_and_go_on(victim: Victim = victim) -> None:
            victim.changes()[loss]()
            share(exchange, "too late")

        then: list[Callable[[], None]] = [lambda: share(exchange, "in time")] * events_before
        header = str(victim.client.authorization)
        said = exchange.as_("stranger").loop.run_until_complete(streamed(exchange, header, [*then, lose_and_go_on]))
        assert b"".join(said).count(b"event: objects\n") == events_before


def test_a_stream_goes_on_with_the_new_rights_of_its_reader(stage: Stage, monkeypatch: Any) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.02)
    exchange = stage.exchange
    victim = stage.victim(organization="exchange", role="analyst")

    def secret() -> None:
        raw = json.dumps(indicator(marks=["amber+strict"])).encode()
        setup.ingest(exchange.store, OPEN, [raw], "member-a", clock=exchange.settings.clock)

    def demote_and_go_on() -> None:
        identity.set_role(exchange.store, victim.name, "member")
        secret()
        identity.revoke(exchange.store, victim.credential)

    header = str(victim.client.authorization)
    said = exchange.as_("stranger").loop.run_until_complete(streamed(exchange, header, [secret, demote_and_go_on]))
    assert b"".join(said).count(b"event: objects\n") == 1


def test_a_second_credential_of_the_account_does_not_keep_the_stream_of_the_first_open(
    stage: Stage, monkeypatch: Any
) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.02)
    victim = stage.victim()
    exchange = stage.exchange
    other = identity.add_credential(exchange.store, victim.name, "api-key", clock=exchange.settings.clock)
    revoke = victim.changes()["credential revoked"]
    header = str(victim.client.authorization)
    said = exchange.as_("stranger").loop.run_until_complete(streamed(exchange, header, [revoke]))
    assert said == [b"retry: 2000\n\n"]
    assert exchange.as_("stranger").as_(f"Bearer {other.secret}").get("/taxii2/").status == 200


def test_what_an_acknowledgement_wrote_stays_and_is_told(stage: Stage) -> None:
    """The other side of the rule: a request that wrote before the loss is answered truthfully."""
    victim = stage.victim()
    programme = warned(victim.client, stage)[:2]
    seen = set()
    whole = Interleaved(stage.exchange, -1, lambda: None)
    whole.run(warned(stage.victim().client, stage)[:2])
    for at in range(whole.begun):
        victim = stage.victim()
        programme = warned(victim.client, stage)[:2]
        run = Interleaved(stage.exchange, at, victim.changes()["account removed"])
        answer = run.run(programme)[1]
        with stage.exchange.store.reading() as db:
            written = records.has_taken(db, stage.alerts[0], "acknowledge", victim.organization)
        assert written == (answer.status == 200)
        seen.add(answer.status)
    assert 401 in seen


# --- the tests above can fail -------------------------------------------------------------------------------


def _no_guard(monkeypatch: Any) -> None:
    monkeypatch.setattr(auth, "guard", lambda principal, clock: lambda db: None)


def _time_is_not_looked_at(monkeypatch: Any) -> None:
    monkeypatch.setattr(auth, "is_usable", lambda credential, now: credential.revoked is None)


def _revocation_is_not_looked_at(monkeypatch: Any) -> None:
    monkeypatch.setattr(auth, "is_usable", lambda credential, now: (credential.expires or 0) > now)


def _standing_is_looked_at_when_logging_in(monkeypatch: Any) -> None:
    monkeypatch.setattr(auth, "in_good_standing", lambda account: True)


def _answers_are_remembered(monkeypatch: Any) -> None:
    original, known = auth.authenticate, dict[Any, Any]()

    def remembering(store: Any, door: Any, shown: Any, clock: Any) -> Any:
        if shown not in known:
            known[shown] = original(store, door, shown, clock)
        return known[shown]

    monkeypatch.setattr(auth, "authenticate", remembering)
    _no_guard(monkeypatch)


FAULTS: dict[Callable[[Any], None], str] = {
    _no_guard: "credential revoked",
    _time_is_not_looked_at: "expired by the clock",
    _revocation_is_not_looked_at: "credential revoked",
    _standing_is_looked_at_when_logging_in: "organization suspended",
    _answers_are_remembered: "account removed",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("programme", ["objects", "contribution"])
def test_a_planted_fault_is_found(stage: Stage, programme: str, fault: Callable[[Any], None], monkeypatch: Any) -> None:
    fault(monkeypatch)
    found = 0
    for at in range(transactions(stage, programme)):
        try:
            check_interleaving(stage, programme, FAULTS[fault], "api-key", at)
        except AssertionError:
            found += 1
    assert found


def test_a_stream_that_asks_for_the_account_only_is_found(stage: Stage, monkeypatch: Any) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(auth, "still", lambda db, principal, clock: principal)
    victim = stage.victim()
    with pytest.raises(TimeoutError):
        stage.exchange.as_("stranger").loop.run_until_complete(
            streamed(stage.exchange, str(victim.client.authorization), [victim.changes()["credential revoked"]], 0.5)
        )
