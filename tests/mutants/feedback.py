"""Exchanges on which feedback is lost, or changes what it is about."""

from __future__ import annotations

from typing import Any

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.function_faults import about, change_records, problem, sent
from tests.support.mutation import Fault, mutant

READING = on("objects", "object")


@mutant("ISAO-FBK-002", size="subtle")
def an_opinion_changes_the_item_it_is_about(fault: Fault) -> None:
    """The exchange writes a confidence of its own into items that somebody disagreed with."""
    rated: set[str] = set()

    async def taking(seen: Seen, forward: Forward) -> Reply:
        for stix in seen.posted:
            if stix.get("type") == "opinion":
                rated.update(stix.get("object_refs", []))
        return await forward(seen)

    def lowered(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not any(item.get("id") in rated for item in reply.objects):
            return reply
        listed: list[Any] = [{**item, "confidence": 15} if item.get("id") in rated else item for item in reply.objects]
        return reply.with_objects(listed)

    fault.around(lambda seen: seen.method == "POST", taking)
    fault.change_answers(READING, lowered)


@mutant("ISAO-FBK-003")
def sightings_do_not_come_back_to_the_originator(fault: Fault) -> None:
    """Whoever gives feedback can read it; whoever shared the item cannot."""
    given: set[str] = set()

    async def taking(seen: Seen, forward: Forward) -> Reply:
        given.update(str(stix.get("id")) for stix in seen.posted if stix.get("type") == "sighting")
        return await forward(seen)

    def without(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not any(item.get("id") in given for item in reply.objects):
            return reply
        return reply.with_objects([item for item in reply.objects if item.get("id") not in given])

    fault.around(lambda seen: seen.principal == "member-b" and seen.method == "POST", taking)
    fault.change_answers(lambda seen: seen.principal == "member-a" and READING(seen), without)


@mutant("ISAO-FBK-003", size="subtle")
def a_stranger_reads_the_sightings(fault: Fault) -> None:
    """Feedback by its type is taken for public."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        reply, full = await forward(seen), await forward(seen.by(fault.authorization_of("member-b")))
        found = [item for item in full.objects if item.get("type") == "sighting"]
        return full.with_objects([*reply.objects, *found]) if found else reply

    fault.around(lambda seen: seen.principal == "" and READING(seen), careless)


@mutant("ISAO-FBK-001")
def feedback_wants_all_four_answers(fault: Fault) -> None:
    """Who does not know yet what came of it is sent away."""
    every = {"timely", "actionable", "effective", "consequence"}

    async def strict(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen) if every <= sent(seen).keys() else problem(422)

    fault.around(about("feedback", "POST", by=("member-b",), step=""), strict)


@mutant("ISAO-FBK-001", size="subtle")
def what_came_of_it_is_not_passed_on(fault: Fault) -> None:
    """The three ticks reach the originator; the words do not."""

    def without(record: dict[str, Any]) -> None:
        record.get("document", {}).pop("consequence", None)

    change_records(fault, about("feedback", by=("member-a",)), without)


@mutant("ISAO-FBK-004")
def an_answer_does_not_come_back_to_who_asked(fault: Fault) -> None:
    """The originator answers, and the answer is filed."""

    def without(record: dict[str, Any]) -> None:
        record["history"] = [line for line in record.get("history", ()) if line["step"] != "answer"]

    change_records(fault, about("feedback", by=("member-b",)), without)


@mutant("ISAO-FBK-004", size="subtle")
def the_originator_is_not_told_by_when_to_answer(fault: Fault) -> None:
    """The promise of an answer stands in the analysts' view only."""
    change_records(fault, about("feedback", by=("member-a",)), lambda record: record.pop("due", None))
