"""Lawful but unusual servers: the reference exchange with its permitted choices taken otherwise.

Each names the clause that permits it and counts how often the run met it. None may turn a row red.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from isao_conformance.target import Target
from tests.support.answering import Forward, Handler, Reply, Seen, on, refusal

READ = on("manifest", "objects", "object", "versions")


@dataclass
class Variant:
    """A lawful choice. `met` counts where it showed in a run, and `least` is how often it has to:
    a choice that nobody saw proves nothing. Fewer than 20 where a run hardly asks for it."""

    name: str
    clause: str
    make: Callable[[Variant], list[tuple[Callable[[Seen], bool], Handler]]]
    page_limit: int | None = None
    declare: Callable[[Target], Target] = lambda target: target
    least: int = 20
    met: int = 0

    def answers(
        self, when: Callable[[Seen], bool], change: Callable[[Seen, Reply], Reply]
    ) -> tuple[Callable[[Seen], bool], Handler]:
        """A handler that rewrites answers and counts those it changed."""

        async def handler(seen: Seen, forward: Forward) -> Reply:
            reply = await forward(seen)
            changed = change(seen, reply)
            self.met += changed != reply
            return changed

        return when, handler


def anything(seen: Seen) -> bool:
    """Every request."""
    return True


def tiny_pages(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Never more than three entries a page."""

    def count(_: Seen, reply: Reply) -> Reply:
        variant.met += bool(reply.ok and isinstance(reply.json, dict) and reply.json.get("more"))
        return reply

    return [variant.answers(READ, count)]


def odd_header_case(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Header names in capitals."""
    return [
        variant.answers(
            anything, lambda _, reply: replace(reply, headers=tuple((k.upper(), v) for k, v in reply.headers))
        )
    ]


def extra_properties(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Custom properties in every TAXII resource."""

    def more(_: Seen, reply: Reply) -> Reply:
        return reply.rewritten(lambda body: {**body, "x_acme_note": "ours"}) if isinstance(reply.json, dict) else reply

    return [variant.answers(lambda seen: bool(seen.endpoint), more)]


def hidden_is_404(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """404 where 403 would say too much; 5.7 fixes the codes of DELETE, so those stay."""
    return [
        variant.answers(
            lambda seen: seen.method != "DELETE", lambda _, reply: refusal(404) if reply.status == 403 else reply
        )
    ]


def errors_without_a_body(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """An error message is optional (3.1): here no error has one."""

    def bare(_: Seen, reply: Reply) -> Reply:
        return replace(reply, body=b"").with_header("Content-Type", None) if reply.status >= 400 else reply

    return [variant.answers(lambda seen: bool(seen.endpoint), bare)]


def pending_first(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
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


def quoted_version(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """The media type in another lawful spelling."""
    spelling = 'Application/TAXII+json; Version="2.1"; charset=utf-8'

    def respell(_: Seen, reply: Reply) -> Reply:
        return reply.with_header("Content-Type", spelling) if reply.body else reply

    return [variant.answers(lambda seen: bool(seen.endpoint), respell)]


def slow(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Every answer takes a while."""

    async def late(seen: Seen, forward: Forward) -> Reply:
        variant.met += 1
        await asyncio.sleep(0.02)
        return await forward(seen)

    return [(anything, late)]


def no_delete(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Objects stay: DELETE is not offered."""

    async def refused(seen: Seen, forward: Forward) -> Reply:
        variant.met += 1
        return refusal(405)

    return [(lambda seen: seen.method == "DELETE" and seen.endpoint == "object", refused)]


def only_relative_roots(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Discovery without a default and with relative API roots."""

    def relative(_: Seen, reply: Reply) -> Reply:
        told = {k: v for k, v in reply.json.items() if k != "default"} if reply.ok else {}
        return reply.with_json({**told, "api_roots": ["/exchange/"]}) if reply.ok else reply

    return [variant.answers(on("discovery"), relative)]


def escaped_json(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Other spacing, other order of members and every non-ASCII character escaped: the same JSON."""

    def respelled(_: Seen, reply: Reply) -> Reply:
        if reply.json is None:
            return reply
        return replace(reply, body=json.dumps(reply.json, indent=2, sort_keys=True).encode())

    return [variant.answers(lambda seen: bool(seen.endpoint), respelled)]


def no_next(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """Pages are continued by added_after alone."""

    def without(_: Seen, reply: Reply) -> Reply:
        if not isinstance(reply.json, dict) or "next" not in reply.json:
            return reply
        return reply.with_json({k: v for k, v in reply.json.items() if k != "next"})

    return [variant.answers(READ, without)]


def status_forgotten(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
    """A complete status is gone at once: keeping it is a SHOULD (4.3)."""

    async def gone(seen: Seen, forward: Forward) -> Reply:
        variant.met += 1
        return refusal(404)

    return [(on("status"), gone)]


def lenient_media_types(variant: Variant) -> list[tuple[Callable[[Seen], bool], Handler]]:
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


def says(**absent: str) -> Callable[[Target], Target]:
    """A target file that declares capabilities absent."""
    named = {name.replace("_", "-"): why for name, why in absent.items()}
    return lambda target: replace(target, absent={**target.absent, **named})


def variants() -> list[Variant]:
    """All variants, fresh counters."""
    return [
        Variant("tiny_pages", "3.4: a server may return fewer entries than asked for", tiny_pages, page_limit=3),
        Variant("odd_header_case", "RFC 9110, 5.1: field names are case-insensitive", odd_header_case),
        Variant("extra_properties", "7.1: custom properties are allowed in every resource", extra_properties),
        Variant("hidden_is_404", "5.3 to 5.8: 403 or 404 as the server chooses", hidden_is_404, least=5),
        Variant("errors_without_a_body", "3.1: an error message is optional", errors_without_a_body),
        Variant("pending_first", "4.3.1: a status may be pending", pending_first),
        Variant("quoted_version", "RFC 9110, 8.3.1: equal spellings of a media type", quoted_version),
        Variant("slow", "no clause bounds the time of an answer", slow),
        Variant(
            "no_delete",
            "5.7: a client that may see an object need not be allowed to delete it",
            no_delete,
            least=3,
        ),
        Variant("only_relative_roots", "4.1.1: default is optional, roots may be relative", only_relative_roots),
        Variant("escaped_json", "RFC 8259: spacing, order and escapes carry no meaning", escaped_json),
        Variant(
            "no_next",
            "3.5: next is optional, added_after continues",
            no_next,
            declare=says(next_cursor="pages are continued by added_after"),
        ),
        Variant("status_forgotten", "4.3: keeping a status is a SHOULD", status_forgotten, least=5),
        Variant("lenient_media_types", "3.1: refusing an Accept is a MAY", lenient_media_types),
    ]
