"""Exchanges whose event stream says too little, or loses what came while nobody listened."""

from __future__ import annotations

from typing import Any

from isao_reference.functions import stream
from isao_reference.functions.stream import Start
from isao_reference.store import events
from tests.support.mutation import Fault, mutant


@mutant("ISAO-DIS-004")
def the_stream_tells_of_records_only(fault: Fault) -> None:
    """New items are found by polling; the stream is for the function API."""
    original = stream._line
    fault.replace(
        "isao_reference.functions.stream._line",
        lambda event: b": an item\n\n" if event.body.get("resource") == "objects" else original(event),
    )


@mutant("ISAO-DIS-004", size="subtle")
def whoever_comes_back_misses_the_first_event(fault: Fault) -> None:
    """The last id is honoured, and counted as the id to begin after the next one with."""
    original = stream._start

    def off_by_one(call: Any, db: Any, streaming: bool) -> Start:
        start = original(call, db, streaming)
        if not streaming or start.resync or call.header("last-event-id") is None:
            return start
        following = events.events_after(db, stream._audiences(db, call.principal), start.after, 1)
        return Start(following[0].key if following else start.after, False)

    fault.replace("isao_reference.functions.stream._start", off_by_one)


@mutant("ISAO-DIS-004", size="subtle")
def an_unknown_id_is_taken_for_the_last_one(fault: Fault) -> None:
    """Who comes back with an id that is forgotten listens on from now, and never learns that there is a gap."""
    original = stream._start

    def silent(call: Any, db: Any, streaming: bool) -> Start:
        start = original(call, db, streaming)
        return Start(start.after, False) if streaming else start

    fault.replace("isao_reference.functions.stream._start", silent)
