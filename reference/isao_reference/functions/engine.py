"""The engine: takes steps of records as their contracts say, each in one transaction with its history and its events.

The order of the questions is the same for every contract: may the caller know of the record (404), may it take this
step (403), can it be taken from here (409), has its organization taken it already (the same answer again), is what it
read still so (412), is what it sent valid (422). So a refusal never tells more than the ones before it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from isao_reference import errors, limits
from isao_reference.call import Call
from isao_reference.content import walking
from isao_reference.errors import Refusal
from isao_reference.functions import views
from isao_reference.functions.effects import EFFECTS
from isao_reference.functions.moment import Moment, contributor_of, exchange_of
from isao_reference.policy import decide, tlp
from isao_reference.policy import records as policy
from isao_reference.policy.audience import Audience
from isao_reference.policy.principal import Principal
from isao_reference.settings import Settings
from isao_reference.store import documents, events, items, parties, records
from isao_reference.store.records import Record, Taken
from isao_reference.taxii import access
from isao_reference.wire import timestamps
from isao_spec import load, schema_check
from isao_spec.contract import CREATE, Contract, Readers, Role, Step

REPEATS_KEPT = 7 * 24 * 3600 * 1_000_000
"""Microseconds for which an Idempotency-Key is known; TAXII statuses are kept as long."""


def create(call: Call, contract: Contract, document: Any) -> tuple[Record, bool]:
    """Makes a record; False when this Idempotency-Key had made it before. Raises Refusal."""
    now = timestamps.micros(call.settings.clock())
    invalid = invalidity(contract, contract.create, document)
    with call.store.writing() as db:
        require_role(contract.create, policy.roles(call.principal))
        known = _repeated(call, db)
        if known is not None:
            call.draft.take([known])
            return require_record(call, db, contract, known), False
        if invalid is not None:
            raise invalid
        made = Record(
            key=0,
            resource=contract.resource,
            id=call.settings.new_id(),
            state=contract.create.to,
            entered=now,
            account=str(call.principal.account),
            organization=str(call.principal.organization),
            audience=0,
            named=(),
            facts={},
            created=now,
            document=document,
        )
        record = take(call.settings, db, call.principal, contract, contract.create, made, document, now)
        call.draft.take([record.id])
        _remember(call, db, record, now)
        return record, True


def step(call: Call, contract: Contract, identifier: str, name: str, document: Any) -> Record:
    """Takes a step of a record and returns the record as it is then. Raises Refusal."""
    now = timestamps.micros(call.settings.clock())
    wanted = contract.steps.get(name)
    invalid = None if wanted is None else invalidity(contract, wanted, document)
    with call.store.writing() as db:
        record = require_record(call, db, contract, identifier)
        call.draft.take([record.id])
        if wanted is None:
            raise errors.not_found()
        roles = policy.roles(call.principal, record.organization, readable=True)
        require_role(wanted, roles)
        if _repeated(call, db) is not None:
            return record
        require_state(contract, record, wanted, roles)
        if done_already(wanted, call.principal, records.steps_of(db, record.key)):
            return record
        require_fresh(call, db, contract, record, wanted)
        if invalid is not None:
            raise invalid
        taken = take(call.settings, db, call.principal, contract, wanted, record, document, now)
        _remember(call, db, taken, now)
        return taken


def require_role(wanted: Step, roles: frozenset[Role]) -> None:
    """403 unless the contract names one of the roles. Strangers do not come this far."""
    if roles.isdisjoint(wanted.by):
        raise errors.forbidden("This account may not take this step.")


def require_state(contract: Contract, record: Record, wanted: Step, roles: frozenset[Role]) -> None:
    """409, with what these roles can do instead, unless the contract lets the step start from the record's state."""
    if record.state not in wanted.sources:
        raise errors.wrong_state(record.state, views.allowed(contract, record.state, roles))


