"""What probes of functions share: documents for exercises, records made from them, and how answers are read.

Every alert is a drill, every text carries the run's mark, and every address is one of those kept for documentation
(RFC 5737, RFC 3849, RFC 2606). What is decided here is decided by accounts that the operator lent for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.event_stream import Event
from isao_conformance.exchange import Answer
from isao_conformance.function_api import Functions, functions_of
from isao_conformance.lab import Lab
from isao_conformance.readers import REFUSALS
from isao_spec import schema_check

Document = dict[str, Any]

UNDECIDED = ("received", "held")
"""The states of a submission in which nothing has been decided yet."""
REASON: Document = {"reason": "Conformance drill: decided by the harness, means nothing."}


def moment(lab: Lab, hours: float) -> str:
    """A time so many hours from now, as RFC 3339 writes it."""
    return (lab.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """The document with properties set, or left out when None."""
    return {name: value for name, value in {**document, **changes}.items() if value is not None}


def alert(lab: Lab, **changes: Any) -> Document:
    """A drill alert, GREEN, for everybody, no emergency."""
    base = {
        "title": f"Conformance drill {lab.run} {lab.token(8)}",
        "what_happened": "Nothing. A conformance run checks that alerts arrive.",
        "affected": "Nobody.",
        "severity": "low",
        "confidence": 100,
        "actions": ["Do nothing; this is an exercise."],
        "marking": "green",
        "expires": moment(lab, 2),
        "contact": "the operator of this conformance run",
        "emergency": False,
        "drill": True,
    }
    return changed(base, changes)


def submission(lab: Lab, form: str, content: Any, **changes: Any) -> Document:
    """A submission, GREEN and attributed; `form` is stix, csv or text."""
    base = {
        "title": f"Conformance drill {lab.run} {lab.token(8)}",
        "format": form,
        "content": content,
        "marking": "green",
        "attribution": "attributed",
    }
    return changed(base, changes)


def membership(lab: Lab, **changes: Any) -> Document:
    """The application of an organization that does not exist."""
    base = {
        "name": f"Conformance drill {lab.run}",
        "sectors": ["conformance drill"],
        "eligibility": "None: a conformance run applies in order to see how applications are dealt with.",
        "security": "None: it is an exercise.",
        "contacts": contacts(lab),
    }
    return changed(base, changes)


def contacts(lab: Lab) -> list[Document]:
    """A primary and a backup contact that nobody had before."""
    word = lab.token(8)
    return [
        {"name": f"Drill desk {word}", "role": "primary", "email": f"desk-{word}@drill.example"},
        {"name": f"Drill backup {word}", "role": "backup", "email": f"backup-{word}@drill.example"},
    ]


TERMS: tuple[str, ...] = tuple(schema_check.schema("documents/agreement")["properties"]["terms"]["required"])
"""What an agreement has to have words on (ISAO-MEM-004)."""


def agreement(lab: Lab, without: str = "") -> Document:
    """An agreement that says of itself that it is a drill, to be accepted in a year; perhaps without one of TERMS."""
    return {
        "title": f"Conformance drill {lab.run}",
        "version": f"drill {lab.token(8)}",
        "effective": moment(lab, 0),
        "accept_by": moment(lab, 365 * 24),
        "terms": {name: "A drill: nothing is agreed." for name in TERMS if name != without},
    }


def refused(answer: Answer) -> bool:
    """Whether the target understood and said no: 4xx. A fault of its own (5xx) is no refusal."""
    return 400 <= answer.status < 500


def withheld(answer: Answer) -> bool:
    """Whether a record is not shown: the refusals that also stand for absence."""
    return answer.status in REFUSALS


def record(answer: Answer, what: str, blocked_by: str = "") -> Document:
    """The record in an answer. Untestable when the target did not take or show what the probe builds on."""
    if answer.status not in (200, 201) or not isinstance(answer.resource.get("id"), str):
        raise Untestable(f"the target gives no record of {what}: {answer.brief()}", blocked_by)
    return answer.resource


def create(functions: Functions, resource: str, document: Any) -> str:
    """The id of a new record. Untestable when the target does not take it."""
    return str(record(functions.create(resource, document), f"a new record of {resource}")["id"])


def take(functions: Functions, resource: str, identifier: str, step: str, document: Any = None) -> Answer:
    """A step that has to succeed for the probe to go on. Untestable when it does not."""
    answer = functions.step(resource, identifier, step, document)
    if answer.status != 200:
        raise Untestable(f"the target does not take the step {step} of {resource}: {answer.brief()}")
    return answer


def issued(lab: Lab, **changes: Any) -> str:
    """The id of a drill alert that the analyst wrote and issued."""
    analyst = functions_of(lab, "analyst")
    identifier = create(analyst, "alerts", alert(lab, **changes))
    take(analyst, "alerts", identifier, "issue")
    return identifier


def put_away(lab: Lab, identifier: str) -> None:
    """Withdraw a drill alert, so that nobody is left wondering. What comes of it is no matter of the probe."""
    functions_of(lab, "analyst").step("alerts", identifier, "withdraw", REASON)


def history(shown: Mapping[str, Any], step: str) -> list[Document]:
    """The lines of a record's history that tell of a step."""
    lines = shown.get("history")
    return (
        [one for one in lines if isinstance(one, dict) and one.get("step") == step] if isinstance(lines, list) else []
    )


