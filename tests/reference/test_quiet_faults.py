"""What goes wrong tells nobody a secret: not the log, not the answer, and no line break or terminal escape gets into
either, whatever was sent."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isao_reference import auth, faults, server
from isao_reference.functions import clock, effects, engine, stream
from isao_reference.store import items, records
from isao_reference.taxii import intake
from tests.reference.test_bad_bodies import Wire
from tests.support import writes
from tests.support.asgi import Response, basic
from tests.support.functions import JSON, alert, do, make, read, words
from tests.support.world import World, indicator, objects_url, world
from tests.support.writes import Stage, names

CANARY = "canary-5e7a1"
TEXTS = {
    "plain": CANARY,
    "a line break": f"{CANARY}\r\nforged: line",
    "a terminal escape": f"{CANARY}\x1b[31m\x1b]0;title\x07",
    "SQL": f"{CANARY}'; DROP TABLE items; --",
    "C1 and direction": f"{CANARY}\x9b2J\u202e\u2028x",
    "a format": f"{CANARY} %s %(x)s {{0}}",
}
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Faulty(Exception):
    """A fault that quotes what it must not."""


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Every record as a handler would write it, with its traceback."""
    formatter = logging.Formatter("%(levelname)s %(name)s %(message)s")
    return [formatter.format(record) for record in caplog.records]


def is_quiet(caplog: pytest.LogCaptureFixture, *secrets: str) -> bool:
    """Whether the log has one clean line for each record, and none of the secrets."""
    for line in lines(caplog):
        assert "\n" not in line, line
        assert not CONTROLS.search(line), ascii(line)
        for secret in (CANARY, *secrets):
            assert secret not in line
    return True


def is_bare(answer: Response, *secrets: str) -> bool:
    """Whether an answer holds no traceback, no path of ours, no statement and none of the secrets."""
    text = answer.body.decode("utf-8", "replace") + repr(answer.headers)
    for word in ("Traceback", 'File "', ".py", "SELECT ", "INSERT ", "sqlite", "isao_reference", *secrets):
        assert word not in text, text[:500]
    return True


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with writes.stage(tmp_path_factory.mktemp("quiet")) as made:
        yield made


# --- credentials --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_credentials_are_in_no_answer_and_no_log(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with world(tmp_path) as exchange:
        sent = [
            basic(CANARY, text),
            basic(text, CANARY),
            f"Bearer {CANARY}",
            f"Basic {CANARY}",
            f"{CANARY} {CANARY}",
            CANARY,
        ]
        sent += [f"Bearer {text!a}", f"Digest username={CANARY}", basic("member-a", text)]
        for value in sent:
            client = exchange.as_("stranger").as_(value)
            for path in (objects_url(), "/functions/alerts/", "/taxii2/"):
                answer = client.get(path, accept=None)
                assert answer.status in (401, 429)
                assert is_bare(answer, CANARY, value)
        assert is_quiet(caplog)


def test_an_account_and_its_secret_are_in_no_log_when_the_look_up_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def broken(*_: Any, **__: Any) -> Any:
        raise Faulty(f"{CANARY} {_}")

    with world(tmp_path) as exchange:
        monkeypatch.setattr(auth, "authenticate", broken)
        for account in ("member-a", "member-a2"):
            answer = exchange.as_(account).get(objects_url())
            assert answer.status == 500
            assert is_bare(answer, CANARY, exchange.secrets[account])
            assert is_quiet(caplog, exchange.secrets[account], account)
    assert any("Faulty" in line for line in lines(caplog))


# --- content ------------------------------------------------------------------------------------------


def faults_in(monkeypatch: pytest.MonkeyPatch, text: str) -> dict[str, Callable[[], None]]:
    """Ways to break the exchange under a request, each with a fault that quotes."""

    def raising(fault: Exception) -> Callable[..., Any]:
        def broken(*given: Any, **_: Any) -> Any:
            raise fault

        return broken

    quoted = Faulty(f"{text} in INSERT INTO items VALUES ('{text}')")
    storage = sqlite3.OperationalError(f"near {text}: syntax error")
    deep = RecursionError(text)
    return {
        "reading what is there": lambda: monkeypatch.setattr(items, "audiences", raising(quoted)),
        "writing an audience": lambda: monkeypatch.setattr(items, "audience_key", raising(storage)),
        "writing a line of history": lambda: monkeypatch.setattr(records, "insert_step", raising(deep)),
        "deleting": lambda: monkeypatch.setattr(items, "delete_items", raising(quoted)),
        "storing an object": lambda: monkeypatch.setattr(intake, "take_one", raising(storage)),
    }


