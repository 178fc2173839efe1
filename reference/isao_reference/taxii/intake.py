"""Objects into a collection: markings to audience, one row a version, a truthful line for each.

Used by Add Objects and by the loader, so that both decide alike. Runs inside the caller's
transaction; nothing here commits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from isao_reference.content import admission
from isao_reference.policy import audience, handling, marking, tlp
from isao_reference.policy.audience import Audience, Contributor
from isao_reference.policy.handling import Handling
from isao_reference.policy.marking import Definitions, Restriction
from isao_reference.policy.principal import Principal
from isao_reference.store import dates, documents, items
from isao_reference.store.collections import Collection
from isao_reference.taxii import arrivals
from isao_reference.taxii.integrity import Guard
from isao_reference.wire import media_types, stix_object
from isao_reference.wire.envelope import Submitted
from isao_reference.wire.stix_object import ObjectFault, StixFacts


@dataclass(frozen=True)
class Outcome:
    """What became of one object; `why` says so when it was refused or waits, and is empty otherwise. `review` is the
    record of the review that it waits for."""

    id: str
    version: str
    ok: bool
    why: str = ""
    review: str = ""


def same_content(stored: bytes, body: bytes, value: Any) -> bool:
    """Whether a repeated version says the same: equal bytes, or equal JSON in another layout."""
    if stored == body:
        return True
    return json.dumps(json.loads(stored), sort_keys=True) == json.dumps(value, sort_keys=True)


def check_content(collection: Collection, value: Any, strict: bool) -> StixFacts:
    """The facts of an object this collection takes; raises ObjectFault. `strict` refuses what breaks a MUST of STIX."""
    facts = stix_object.facts_of(value)
    fault = admission.object_fault(value) if strict else None
    if fault is not None:
        raise ObjectFault(fault)
    if not media_types.collection_takes(collection.media_types, facts.spec_version):
        raise ObjectFault(f"the collection does not take STIX {facts.spec_version} objects")
    return facts


def check_chain(
    db: sqlite3.Connection, collection: Collection, facts: StixFacts, value: Any, own: Sequence[str]
) -> None:
    """ObjectFault when an object does not fit what its contributor stored in the collection before. Both forms of
    one object may stand beside each other, so only versions in the 2.1 form are held against each other."""
    if facts.spec_version != "2.1":
        return
    translated = value.get("object_ref") if facts.type == "language-content" else None
    related = [facts.id, *([translated] if isinstance(translated, str) else [])]
    stored = [json.loads(body) for name in related for body in items.own_versions(db, collection.key, name, own)]
    fault = admission.chain_fault(value, stored) if stored else None
    if fault is not None:
        raise ObjectFault(fault)


def meaning_of(fact: StixFacts, value: Any) -> Handling | None:
    """What an object says as the definition of a marking; None when it is none, or not understood."""
    return handling.NONE if fact.is_statement else handling.of_marking(value)


def definitions_for(
    db: sqlite3.Connection, objects: Sequence[tuple[StixFacts, Any]], contributor: Contributor
) -> Definitions:
    """The markings among those used that are understood: defined in this very batch, or stored before by the
    contributor's organization or by the exchange. Nobody else's definition counts: it could lift a restriction that is
    not theirs. Where there are several of one marking, all of them count."""
    found: dict[str, list[Handling]] = {}
    for fact, value in objects:
        said = meaning_of(fact, value)
        if said is not None:
            found.setdefault(fact.id, []).append(said)
    used = {m for fact, _ in objects for m in (*fact.object_markings, *fact.granular_markings)} | found.keys()
    unknown = {one for one in used if tlp.tlp_label(one) is None}
    trusted = (contributor.organization, *items.exchange_organizations(db)) if unknown else ()
    for name, bodies in items.definitions(db, unknown, trusted).items():
        for stored in map(json.loads, bodies):
            said = handling.NONE if stix_object.is_statement(stored) else handling.of_marking(stored)
            if said is not None:
                found.setdefault(name, []).append(said)
    return {name: handling.together(several) for name, several in found.items()}


def restriction_for(
    fact: StixFacts, definitions: Definitions, default_label: str, collection: Collection
) -> Restriction:
    """What an object is stored under. The published TLP definitions are clear without a marking of their own, and who
    is named by a definition is nobody's business but theirs who get what it marks."""
    own = (fact.id,) if fact.id in definitions else ()
    return marking.restriction_of(
        (*fact.object_markings, *own),
        fact.granular_markings,
        definitions,
        tlp.CLEAR if tlp.is_tlp_definition(fact.id) else default_label,
        (collection.label,) if collection.label else (),
    )


def restrictions_for(
    given: Sequence[tuple[StixFacts, Any]],
    definitions: Definitions,
    default_label: str,
    collection: Collection,
    guard: Guard,
) -> list[Restriction]:
    """What each object is stored under. A relationship by which one is derived from another tells of that one, so it
    goes no further: than those of this batch, and than those stored that its contributor may read."""
    found = [restriction_for(fact, definitions, default_label, collection) for fact, _ in given]
    sources = [stix_object.derived_from(value) for _, value in given]
    wanted = set(filter(None, sources))
    if not wanted:
        return found
    known = guard.restrictions_seen(wanted)
    for (fact, _), restriction in zip(given, found, strict=True):
        if fact.id in wanted:
            known.setdefault(fact.id, []).append(restriction)
    return [
        marking.joined(restriction, known.get(source or "", ()))
        for restriction, source in zip(found, sources, strict=True)
    ]


