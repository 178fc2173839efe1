"""Exchanges whose review misses what it should find, takes out the threat itself, leaks by its log, or tells nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from isao_reference.content import privacy_places
from isao_reference.content.privacy_places import Text
from isao_reference.functions import review_desk
from isao_reference.functions.effects import reviews
from isao_reference.taxii import intake
from tests.support.answering import Forward, Reply, Seen, on, taxii
from tests.support.function_faults import about, change_records, exchange_effect
from tests.support.mutation import Fault, mutant

INDICATING = ("pattern", "value")
MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,100}")


@mutant("ISAO-LEG-001")
def nobody_reviews_anything(fault: Fault) -> None:
    """Contributions are published as they come."""
    fault.replace("isao_reference.content.privacy.review", lambda objects, most=0: [])


@mutant("ISAO-LEG-001", size="subtle")
def properties_of_somebodys_own_are_not_reviewed(fault: Fault) -> None:
    """The review reads what the specification calls a description, and nothing that a tool added."""
    texts_of = privacy_places.texts_of

    def known_only(item: Any, skip_contact: bool) -> Iterator[Text]:
        return (one for one in texts_of(item, skip_contact) if not one.title)

    fault.replace("isao_reference.content.privacy_places.texts_of", known_only)


@mutant("ISAO-LEG-001", size="subtle")
def what_was_set_aside_is_found_by_its_id(fault: Fault) -> None:
    """Lists show the copy alone; who asks for the object by its id gets it from the cache of what was received."""
    cache: dict[str, Any] = {}

    async def remember(seen: Seen, forward: Forward) -> Reply:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            cache.update({str(one["id"]): one for one in json.loads(seen.body)["objects"]})
        return await forward(seen)

    async def cached(seen: Seen, forward: Forward) -> Reply:
        answer = await forward(seen)
        kept = cache.get(seen.object, {})
        if answer.objects or "victim's" not in json.dumps(kept):
            return answer
        dated = taxii({"objects": [kept]})
        for name in ("First", "Last"):
            dated = dated.with_header(f"X-TAXII-Date-Added-{name}", "2026-01-05T08:00:00.000000Z")
        return dated

    fault.around(on("objects", method="POST"), remember)
    fault.around(lambda seen: seen.principal == "member-b" and on("object")(seen), cached)


@mutant("ISAO-LEG-002")
def every_address_is_masked_for_other_members(fault: Fault) -> None:
    """Whatever looks like an address of e-mail is personal data, in patterns and observables most of all."""

    def masked(_: Seen, reply: Reply) -> Reply:
        if not any(MAIL.search(str(one.get(name))) for one in reply.objects for name in INDICATING):
            return reply
        return reply.with_objects(
            [
                {name: MAIL.sub("masked", value) if name in INDICATING else value for name, value in one.items()}
                for one in reply.objects
            ]
        )

    fault.change_answers(lambda seen: seen.principal == "member-b" and on("objects", "object")(seen), masked)


@mutant("ISAO-LEG-002", size="subtle")
def words_beside_a_pattern_lose_the_address_that_the_pattern_has(fault: Fault) -> None:
    """Patterns stay as they are; the review of free text does not know what stands in them."""

    class Forgetful(privacy_places.Threat):
        def holds(self, value: str) -> bool:
            return False

    fault.replace("isao_reference.content.privacy_places.Threat", Forgetful)
    fault.replace("isao_reference.content.privacy_words.owner", lambda text, start, end: "person")


@mutant("ISAO-LEG-003")
def the_record_of_a_review_holds_what_was_taken_out(fault: Fault) -> None:
    """What is kept for the staff is shown to the contributor's whole organization, in every record."""

    async def whole(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("analyst")))

    fault.around(about("reviews", by=("member-a",), step=""), whole)


@mutant("ISAO-LEG-003", size="subtle")
def a_finding_that_was_settled_at_once_names_no_property(fault: Fault) -> None:
    """What waits for a person says where to look; what a rule took out says by which rule, and not where."""

    def without(record: dict[str, Any]) -> None:
        for finding in record["document"]["findings"] if record.get("state") == "minimised" else ():
            finding.pop("pointer", None)

    change_records(fault, about("reviews", by=("member-a",)), without)


