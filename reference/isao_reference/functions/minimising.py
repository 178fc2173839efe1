"""Copies without what a review found: made here for what is settled at once and for what a person decides."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from isao_reference.content import privacy
from isao_reference.content.privacy import Found
from isao_reference.functions import publishing
from isao_reference.functions.publishing import Stix
from isao_reference.policy.audience import Contributor
from isao_reference.store import items, reviewed
from isao_reference.store.collections import Collection
from isao_reference.store.reviewed import Version
from isao_reference.wire.stix_object import StixFacts


def version_of(contributor: Contributor, collection: Collection, facts: StixFacts, value: Any) -> Version:
    """By what the same version is known when it is sent again: equal content in whatever layout."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8", "surrogatepass")).digest()
    return Version(contributor.account, collection.key, facts.id, facts.version_key, digest)


def new_id(db: sqlite3.Connection, contributor: Contributor, collection: Collection, original: str) -> str:
    """The id of what stands for an object: the one that stood for its earlier versions, else a new one."""
    known = reviewed.copies(db, contributor.account, collection.key, [original])
    return known.get(original) or f"{original.partition('--')[0]}--{uuid.uuid4()}"


def copy_of(
    db: sqlite3.Connection,
    contributor: Contributor,
    collection: Collection,
    value: Mapping[str, Any],
    found: Iterable[Found],
    follow: Mapping[str, str],
    now: int,
) -> Stix:
    """The object that stands for another, without what was found: by the exchange's identity, under the id that
    `follow` has for it. It is stored as its contributor's, so that it has the same readers and its contributor can take
    it back."""
    refs = privacy.referring(value)
    known = reviewed.copies(db, contributor.account, collection.key, refs - follow.keys())
    identifier, author = follow[str(value["id"])], publishing.identity_of(items.exchange_organizations(db)[0])
    made = privacy.copied(privacy.without(value, found), identifier, author, publishing.stamp(now), {**known, **follow})
    before = items.newest_of(db, identifier, contributor.organization)
    if before and "modified" in made:
        last = json.loads(before[0].body)
        made |= {"created": last["created"], "modified": publishing.following(last["modified"], now)}
    return made


def told(found: Iterable[Found]) -> list[dict[str, str]]:
    """Findings as a record shows them: places and rules, no values."""
    return [
        {"pointer": one.pointer, "rule": one.rule, "certainty": one.certainty, "action": one.action} for one in found
    ]


def kept(found: Iterable[Found]) -> list[dict[str, Any]]:
    """Findings as the staff's part of a record keeps them, so that they can be taken out later."""
    return [{"path": list(one.path), "start": one.start, "end": one.end, "rule": one.rule} for one in found]


def found_again(kept_before: Iterable[Mapping[str, Any]]) -> list[Found]:
    """The findings that `kept` kept."""
    return [Found(0, "", tuple(one["path"]), one["start"], one["end"], one["rule"], True) for one in kept_before]


def in_words(found: Iterable[Found]) -> str:
    """Rules and places in one line, each once."""
    listed = list(dict.fromkeys(f"{one.rule} at {one.pointer or '/'}" for one in found))
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")
