"""GET .../objects/ (TAXII 2.1 section 5.4)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.functions import ledger
from isao_reference.taxii import access, pages
from isao_reference.wire import envelope, filters


def get_objects(call: Call) -> Answer:
    """A page of objects as the very bytes that were accepted; nothing to return is an empty
    envelope."""
    wanted = filters.parse(call.query, filters.OBJECTS)
    with call.store.reading() as db:
        collection = access.find_readable(call, db)
        query = pages.query_for(call, db, collection, wanted)
        page = pages.fetch(call, db, collection, "objects", wanted, query, with_body=True)
    call.draft.give(row.object_id for row in page.rows)
    ledger.note_items(call, ((row.object_id, row.organization) for row in page.rows))
    return Answer(
        envelope.write((row.body for row in page.rows), page.next_token),
        headers=pages.date_headers(page.rows),
    )
