"""What the exchange measures about itself: for each duration of the contracts how often it was seen, p50, p95 and max.

Staff sees all records; everybody else the durations of records that they may read, so that a number never tells of
something hidden.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from typing import Any

from isao_reference import errors
from isao_reference.call import Answer, Call
from isao_reference.functions import ledger, views
from isao_reference.functions.endpoints import JSON
from isao_reference.policy import decide
from isao_reference.policy.principal import Principal
from isao_reference.store import events, items, records
from isao_reference.store.records import Record
from isao_spec import load
from isao_spec.contract import CREATE, Contract, Measure
from isao_spec.contract_loader import FIRST_DELIVERY

MOST_RECORDS = 1000
"""Of each resource the newest so many records are measured."""


def get_measures(call: Call) -> Answer:
    """GET /functions/measures/: seconds, beside the threshold that the specification names."""
    if call.principal.anonymous:
        raise errors.unauthorized()
    with call.store.reading() as db:
        found = [
            told
            for contract in load().contracts.values()
            for measure in contract.measures
            for told in [_told(measure, contract, _seconds(db, call.principal, contract, measure))]
        ]
    return Answer(json.dumps({"measures": found}).encode(), media_type=JSON)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank); values not empty."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _told(measure: Measure, contract: Contract, seconds: Sequence[float]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": measure.name,
        "resource": contract.resource,
        "meaning": measure.meaning,
        "requirement": measure.serves,
        "unit": "s",
        "count": len(seconds),
    }
    if measure.threshold_seconds is not None:
        told["threshold"] = measure.threshold_seconds
    if seconds:
        told |= {"p50": percentile(seconds, 0.5), "p95": percentile(seconds, 0.95), "max": max(seconds)}
    return told


def _seconds(db: sqlite3.Connection, principal: Principal, contract: Contract, measure: Measure) -> list[float]:
    allowed = decide.readable_audiences(principal, items.audiences(db))
    found = records.newest(db, contract.resource, allowed, MOST_RECORDS)
    return [
        (end - start) / 1_000_000
        for record in found
        for start, end in _spans(db, principal, contract, measure, record)
        if end >= start
    ]


def _spans(
    db: sqlite3.Connection, principal: Principal, contract: Contract, measure: Measure, record: Record
) -> list[tuple[int, int]]:
    staff = decide.is_staff(principal)
    done = [one for one in records.steps_of(db, record.key) if staff or views.shows(contract, one, principal)]
    starts = [record.created] if measure.start == CREATE else [one.time for one in done if one.step == measure.start]
    if not starts:
        return []
    if measure.end == FIRST_DELIVERY:
        ends = _deliveries(db, record) if staff or record.organization == principal.organization else []
        return [(starts[0], min(ends))] if ends else []
    return [(starts[0], one.time) for one in done if one.step == measure.end]


def _deliveries(db: sqlite3.Connection, record: Record) -> list[int]:
    """When others were first given the record itself or an object that was published for it."""
    owners = (record.organization, *items.exchange_organizations(db))
    subjects = [record.id, *(ledger.item(one, owner) for one in record.facts.get("published", ()) for owner in owners)]
    return [
        time
        for subject in subjects
        for organization, time in events.recipients_of(db, subject).items()
        if organization != record.organization
    ]