def done_already(wanted: Step, principal: Principal, history: Iterable[Taken]) -> bool:
    """Whether the caller's organization has taken a step that each takes once."""
    return bool(wanted.once_per) and any(
        one.step == wanted.name and one.organization == principal.organization for one in history
    )


def require_record(call: Call, db: sqlite3.Connection, contract: Contract, identifier: str) -> Record:
    """The record, for who may read it; for all others the answer for absence, which takes as long whether there is one
    or not, and however long that is."""
    readable = decide.readable_audiences(call.principal, items.audiences(db))
    record = records.by_id(db, contract.resource, identifier, readable)
    if record is None:
        raise access.absent(call.principal)
    return record


def require_fresh(call: Call, db: sqlite3.Connection, contract: Contract, record: Record, wanted: Step) -> None:
    """412 when If-Match names another state of the record than the caller would be shown now."""
    sent = ",".join(value for name, value in call.headers if name == "if-match")
    if not sent:
        if wanted.replaces:
            raise errors.precondition_required()
        return
    now = views.etag(views.render(db, call.principal, contract, record))
    if now not in [one.strip() for one in sent.split(",")] and sent.strip() != "*":
        raise errors.stale()


def invalidity(contract: Contract, wanted: Step, document: Any) -> Refusal | None:
    """What `require_valid` says of a document. Asked before the transaction, which others wait for, and told in it,
    where its turn comes."""
    try:
        require_valid(contract, wanted, document)
    except Refusal as fault:
        return fault
    return None


def require_valid(contract: Contract, wanted: Step, document: Any) -> None:
    """422 with a pointer for each fault. A step that takes no document takes an empty one."""
    if not wanted.takes:
        if document not in (None, {}):
            raise errors.invalid_document([("", "this step takes no document; send an empty object or nothing")])
        return
    if not walking.holds_at_most(limits.MAX_DOCUMENT_VALUES, document):
        raise errors.invalid_document([("", f"the document holds more than {limits.MAX_DOCUMENT_VALUES} values")])
    found = schema_check.findings(f"documents/{wanted.takes}", document, most=limits.MAX_FAULTS + 1)
    if found:
        raise errors.invalid_document((one.pointer, one.message) for one in found)
    moments = {one.at for one in contract.all_steps} - {""} if wanted.takes == contract.document else ()
    # A leap second has the form of a time and is no moment that a clock of ours ever shows.
    wrong = [name for name in moments if timestamps.rfc3339_micros(str(document.get(name))) is None]
    if wrong:
        raise errors.invalid_document((f"/{name}", "is no moment in time") for name in wrong)


def take(
    settings: Settings,
    db: sqlite3.Connection,
    principal: Principal,
    contract: Contract,
    wanted: Step,
    before: Record,
    document: Mapping[str, Any] | None,
    now: int,
) -> Record:
    """Takes a step that may be taken: effects, the new state, its readers, a line of history and the events.

    A step that an effect asks for is taken by the exchange in the same transaction.
    """
    moment = Moment(
        settings, db, now, principal, contract, wanted, before, document, dict(before.facts), set(before.named)
    )
    for name in wanted.effects:
        EFFECTS[name](moment)
    for organization, standing in moment.standings.items():
        parties.update_standing(db, organization, standing)
    after = replace(
        before,
        state=wanted.to,
        entered=now if wanted.to != before.state or wanted.name == CREATE else before.entered,
        named=tuple(sorted(moment.named)),
        facts=moment.facts,
        document=moment.content,
    )
    after = replace(after, audience=items.audience_key(db, readers(db, contract, after)))
    if wanted.name == CREATE:
        after = records.insert_record(db, after)
    else:
        records.update_record(db, after)
    source = "" if wanted.name == CREATE else before.state
    records.insert_step(
        db,
        after.key,
        Taken(wanted.name, source, wanted.to, str(principal.account), str(principal.organization), now, document),
    )
    announce(moment, after)
    for other, name, sent in moment.also:
        if other.key != after.key:
            take(settings, db, system(db), contract, contract.steps[name], other, sent, now)
    if moment.then is None:
        return after
    name, further = moment.then
    return take(settings, db, system(db), contract, contract.steps[name], after, further, now)


