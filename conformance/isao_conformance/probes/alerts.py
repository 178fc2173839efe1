"""Probes of alerts: they reach their readers and no others, in time, complete, and with proof of who has seen them."""

from __future__ import annotations

from collections.abc import Callable

from isao_conformance.distribution import relation_of
from isao_conformance.drills import (
    Document,
    alert,
    create,
    events_after,
    issued,
    last_event,
    organization,
    part,
    put_away,
    record,
    refused,
    take,
)
from isao_conformance.errors import Untestable
from isao_conformance.event_stream import Event
from isao_conformance.function_api import Functions, functions_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import READERS, declared_map, lent
from isao_conformance.vetting import vetting_of_the_applicant

VISIBLE_SECONDS = 60.0
"""How soon an issued alert has to be shown."""

SAMPLES = 5
READER = "member-b"
EVERYBODY = ("member-a", *READERS, "applicant", "ex-member")
PARTS = ("what_happened", "affected", "severity", "confidence", "actions", "marking", "expires", "contact")


@probe("ISAO-DIS-001", statement="4c2b59cb", needs=["functions", "may-decide", "analyst", "member-a", "member-b"])
def an_issued_alert_is_shown_to_its_readers_and_a_draft_to_nobody(lab: Lab) -> None:
    """A warning that reaches half of those concerned, or one more than it should, does harm either way.

    Drill alerts under four labels, and one under GREEN that is addressed to member-a's organization: each lent account
    is shown exactly those that the declared map gives it, by the list and by the id, once they are issued, and none
    before. Strangers are only judged by what they must not be shown: a public alert may still want an account.
    """
    analyst, told = functions_of(lab, "analyst"), declared_map(lab)
    home = organization(lab, "member-a")
    before = last_event(functions_of(lab, READER))
    plans: dict[str, Document] = {
        "clear": {"marking": "clear"},
        "green": {"marking": "green"},
        "amber": {"marking": "amber"},
        "amber+strict": {"marking": "amber+strict"},
        "addressed": {"marking": "green", "addressed_to": [home]},
    }
    ids = {name: create(analyst, "alerts", alert(lab, **plan)) for name, plan in plans.items()}
    readers = [name for name in EVERYBODY if name in lab.target.actors]
    for reader in readers:
        seen = _shown(lab, reader, ids)
        lab.expect(not seen, f"no draft is shown to {reader}", got=f"shown: {', '.join(sorted(seen))}")
    for identifier in ids.values():
        take(analyst, "alerts", identifier, "issue")
    arrived = lab.poll(_arrived(functions_of(lab, READER), ids["green"]), VISIBLE_SECONDS)
    lab.control(arrived is not None, f"{READER} is shown an alert at all", blocked_by="ISAO-DIS-002")
    for reader in readers:
        relation = relation_of(lab.as_(reader).actor, lab.as_("analyst").actor)
        at_home = lab.as_(reader).actor.organization == home
        allowed = {name for name in ids if told.promises(str(plans[name]["marking"]), relation)}
        allowed -= set() if at_home else {"addressed"}
        seen = _shown(lab, reader, ids)
        beyond = sorted(seen - allowed)
        lab.expect(not beyond, f"{reader} is shown no alert that is not for it", got=f"shown: {', '.join(beyond)}")
        if reader in lent(lab, ("member-a", "member-a2", "member-b", "peer", "government")):
            missing = sorted(allowed - seen)
            lab.expect(not missing, f"{reader} is shown the alerts for it", got=f"missing: {', '.join(missing)}")
    leaked = [one for one in events_after(functions_of(lab, READER), before) if ids["addressed"] in one.text]
    lab.expect(not leaked, "no event tells another organization of an addressed alert", got=leaked)
    for identifier in ids.values():
        put_away(lab, identifier)


def _shown(lab: Lab, reader: str, ids: dict[str, str]) -> set[str]:
    """The names of the alerts that an account is shown by the list or by the id; by both, where it is shown any."""
    functions = functions_of(lab, reader)
    listed = functions.ids("alerts")
    single = {name for name, identifier in ids.items() if functions.get("alerts", identifier).status == 200}
    return single | {name for name, identifier in ids.items() if identifier in listed}


@probe("ISAO-DIS-002", statement="a72bf610", needs=["functions", "may-decide", "analyst", "member-b"])
def an_issued_alert_is_shown_to_a_member_within_a_minute(lab: Lab) -> None:
    """Speed is the point of the order: after the step that issues an alert nothing is left to do but to show it.

    For each of a few drill alerts: the member is not shown the draft, and polls from the moment of issuing until it is
    shown the alert. The times are reported.
    """
    analyst, member = functions_of(lab, "analyst"), functions_of(lab, READER)
    seconds = []
    for _ in range(SAMPLES):
        made = create(analyst, "alerts", alert(lab))
        before = member.get("alerts", made)
        lab.expect(before.status != 200, "an alert is not shown before it is issued", got=before)
        started = lab.now()
        take(analyst, "alerts", made, "issue")
        seen = lab.poll(_arrived(member, made), VISIBLE_SECONDS)
        took = (lab.now() - started).total_seconds()
        put_away(lab, made)
        if seen is None or took > VISIBLE_SECONDS:
            lab.expect(False, "each issued alert is shown within 60 s", got=f"one was not after {took:.0f} s")
            return
        seconds.append(took)
    lab.measure_all("alert to visibility by poll", seconds, of="dissemination")
    lab.expect(True, "each issued alert is shown within 60 s", got=f"at most {max(seconds):.2f} s in {SAMPLES} alerts")


