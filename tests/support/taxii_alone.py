"""The reference as a platform that speaks TAXII and has no function API: nothing lies at its addresses, and nothing
names them. Members recall an item by a revoked version of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from isao_conformance.target import Target
from tests.support.answering import Forward, Handler, Reply, Seen, on, refusal

CONTRIBUTION = on("objects", method="POST")
OVER_TAXII = ("membership", "sharing", "marking", "feedback", "recalls")
ABSENT = {
    "function-api": "members use TAXII clients, and nothing else",
    "audit-log": "what is kept of requests is for the operator",
    "event-stream": "members ask for what was added since they asked last",
}


def declared(target: Target) -> Target:
    """The target file of such a platform."""
    return replace(target, absent={**target.absent, **ABSENT})


def organization_of(seen: Seen) -> str:
    """Whom an account of the demonstration speaks for; north has two."""
    return seen.principal.removesuffix("2")


def revokes(seen: Seen) -> set[str]:
    """The ids of the objects that a request wants revoked."""
    return {str(one.get("id")) for one in seen.posted if one.get("revoked") is True}


def layers() -> list[tuple[Callable[[Seen], bool], Handler]]:
    """What stands before the reference, each at addresses of its own."""
    first: dict[str, str] = {}

    async def without(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok:
            return reply
        services = {name: value for name, value in reply.json["services"].items() if name == "taxii"}
        offered = [one for one in reply.json["functions"] if one["name"] in OVER_TAXII]
        return reply.with_json({**reply.json, "services": services, "functions": offered})

    async def nothing(seen: Seen, forward: Forward) -> Reply:
        return refusal(404)

    async def own_only(seen: Seen, forward: Forward) -> Reply:
        """A revoked version is taken from whoever posted the object first, and from nobody else."""
        organization = organization_of(seen)
        if any(first.get(one, organization) != organization for one in revokes(seen)):
            return refusal(403)
        reply = await forward(seen)
        for one in seen.posted if reply.ok else ():
            first.setdefault(str(one.get("id")), organization)
        return reply

    return [
        (lambda seen: seen.path == "/.well-known/isao.json", without),
        (lambda seen: seen.path.startswith("/functions"), nothing),
        (CONTRIBUTION, own_only),
    ]
