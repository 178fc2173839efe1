"""Exchanges whose warnings go astray, come late, say too little, or are never missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from isao_reference.functions import engine
from isao_reference.functions.effects import alerts
from isao_reference.functions.moment import Moment
from isao_reference.policy import records as policy
from isao_reference.store import items, records
from tests.support.answering import Reply, Seen
from tests.support.function_faults import about, change_records, exchange_effect, problem
from tests.support.mutation import Fault, mutant

MEMBERS = ("member-a", "member-a2", "member-b")


@mutant("ISAO-DIS-001")
def the_address_of_an_alert_is_not_looked_at(fault: Fault) -> None:
    """An alert to one organization goes to everybody whom its label allows."""
    original = policy.marked
    fault.replace(
        "isao_reference.policy.records.marked",
        lambda label, contributor, distribution, addressed: original(label, contributor, distribution, None),
    )


@mutant("ISAO-DIS-001", size="subtle")
def an_alert_under_amber_strict_is_sent_as_amber(fault: Fault) -> None:
    """The stricter of the two labels is taken for a way of writing the other."""
    original = policy.marked
    fault.replace(
        "isao_reference.policy.records.marked",
        lambda label, *rest: original("amber" if label == "amber+strict" else label, *rest),
    )


@mutant("ISAO-DIS-001", size="subtle")
def the_event_of_an_addressed_alert_goes_to_all_members(fault: Fault) -> None:
    """Only its addressees can read the alert; that there is one, everybody is told."""
    original = engine._notified

    def noisy(who: str, record: records.Record, moment: Moment) -> list[int]:
        if record.resource == "alerts" and record.document.get("addressed_to"):
            return [items.audience_key(moment.db, frozenset({"members"}))]
        return original(who, record, moment)

    fault.replace("isao_reference.functions.engine._notified", noisy)


def hold_back(fault: Fault, seconds: float, every: int = 1) -> None:
    """Show every so-manieth issued alert to members only when it has been asked for this long."""
    asked: dict[str, datetime] = {}

    def late(seen: Seen, reply: Reply) -> Reply:
        if not reply.ok:
            return reply
        first = asked.setdefault(seen.path, fault.pace.clock())
        place = list(asked).index(seen.path) + 1
        waited = (fault.pace.clock() - first).total_seconds()
        return problem(404) if place % every == 0 and waited < seconds else reply

    fault.change_answers(about("alerts", by=MEMBERS, step=""), late)


@mutant(
    "ISAO-DIS-002",
    also={"ISAO-API-004": "an issued alert that a member is not shown is not shown to its audience"},
)
def alerts_are_sent_out_once_an_hour(fault: Fault) -> None:
    """Issued alerts wait for the next batch before a member finds them."""
    hold_back(fault, 3600)


@mutant("ISAO-DIS-002", size="subtle")
def every_third_alert_comes_late(fault: Fault) -> None:
    """Most alerts are there at once; some wait two minutes in a queue."""
    hold_back(fault, 120, every=3)


@mutant("ISAO-DIS-007")
def members_are_shown_the_title_and_what_happened(fault: Fault) -> None:
    """What to do, how sure it is and whom to ask stay with the analysts."""

    def short(record: dict[str, Any]) -> None:
        if "document" in record:
            kept = ("title", "what_happened", "marking", "drill", "expires")
            record["document"] = {name: value for name, value in record["document"].items() if name in kept}

    change_records(fault, about("alerts", by=MEMBERS), short)


@mutant(
    "ISAO-DIS-007",
    size="subtle",
    also={"ISAO-API-003": "an alert without a contact is an invalid document, which has to be refused with the place"},
)
def an_alert_without_a_contact_is_taken(fault: Fault) -> None:
    """Seven of the eight parts are asked for; the exchange fills the eighth in by itself."""
    original = engine.require_valid

    def lenient(contract: Any, wanted: Any, document: Any) -> None:
        if wanted.takes == "alert" and isinstance(document, dict):
            document.setdefault("contact", "the exchange")
        original(contract, wanted, document)

    fault.replace("isao_reference.functions.engine.require_valid", lenient)


@mutant("ISAO-INC-003")
def an_escalation_names_and_tells_nobody(fault: Fault) -> None:
    """The step is taken and on record; silence stays silence."""

    def quiet(moment: Moment) -> None:
        moment.facts["staff"] = {"silent": []}

    exchange_effect(fault, "tell-the-silent", quiet)


@mutant("ISAO-INC-003", size="subtle")
def whoever_has_acknowledged_is_told_again(fault: Fault) -> None:
    """Staff sees who has acknowledged; the second round goes to everybody all the same."""

    def stubborn(moment: Moment) -> None:
        alerts.tell_the_silent(moment)
        done = {one.organization for one in records.steps_of(moment.db, moment.record.key) if one.step == "acknowledge"}
        moment.tell += [(one, {**moment.event, "escalation": True}) for one in sorted(done)]

    exchange_effect(fault, "tell-the-silent", stubborn)


@mutant("ISAO-INC-003", size="subtle")
def the_silent_are_named_without_anybody_to_call(fault: Fault) -> None:
    """The names of the organizations come without their backup contacts."""

    def nameless(moment: Moment) -> None:
        alerts.tell_the_silent(moment)
        for one in moment.facts["staff"]["silent"]:
            one["contacts"] = []

    exchange_effect(fault, "tell-the-silent", nameless)
