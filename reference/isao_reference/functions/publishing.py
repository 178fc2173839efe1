"""What the exchange publishes for a function goes the way of every contribution: intake, markings, one audience."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from isao_reference import errors
from isao_reference.functions import sight
from isao_reference.functions.moment import Moment
from isao_reference.policy import decide, provenance, tlp
from isao_reference.policy.audience import Contributor
from isao_reference.policy.provenance import identity_of as identity_of
from isao_reference.store import collections, deletions, items, parties
from isao_reference.store.collections import Collection
from isao_reference.taxii import intake
from isao_reference.wire import timestamps
from isao_reference.wire.envelope import Submitted

Stix = dict[str, Any]
_MARKING = {label: marking for marking, label in tlp.TLP_2.items()}
_SINCE = "2020-01-01T00:00:00.000Z"
"""When every identity that the exchange makes was created: the time of the first version would tell later readers of
what it stood beside."""


def stamp(micros: int) -> str:
    """A STIX timestamp of milliseconds (STIX 2.1, 3.2)."""
    return timestamps.format_micros(micros)[:-4] + "Z"


def new_object(moment: Moment, kind: str, label: str, author: str, **properties: Any) -> Stix:
    """A STIX object of the exchange's making, labelled, by the identity of `author`."""
    now = stamp(moment.now)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid4()}",
        "created_by_ref": identity_of(author),
        "created": now,
        "modified": now,
        **properties,
        "object_marking_refs": [_MARKING[label]],
    }


def own_label(stix: Mapping[str, Any]) -> str | None:
    """The TLP label that an object carries itself, the strictest of several; None when it carries none."""
    granular = [one.get("marking_ref") for one in stix.get("granular_markings", ())]
    found = [tlp.tlp_label(str(one)) for one in (*stix.get("object_marking_refs", ()), *granular)]
    labels = [one for one in found if one is not None]
    return tlp.most_restrictive(labels) if labels else None


def labelled(stix: Mapping[str, Any], label: str) -> Stix:
    """The object with a label, unless it has one or is a marking itself."""
    if stix["type"] == "marking-definition" or own_label(stix) is not None:
        return dict(stix)
    return labelled_as(stix, label)


def labelled_as(stix: Mapping[str, Any], label: str) -> Stix:
    """The object with a label besides what marks it already."""
    return {**stix, "object_marking_refs": [*stix.get("object_marking_refs", ()), _MARKING[label]]}


def is_wider(stix: Mapping[str, Any], label: str) -> bool:
    """Whether an object's own label lets it travel further than another label does."""
    own = own_label(stix)
    return own is not None and tlp.ORDER.index(own) < tlp.ORDER.index(label)


def publish(
    moment: Moment,
    objects: Sequence[Stix],
    contributor: Contributor,
    label: str,
    authors: Iterable[str] = (),
    copies: Sequence[Stix] = (),
) -> list[str]:
    """Stores objects in the collection for what functions publish and returns their ids; identities of `authors` that
    their readers do not have yet go with them, and so do `copies` that the exchange made. Objects without a label get
    `label`. 422 when the exchange takes one of them from nobody."""
    place = publication(moment)
    if copies:
        introduce(moment, place, label)
    own = [*_identities(moment, authors, label), *objects]
    made = frozenset(range(len(own), len(own) + len(copies)))
    outcomes = _take(moment, place, [*own, *copies], contributor, label, made=made)
    refused = [one for one in outcomes if not one.ok]
    if refused:
        raise errors.invalid_document([("/content", f"{one.id}: {one.why}") for one in refused])
    return [str(one["id"]) for one in (*objects, *copies)]


def introduce(moment: Moment, collection: Collection, label: str) -> None:
    """Stores the exchange's identity for readers of a label who do not have it yet, in a collection."""
    exchange = moment.exchange()
    made = _identities(moment, [exchange.organization], label)
    if made:
        _take(moment, collection, made, exchange, label)


def publication(moment: Moment) -> Collection:
    """Where functions publish: the first collection that members read and write. 409 when there is none."""
    for one in collections.all_collections(moment.db):
        if {"members"} <= set(one.readers) & set(one.writers):
            return one
    raise errors.Refusal(409, "Nowhere to publish", "No collection is read and written by members; add one first.")


