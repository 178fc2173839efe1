"""Exchanges on which sharing is not two-way, or not of everything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant

READING = on("objects", "object", "manifest")


def hide(fault: Fault, kind: str, by: str) -> None:
    """Objects of one type contributed by one account are served to nobody but that account."""
    hidden, of_others = set[str](), set[str]()

    async def taking(seen: Seen, forward: Forward) -> Reply:
        ids = {str(stix.get("id")) for stix in seen.posted if stix.get("type") == kind} - hidden - of_others
        (hidden if seen.principal == by else of_others).update(ids)
        return await forward(seen)

    def without(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not any(item.get("id") in hidden for item in reply.objects):
            return reply
        return reply.with_objects([item for item in reply.objects if item.get("id") not in hidden])

    fault.around(lambda seen: seen.method == "POST", taking)
    fault.change_answers(lambda seen: seen.principal != by and READING(seen), without)


@mutant("ISAO-SHARE-001")
def what_the_second_member_contributes_reaches_nobody(fault: Fault) -> None:
    """Sharing goes one way: one organization gives, the other only takes."""
    hide(fault, "indicator", by="member-b")


@mutant("ISAO-SHARE-001", size="subtle")
def what_the_second_member_contributes_arrives_altered(fault: Fault) -> None:
    """The exchange rewrites the names of what one of the members sends."""

    def rewrite(seen: Seen) -> Seen:
        def changed(stix: dict[str, Any]) -> dict[str, Any]:
            return {**stix, "name": "[reviewed] " + stix["name"]} if stix.get("type") == "indicator" else stix

        body = Reply(200, (), b"").with_json({"objects": [changed(stix) for stix in seen.posted]}).body
        headers = tuple(pair for pair in seen.headers if pair[0] != "content-length")
        return Seen(seen.method, seen.path, seen.query, headers, body, seen.scope, seen.actors)

    fault.change_requests(
        lambda seen: seen.principal == "member-b" and seen.method == "POST" and bool(seen.posted), rewrite
    )


@mutant("ISAO-SHARE-003", size="subtle")
def response_actions_stay_with_their_author(fault: Fault) -> None:
    """Indicators flow, courses of action do not: the exchange deals in threats only."""
    hide(fault, "course-of-action", by="member-a")


@mutant(
    "ISAO-SHARE-012",
    also={
        "ISAO-LEG-004": "what a review releases is still not there for a member that looked while it was held",
        "ISAO-MRK-005": "what was widened is still not there for a member that looked before",
    },
)
def an_empty_answer_is_kept_for_two_minutes(fault: Fault) -> None:
    """A cache stands before the exchange: who asked for an item before it came is told for two minutes that it is not
    there."""
    kept: dict[object, tuple[datetime, Reply]] = {}

    async def cached(seen: Seen, forward: Forward) -> Reply:
        asked = (seen.path, seen.query, seen.authorization)
        if asked in kept and fault.pace.clock() < kept[asked][0]:
            return kept[asked][1]
        reply = await forward(seen)
        if reply.status == 200 and not reply.objects:
            kept[asked] = (fault.pace.clock() + timedelta(seconds=120), reply)
        return reply

    fault.around(lambda seen: seen.principal == "member-b" and on("objects")(seen), cached)
