"""GET .../manifest/ (TAXII 2.1 section 5.3)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.taxii import access, pages
from isao_reference.wire import filters, resources


def get_manifest(call: Call) -> Answer:
    """One record for each version that Get Objects would return for the same query."""
    wanted = filters.parse(call.query, filters.MANIFEST)
    with call.store.reading() as db:
        collection = access.find_readable(call, db)
        query = pages.query_for(call, db, collection, wanted)
        page = pages.fetch(call, db, collection, "manifest", wanted, query, with_body=False)
    call.draft.give(row.object_id for row in page.rows)
    records = [
        resources.manifest_record(row.object_id, row.date_added, row.version, row.spec_version) for row in page.rows
    ]
    return Answer(
        resources.encode(resources.page("objects", records, page.next_token)),
        headers=pages.date_headers(page.rows),
    )
