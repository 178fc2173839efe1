"""The run's memory: every exchange and every outside input, live or replayed.

A live run sends, removes secrets and remembers; a replay only remembers. Probes cannot tell which
of the two they run against, so the same probes reach the same outcomes without a network.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from isao_conformance.ceilings import FULL, Ceilings
from isao_conformance.errors import NoAnswer, ReplayDivergence
from isao_conformance.exchange import Answer, Exchange, Headers, Key, Request, from_json, to_json, weight
from isao_conformance.secret_forms import forms_of, readings
from isao_conformance.target import Actor
from isao_conformance.transport import Wire

TRANSCRIPT = "transcript.ndjson"
SCHEMA = "isao-transcript/1"
LONGEST_NAP = 0.1
"""Seconds of a pause between two looks at whether the run is over."""


class Conduit(Protocol):
    """What a session talks through."""

    def exchange(self, key: Key, request: Request, actor: Actor) -> Exchange:
        """Carry out or recall one exchange."""
        ...

    def listen(
        self, key: Key, request: Request, actor: Actor, then: Callable[[], None], until: Callable[[bytes], bool]
    ) -> Exchange:
        """Carry out or recall the reading of a stream; `then` is called while it is open, if it opened with 200."""
        ...

    def value(self, probe: str, name: str, ordinal: int, produce: Callable[[], Any]) -> Any:
        """An input from outside (the clock): produced once, recalled in a replay."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait, in a live run only."""
        ...

    def all_exchanges(self) -> list[Exchange]:
        """Every exchange so far, ordered by key."""
        ...


def placeholder(actor: Actor) -> str:
    """What stands in evidence where the actor's credentials go."""
    return "{{" + actor.name + "}}"


def _signed(request: Request, actor: Actor) -> Headers:
    """The headers as they are sent: with the credentials that evidence never holds."""
    mark = placeholder(actor)
    return tuple(
        (name, value.replace(mark, actor.authorization or "") if name == "Authorization" else value)
        for name, value in request.headers
    )


