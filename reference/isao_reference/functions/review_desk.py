"""Contributions on their way in: what is clean goes on, what is certain is minimised, what is doubtful waits.

`look` is pure and is done before the transaction; `receive` is called inside it. Whatever is published of one envelope
is stored in one batch, so that the dates do not tell how much was set aside.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isao_reference.content import privacy
from isao_reference.content.privacy import Found
from isao_reference.functions import engine, minimising, publishing
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from isao_reference.policy import audience
from isao_reference.policy.audience import Contributor
from isao_reference.policy.principal import Principal
from isao_reference.settings import Settings
from isao_reference.store import documents, items, records, reviewed
from isao_reference.store.collections import Collection
from isao_reference.store.records import Record
from isao_reference.store.reviewed import Version
from isao_reference.taxii import intake
from isao_reference.taxii.intake import Outcome
from isao_reference.taxii.integrity import Guard
from isao_reference.wire import resources
from isao_reference.wire.envelope import Submitted
from isao_reference.wire.stix_object import ObjectFault, StixFacts
from isao_spec import load

RESOURCE = "reviews"
MOST_TOLD = 1000
"""Findings that one record lists; all of them are taken out."""


@dataclass(frozen=True)
class Case:
    """One object in which something was found: its place among those sent, its facts and what was found; the record and
    the copy that the very same version led to before ("" without)."""

    position: int
    facts: StixFacts
    found: tuple[Found, ...]
    record: str = ""
    copy: str = ""

    @property
    def certain(self) -> bool:
        """Whether nothing is left for a person to judge."""
        return all(one.certain for one in self.found)


def look(submitted: Sequence[Submitted]) -> list[Found]:
    """What a review finds in objects that were sent together."""
    return privacy.review([one.value for one in submitted])


def receive(
    settings: Settings,
    db: sqlite3.Connection,
    collection: Collection,
    submitted: Sequence[Submitted],
    contributor: Contributor,
    now: int,
    found: Sequence[Found],
    asserted_label: str | None = None,
    *,
    principal: Principal | None = None,
) -> list[Outcome]:
    """Stores what is clean and copies of what is certain, sets the rest aside, and says for each object, in the order
    sent, what became of it."""
    guard = Guard(db, collection, contributor, now, principal)
    cases = _cases(db, collection, submitted, contributor, found, guard) if found else {}
    if not cases:
        return intake.take(db, collection, submitted, contributor, now, asserted_label, principal=principal)
    clean = [position for position in range(len(submitted)) if position not in cases]
    follow = {
        case.facts.id: minimising.new_id(db, contributor, collection, case.facts.id)
        for case in cases.values()
        if case.certain and not case.record
    } | {case.facts.id: case.copy for case in cases.values() if case.copy}
    followers = _followers(db, collection, submitted, clean, contributor, follow)
    follow |= {facts.id: minimising.new_id(db, contributor, collection, facts.id) for _, facts in followers}
    chosen: list[tuple[int, Sequence[Found]]] = [
        (case.position, case.found) for case in cases.values() if case.certain and not case.record
    ]
    chosen += [(position, ()) for position, _ in followers]
    made: dict[int, Stix] = {}
    for position, given in chosen:
        value = submitted[position].value
        one = minimising.copy_of(db, contributor, collection, value, given, follow, now)
        made[position] = _after(one, [other for other in made.values() if other["id"] == one["id"]], now)
    _introduce(settings, db, collection, made.values(), now, asserted_label)
    batch = [submitted[position] for position in clean]
    batch += [Submitted(resources.encode(stix), stix) for stix in made.values()]
    own = frozenset(range(len(clean), len(batch)))
    stored = intake.take(db, collection, batch, contributor, now, asserted_label, principal=principal, made=own)
    outcomes = dict(zip(clean, stored, strict=False))
    copied = {position for position, outcome in zip(made, stored[len(clean) :], strict=True) if outcome.ok}
    for position, facts in followers:
        if position in copied and outcomes[position].ok:
            version = minimising.version_of(contributor, collection, facts, submitted[position].value)
            reviewed.insert(db, version, "", follow[facts.id])
    opened: dict[Version, str] = {}
    for position, case in cases.items():
        sent = submitted[position]
        version = minimising.version_of(contributor, collection, case.facts, sent.value)
        before, copy = case.record or opened.get(version, ""), case.copy
        if position in copied:
            copy = follow[case.facts.id]
        known = replace(case, record=before, copy=copy)
        outcomes[position], opened[version] = _settled(settings, db, collection, sent, contributor, now, known)
    return [outcomes[position] for position in range(len(submitted))]


def _after(made: Stix, others: Sequence[Stix], now: int) -> Stix:
    """The copy as the next version after others of the same object, where there are some in the envelope."""
    if not others or "modified" not in made:
        return made
    last = others[-1]
    return made | {"created": last["created"], "modified": publishing.following(last["modified"], now)}


def wait(db: sqlite3.Connection, status: str, outcomes: Sequence[Outcome]) -> None:
    """Lets a status be completed by the decisions that some of its objects wait for."""
    reviewed.await_decision(db, status, dict.fromkeys(one.review for one in outcomes if one.review))


def _cases(
    db: sqlite3.Connection,
    collection: Collection,
    submitted: Sequence[Submitted],
    contributor: Contributor,
    found: Sequence[Found],
    guard: Guard,
) -> dict[int, Case]:
    """The objects to set aside. What the collection does not take from this contributor is refused as ever; what it has
    from it already, or has released, is no news."""
    listed: dict[int, list[Found]] = {}
    for one in found:
        listed.setdefault(one.position, []).append(one)
    own = audience.own_identities(contributor)
    cases: dict[int, Case] = {}
    for position, given in listed.items():
        sent = submitted[position]
        try:
            facts = intake.check_content(collection, sent.value, strict=True)
            guard.stays_revoked(facts)
            intake.check_chain(db, collection, facts, sent.value, own)
            if not guard.admit(facts, sent.value):
                continue
        except ObjectFault:
            continue
        stored = items.stored_body(db, collection.key, facts, own)
        if stored is not None and intake.same_content(stored, sent.body, sent.value):
            continue
        before = reviewed.find(db, minimising.version_of(contributor, collection, facts, sent.value))
        record = records.by_id(db, RESOURCE, before[0]) if before and before[0] else None
        if before is None or record is None:
            cases[position] = Case(position, facts, tuple(given))
        elif record.state != "released":
            cases[position] = Case(position, facts, tuple(given), record.id, before[1])
    return cases


def _followers(
    db: sqlite3.Connection,
    collection: Collection,
    submitted: Sequence[Submitted],
    clean: Sequence[int],
    contributor: Contributor,
    follow: Mapping[str, str],
) -> list[tuple[int, StixFacts]]:
    """The clean objects that refer to one that a copy stands for, with their facts: readers get them as they are, and a
    copy that leads to the copy. Those that have theirs already are left out."""
    found = []
    for position in clean:
        value = submitted[position].value
        if isinstance(value, dict) and follow.keys() & privacy.referring(value):
            try:
                facts = intake.check_content(collection, value, strict=True)
            except ObjectFault:
                continue
            if reviewed.find(db, minimising.version_of(contributor, collection, facts, value)) is None:
                found.append((position, facts))
    return found


def _introduce(
    settings: Settings, db: sqlite3.Connection, collection: Collection, made: Any, now: int, asserted: str | None
) -> None:
    """The identity that the copies name is there for their readers."""
    _, default = documents.policy_settings(db)
    for label in dict.fromkeys(publishing.own_label(one) or asserted or default for one in made):
        publishing.introduce(_moment(settings, db, now), collection, label)


def _moment(settings: Settings, db: sqlite3.Connection, now: int) -> Moment:
    contract = load().contracts[RESOURCE]
    record = Record(0, RESOURCE, "", contract.create.to, now, "", "", 0, (), {}, now, {})
    return Moment(settings, db, now, engine.system(db), contract, contract.create, record, None)


def _settled(
    settings: Settings,
    db: sqlite3.Connection,
    collection: Collection,
    one: Submitted,
    contributor: Contributor,
    now: int,
    case: Case,
) -> tuple[Outcome, str]:
    """What its sender is told of an object that was set aside, now or before, and the id of the record."""
    contract = load().contracts[RESOURCE]
    if case.record:
        record = records.by_id(db, RESOURCE, case.record)
    else:
        made = _record(settings, collection, one, contributor, now, case)
        record = engine.take(settings, db, engine.system(db), contract, contract.create, made, made.document, now)
        version = minimising.version_of(contributor, collection, case.facts, one.value)
        reviewed.insert(db, version, record.id, case.copy)
    assert record is not None
    words, where = minimising.in_words(case.found), f"see the review {record.id}"
    if record.state == "held":
        why, waits = f"A person has to look at {words} first; {where}.", record.id
    elif record.state == "minimised":
        why, waits = f"Not added as it was sent: a copy without {words} was added as {case.copy}; {where}.", ""
    else:
        why, waits = f"Not added: it was reviewed and {record.state}; {where}.", ""
    return Outcome(case.facts.id, case.facts.version, False, why, waits), record.id


def _record(
    settings: Settings, collection: Collection, one: Submitted, contributor: Contributor, now: int, case: Case
) -> Record:
    contract = load().contracts[RESOURCE]
    return Record(
        key=0,
        resource=RESOURCE,
        id=settings.new_id(),
        state=contract.create.to,
        entered=now,
        account=contributor.account,
        organization=contributor.organization,
        audience=0,
        named=(),
        facts={
            **({"published": [case.copy]} if case.copy else {}),
            "staff": {
                "original": one.body.decode(),
                "found": minimising.kept(case.found),
                "label": publishing.own_label(one.value) or "",
            },
        },
        created=now,
        document={
            "object": case.facts.id,
            "version": case.facts.version,
            "collection": collection.id,
            "findings": minimising.told(case.found[:MOST_TOLD]),
        },
    )
