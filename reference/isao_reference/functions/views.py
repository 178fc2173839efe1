"""A record as one reader is shown it. What others did with it is left out, and so is who they are."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from isao_reference.policy import decide
from isao_reference.policy import records as policy
from isao_reference.policy.principal import Principal
from isao_reference.store import items, records
from isao_reference.store.records import Record, Taken
from isao_reference.wire import timestamps
from isao_spec.contract import CREATE, Contract, Role

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_STEERING = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]")
SHOWN_TO_STAFF = "staff"
"""Facts below this key are for the exchange's staff only."""


def render(db: sqlite3.Connection, principal: Principal, contract: Contract, record: Record) -> dict[str, Any]:
    """The record for this reader, who may read it."""
    staff = decide.is_staff(principal)
    exchange = items.exchange_organizations(db)
    roles = policy.roles(principal, record.organization, readable=True)
    done = records.steps_of(db, record.key)
    history = [one for one in done if staff or shows(contract, one, principal)]
    shown = {
        "id": record.id,
        "resource": record.resource,
        "state": record.state,
        "created": timestamps.format_micros(record.created),
        "updated": timestamps.format_micros(history[-1].time if history else record.created),
        "contributor": _name(record.organization, principal, exchange, staff or bool(record.facts.get("named"))),
        "document": record.document if staff else _without_others(record.document, principal),
        "facts": {key: value for key, value in record.facts.items() if staff or key != SHOWN_TO_STAFF},
        "due": due(contract, record),
        "allowed": allowed(contract, record.state, roles, {one.step for one in done if _own(one, principal)}),
        "history": [
            {
                "step": one.step,
                "state": one.target,
                "time": timestamps.format_micros(one.time),
                **_who("organization", _name(one.organization, principal, exchange, staff)),
                **({"account": one.account} if staff or _own(one, principal) else {}),
                **({"document": one.document} if one.document and one.step != CREATE else {}),
            }
            for one in history
        ],
    }
    return {key: value for key, value in shown.items() if value not in (None, {})}


def shows(contract: Contract, taken: Taken, principal: Principal) -> bool:
    """Whether a reader who is no staff is shown a step: what each organization does once is its own affair."""
    step = contract.steps.get(taken.step)
    return _own(taken, principal) or step is None or not step.once_per


def allowed(contract: Contract, state: str, roles: frozenset[Role], done: Iterable[str] = ()) -> list[str]:
    """The steps that somebody with these roles can take from a state, without those each takes once and has taken."""
    return [
        name
        for name, step in contract.steps.items()
        if state in step.sources and not roles.isdisjoint(step.by) and not (step.once_per and name in done)
    ]


def due(contract: Contract, record: Record) -> dict[str, str]:
    """By when each step is promised that a person of the exchange takes from here."""
    return {
        name: timestamps.format_micros(record.entered + micros_of(step.within))
        for name, step in contract.steps.items()
        if record.state in step.sources and step.within and Role.CLOCK not in step.by
    }


def micros_of(duration: str) -> int:
    """Microseconds of an ISO 8601 duration of days, hours, minutes and seconds. ValueError for another text."""
    found = _DURATION.fullmatch(duration)
    if found is None or duration in ("P", "PT"):
        raise ValueError(f"{duration!r} is no duration")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000


def encode(shown: Mapping[str, Any]) -> bytes:
    """The JSON of what a reader is shown."""
    return json.dumps(shown, ensure_ascii=False).encode()


def etag(shown: Mapping[str, Any]) -> str:
    """An entity tag of what this reader is shown: it changes when that does, and not for what others do unseen."""
    return '"' + hashlib.sha256(encode(shown)).hexdigest()[:32] + '"'


def as_text(contract: Contract, shown: Mapping[str, Any]) -> str:
    """The record to be read by people: its label first, a drill said twice, then every property of its document."""
    document = shown["document"]
    label = f"TLP:{str(document[contract.marking]).upper()}" if contract.marking in document else ""
    drill = "*** DRILL - this is an exercise ***" if document.get("drill") else ""
    title = document.get("title") or document.get("name") or contract.title
    lines = [*(line for line in (label, drill) if line), *_lines("Title", title), ""]
    lines += [f"State: {shown['state']} ({contract.states[shown['state']].meaning})", f"Record: {shown['id']}", ""]
    for name, value in {**document, **shown.get("facts", {})}.items():
        if name not in ("title", "drill", contract.marking, SHOWN_TO_STAFF) and value not in ([], {}):
            lines += _lines(name.replace("_", " ").capitalize(), value)
    for one in shown["history"]:
        if one.get("document"):
            lines += _lines(f"{one['step'].capitalize()} ({one['time']})", one["document"])
    lines += ["", *(line for line in (drill, label) if line)]
    return "\n".join(lines) + "\n"


def _lines(name: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [f"{name}:", *(line for place, item in enumerate(value, 1) for line in _lines(f"  {place}", item))]
    # What goes on in a further line is set in, so that no text of its author looks like a label or a line of ours.
    return [visible(f"{name}: {_flat(value)}".replace("\r", "\n")).replace("\n", "\n    ")]


def visible(text: str) -> str:
    """The text with characters that steer a terminal or turn the direction of reading as escapes; line breaks and tabs
    stay."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def _flat(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')}: {_flat(inner)}" for key, inner in value.items())
    return str(value)


def _without_others(document: Mapping[str, Any], principal: Principal) -> Mapping[str, Any]:
    """The document without the other organizations that it is addressed to: whom it concerns is theirs to tell."""
    if "addressed_to" not in document:
        return document
    return {**document, "addressed_to": [one for one in document["addressed_to"] if one == principal.organization]}


def _who(name: str, organization: str | None) -> dict[str, str]:
    return {} if organization is None else {name: organization}


def _own(taken: Taken, principal: Principal) -> bool:
    return taken.organization == principal.organization


def _name(organization: str, principal: Principal, exchange: tuple[str, ...], open_: bool) -> str | None:
    """An organization's id for who may know it: staff, itself, and everybody where it is the exchange."""
    return organization if open_ or organization in (principal.organization, *exchange) else None