@pytest.mark.parametrize("name", names())
def test_a_fault_under_any_writing_address_tells_nothing(
    stage: Stage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write = stage.writes[name]
    before, failed = stage.rows(), 0
    for text in TEXTS.values():
        for kind in faults_in(pytest.MonkeyPatch(), text):
            with pytest.MonkeyPatch.context() as patch:
                faults_in(patch, text)[kind]()
                answer = stage.send(write, headers=[("x-any", CANARY)], query={"title": text})
            if answer.status == 500:
                failed += 1
                assert stage.is_refusal(answer)
                assert is_bare(answer, CANARY)
                assert "error_id" in answer.json or "instance" in answer.json
                assert "may have been done" in answer.body.decode()
                if stage.rows() != before:  # the record was made, and could not be shown any more
                    assert kind == "reading what is there"
                    stage.reset()
            else:
                stage.reset()
    assert failed >= len(TEXTS)
    assert is_quiet(caplog, stage.exchange.secrets.get(write.account, CANARY))
    assert sum("fault=" in line for line in lines(caplog)) == failed


def test_a_broken_step_of_the_clock_tells_nothing_and_holds_up_no_other(
    exchange: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for title in TEXTS.values():
        if not CONTROLS.search(title.replace("\r\n", "")):
            made = make(exchange, "analyst", "alerts", alert(title=title.replace("\r\n", " "), emergency=True))
            do(exchange, "analyst", "alerts", made["id"], "issue")

    def broken(moment: Any) -> None:
        raise Faulty(f"{moment.record.document['title']}\r\n{CANARY}")

    monkeypatch.setattr(effects, "EFFECTS", {**effects.EFFECTS, "tell-the-silent": broken})
    monkeypatch.setattr(engine, "EFFECTS", {**effects.EFFECTS, "tell-the-silent": broken})
    exchange.settings.clock.step = 40 * 24 * 3600 * 1_000_000
    assert clock.run_due(exchange.settings, exchange.store) >= 1, "they expire, though nobody can be told before"
    assert is_quiet(caplog)
    assert any("step=escalate" in line and "Faulty" in line for line in lines(caplog))


def test_a_stream_that_breaks_ends_and_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def broken(*_: Any) -> Any:
        raise Faulty(f"{CANARY}\r\n")

    monkeypatch.setattr(stream, "_look", broken)
    with world(tmp_path) as exchange, server.running(exchange.app) as url:
        wire = Wire(exchange, url)
        with contextlib.closing(wire.connect()) as connection:
            connection.sendall(
                wire.head("/functions/events/", method="GET").replace(JSON.encode(), b"text/event-stream")
            )
            got = b""
            while more := connection.recv(65536):
                got += more
        assert b"200 OK" in got
        assert b"Traceback" not in got
        assert CANARY.encode() not in got
        assert wire.is_well()
        assert any("stream=broken" in line for line in lines(caplog))
        assert is_quiet(caplog, exchange.secrets["member-a"])


def test_what_a_server_says_of_a_broken_application_is_quiet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = f"{CANARY}\x1b[2J"
    with world(tmp_path) as exchange, server.running(exchange.app) as url:
        wire = Wire(exchange, url)
        for part in (text.encode(), b"GET /" + text.encode() + b" HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + text.encode()):
            wire.send([part], half_close=True)
        wire.send([wire.head(f"/functions/{CANARY}%0D%0A/", "Connection: close", f"X-A: {CANARY}", method="GET")])
        wire.send([wire.head(objects_url(), "Content-Length: 90", "Connection: close"), text.encode()], half_close=True)
        assert wire.is_well()
    assert is_quiet(caplog)


def test_a_line_of_the_log_is_one_line_whatever_is_in_it(caplog: pytest.LogCaptureFixture) -> None:
    for text in TEXTS.values():
        try:
            raise Faulty(text)
        except Faulty as fault:
            faults.log_fault("method=" + text.replace(CANARY, ""), fault)
    assert len(lines(caplog)) == len(TEXTS)
    assert is_quiet(caplog)
    assert all("test_quiet_faults.py:" in line for line in lines(caplog))


# --- what people read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_control_character_reaches_a_terminal(exchange: World, text: str) -> None:
    made = make(exchange, "member-a", "submissions", words(f"Seen: {text}", title="Seen"))
    answer = read(exchange, "analyst", "submissions", made["id"], accept="text/plain")
    assert CANARY in answer.body.decode()
    assert not CONTROLS.search(answer.body.decode())
    made = make(exchange, "analyst", "alerts", alert(what_happened=text, actions=[text]))
    answer = read(exchange, "analyst", "alerts", made["id"], accept="text/plain")
    assert CANARY in answer.body.decode()
    assert not CONTROLS.search(answer.body.decode())


def test_an_export_holds_no_control_character(exchange: World) -> None:
    exchange.share("member-a", *(indicator(marks=["green"], name=text) for text in TEXTS.values()))
    for name in ("indicators.csv", "blocklist.txt"):
        answer = exchange.as_("member-b").get(f"/functions/exports/{name}")
        assert not CONTROLS.search(answer.body.decode().replace("\r\n", "")), answer.body
    assert CANARY in exchange.as_("member-b").get("/functions/exports/indicators.csv").body.decode()


def test_refusals_quote_names_as_escapes_only(exchange: World) -> None:
    for text in TEXTS.values():
        name = '"' + "".join(f"\\u{ord(char):04x}" for char in text) + '"'
        for path in (objects_url(), "/functions/alerts/"):
            kind = JSON if "functions" in path else "application/taxii+json;version=2.1"
            body = f"{{{name}:1,{name}:2}}".encode()
            answer = exchange.as_("analyst" if "functions" in path else "member-a").post(path, body, content_type=kind)
            assert answer.status == 400
            assert not CONTROLS.search(answer.body.decode())
        answer = exchange.as_("member-a").post(objects_url(), {"objects": [indicator() | {"type": text, "x": text}]})
        assert not CONTROLS.search(answer.body.decode())
