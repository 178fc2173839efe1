"""Lawful but unusual servers: the reference exchange with its permitted choices taken otherwise.

Each names the clause that permits it and counts how often the run met it. None may turn a row red.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from itertools import count

from tests.eccentrics.variant import Handlers, Variant, anything, says
from tests.support.answering import Forward, Reply, Seen, on, refusal

READ = on("manifest", "objects", "object", "versions")


def tiny_pages(variant: Variant) -> Handlers:
    """Never more than three entries a page."""

    def count(_: Seen, reply: Reply) -> Reply:
        variant.met += bool(reply.ok and isinstance(reply.json, dict) and reply.json.get("more"))
        return reply

    return [variant.answers(READ, count)]


def odd_header_case(variant: Variant) -> Handlers:
    """Header names in capitals."""
    return [
        variant.answers(
            anything, lambda _, reply: replace(reply, headers=tuple((k.upper(), v) for k, v in reply.headers))
        )
    ]


def extra_properties(variant: Variant) -> Handlers:
    """Custom properties in every TAXII resource."""

    def more(_: Seen, reply: Reply) -> Reply:
        return reply.rewritten(lambda body: {**body, "x_acme_note": "ours"}) if isinstance(reply.json, dict) else reply

    return [variant.answers(lambda seen: bool(seen.endpoint), more)]


def hidden_is_404(variant: Variant) -> Handlers:
    """404 where 403 or 401 would say too much; 5.7 fixes the codes of DELETE, so those stay."""
    return [
        variant.answers(
            lambda seen: seen.method != "DELETE",
            lambda seen, reply: refusal(404) if reply.status == 403 or _is_stranger(seen, reply) else reply,
        )
    ]


def _is_stranger(seen: Seen, reply: Reply) -> bool:
    """Somebody without an account asks for objects that only accounts may read: 401 or 404 (5.4)."""
    return reply.status == 401 and seen.authorization is None and seen.endpoint == "objects"


def errors_without_a_body(variant: Variant) -> Handlers:
    """An error message is optional (3.1): here no error has one."""

    def bare(_: Seen, reply: Reply) -> Reply:
        return replace(reply, body=b"").with_header("Content-Type", None) if reply.status >= 400 else reply

    return [variant.answers(lambda seen: bool(seen.endpoint), bare)]


def pending_first(variant: Variant) -> Handlers:
    """Every contribution is answered as pending; the status resource says complete."""

    def pending(_: Seen, reply: Reply) -> Reply:
        if reply.status != 202:
            return reply
        told = reply.json
        count = told["total_count"]
        kept = {k: told[k] for k in ("id", "request_timestamp", "total_count")}
        counts = {"success_count": 0, "failure_count": 0, "pending_count": count}
        return reply.with_json({**kept, **counts, "status": "pending"})

    return [variant.answers(on("objects", method="POST"), pending)]


def quoted_version(variant: Variant) -> Handlers:
    """The media type in another lawful spelling."""
    spelling = 'Application/TAXII+json; Version="2.1"; charset=utf-8'

    def respell(_: Seen, reply: Reply) -> Reply:
        return reply.with_header("Content-Type", spelling) if reply.body else reply

    return [variant.answers(lambda seen: bool(seen.endpoint), respell)]


def slow(variant: Variant) -> Handlers:
    """Every tenth answer takes a while."""
    asked = count()

    async def late(seen: Seen, forward: Forward) -> Reply:
        if next(asked) % 10 == 0:
            variant.met += 1
            await asyncio.sleep(0.1)
        return await forward(seen)

    return [(anything, late)]


def no_delete(variant: Variant) -> Handlers:
    """Objects stay: nobody may delete one, and every client that can see it is told so."""

    async def refused(seen: Seen, forward: Forward) -> Reply:
        variant.met += 1
        there = await forward(seen.at(seen.path))
        return refusal(403) if there.ok else await forward(seen)

    return [(lambda seen: seen.method == "DELETE" and seen.endpoint == "object", refused)]


def only_relative_roots(variant: Variant) -> Handlers:
    """Discovery without a default and with relative API roots."""

    def relative(_: Seen, reply: Reply) -> Reply:
        told = {k: v for k, v in reply.json.items() if k != "default"} if reply.ok else {}
        return reply.with_json({**told, "api_roots": ["/exchange/"]}) if reply.ok else reply

    return [variant.answers(on("discovery"), relative)]


def escaped_json(variant: Variant) -> Handlers:
    """Other spacing, other order of members and every non-ASCII character escaped: the same JSON."""

    def respelled(_: Seen, reply: Reply) -> Reply:
        if reply.json is None:
            return reply
        return replace(reply, body=json.dumps(reply.json, indent=2, sort_keys=True).encode())

    return [variant.answers(lambda seen: bool(seen.endpoint), respelled)]


def no_next(variant: Variant) -> Handlers:
    """Pages are continued by added_after alone."""

    def without(_: Seen, reply: Reply) -> Reply:
        if not isinstance(reply.json, dict) or "next" not in reply.json:
            return reply
        return reply.with_json({k: v for k, v in reply.json.items() if k != "next"})

    return [variant.answers(READ, without)]


def status_forgotten(variant: Variant) -> Handlers:
    """A complete status is gone at once: keeping it is a SHOULD (4.3)."""

    async def gone(seen: Seen, forward: Forward) -> Reply:
        variant.met += 1
        return refusal(404)

    return [(on("status"), gone)]


def lenient_media_types(variant: Variant) -> Handlers:
    """Every Accept is served (3.1: refusing with 406 is a MAY)."""

    def ask(seen: Seen) -> Seen:
        if seen.header("accept") is None:
            return seen
        left = tuple(pair for pair in seen.headers if pair[0] != "accept")
        return replace(seen, headers=(*left, ("accept", "application/taxii+json;version=2.1")))

    async def served(seen: Seen, forward: Forward) -> Reply:
        asked = ask(seen)
        variant.met += asked != seen
        return await forward(asked)

    return [(anything, served)]


def variants() -> list[Variant]:
    """All variants, fresh counters."""
    return [
        Variant("tiny_pages", "3.4: a server may return fewer entries than asked for", tiny_pages, page_limit=3),
        Variant("odd_header_case", "RFC 9110, 5.1: field names are case-insensitive", odd_header_case),
        Variant("extra_properties", "7.1: custom properties are allowed in every resource", extra_properties),
        Variant("hidden_is_404", "5.3 to 5.8: 403 or 404 as the server chooses", hidden_is_404),
        Variant("errors_without_a_body", "3.1: an error message is optional", errors_without_a_body),
        Variant("pending_first", "4.3.1: a status may be pending", pending_first),
        Variant("quoted_version", "RFC 9110, 8.3.1: equal spellings of a media type", quoted_version),
        Variant("slow", "no clause bounds the time of an answer", slow),
        Variant(
            "no_delete",
            "5.7: 403 is for a client that may see an object and not delete it",
            no_delete,
        ),
        Variant("only_relative_roots", "4.1.1: default is optional, roots may be relative", only_relative_roots),
        Variant("escaped_json", "RFC 8259: spacing, order and escapes carry no meaning", escaped_json),
        Variant(
            "no_next",
            "3.5: next is optional, added_after continues",
            no_next,
            declare=says(next_cursor="pages are continued by added_after"),
        ),
        Variant("status_forgotten", "4.3: keeping a status is a SHOULD", status_forgotten),
        Variant("lenient_media_types", "3.1: refusing an Accept is a MAY", lenient_media_types),
    ]