class Redactor:
    """Replaces known secrets in everything that is recorded, in the encodings a target may echo."""

    def __init__(self, actors: Iterable[Actor]) -> None:
        pairs: dict[bytes, bytes] = {}
        for actor in actors:
            mark = placeholder(actor).encode()
            for secret in actor.secrets:
                # A very short password would garble ordinary words; its Basic token is still removed.
                pairs.update((form, mark) for form in forms_of(secret) if len(form) >= 6)
        self._pairs = sorted(pairs.items(), key=lambda pair: -len(pair[0]))

    def octets(self, value: bytes) -> bytes:
        """The value without secrets. Where one shows only once escapes are resolved, the value comes back resolved."""
        value = self._without(value)
        for read in readings(value):
            without = self._without(read)
            if without != read:
                value = without
        return value

    def _without(self, value: bytes) -> bytes:
        for secret, mark in self._pairs:
            if secret in value:
                value = value.replace(secret, mark)
        return value

    def text(self, value: str) -> str:
        """The text without secrets."""
        return self.octets(value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def answer(self, answer: Answer) -> Answer:
        """The answer without secrets, in headers and body."""
        # Nearly no header holds one, and one look at all of them together is many times cheaper.
        together = "\n".join(part for pair in answer.headers for part in pair)
        if self.text(together) == together:
            return replace(answer, body=self.octets(answer.body))
        headers = tuple((self.text(k), self.text(v)) for k, v in answer.headers)
        return replace(answer, headers=headers, body=self.octets(answer.body))


class Live:
    """Sends through a Wire and remembers, up to the ceilings (those of `LIMITS` unless told). Safe for many threads."""

    def __init__(
        self, wire: Wire, redactor: Redactor, requests_per_second: float = 0.0, ceilings: Ceilings | None = None
    ) -> None:
        self._wire, self._redactor, self._ceilings = wire, redactor, ceilings or Ceilings()
        self._gap = 1.0 / requests_per_second if requests_per_second else 0.0
        self._next_slot = 0.0
        self._lock = threading.Lock()
        self._exchanges: dict[Key, Exchange] = {}
        self._inputs: dict[tuple[str, str, int], Any] = {}

    def exchange(self, key: Key, request: Request, actor: Actor) -> Exchange:
        """Send, remove secrets, remember. Transport problems are remembered too. Raises KeyboardInterrupt once the
        operator has stopped the run, as `listen` and `pause` do.
        """
        self._wait_for_slot()
        if spent := self._ceilings.ask():
            return self._remember(Exchange(key, request, None, spent))
        wire = self._wire_of(actor)
        try:
            if request.method == "TLS":
                answer = wire.handshake(request.url, dict(request.headers))
            elif request.method == "PLAIN":
                answer = wire.plain(request.url, _signed(request, actor))
            else:
                answer = wire.send(request.method, request.url, _signed(request, actor), request.body)
            done = Exchange(key, request, self._redactor.answer(answer))
        except NoAnswer as fault:
            done = Exchange(key, request, None, fault.why)
        return self._remember(done)

    def listen(
        self, key: Key, request: Request, actor: Actor, then: Callable[[], None], until: Callable[[bytes], bool]
    ) -> Exchange:
        """Read a stream and remember it, also when `then` raises, which is raised again afterwards."""
        self._wait_for_slot()
        if spent := self._ceilings.ask():
            return self._remember(Exchange(key, request, None, spent))
        raised: list[Exception] = []

        def during() -> None:
            try:
                then()
            except Exception as fault:  # the stream belongs to the record whatever became of the rest
                raised.append(fault)

        try:
            answer = self._wire_of(actor).stream(
                request.url, _signed(request, actor), during, lambda body: bool(raised) or until(body)
            )
            done = Exchange(key, request, self._redactor.answer(answer))
        except NoAnswer as fault:
            done = Exchange(key, request, None, fault.why)
        done = self._remember(done)
        if raised:
            raise raised[0]
        return done

    def _wire_of(self, actor: Actor) -> Wire:
        return self._wire.as_client(actor.client_cert, actor.client_key) if actor.client_cert else self._wire

    def _remember(self, done: Exchange) -> Exchange:
        """Keep an exchange, without its answer when that does not fit any more; what is kept is returned."""
        if not self._ceilings.keep(weight(done)) and done.answer is not None:
            done = Exchange(done.key, done.request, None, f"not kept: {FULL}")
        with self._lock:
            self._exchanges[done.key] = done
        return done

    def value(self, probe: str, name: str, ordinal: int, produce: Callable[[], Any]) -> Any:
        """Produce and remember an input."""
        value = produce()
        with self._lock:
            self._inputs[probe, name, ordinal] = value
        return value

    def pause(self, seconds: float) -> None:
        """Sleep, no longer than the run may go on."""
        self._sleep(seconds)

    def _sleep(self, seconds: float) -> None:
        while seconds > 0 and not self._ceilings.reached():
            nap = min(seconds, LONGEST_NAP)
            time.sleep(nap)
            seconds -= nap

    def all_exchanges(self) -> list[Exchange]:
        """Every exchange so far, ordered by key."""
        with self._lock:
            return [self._exchanges[key] for key in sorted(self._exchanges)]

    def write(self, path: Path, header: dict[str, Any]) -> None:
        """Write the transcript: a header line, then inputs and exchanges in the order of their keys."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for line in self._lines(header):
                file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")

    def _lines(self, header: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"schema": SCHEMA, **header}
        for (probe, name, ordinal), value in sorted(self._inputs.items()):
            yield {"input": [probe, name, ordinal], "value": value}
        for exchange in self.all_exchanges():
            yield to_json(exchange)

    def _wait_for_slot(self) -> None:
        if not self._gap or self._ceilings.reached():
            return
        with self._lock:
            now = time.monotonic()
            slot = max(now, self._next_slot)
            self._next_slot = slot + self._gap
        self._sleep(slot - now)


class Replay:
    """Recalls a transcript. Raises ReplayDivergence when asked for what is not in it."""

    def __init__(self, lines: Iterable[dict[str, Any]]) -> None:
        self._exchanges: dict[Key, Exchange] = {}
        self._inputs: dict[tuple[str, str, int], Any] = {}
        for line in lines:
            if "input" in line:
                probe, name, ordinal = line["input"]
                self._inputs[probe, name, ordinal] = line["value"]
            elif "exchange" in line:
                exchange = from_json(line)
                self._exchanges[exchange.key] = exchange
        self._asked: set[Key] = set()

    def exchange(self, key: Key, request: Request, actor: Actor) -> Exchange:
        """The recorded exchange, if exactly this request was recorded under this key."""
        recorded = self._exchanges.get(key)
        if recorded is None:
            raise ReplayDivergence(f"{key}: the transcript holds no such exchange ({request.method} {request.url})")
        if recorded.request != request:
            raise ReplayDivergence(f"{key}: the transcript holds another request under this key")
        self._asked.add(key)
        return recorded

    def listen(
        self, key: Key, request: Request, actor: Actor, then: Callable[[], None], until: Callable[[bytes], bool]
    ) -> Exchange:
        """The recorded stream; what was done while it was open is done again, out of the record too."""
        recorded = self.exchange(key, request, actor)
        if recorded.answer is not None and recorded.answer.status == 200:
            then()
        return recorded

    def value(self, probe: str, name: str, ordinal: int, produce: Callable[[], Any]) -> Any:
        """The recorded input."""
        try:
            return self._inputs[probe, name, ordinal]
        except KeyError:
            raise ReplayDivergence(f"{probe}: the transcript holds no input {name} {ordinal}") from None

    def pause(self, seconds: float) -> None:
        """Nothing waits in a replay."""

    def all_exchanges(self) -> list[Exchange]:
        """Every exchange of the transcript, ordered by key."""
        return [self._exchanges[key] for key in sorted(self._exchanges)]


def read_transcript(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and lines of a transcript. Raises ValueError with file and line when it is not one."""
    path = folder / TRANSCRIPT
    lines: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
            except ValueError:
                raise ValueError(f"{path}:{number}: is not a line of JSON") from None
            if not isinstance(line, dict):
                raise ValueError(f"{path}:{number}: is not a JSON object")
            lines.append(line)
    if not lines or lines[0].get("schema") != SCHEMA:
        raise ValueError(f"{path}:1: does not say schema {SCHEMA}")
    return lines[0], lines[1:]