def system(db: sqlite3.Connection) -> Principal:
    """The exchange itself, when it takes a step."""
    own = exchange_of(db)
    return Principal(own.account, own.organization, own.kind, "operator")


def readers(db: sqlite3.Connection, contract: Contract, record: Record) -> Audience:
    """Who may read the record in its state, by the contract: parties, organizations, or those its label gives."""
    wanted = contract.states[record.state].readers
    if wanted is Readers.ORGANIZATIONS:
        return policy.EVERY_ORGANIZATION
    if wanted is Readers.PARTIES:
        persons = record.facts.get("staff", {}).get("persons", {})
        return policy.parties(record.organization, record.named, _alone(contract, record), persons)
    distribution, _ = documents.policy_settings(db)
    addressed, contributor = record.document.get("addressed_to"), contributor_of(db, record)
    return policy.marked(str(record.document[contract.marking]), contributor, distribution, addressed or None)


def _alone(contract: Contract, record: Record) -> str | None:
    """The account that a record stays with: what is labelled RED is not even for colleagues, and neither is what the
    exchange says of it."""
    label = record.document.get(contract.marking) or record.facts.get("staff", {}).get("label")
    return record.account if label == tlp.RED else None


def redistribute(db: sqlite3.Connection) -> None:
    """Works out anew who may read each record, for a map of labels that has changed."""
    for contract in load().contracts.values():
        for record in records.in_states(db, contract.resource, contract.states):
            now = items.audience_key(db, readers(db, contract, record))
            if now != record.audience:
                records.update_record(db, replace(record, audience=now))


def announce(moment: Moment, record: Record) -> None:
    """Writes the event of a step for those it notifies, and what effects tell single organizations."""
    time = {"time": timestamps.format_micros(moment.now)}
    for audience in _notified(moment.step.notifies, record, moment):
        events.insert_event(moment.db, str(uuid.uuid4()), moment.now, audience, {**moment.event, **time})
    for organization, body in moment.tell:
        key = items.audience_key(moment.db, policy.recipients([organization]))
        events.insert_event(moment.db, str(uuid.uuid4()), moment.now, key, {**body, **time})


def _notified(who: str, record: Record, moment: Moment) -> list[int]:
    if who == "readers":
        return [record.audience]
    if who == "contributor":
        alone = _alone(moment.contract, record)
        return [items.audience_key(moment.db, policy.parties(record.organization, (), alone))]
    return []


def _digest(call: Call) -> bytes:
    named = json.dumps([call.method, sorted(call.path.items()), call.query.hex(), call.header("content-type")])
    return hashlib.sha256(f"{named}\n".encode() + call.body).digest()


def _repeated(call: Call, db: sqlite3.Connection) -> str | None:
    """The record that this very request led to before, by its Idempotency-Key. 422 when the key was another's."""
    key = call.header("idempotency-key")
    if key is None:
        if any(name == "idempotency-key" for name, _ in call.headers):
            raise errors.bad_request("Idempotency-Key is sent once")
        return None
    if not 1 <= len(key) <= 255 or not all("!" <= one <= "~" for one in key):
        raise errors.bad_request("Idempotency-Key is 1 to 255 visible ASCII characters")
    known = records.repeated(db, str(call.principal.account), key)
    if known is None:
        return None
    if known[0] != _digest(call):
        raise errors.unprocessable("This Idempotency-Key was sent with another request.")
    return known[1]


def _remember(call: Call, db: sqlite3.Connection, record: Record, now: int) -> None:
    key = call.header("idempotency-key")
    if key is not None:
        records.forget(db, now - REPEATS_KEPT)
        records.remember(db, str(call.principal.account), key, _digest(call), record.id, now)
