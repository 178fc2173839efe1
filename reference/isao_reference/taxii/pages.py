"""What the four paged endpoints share: size, cursor, and the two date headers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from isao_reference.call import Call
from isao_reference.store import selection
from isao_reference.store.collections import Collection
from isao_reference.store.selection import Query, Row
from isao_reference.taxii import access
from isao_reference.wire import cursor, filters, timestamps
from isao_reference.wire.filters import Filters


@dataclass(frozen=True)
class Page:
    """The rows of one answer and the token of the next one, None on the last page."""

    rows: list[Row]
    next_token: str | None


def page_size(call: Call, asked: int | None) -> int:
    """How many rows a page holds: what was asked, up to the server's cap (TAXII 2.1 section 3.4)."""
    if asked is None:
        return call.settings.page_limit
    return min(asked, call.settings.page_limit_max)


def bound_to(call: Call, collection: Collection, endpoint: str, wanted: Filters) -> bytes:
    """What a cursor of this request is sealed to; not to limit, which may change on the way."""
    return cursor.context(call.principal.account, collection.id, endpoint, filters.fingerprint(wanted))


def query_for(call: Call, db: sqlite3.Connection, collection: Collection, wanted: Filters) -> Query:
    """The selection this caller's filters mean."""
    return selection.from_filters(collection.key, access.readable_audiences(call, db), wanted)


def fetch(
    call: Call,
    db: sqlite3.Connection,
    collection: Collection,
    endpoint: str,
    wanted: Filters,
    query: Query,
    *,
    with_body: bool,
) -> Page:
    """One page. One row more than a page is looked for: `more` is decided by visible rows only."""
    binding = bound_to(call, collection, endpoint, wanted)
    if wanted.next is not None:
        query = replace(query, after=cursor.redeem(call.store.cursor_key, binding, wanted.next))
    size = page_size(call, wanted.limit)
    rows = selection.select(db, query, size + 1, with_body=with_body)
    if len(rows) <= size:
        return Page(rows, None)
    kept = rows[:size]
    return Page(kept, cursor.issue(call.store.cursor_key, binding, kept[-1].date_added))


def date_headers(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """X-TAXII-Date-Added-First and -Last of the rows of this answer (TAXII 2.1 section 3.2); none
    when there are no rows, because there is no such date."""
    if not rows:
        return ()
    return (
        ("X-TAXII-Date-Added-First", timestamps.format_micros(rows[0].date_added)),
        ("X-TAXII-Date-Added-Last", timestamps.format_micros(rows[-1].date_added)),
    )
