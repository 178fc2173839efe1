"""Lawful but unusual servers that need more than a changed answer: other addresses, other cursors, fewer versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from isao_conformance.target import Target
from tests.eccentrics.variant import Handlers, Variant, anything, says
from tests.support import taxii_alone
from tests.support.answering import TAXII, Forward, Reply, Seen, on, refusal

READ = on("manifest", "objects", "object", "versions")
OURS, THEIRS = "/exchange/", "/tenants/42/threat-data/"


def other_addresses(variant: Variant) -> Handlers:
    """The API root lies three folders deep; nothing is found at the addresses of the reference."""

    def outside(seen: Seen) -> bool:
        return seen.path.startswith((OURS, THEIRS)) or seen.path == OURS.rstrip("/")

    async def moved(seen: Seen, forward: Forward) -> Reply:
        if not seen.path.startswith(THEIRS):
            return refusal(404)
        variant.met += 1
        return await forward(replace(seen, path=OURS + seen.path.removeprefix(THEIRS)))

    def listed(_: Seen, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.replace(f'{OURS}"'.encode(), f'{THEIRS}"'.encode()))

    async def discovery(seen: Seen, forward: Forward) -> Reply:
        return listed(seen, await forward(seen))

    return [(outside, moved), (on("discovery"), discovery)]


def at_other_addresses(target: Target) -> Target:
    """The target file of that server."""

    def there(urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(url.replace(OURS, THEIRS) for url in urls)

    return replace(target, read=there(target.read), write=there(target.write))


def more_is_always_said(variant: Variant) -> Handlers:
    """`more` is there with false on the last page too."""

    def said(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not isinstance(reply.json, dict) or "more" in reply.json:
            return reply
        return reply.with_json({**reply.json, "more": False})

    return [variant.answers(READ, said)]


@dataclass
class _Tickets:
    """Gives numbers for page marks and takes each back once."""

    numbers: count[int]
    held: dict[str, str]

    def give(self, mark: str) -> str:
        ticket = str(next(self.numbers))
        self.held[ticket] = mark
        return ticket


def numbers_as_page_marks(variant: Variant) -> Handlers:
    """`next` is a short number that is good for one page; used again, it is refused with 400."""
    tickets = _Tickets(count(1), {})

    async def numbered(seen: Seen, forward: Forward) -> Reply:
        ticket = seen.value("next")
        if ticket is not None:
            mark = tickets.held.pop(ticket, None)
            if mark is None:
                return refusal(400)
            seen = seen.asking(next=mark)
            variant.met += 1
        reply = await forward(seen)
        mark = reply.json.get("next") if reply.ok and isinstance(reply.json, dict) else None
        return reply if mark is None else reply.with_json({**reply.json, "next": tickets.give(mark)})

    return [(READ, numbered)]


def newest_versions_only(variant: Variant) -> Handlers:
    """A new version takes the place of the old one: there is never more than one."""

    def only_newest(listed: list[dict[str, Any]], version: Callable[[dict[str, Any]], str]) -> list[dict[str, Any]]:
        newest: dict[str, str] = {}
        for entry in listed:
            newest[entry["id"]] = max(newest.get(entry["id"], ""), version(entry))
        return [entry for entry in listed if version(entry) == newest[entry["id"]]]

    async def newest(seen: Seen, forward: Forward) -> Reply:
        wanted = (seen.value("match[version]") or "last").split(",")
        if "match[version]" not in seen.names:
            return await forward(seen)
        variant.met += 1
        reply = await forward(seen.asking(**{"match[version]": "last"}))
        # The exchange itself says whether the query is well formed; a page mark belongs to the other query.
        asked = await forward(seen.asking(next=None))
        if not reply.ok or not asked.ok:
            return reply if asked.ok else asked
        if set(wanted) & {"all", "first", "last"}:
            return reply
        plain = [str(e.get("version", e.get("modified", e.get("created", "")))) for e in reply.objects]
        # What has no time of its own has one version for ever.
        timeless = [bool(e.get("type")) and "created" not in e for e in reply.objects]
        kept = [
            entry
            for entry, version, lasting in zip(reply.objects, plain, timeless, strict=True)
            if version in wanted or lasting
        ]
        return reply.with_objects(kept)

    async def one_version(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or "versions" not in reply.json:
            return reply
        rest = {key: value for key, value in reply.json.items() if key not in ("versions", "more", "next")}
        return reply.with_json({**rest, "versions": [max(reply.json["versions"])]})

    return [(on("objects", "object", "manifest"), newest), (on("versions"), one_version)]


def no_versions_endpoint(variant: Variant) -> Handlers:
    """The list of versions is not offered."""

    async def absent(seen: Seen, forward: Forward) -> Reply:
        variant.met += 1
        return refusal(404)

    return [(on("versions"), absent)]


def talkative_errors(variant: Variant) -> Handlers:
    """Error messages with all their optional properties, and some custom ones."""

    def told(_: Seen, reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        number = str(variant.met)
        body = {
            "title": "Not like this",
            "description": "See the guide.",
            "error_id": number,
            "error_code": "E-17",
            "http_status": str(reply.status),
            "external_details": "https://errors.example/17",
            "details": {"hint": "read the guide", "parts": [1, 2]},
            "x_acme_support": "call us",
        }
        return replace(reply, body=json.dumps(body).encode()).with_header("Content-Type", TAXII)

    return [variant.answers(lambda seen: bool(seen.endpoint), told)]


def connections_end(variant: Variant) -> Handlers:
    """The connection ends with each answer."""
    return [variant.answers(anything, lambda _, reply: reply.with_header("Connection", "close"))]


def without_functions(variant: Variant) -> Handlers:
    """A platform that speaks TAXII and has no function API. What shows of it is that items are taken back by revoked
    versions."""

    async def counted(seen: Seen, forward: Forward) -> Reply:
        variant.met += bool(taxii_alone.revokes(seen))
        return await forward(seen)

    return [*taxii_alone.layers(), (taxii_alone.CONTRIBUTION, counted)]


def others_versions_are_kept_apart(variant: Variant) -> Handlers:
    """Who sends a version of what another shared is told that it was taken, and nobody else ever sees it."""

    def taken(seen: Seen, reply: Reply) -> Reply:
        told = reply.json
        if seen.method != "POST" or reply.status != 202 or not told.get("failures"):
            return reply
        kept = [one for one in told["failures"] if "another organization" not in one.get("message", "")]
        apart = [{"id": one["id"], "version": one["version"]} for one in told["failures"] if one not in kept]
        if not apart:
            return reply
        successes = [*told.get("successes", ()), *apart]
        lists = {"successes": successes, "success_count": len(successes), "failure_count": len(kept)}
        rest = {name: value for name, value in told.items() if name not in ("failures", "successes")}
        return reply.with_json({**rest, **lists, **({"failures": kept} if kept else {})})

    return [variant.answers(lambda seen: seen.endpoint == "objects", taken)]


def more_variants() -> list[Variant]:
    """All variants of this file, fresh counters."""
    return [
        Variant("other_addresses", "4.2: an API root can lie at any path", other_addresses, declare=at_other_addresses),
        Variant("more_is_always_said", "3.7: more is a boolean, false is its default", more_is_always_said),
        Variant("numbers_as_page_marks", "3.4: next is opaque and the server's own", numbers_as_page_marks),
        Variant(
            "newest_versions_only",
            "1.6.11: a server need not keep every version",
            newest_versions_only,
            declare=says(old_versions="a new version takes the place of the old one"),
        ),
        Variant(
            "no_versions_endpoint",
            "5.8: whether the endpoint has to be there is contested",
            no_versions_endpoint,
            declare=says(versions_endpoint="versions are asked for with match[version]"),
        ),
        Variant("talkative_errors", "3.6.1: error messages have optional properties", talkative_errors),
        Variant(
            "without_functions",
            "3: TAXII stands by itself; the rows on outcomes can be met over it (decision 0009)",
            without_functions,
            declare=taxii_alone.declared,
            at_least=5,
            has_to_pass=("ISAO-SHARE-001", "ISAO-SHARE-010", "ISAO-DIS-008", "ISAO-FBK-002", "ISAO-FBK-003"),
        ),
        Variant(
            "others_versions_are_kept_apart",
            "5.5: a server says what it took, and whom it shows what is its own affair (decision 0013)",
            others_versions_are_kept_apart,
            at_least=4,
            has_to_pass=("ISAO-TIF-011", "ISAO-SHARE-013", "ISAO-SHARE-014", "ISAO-MRK-005"),
        ),
        Variant("connections_end", "RFC 9112, 9.6: a server may close after each answer", connections_end),
    ]