@mutant("ISAO-LEG-003", size="subtle")
def reviews_are_listed_to_every_member(fault: Fault) -> None:
    """A single review is its contributor's; the list is the same for all."""

    async def everybodys(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("analyst")))

    fault.around(lambda seen: seen.path == "/functions/reviews/" and seen.principal == "member-b", everybodys)


@mutant("ISAO-LEG-004")
def what_is_held_is_published_meanwhile(fault: Fault) -> None:
    """The queue is there for the record; the object is in the collection from the first moment."""
    receive = review_desk.receive

    def hasty(
        settings: Any, db: Any, collection: Any, submitted: Any, contributor: Any, now: int, *more: Any, **named: Any
    ) -> Any:
        outcomes = receive(settings, db, collection, submitted, contributor, now, *more, **named)
        held = [one for one, outcome in zip(submitted, outcomes, strict=True) if outcome.review]
        intake.take(db, collection, held, contributor, now)
        return outcomes

    fault.replace("isao_reference.functions.review_desk.receive", hasty)


@mutant("ISAO-LEG-004", size="subtle")
def what_is_refused_is_published_all_the_same(fault: Fault) -> None:
    """While it waits nothing is shown; with the decision it is, whatever was decided."""
    exchange_effect(fault, "forget-the-original", reviews.publish_the_original)


@mutant("ISAO-LEG-004", size="subtle")
def nobody_knows_who_released_an_object(fault: Fault) -> None:
    """A decision is on record with its time and its reason, and without the person."""

    def unnamed(record: dict[str, Any]) -> None:
        for line in record.get("history", ()):
            if line["step"] == "release":
                line.pop("account", None)

    change_records(fault, about("reviews"), unnamed)


def _reviewed(entry: dict[str, Any]) -> bool:
    return "see the review" in entry.get("message", "")


@mutant(
    "ISAO-LEG-005",
    also={"ISAO-LEG-003": "the record of the review is the other way in which a contributor is told of it"},
)
def whatever_was_found_is_reported_as_a_success_and_on_no_record(fault: Fault) -> None:
    """The receipt says that all is well, and reviews are the analysts' own business."""

    def smooth(status: dict[str, Any]) -> None:
        moved = [one for name in ("failures", "pendings") for one in status.get(name, ()) if _reviewed(one)]
        if moved:
            told = [{"id": one["id"], "version": one["version"]} for one in moved]
            _rewrite(status, [*status.get("successes", ()), *told], [*filter(_unreviewed, status.get("failures", ()))])

    fault.change_json(lambda seen: on("objects", method="POST")(seen) or on("status")(seen), smooth)
    fault.change_json(
        lambda seen: seen.path == "/functions/reviews/" and seen.principal == "member-a", lambda _: {"records": []}
    )


@mutant("ISAO-LEG-005", size="subtle")
def a_message_about_one_object_stands_beside_all_of_its_envelope(fault: Fault) -> None:
    """Whatever went with an object in which something was found is reported like it."""

    def alike(status: dict[str, Any]) -> None:
        found = [one for one in status.get("failures", ()) if _reviewed(one)]
        if found:
            others = [{**one, "message": found[0]["message"]} for one in status.get("successes", ())]
            _rewrite(status, [], [*status["failures"], *others])

    fault.change_json(lambda seen: on("objects", method="POST")(seen) or on("status")(seen), alike)


def _unreviewed(entry: dict[str, Any]) -> bool:
    return not _reviewed(entry)


def _rewrite(status: dict[str, Any], successes: list[Any], failures: list[Any]) -> None:
    """A complete status with these lists."""
    for name, entries in (("successes", successes), ("failures", failures), ("pendings", [])):
        status.pop(name, None)
        if entries:
            status[name] = entries
    status |= {"status": "complete", "success_count": len(successes), "failure_count": len(failures)}
    status["pending_count"] = 0
