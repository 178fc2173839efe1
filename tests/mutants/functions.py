"""Exchanges whose functions let through what their contracts do not allow, show it to others, or forget it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from isao_reference.functions import engine
from isao_reference.store import items, records
from isao_spec.contract import CREATE
from tests.support.answering import Forward, Reply, Seen
from tests.support.mutation import Fault, mutant

ENGINE = "isao_reference.functions.engine."


def below(resource: str, method: str) -> Callable[[Seen], bool]:
    """Requests of one method at or below a resource of the function API; "" for all of them."""
    return lambda seen: seen.method == method and seen.path.startswith(f"/functions/{resource}")


@mutant("ISAO-API-001")
def any_step_is_taken_from_any_state(fault: Fault) -> None:
    """Nobody looks where the record stands."""
    fault.replace(ENGINE + "require_state", lambda *_: None)


@mutant("ISAO-API-001", size="subtle")
def a_withdrawn_alert_can_be_acknowledged(fault: Fault) -> None:
    """Organizations that come late are let through, so that they do not see an error."""
    right = engine.require_state

    def late(contract: Any, record: Any, wanted: Any, roles: Any) -> None:
        if wanted.name != "acknowledge":
            right(contract, record, wanted, roles)

    fault.replace(ENGINE + "require_state", late)


@mutant("ISAO-API-001", size="subtle")
def a_retracted_submission_is_published_again(fault: Fault) -> None:
    """What was taken back is published when an analyst asks for it, and answered 409 all the same."""
    right = engine.require_state

    def anyway(contract: Any, record: Any, wanted: Any, roles: Any) -> None:
        if (record.state, wanted.name) != ("retracted", "publish"):
            right(contract, record, wanted, roles)

    fault.replace(ENGINE + "require_state", anyway)
    fault.change_answers(
        lambda seen: below("submissions/", "POST")(seen) and seen.path.endswith("/publish/"),
        lambda _, reply: reply.with_status(409) if [s["step"] for s in _history(reply)].count("publish") > 1 else reply,
    )


@mutant("ISAO-API-002")
def whoever_reads_a_record_may_take_its_steps(fault: Fault) -> None:
    """Roles are not looked at."""
    fault.replace(ENGINE + "require_role", lambda *_: None)


@mutant("ISAO-API-002", size="subtle")
def members_may_escalate(fault: Fault) -> None:
    """One step of one function lacks its guard."""
    right = engine.require_role

    def careless(wanted: Any, roles: Any) -> None:
        if wanted.name != "escalate" or not roles:
            right(wanted, roles)

    fault.replace(ENGINE + "require_role", careless)


@mutant("ISAO-API-002", size="subtle")
def an_analyst_puts_terms_into_force(fault: Fault) -> None:
    """Whoever works for the exchange is taken for its operator, at one step."""

    async def promoted(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("operator")))

    fault.around(
        lambda seen: (
            below("agreements/", "POST")(seen) and seen.principal == "analyst" and seen.path.endswith("/publish/")
        ),
        promoted,
    )


@mutant(
    "ISAO-API-003",
    also={"ISAO-GAT-002": "the line of a table that cannot be read is named in the same list of faults"},
)
def no_refusal_says_where_the_fault_is(fault: Fault) -> None:
    """A refused document is called invalid, and that is all."""

    def terse(_: Seen, reply: Reply) -> Reply:
        if reply.status != 422:
            return reply
        return reply.with_json({key: value for key, value in reply.json.items() if key != "errors"})

    fault.change_answers(below("", "POST"), terse)


@mutant("ISAO-API-003")
def documents_of_steps_are_not_looked_at(fault: Fault) -> None:
    """Only what makes or replaces a record is held against its schema."""
    right = engine.require_valid

    def hasty(contract: Any, wanted: Any, document: Any) -> None:
        if wanted.name == CREATE or wanted.replaces:
            right(contract, wanted, document)

    fault.replace(ENGINE + "require_valid", hasty)


@mutant("ISAO-API-003", size="subtle")
def a_severity_outside_the_list_is_taken(fault: Fault) -> None:
    """Old clients have words of their own for how severe an alert is."""
    right = engine.require_valid

    def lenient(contract: Any, wanted: Any, document: Any) -> None:
        known = isinstance(document, dict) and isinstance(document.get("severity"), str)
        right(contract, wanted, {**document, "severity": "low"} if known else document)

    fault.replace(ENGINE + "require_valid", lenient)


@mutant("ISAO-API-004")
def every_account_is_shown_memberships_and_terms_by_their_ids(fault: Fault) -> None:
    """Ids are taken for secrets: whoever has one may read."""

    async def trusting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return await forward(seen.by(fault.authorization_of("operator"))) if reply.status == 404 else reply

    fault.around(
        lambda seen: (
            (below("memberships/", "GET")(seen) or below("agreements/", "GET")(seen))
            and len(_parts(seen)) == 3
            and bool(seen.principal)
        ),
        trusting,
    )


@mutant("ISAO-API-004", size="subtle")
def the_list_shows_terms_that_are_being_written(fault: Fault) -> None:
    """A single draft is hidden; the list was written before there were drafts."""

    async def early(seen: Seen, forward: Forward) -> Reply:
        reply, full = await forward(seen), await forward(seen.by(fault.authorization_of("operator")))
        if not reply.ok or not full.ok:
            return reply
        known = {one["id"] for one in reply.json["records"]}
        drafts = [one for one in full.json["records"] if one["state"] == "draft" and one["id"] not in known]
        return reply.with_json({**reply.json, "records": [*reply.json["records"], *drafts]})

    fault.around(
        lambda seen: below("agreements/", "GET")(seen) and len(_parts(seen)) == 2 and seen.principal == "member-b",
        early,
    )


@mutant("ISAO-API-004", size="subtle")
def events_of_submissions_reach_other_members(fault: Fault) -> None:
    """Whoever follows a submission by events is told of all submissions."""
    right = engine._notified

    def widely(who: str, record: Any, moment: Any) -> list[int]:
        if record.resource != "submissions":
            return right(who, record, moment)
        return [items.audience_key(moment.db, frozenset({"members"}))]

    fault.replace(ENGINE + "_notified", widely)


@mutant("ISAO-API-005")
def idempotency_keys_are_ignored(fault: Fault) -> None:
    """Every request is done as often as it comes."""
    fault.replace(ENGINE + "_repeated", lambda *_: None)
    fault.replace(ENGINE + "_remember", lambda *_: None)


@mutant("ISAO-API-005", size="subtle")
def a_repeated_step_is_taken_again(fault: Fault) -> None:
    """The key is kept for making records only."""
    known, keep = engine._repeated, engine._remember
    fault.replace(ENGINE + "_repeated", lambda call, db: None if "step" in call.path else known(call, db))
    fault.replace(
        ENGINE + "_remember",
        lambda call, db, record, now: None if "step" in call.path else keep(call, db, record, now),
    )


@mutant("ISAO-API-005", size="subtle")
def a_key_passes_for_any_document(fault: Fault) -> None:
    """What was sent under the key is not compared."""
    fault.replace(ENGINE + "_digest", lambda _: b"")


@mutant("ISAO-API-006")
def entity_tags_are_not_compared(fault: Fault) -> None:
    """The last writer wins."""
    fault.replace(ENGINE + "require_fresh", lambda *_: None)


@mutant("ISAO-API-006", size="subtle")
def a_stale_change_is_answered_412_and_done(fault: Fault) -> None:
    """The tag is compared after the terms were stored."""
    right = engine.require_fresh
    stale: set[str] = set()

    def late(call: Any, db: Any, contract: Any, record: Any, wanted: Any) -> None:
        try:
            right(call, db, contract, record, wanted)
        except Exception:
            if contract.resource != "agreements":
                raise
            stale.add(str(call.header("if-match")))

    async def told(seen: Seen, forward: Forward) -> Reply:
        stale.clear()
        reply = await forward(seen)
        return reply.with_status(412) if stale else reply

    fault.replace(ENGINE + "require_fresh", late)
    fault.around(below("agreements/", "POST"), told)


@mutant(
    "ISAO-API-007",
    also={
        "ISAO-MEM-003": "when terms were accepted stands nowhere but in the history",
        "ISAO-LEG-003": "when a review was decided stands nowhere but in the history",
    },
)
def the_history_says_no_times(fault: Fault) -> None:
    """What was done is on record, and not when."""

    def timeless(shown: Any) -> None:
        for one in shown.get("history", []):
            one.pop("time", None)

    fault.change_json(
        lambda seen: below("", "GET")(seen) and len(_parts(seen)) == 3 and "exports" not in _parts(seen), timeless
    )


@mutant("ISAO-API-007", size="subtle")
def escalations_are_not_on_record(fault: Fault) -> None:
    """One step leaves the record as it is, and no line."""
    right = records.insert_step

    def forgetful(db: Any, record: int, taken: Any) -> None:
        if taken.step != "escalate":
            right(db, record, taken)

    fault.replace("isao_reference.store.records.insert_step", forgetful)


@mutant("ISAO-API-007", size="subtle")
def an_answer_is_on_record_with_the_state_before_it(fault: Fault) -> None:
    """The line is written before the state is changed, for one step of one function."""

    def early(shown: Any) -> None:
        if shown.get("state") == "answered":
            shown["history"][-1]["state"] = "given"

    fault.change_json(below("feedback/", "GET"), early)


def _parts(seen: Seen) -> list[str]:
    return seen.path.strip("/").split("/")


def _history(reply: Reply) -> list[Any]:
    told = json.loads(reply.body) if reply.ok else {}
    return list(told.get("history", []))
