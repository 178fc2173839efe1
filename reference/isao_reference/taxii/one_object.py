"""GET .../objects/{object-id}/ (TAXII 2.1 section 5.6)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from isao_reference.call import Answer, Call
from isao_reference.errors import not_found
from isao_reference.functions import ledger
from isao_reference.store import selection
from isao_reference.store.selection import Query
from isao_reference.taxii import access, pages
from isao_reference.wire import envelope, filters


def require_any(db: sqlite3.Connection, query: Query) -> None:
    """404 unless some version of the object is visible to the caller, whatever the filters: what
    is hidden answers as what is absent."""
    if not selection.exists(db, query):
        raise not_found()


def get_object(call: Call) -> Answer:
    """The wanted versions of one object; a known object none of whose versions fits is an empty
    envelope, an unknown one 404."""
    wanted = filters.parse(call.query, filters.OBJECT)
    object_id = call.path["object"]
    with call.store.reading() as db:
        collection = access.find_readable(call, db)
        query = replace(pages.query_for(call, db, collection, wanted), ids=(object_id,))
        require_any(db, query)
        endpoint = f"object {object_id}"
        page = pages.fetch(call, db, collection, endpoint, wanted, query, with_body=True)
    call.draft.give(row.object_id for row in page.rows)
    ledger.note_items(call, ((row.object_id, row.organization) for row in page.rows))
    return Answer(
        envelope.write((row.body for row in page.rows), page.next_token),
        headers=pages.date_headers(page.rows),
    )
