"""A plausible exchange that turns hostile: the demonstration exchange with misbehaviour around it.

Such a target opens the gate, so that the probes meet it. Each scenario gets a `Fault` and puts its layers there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import uuid4

from tests.hostile.hostile_content import TRICKS
from tests.support.answering import Forward, Reply, Seen, on, taxii
from tests.support.mutation import Fault

LISTS = on("objects", "manifest", "object", "versions")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_HONEST = 40
"""Requests that are answered as they should be before a target shows its other face."""

Turn = Callable[[Fault], None]


@dataclass(frozen=True)
class Turning:
    """How an exchange turns hostile, its numbers in the list, and the rows that meet it."""

    numbers: tuple[int, ...]
    turn: Turn
    select: tuple[str, ...]


TURNING: dict[str, Turning] = {}
"""Every scenario around an exchange, by a name that explains itself."""


def turning(*numbers: int, select: tuple[str, ...]) -> Callable[[Turn], Turn]:
    """Put a scenario into the table, under its own name; `select` as for --select."""

    def register(turn: Turn) -> Turn:
        TURNING[turn.__name__] = Turning(numbers, turn, select)
        return turn

    return register


# --- pages -----------------------------------------------------------------------------------

PAGING = ("taxii_paging", "taxii_continuation")


def _first_page_for_ever(fault: Fault, cursor: Callable[[str], str]) -> None:
    """Answers every page with the first one, says that there is more and gives the cursor that follows on the one that
    came."""

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(next=None, added_after=None))
        if not reply.ok or not isinstance(reply.json, dict):
            return reply
        return reply.with_json({**reply.json, "more": True, "next": cursor(seen.value("next") or "")})

    fault.around(LISTS, handler)


@turning(20, select=PAGING)
def cursors_in_a_circle(fault: Fault) -> None:
    """Leads from one page to the next and from the third to the first."""
    circle = {"": "a", "a": "b", "b": "c", "c": "a"}
    _first_page_for_ever(fault, lambda came: circle.get(came, "a"))


@turning(21, select=("taxii_paging",))
def a_cursor_that_doubles(fault: Fault) -> None:
    """Gives a cursor twice as long with each page, until addresses have megabytes."""
    _first_page_for_ever(fault, lambda came: (came or "x") * 2 if len(came) < 4_000_000 else came)


@turning(23, select=PAGING)
def the_same_page_for_ever(fault: Fault) -> None:
    """Gives the same page under a new cursor each time."""
    new = count()
    _first_page_for_ever(fault, lambda _: f"page-{next(new)}")


@turning(22, select=PAGING)
def pages_without_end(fault: Fault) -> None:
    """Gives new objects on every page, and more of them than anybody stored."""

    async def handler(seen: Seen, forward: Forward) -> Reply:
        if seen.endpoint not in ("objects", "manifest"):
            return await forward(seen)
        stamp = "2026-01-01T00:00:00.000Z"
        listed = [{"type": "indicator", "id": f"indicator--{uuid4()}", "modified": stamp, "date_added": stamp}]
        return taxii({"more": True, "next": str(uuid4()), "objects": listed})

    fault.around(LISTS, handler)


# --- content ---------------------------------------------------------------------------------


@turning(26, 28, 29, 30, select=("taxii_collections", "taxii_objects", "taxii_status"))
def ids_that_are_paths_and_scripts(fault: Fault) -> None:
    """Names collections, objects, statuses and titles like paths, scripts and escapes."""
    new = count()

    def tricked(value: Any) -> Any:
        if isinstance(value, dict):
            chosen = TRICKS[next(new) % len(TRICKS)]
            named = {name: chosen for name in ("title", "description", "name") if name in value}
            odd = {"id": f"../../{chosen}"} if "id" in value and next(new) % 3 == 0 else {}
            return {**{name: tricked(inner) for name, inner in value.items()}, **named, **odd}
        return [tricked(item) for item in value] if isinstance(value, list) else value

    fault.change_json(lambda seen: seen.endpoint != "discovery", tricked)


@turning(34, select=("taxii_manifest", "taxii_version_filters"))
def dates_of_the_first_and_the_last_year(fault: Fault) -> None:
    """Moves every date to the years 1, 1970 and 9999 by turns, in bodies and in headers."""
    ends = ("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z")
    new = count()

    def moved(text: str) -> str:
        return _DATE.sub(lambda _: ends[next(new) % len(ends)], text)

    def change(_: Seen, reply: Reply) -> Reply:
        headers = tuple((name, moved(value)) for name, value in reply.headers)
        return replace(reply, headers=headers, body=moved(reply.body.decode("utf-8", "ignore")).encode())

    fault.change_answers(lambda _: True, change)


# --- two faces -------------------------------------------------------------------------------


@turning(37, 38, select=("taxii_objects", "taxii_filters"))
def come_back_in_a_year_once_the_gate_is_open(fault: Fault) -> None:
    """Behaves until the proofs of the gate are given and asks everybody to come back in a year after that."""
    asked = count()

    def change(_: Seen, reply: Reply) -> Reply:
        if next(asked) < _HONEST:
            return reply
        return taxii({"title": "later", "http_status": "503"}, 503).with_header("Retry-After", "31536000")

    fault.change_answers(lambda _: True, change)


@turning(31, select=("taxii_objects", "taxii_errors"))
def credentials_in_every_answer(fault: Fault) -> None:
    """Adds the credentials that came to every answer, as a header and as a member, and soon refuses to take objects."""
    posted = count()

    def change(seen: Seen, reply: Reply) -> Reply:
        token = seen.authorization or "nobody"
        told = reply.json if isinstance(reply.json, dict) else {}
        hidden = "".join(f"\\u{ord(c):04x}" for c in token)
        body = json.dumps({**told, "title": "@@", "echo": token}).replace("@@", hidden).encode()
        status = 403 if seen.method == "POST" and next(posted) else reply.status
        return replace(reply, status=status, body=body).with_header("X-Seen", token)

    fault.change_answers(lambda _: True, change)


@turning(40, select=("taxii_objects", "taxii_versions", "taxii_deletion"))
def forgets_what_the_run_made(fault: Fault) -> None:
    """Takes new objects, shows each a few times and then has never heard of it."""
    left: dict[str, int] = {}

    async def handler(seen: Seen, forward: Forward) -> Reply:
        left.update({str(stix.get("id")): 3 for stix in seen.posted})
        reply = await forward(seen)
        if seen.method != "GET" or not isinstance(reply.json, dict) or "objects" not in reply.json:
            return reply
        shown = []
        for stix in reply.objects:
            known = left.get(stix.get("id"), 1)
            left.update({stix["id"]: known - 1} if stix.get("id") in left else {})
            shown += [stix] if known > 0 else []
        return reply.with_objects(shown)

    fault.around(lambda seen: seen.endpoint in ("objects", "object", "manifest", "versions"), handler)


@turning(41, select=("taxii_permissions", "taxii_collections"))
def answers_for_another_tenant(fault: Fault) -> None:
    """Answers every second request as if somebody else had sent it."""
    known: list[str] = []
    asked = count()

    def change(seen: Seen) -> Seen:
        if seen.authorization and seen.authorization not in known:
            known.append(seen.authorization)
        return seen.by(known[-1]) if known and next(asked) > _HONEST and next(asked) % 3 else seen

    fault.change_requests(lambda _: True, change)


@turning(42, select=("taxii_objects", "taxii_filters"))
def answers_meant_for_another_request(fault: Fault) -> None:
    """Gives every request to an endpoint the answer that the request before it should have had."""
    before: dict[str, Reply] = {}
    asked = count()

    def change(seen: Seen, reply: Reply) -> Reply:
        given = before.get(seen.endpoint, reply)
        before[seen.endpoint] = reply
        return given if next(asked) > _HONEST else reply

    fault.change_answers(lambda _: True, change)
