"""Events as they happen: Server-Sent Events (WHATWG HTML, 9.2) with ids to resume from, and the same as a list.

Ids are random, so they tell nothing of events for others. Who comes back with an id that is not known, or not any
more, gets a `resync` event and reads everything again. A reader who loses access is cut off before the next event.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from isao_reference import auth, errors
from isao_reference.call import Answer, Call
from isao_reference.functions.endpoints import JSON, MOST, PAGE
from isao_reference.policy import decide
from isao_reference.policy.principal import Principal
from isao_reference.store import events, items
from isao_reference.store.events import Event

SSE = "text/event-stream"
LOOK_SECONDS = 1.0
"""How long a stream sleeps at most: another process may write to the same database without waking it."""
QUIET_LOOKS = 15
"""After so many looks without an event a comment is sent, so that proxies keep the connection and deaths are seen."""


@dataclass(frozen=True)
class Start:
    """Where a reader begins: after the event with this key; `resync` when what it asked for is not known."""

    after: int
    resync: bool


def get_events(call: Call) -> Answer:
    """GET /functions/events/: a stream where Accept names text/event-stream, else a list after `Last-Event-ID`.

    Without a Last-Event-ID the stream begins now, and the list with the oldest event that is kept.
    """
    if call.principal.anonymous:
        raise errors.unauthorized()
    streaming = SSE in (call.header("accept") or "").lower()
    with call.store.reading() as db:
        start = _start(call, db, streaming)
        found = [] if streaming else events.events_after(db, _audiences(db, call.principal), start.after, PAGE)
    if streaming:
        return Answer(b"", media_type=SSE, stream=lambda: _stream(call, start))
    body = {"resync": start.resync, "events": [{"id": one.id, **one.body} for one in found]}
    return Answer(json.dumps(body, ensure_ascii=False).encode(), media_type=JSON)


def _start(call: Call, db: sqlite3.Connection, streaming: bool) -> Start:
    asked = call.header("last-event-id")
    if asked is None:
        return Start(events.last_key(db) if streaming else 0, False)
    known = events.position_of(db, asked, _audiences(db, call.principal))
    if known is not None:
        return Start(known, False)
    return Start(events.last_key(db) if streaming else 0, True)


async def _stream(call: Call, start: Start) -> AsyncGenerator[bytes, None]:
    yield b"retry: 2000\n\n"
    if start.resync:
        yield b"event: resync\ndata: {}\n\n"
    after, quiet = start.after, 0
    with call.store.commits.listening() as heard:
        while True:
            heard.clear()
            found = await asyncio.to_thread(_look, call, after)
            if found is None:
                return
            if found:
                yield b"".join(map(_line, found))
                after, quiet = found[-1].key, 0
                continue
            try:
                await asyncio.wait_for(heard.wait(), LOOK_SECONDS)
            except TimeoutError:
                quiet += 1
            if quiet >= QUIET_LOOKS:
                quiet = 0
                yield b": still here\n\n"


def _look(call: Call, after: int) -> list[Event] | None:
    """The next events; None when the reader has lost its access since the last look. A reader whose rights have changed
    goes on with the new ones, so the store is asked without the guard that ends a request for that."""
    with call.store.plain.reading() as db:
        principal = auth.still(db, call.principal, call.settings.clock)
        if principal is None:
            return None
        return events.events_after(db, _audiences(db, principal), after, MOST)


def _line(event: Event) -> bytes:
    text = json.dumps(event.body, ensure_ascii=False)
    return f"id: {event.id}\nevent: {event.body.get('resource', 'objects')}\ndata: {text}\n\n".encode()


def _audiences(db: sqlite3.Connection, principal: Principal) -> tuple[int, ...] | None:
    return decide.readable_audiences(principal, items.audiences(db))