def take_one(
    db: sqlite3.Connection,
    collection: Collection,
    item: items.NewItem,
    value: Any,
    contributor: Contributor,
    date_added: int,
    strict: bool,
    guard: Guard | None,
) -> bool:
    """Stores one object unless this contributor, or the source that it repeats, already has that version; True when a
    row was added. Raises ObjectFault when the stored version says something else: it stays."""
    own = audience.own_identities(contributor)
    stored = items.stored_body(db, collection.key, item.facts, own)
    if stored is None:
        if guard is not None and not guard.admit(item.facts, value):
            return False
        if strict:
            check_chain(db, collection, item.facts, value, own)
            if guard is not None:
                guard.stays_revoked(item.facts)
        items.insert_item(db, collection.key, item, contributor, date_added)
        return True
    if not same_content(stored, item.body, value):
        raise ObjectFault("this version is already stored with other content; send a new modified time")
    return False


def check_all(collection: Collection, submitted: Sequence[Submitted], strict: bool) -> list[StixFacts | ObjectFault]:
    """For each object its facts or what is wrong with it."""
    checked: list[StixFacts | ObjectFault] = []
    for one in submitted:
        try:
            checked.append(ObjectFault(one.fault) if one.fault else check_content(collection, one.value, strict))
        except ObjectFault as fault:
            checked.append(fault)
    return checked


def refused(submitted: Submitted, position: int, why: str) -> Outcome:
    """The line of an object that was not taken, named as its sender named it."""
    name = stix_object.claimed_id(submitted.value, position)
    return Outcome(name, stix_object.claimed_version(submitted.value), False, why)


def take(
    db: sqlite3.Connection,
    collection: Collection,
    submitted: Sequence[Submitted],
    contributor: Contributor,
    now: int,
    asserted_label: str | None = None,
    *,
    strict: bool = True,
    guarded: bool = True,
    principal: Principal | None = None,
    made: Set[int] = frozenset(),
) -> list[Outcome]:
    """Stores what can be stored and says for each object, in the order sent, what became of it.

    `now` is microseconds; `asserted_label` is the label of unlabelled objects when an operator
    vouches for another one than the exchange's default; `strict` refuses objects that break a MUST of STIX. Only what
    the exchange itself stores in a contributor's name is not `guarded` against speaking for another: all of it, or
    the objects at the positions in `made`. `principal` is who asks, where somebody does: what it may see decides.
    """
    guard = Guard(db, collection, contributor, now, principal)
    distribution, declared_default = documents.policy_settings(db)
    default_label = asserted_label or declared_default
    checked = check_all(collection, submitted, strict)
    good = [(position, fact) for position, fact in enumerate(checked) if isinstance(fact, StixFacts)]
    given = [(fact, submitted[position].value) for position, fact in good]
    definitions = definitions_for(db, given, contributor)
    shared = []
    restrictions = restrictions_for(given, definitions, default_label, collection, guard)
    for (fact, _), restriction in zip(given, restrictions, strict=True):
        embargoed, label = restriction.handling.embargo > now, restriction.label
        readers = audience.audience_of(label, contributor, distribution, restriction.handling, embargoed=embargoed)
        shared.append((fact, restriction, readers))
    outcomes = {
        position: refused(submitted[position], position, str(fault))
        for position, fault in enumerate(checked)
        if isinstance(fault, ObjectFault)
    }
    window = dates.open_window(db, collection.key, now, len(shared))
    arrived: list[tuple[Audience, int]] = []
    narrowed: list[tuple[str, str]] = []
    for (position, _), (fact, restriction, readers) in zip(good, shared, strict=True):
        one, embargo = submitted[position], restriction.handling.embargo
        item = items.NewItem(
            facts=fact,
            body=one.body,
            restriction=restriction,
            readers=readers,
            identity=audience.identity_of(restriction.label, contributor, distribution),
            defines=meaning_of(fact, one.value) is not None,
            embargo=embargo if embargo > now else 0,
            hearsay=not guard.speaks_for_itself(fact),
        )
        date_added = window.draw()
        try:
            watching = guard if guarded and position not in made else None
            if take_one(db, collection, item, one.value, contributor, date_added, strict, watching):
                arrived.append((readers, date_added))
                left_out = arrivals.left_out(db, collection, item, contributor)
                narrowed += [(organization, fact.id) for organization in left_out]
            outcomes[position] = Outcome(fact.id, fact.version, True)
        except ObjectFault as fault:
            outcomes[position] = refused(one, position, str(fault))
    if arrived:
        dates.close_window(db, collection.key, window)
        arrivals.announce(db, collection, arrived, now)
        arrivals.tell_narrowed(db, narrowed, now)
    return [outcomes[position] for position in range(len(submitted))]