def _arrived(member: Functions, identifier: str) -> Callable[[], bool | None]:
    return lambda: True if member.get("alerts", identifier).status == 200 else None


@probe("ISAO-DIS-007", statement="345d8d97", needs=["functions", "may-decide", "analyst", "member-b"])
def an_alert_says_what_its_readers_need_and_one_that_does_not_is_refused(lab: Lab) -> None:
    """An indicator without context and advice is noise to everybody but specialists.

    A complete drill alert is accepted, and a member who is shown it reads all eight parts as they were written; the
    same alert without one of them is refused, whichever it is.
    """
    analyst, member = functions_of(lab, "analyst"), functions_of(lab, READER)
    whole = alert(lab)
    made = create(analyst, "alerts", whole)
    take(analyst, "alerts", made, "issue")
    shown = part(record(member.get("alerts", made), "the alert as its reader is shown it", "ISAO-DIS-001"), "document")
    for name in PARTS:
        same = shown.get(name) == whole[name]
        lab.expect(same, f"its readers are shown {name}", expected=str(whole[name]), got=shown.get(name, "nothing"))
    for name in PARTS:
        answer = analyst.create("alerts", alert(lab, **{name: None}))
        lab.expect(refused(answer), f"an alert without {name} is refused", expected="4xx", got=answer)
    put_away(lab, made)


@probe(
    "ISAO-INC-003",
    statement="e239dccd",
    needs=["functions", "may-decide", "analyst", "operator", "member-a", "member-b"],
    exclusive=True,
)
def silence_on_an_emergency_is_escalated_and_acknowledgement_ends_it(lab: Lab) -> None:
    """An emergency alert without proof of receipt is a hope.

    Escalated at once, an emergency drill names two members as silent and tells both. One acknowledges, twice; escalated
    again, it names and tells the other one alone. Staff is shown one acknowledgement. An organization that was let in
    during this run stays silent, too: with its name stand the backup contacts that it gave.
    """
    analyst, quick, slow = (functions_of(lab, name) for name in ("analyst", "member-a", READER))
    first, second = organization(lab, "member-a"), organization(lab, READER)
    made = issued(lab, emergency=True)
    start = {one.actor: last_event(one) for one in (quick, slow)}
    silent = _escalated(analyst, made)
    told = {one.actor: _escalations(one, start[one.actor], made) for one in (quick, slow)}
    lab.expect(second in silent, f"{READER} is named among the silent", got=sorted(silent))
    lab.expect(bool(told[READER]), f"{READER} is told again", got="no event of the escalation")
    lab.control(first in silent and bool(told["member-a"]), "before its acknowledgement member-a is silent and told")
    started = lab.now()
    for words in ("the first time", "the second time"):
        answer = quick.step("alerts", made, "acknowledge", {"by": f"Drill desk {words}"})
        if words == "the first time":
            lab.expect(answer.status == 200, "an organization can acknowledge an alert", expected="200", got=answer)
            lab.measure("acknowledgement on record", (lab.now() - started).total_seconds(), "s", of="acknowledgement")
    shown = record(analyst.get("alerts", made), "the alert as staff is shown it")
    lines = shown.get("history")
    by_first = [
        one
        for one in (lines if isinstance(lines, list) else [])
        if isinstance(one, dict) and one.get("step") == "acknowledge" and one.get("organization") == first
    ]
    lab.expect(len(by_first) == 1, "staff is shown one acknowledgement of the organization", got=by_first)
    start = {one.actor: last_event(one) for one in (quick, slow)}
    silent = _escalated(analyst, made)
    told = {one.actor: _escalations(one, start[one.actor], made) for one in (quick, slow)}
    lab.expect(second in silent, "who has not acknowledged is named again", got=sorted(silent))
    lab.expect(first not in silent, "who has acknowledged is not named", got=sorted(silent))
    lab.expect(bool(told[READER]), "who has not acknowledged is told again", got="no event of the escalation")
    lab.expect(not told["member-a"], "who has acknowledged is not told again", got=told["member-a"])
    try:
        let_in = lab.fixture(vetting_of_the_applicant)
        third = organization(lab, "applicant")
    except Untestable as fault:
        put_away(lab, made)
        raise Untestable(f"nobody is known to have given backup contacts: {fault.why}", fault.blocked_by) from None
    silent = _escalated(analyst, made)
    own = functions_of(lab, "applicant").get("memberships", let_in.application)
    gave = part(record(own, "the silent organization's own record"), "document").get("contacts", ())
    backups = [one for one in gave if isinstance(one, dict) and one.get("role") == "backup"]
    named = silent.get(third)
    lab.expect(
        named is not None and all(one in named for one in backups),
        "the backup contacts of a silent organization are named to the staff",
        expected=str(backups),
        got=named if named is not None else f"{third} is not named",
    )
    put_away(lab, made)


def _escalated(analyst: Functions, identifier: str) -> dict[str, list[Document]]:
    """The silent organizations and their contacts, as the analyst is shown them after an escalation."""
    shown = record(take(analyst, "alerts", identifier, "escalate"), "the escalated alert")
    listed = part(part(shown, "facts"), "staff").get("silent")
    return {
        str(one.get("organization")): [c for c in one.get("contacts", ()) if isinstance(c, dict)]
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    }


def _escalations(functions: Functions, after: str | None, identifier: str) -> list[Event]:
    """The events after that id that tell of the escalation of this alert."""
    new = events_after(functions, after)
    return [one for one in new if one.data.get("record") == identifier and one.data.get("escalation") is True]
