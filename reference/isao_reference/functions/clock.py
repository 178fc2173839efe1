"""Steps of the clock: what is due is taken by the exchange, once, however long nobody looked.

A clock that jumps ahead makes things due early and one that jumps back makes them late; nothing is taken twice,
because each step of the clock is on record with the state it was taken in.
"""

from __future__ import annotations

import sqlite3

from isao_reference import limits
from isao_reference.audit import trail
from isao_reference.audit.record import Draft
from isao_reference.faults import log_fault
from isao_reference.functions import engine, views
from isao_reference.functions.moment import EXCHANGE
from isao_reference.settings import Settings
from isao_reference.store import events, records
from isao_reference.store.records import Record
from isao_reference.store.sqlite import Store
from isao_reference.wire import timestamps
from isao_spec import load
from isao_spec.contract import Contract, Role, Step


def run_due(settings: Settings, store: Store) -> int:
    """Takes every step of the clock that is due, each in a transaction of its own, and returns how many there were.
    One that cannot be taken is logged and tried again the next time; it holds up none of the others."""
    count = 0
    for contract in load().contracts.values():
        for step in (one for one in contract.steps.values() if Role.CLOCK in one.by):
            now = timestamps.micros(settings.clock())
            with store.reading() as db:
                found = records.in_states(db, contract.resource, step.sources)
            for waiting in (one.id for one in found if _has_come(step, one, now)):
                try:
                    count += _take_if_due(settings, store, contract, step, waiting)
                except Exception as fault:
                    log_fault(f"step={step.name} resource={contract.resource} record={waiting}", fault)
    return count


def forget_old_events(settings: Settings, store: Store) -> None:
    """Removes events that are older than an exchange keeps them. Nothing is written while there are none."""
    before = timestamps.micros(settings.clock()) - limits.EVENT_SECONDS * 1_000_000
    with store.reading() as db:
        oldest = events.oldest_time(db)
    if oldest is not None and oldest < before:
        with store.writing() as db:
            events.forget_events(db, before)


def _take_if_due(settings: Settings, store: Store, contract: Contract, step: Step, identifier: str) -> bool:
    now = timestamps.micros(settings.clock())
    with store.reading() as db:
        if not _is_due(db, contract, step, identifier, now):
            return False
    with store.writing() as db:
        record = records.by_id(db, contract.resource, identifier)
        if record is None or not _is_due(db, contract, step, identifier, now):
            return False
        exchange = engine.system(db)
        engine.take(settings, db, exchange, contract, step, record, None, now)
        done = {"resource": contract.resource, "record": record.id, "step": step.name}
        trail.write(db, Draft("step", "record", exchange.account, exchange.organization, done, count=1), now)
        return True


def _is_due(db: sqlite3.Connection, contract: Contract, step: Step, identifier: str, now: int) -> bool:
    record = records.by_id(db, contract.resource, identifier)
    if record is None or record.state not in step.sources or not _has_come(step, record, now):
        return False
    done = records.steps_of(db, record.key)
    return step.to not in step.sources or not any(
        one.step == step.name and one.time >= record.entered and one.account == EXCHANGE for one in done
    )


def due_at(step: Step, record: Record) -> int | None:
    """When a step of the clock is due (microseconds): at the moment in the document, or so long after the state."""
    if step.at:
        return timestamps.rfc3339_micros(str(record.document.get(step.at)))
    return record.entered + views.micros_of(step.within)


def _has_come(step: Step, record: Record, now: int) -> bool:
    applies = not step.when or record.document.get(step.when) is True
    moment = due_at(step, record) if applies else None
    return moment is not None and moment <= now