def part(shown: Mapping[str, Any], name: str) -> Document:
    """A part of a record that is an object, such as facts, due or document; empty when there is none."""
    value = shown.get(name)
    return value if isinstance(value, dict) else {}


def decided(lab: Lab, contributor: Functions, answer: Answer) -> Document:
    """The submission once it is published: by the exchange itself, or by an analyst where it waits for one."""
    shown = record(answer, "the submission")
    if shown.get("state") in UNDECIDED:
        if not lab.target.may_decide:
            lab.no_verdict("a submission waits for a decision", blocked_by="option may_decide")
        take(functions_of(lab, "analyst"), "submissions", str(shown["id"]), "publish")
    return record(contributor.get("submissions", str(shown["id"])), "the submission")


def published(shown: Mapping[str, Any]) -> list[str]:
    """The ids of the objects that a record says were published for it."""
    listed = part(shown, "facts").get("published")
    return [str(one) for one in listed] if isinstance(listed, list) else []


def found(lab: Lab, actor: str, ids: Iterable[str]) -> dict[str, Document]:
    """The objects of these ids once an actor is given all of them, polled for; none when it never is."""
    wanted = set(ids)

    def ask() -> dict[str, Document] | None:
        seen = given_now(lab, actor, wanted)
        return seen if seen.keys() >= wanted else None

    return (lab.poll(ask) or {}) if wanted else {}


def given_now(lab: Lab, actor: str, ids: Iterable[str]) -> dict[str, Document]:
    """Those objects of these ids that an actor is given at once, in the collections that the run knows."""
    wanted, session = set(ids), lab.as_(actor)
    seen: dict[str, Document] = {}
    for where in dict.fromkeys((*lab.survey.readable, *lab.target.write)):
        pages = lab.walk(session.objects, where, match_id=",".join(sorted(wanted)))
        seen |= {str(stix["id"]): stix for page in pages for stix in page.objects if stix.get("id") in wanted}
        if seen.keys() >= wanted:
            break
    return seen


def organization(lab: Lab, actor: str) -> str:
    """The id of an actor's organization as the operator's target file gives it. Untestable when it gives none."""
    named = lab.as_(actor).actor.organization
    if not named:
        raise Untestable(
            f"the target file gives [actors.{actor}] no organization", blocked_by=f"organization of {actor}"
        )
    return named


def events_after(functions: Functions, after: str | None) -> list[Event]:
    """All events of an actor after the one of that id, from the list of events. Untestable when it does not end."""
    listed: list[Event] = []
    for _ in range(100):
        answer = functions.events(after)
        page = [one for one in answer.list_of("events") if isinstance(one, dict) and isinstance(one.get("id"), str)]
        if answer.status != 200:
            raise Untestable(f"the list of events is not given: {answer.brief()}")
        if not page:
            return listed
        listed += [Event(one["id"], str(one.get("resource", "")), _text(one)) for one in page]
        after = page[-1]["id"]
    raise Untestable("the list of events does not end")


def _text(event: Mapping[str, Any]) -> str:
    """An event of the list as the stream would have said it."""
    return json.dumps(event, ensure_ascii=False)


def last_event(functions: Functions) -> str | None:
    """The id of the newest event that an actor is given; None when there is none."""
    listed = events_after(functions, None)
    return listed[-1].id if listed else None


def application_of_the_applicant(lab: Lab) -> str:
    """A fixture: the id of the application that waits to be vetted, which the lent applicant files or filed before.

    Untestable when the applicant was let in or turned away before: an operator lends a new one for each run.
    """
    applicant = functions_of(lab, "applicant")
    answer = applicant.create("memberships", membership(lab))
    if answer.status == 201:
        return str(record(answer, "the application")["id"])
    waiting = applicant.list("memberships", state="applied").list_of("records")
    if waiting and isinstance(waiting[0], dict):
        return str(waiting[0].get("id"))
    raise Untestable(f"the applicant cannot apply: {answer.brief()}", blocked_by="actor applicant")
