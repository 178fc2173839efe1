"""An event stream is read with a deadline, while other things are done, and comes back the same in a replay."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from isao_conformance import transport
from isao_conformance.errors import NoAnswer, ReplayDivergence, Untestable
from isao_conformance.event_stream import Event, events_in
from isao_conformance.evidence import TRANSCRIPT, Live, Redactor, Replay, read_transcript
from isao_conformance.limits import LIMITS
from isao_conformance.session import Session
from isao_conformance.target import Actor, bearer_actor
from isao_conformance.transport import TlsFiles, Wire
from tests.conformance.test_transport import OK, drip, peer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
ONE = b'id: 1\nevent: alerts\ndata: {"a": 1}\n\n'


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LIMITS", replace(LIMITS, stream_seconds=0.5, stream_octets=4096))


def session(conduit: Live | Replay, base: str, actor: Actor) -> Session:
    return Session(conduit, "probe", actor, (base.rstrip("/"),))


def test_events_are_read_as_the_standard_says() -> None:
    octets = (
        b": comment\nretry: 2000\n\n"
        b'id: 7\nevent: alerts\ndata: {"a": 1}\n\n'
        b"data:one\r\ndata: two\r\n\r\n"
        b"event: nothing to dispatch\n\n"
        b"id: 8\ndata: [1]\n\ndata: unfinished"
    )
    assert events_in(octets) == [
        Event("7", "alerts", '{"a": 1}'),
        Event("7", "message", "one\ntwo"),
        Event("8", "message", "[1]"),
    ]
    assert events_in(octets)[0].data == {"a": 1}
    assert events_in(octets)[1].data == events_in(octets)[2].data == {}


def test_a_stream_is_open_while_something_else_is_done_and_left_when_enough_is_read(tmp_path: Path) -> None:
    def told_later(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        time.sleep(0.1)
        connection.sendall(ONE)
        time.sleep(3)

    actor, done = bearer_actor("member-b", "a-secret-of-its-own"), []
    with peer(told_later) as base:
        live = Live(Wire(TlsFiles()), Redactor([actor]))
        started = time.monotonic()
        answer = session(live, base, actor).listen(
            base, after="0", then=lambda: done.append(1), until=lambda octets: bool(events_in(octets))
        )
        assert time.monotonic() - started < 0.45
    assert done == [1]
    assert (answer.status, answer.body) == (200, ONE)
    live.write(tmp_path / TRANSCRIPT, {})
    text = (tmp_path / TRANSCRIPT).read_text()
    assert "a-secret-of-its-own" not in text
    request = json.loads(text.splitlines()[1])["request"]
    assert request["method"] == "STREAM"
    assert ["Last-Event-ID", "0"] in request["headers"]
    _, lines = read_transcript(tmp_path)
    again = session(Replay(lines), base, replace(actor, authorization="recorded"))
    assert again.listen(base, after="0", then=lambda: done.append(2)).body == ONE
    assert done == [1, 2]
    with pytest.raises(ReplayDivergence):
        session(Replay(lines), base, actor).listen(base, after="another")


def test_a_silent_stream_ends_at_the_deadline_with_what_it_said() -> None:
    def silent(connection: socket.socket) -> None:
        connection.sendall(HEAD + ONE)
        time.sleep(3)

    with peer(silent) as base:
        answer = session(Live(Wire(TlsFiles()), Redactor([])), base, Actor("outsider")).listen(base)
    assert answer.body == ONE
    assert 0.4 < answer.elapsed < 2


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (drip(HEAD[:-2], 3), "within the time allowed"),
        (lambda connection: connection.sendall(HEAD + b"data: x\n" * 4096), "longer than"),
        (lambda connection: connection.close(), "RemoteDisconnected"),
    ],
)
def test_a_hostile_stream_neither_holds_nor_floods_the_harness(script: object, words: str) -> None:
    done: list[int] = []
    with peer(script) as base, pytest.raises(NoAnswer, match=words):
        session(Live(Wire(TlsFiles()), Redactor([])), base, Actor("outsider")).listen(base, then=lambda: done.append(1))


def test_nothing_is_done_while_a_stream_is_refused_and_a_fault_meanwhile_is_raised_after_the_record() -> None:
    def refused(connection: socket.socket) -> None:
        connection.sendall(OK.replace(b"200 OK", b"403 Forbidden") + b"Content-Length: 0\r\n\r\n")

    def fails() -> None:
        raise Untestable("in between")

    with peer(refused) as base:
        live = Live(Wire(TlsFiles()), Redactor([]))
        assert session(live, base, Actor("outsider")).listen(base, then=fails).status == 403
    with peer(lambda connection: connection.sendall(HEAD + ONE)) as base:
        live = Live(Wire(TlsFiles()), Redactor([]))
        with pytest.raises(Untestable, match="in between"):
            session(live, base, Actor("outsider")).listen(base, then=fails)
        assert [one.answer is not None for one in live.all_exchanges()] == [True]