def revoke(moment: Moment, stix_id: str, organization: str | None) -> list[str]:
    """Revokes what an organization contributed under this id (None: whoever did) in every collection, as a new version
    of the same contributor; what STIX cannot revoke is deleted, and what was deleted before cannot be brought back.
    Returns the organizations that had contributed it. 409 when a version cannot follow the one that is there."""
    owners: dict[str, None] = {}
    deletions.forget_object(moment.db, stix_id, organization)
    for row in items.newest_of(moment.db, stix_id, organization):
        owners[row.organization] = None
        stored = json.loads(row.body)
        if "modified" not in stored:
            items.delete_items(moment.db, [row.key])
        elif not stored.get("revoked"):
            kind = parties.organization_kind(moment.db, row.organization) or ""
            version = {**stored, "revoked": True, "modified": following(stored["modified"], moment.now)}
            contributor = Contributor(row.account, row.organization, kind)
            # What is stored was taken once, perhaps under laxer rules; that is no reason to leave it there.
            taken = _take(moment, row.collection, [version], contributor, row.label, strict=False, guarded=False)
            for one in taken:
                if not one.ok:
                    raise errors.Refusal(409, "Not revoked", one.why)
    return list(owners)


def label_beside(moment: Moment, objects: Iterable[tuple[str, int, int]]) -> str | None:
    """The label for something that the exchange says of stored objects (label, readers and collection of each): whoever
    is shown it is shown all of them. None where there is no such label."""
    given = list(objects)
    strictest = tlp.most_restrictive([label for label, _, _ in given])
    if strictest not in (tlp.CLEAR, tlp.GREEN, tlp.AMBER):
        return None
    seen = sight.look(moment.db)
    readers = [seen.of(audience, collection) for _, audience, collection in given]
    return seen.label(readers, moment.exchange(), publication(moment), strictest)


def readable(moment: Moment, stix_id: str) -> list[items.Stored]:
    """The current versions of an object that the one who takes the step may read: by audience and by collection."""
    grants = {c.key for c in collections.all_collections(moment.db) if decide.can_read(moment.principal, c.readers)}
    audiences = items.audiences(moment.db)
    return [
        row
        for row in provenance.current(items.newest_of(moment.db, stix_id, None))
        if (row.collection.key in grants or row.organization == moment.principal.organization)
        and decide.may_read(moment.principal, audiences[row.audience])
    ]


def _take(
    moment: Moment,
    collection: Collection,
    objects: Sequence[Mapping[str, Any]],
    contributor: Contributor,
    label: str | None = None,
    *,
    strict: bool = True,
    guarded: bool = True,
    made: Set[int] = frozenset(),
) -> list[intake.Outcome]:
    submitted = [Submitted(json.dumps(one, ensure_ascii=False).encode(), one) for one in objects]
    return intake.take(
        moment.db, collection, submitted, contributor, moment.now, label, strict=strict, guarded=guarded, made=made
    )


def _identities(moment: Moment, authors: Iterable[str], label: str) -> list[Stix]:
    """Identity objects of those authors whose identity is not known yet to all readers of this label. One that came
    under a wider label than what it stands beside would tell everybody that its author had something to say; readers
    of what is for one organization or account know whose it is."""
    if label not in (tlp.CLEAR, tlp.GREEN, tlp.AMBER):
        return []
    made = []
    for organization in dict.fromkeys(authors):
        known = items.newest_of(moment.db, identity_of(organization), organization)
        if any(row.label in tlp.TLP_LABELS[: tlp.TLP_LABELS.index(label) + 1] for row in known):
            continue
        name = parties.organization_name(moment.db, organization) or organization
        one = new_object(moment, "identity", label, organization, name=name, identity_class="organization")
        one |= {"id": identity_of(organization), "created": _SINCE}
        if known:
            before = json.loads(known[0].body)
            one |= {"created": before["created"], "modified": following(before["modified"], moment.now)}
        made.append(one)
    return made


def following(modified: str, now: int) -> str:
    """The time of a version that follows one of `modified`: now, or just later than a clock that was ahead."""
    mine, theirs = stamp(now), timestamps.version_key(modified)
    if theirs is not None and (timestamps.version_key(mine) or "") <= theirs:
        then = timestamps.parse_taxii(modified[:26].rstrip("Z") + "Z")
        return stamp((then or now) + 1000)
    return mine
