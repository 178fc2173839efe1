"""Statuses of additions (TAXII 2.1, 4.3): making one, following it until it is complete, and reading what it says.

A status may stay pending and may be forgotten; what cannot be had raises Untestable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from isao_conformance.content import marked
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL, Stix
from isao_conformance.lab import Lab
from isao_conformance.resources import STATUS
from isao_conformance.tables import COUNTS, DETAILS, STATUS_DETAILS, TABLES, Part, resource


def added(lab: Lab, objects: list[Stix]) -> Answer:
    """The 202 answer to a POST of these objects. Untestable when it is another one."""
    lab.created(lab.workspace, [stix["id"] for stix in objects])
    answer = lab.reader.add(lab.workspace, objects)
    if answer.status != 202 or not isinstance(answer.data, dict):
        lab.no_verdict(f"the POST was not answered 202 with a JSON object: {answer.brief()}")
    return answer


def followed(lab: Lab, objects: list[Stix]) -> list[Answer]:
    """The answer to the POST and every status answered 200 after it, at least one, up to complete or the bound.

    A status that carries another id than the one asked for is left out: that is TAXII-4.3-3.
    """
    answers = [added(lab, objects)]
    status_id = str(answers[0].resource.get("id"))

    def ask() -> Answer | None:
        now = lab.reader.status(lab.survey.api_root, status_id)
        if now.status == 200 and str(now.resource.get("id")).lower() == status_id.lower():
            answers.append(now)
        return None if now.status == 200 and now.resource.get("status") == "pending" else now

    lab.poll(ask)
    return answers


def details(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Every entry of successes, failures and pendings in these answers."""
    return [e for answer in answers for key in DETAILS for e in answer.list_of(key) if isinstance(e, dict)]


def status_in(exchange: Exchange) -> Part | None:
    """The status resource in a successful answer, if it is one."""
    part = resource(exchange)
    return part if part is not None and part.kind == STATUS else None


def is_whole(value: object) -> bool:
    """True for a whole JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def is_count(value: object) -> bool:
    """True for a whole JSON number of zero or more."""
    return isinstance(value, int | float) and is_whole(value) and value >= 0


def is_of(answer: Answer, status_id: str) -> bool:
    """True for a 200 with the status of that id; letter case of a UUID does not matter."""
    return answer.status == 200 and str(answer.resource.get("id")).lower() == status_id.lower()


def shows(answer: Answer, own: Answer) -> bool:
    """True when an answer shows what the owner of a status is shown: the id, the counts and the time of the request.
    A server that makes up a status for any id shows nothing (TAXII-4.3-1)."""
    names = ("request_timestamp", *COUNTS)
    return is_of(answer, str(own.resource.get("id"))) and all(
        answer.resource.get(name, own.resource.get(name)) == own.resource.get(name) for name in names
    )


def own_status(lab: Lab) -> Answer:
    """The status of a new POST as the account that posted gets it. Untestable when it gets none."""
    status_id = str(added(lab, [lab.indicator(LABEL)]).resource.get("id"))
    own = lab.reader.status(lab.survey.api_root, status_id)
    lab.control(is_of(own, status_id), f"the status is not answered to the account that posted: {own.brief()}")
    return own


def address(lab: Lab) -> Stix:
    """A new observable on a documentation address (RFC 5737), marked like everything else."""
    uuid = lab.uuid()
    made = {"type": "ipv4-addr", "spec_version": "2.1", "id": f"ipv4-addr--{uuid}"}
    return marked({**made, "value": f"192.0.2.{int(uuid[:2], 16)}"}, LABEL)


def settled(status: Answer, name: str) -> str | None:
    """The value of a property in one spelling, entries in order and with the properties of status-details only. None
    when it is absent, or has no lawful value: that is for the property's own row."""
    value = status.resource.get(name)
    lawful = {"status": value in ("complete", "pending"), **dict.fromkeys(COUNTS, is_count(value))}
    if name not in status.resource or not lawful.get(name, True):
        return None
    if not isinstance(value, list):
        return json.dumps(value, sort_keys=True)
    entries = [{k: v for k, v in e.items() if k in TABLES[STATUS_DETAILS]} if isinstance(e, dict) else e for e in value]
    return json.dumps(sorted(json.dumps(entry, sort_keys=True) for entry in entries))
