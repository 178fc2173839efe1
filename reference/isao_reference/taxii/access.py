"""Which collection a path means, and what this caller may do there."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from isao_reference.call import Call
from isao_reference.errors import Refusal, forbidden, not_found, unauthorized
from isao_reference.policy import decide
from isao_reference.policy.principal import Principal
from isao_reference.store import collections, items
from isao_reference.store.api_roots import FIRST
from isao_reference.store.collections import Collection


@dataclass(frozen=True)
class Access:
    """One collection with what the caller may do in it."""

    collection: Collection
    can_read: bool
    can_write: bool


def access_to(principal: Principal, collection: Collection) -> Access:
    """The truth that can_read and can_write tell (TAXII 2.1 section 5.2.1)."""
    return Access(
        collection,
        can_read=decide.can_read(principal, collection.readers),
        can_write=decide.can_write(principal, collection.writers),
    )


def visible(access: Access) -> bool:
    """Whether the caller may know that a collection exists."""
    return access.can_read or access.can_write


def visible_in(call: Call, db: sqlite3.Connection, root: str) -> list[Access]:
    """Every collection of an API root that the caller may know of, in their fixed order."""
    found = (access_to(call.principal, one) for one in collections.all_collections(db) if one.api_root == root)
    return [access for access in found if visible(access)]


def all_visible(call: Call, db: sqlite3.Connection) -> list[Access]:
    """Every collection of the root in the path that the caller may know of."""
    return visible_in(call, db, call.root.name)


def anything_visible(call: Call, db: sqlite3.Connection) -> bool:
    """Whether any collection of the exchange is there for the caller."""
    return any(visible(access_to(call.principal, one)) for one in collections.all_collections(db))


def absent(principal: Principal) -> Refusal:
    """The answer for what is not there, or not for this caller: a stranger is asked to log in,
    whether or not there is something."""
    return unauthorized() if principal.anonymous else not_found()


def lacking(principal: Principal, description: str) -> Refusal:
    """The answer for something the caller may know of but not do; a stranger may log in and try."""
    return unauthorized() if principal.anonymous else forbidden(description)


def require_root(call: Call, db: sqlite3.Connection) -> None:
    """A stranger may read about a root only while something in it is public, and a further root is there only for
    those who may use something in it. Accounts may always read about the first one."""
    if (call.principal.anonymous or call.root.name != FIRST) and not all_visible(call, db):
        raise absent(call.principal)


def find(call: Call, db: sqlite3.Connection) -> Access:
    """The collection named in the path, if the caller may know of it; else the answer for absence."""
    collection = collections.by_id_or_alias(db, call.path["collection"])
    if collection is None or collection.api_root != call.root.name:
        raise absent(call.principal)
    access = access_to(call.principal, collection)
    if not visible(access):
        raise absent(call.principal)
    return access


def find_readable(call: Call, db: sqlite3.Connection) -> Collection:
    """The collection named in the path for reading: 403 when the caller may only write."""
    access = find(call, db)
    if not access.can_read:
        raise lacking(call.principal, "This account may not read this collection.")
    return access.collection


def find_writable(call: Call, db: sqlite3.Connection) -> Collection:
    """The collection named in the path for adding: 403 when the caller may only read."""
    access = find(call, db)
    if not access.can_write:
        raise lacking(call.principal, "This account may not write to this collection.")
    return access.collection


def find_deletable(call: Call, db: sqlite3.Connection) -> Collection:
    """The collection named in the path for deleting: 403 unless the caller may read and write
    (the table of TAXII 2.1 section 5.7)."""
    access = find(call, db)
    if not (access.can_read and access.can_write):
        raise lacking(call.principal, "Deleting needs reading and writing in this collection.")
    return access.collection


def readable_audiences(call: Call, db: sqlite3.Connection) -> tuple[int, ...] | None:
    """The audiences the caller belongs to; None means that everything is visible."""
    return decide.readable_audiences(call.principal, items.audiences(db))
