"""GET .../objects/{object-id}/versions/ (TAXII 2.1 section 5.8)."""

from __future__ import annotations

from dataclasses import replace

from isao_reference.call import Answer, Call
from isao_reference.taxii import access, one_object, pages
from isao_reference.wire import filters, resources


def get_versions(call: Call) -> Answer:
    """Each visible version of one object once, in its own spelling, in the order of arrival."""
    wanted = filters.parse(call.query, filters.VERSIONS)
    object_id = call.path["object"]
    with call.store.reading() as db:
        collection = access.find_readable(call, db)
        query = replace(
            pages.query_for(call, db, collection, wanted),
            ids=(object_id,),
            versions=filters.EVERY,
            one_per_version=True,
        )
        one_object.require_any(db, query)
        endpoint = f"versions {object_id}"
        page = pages.fetch(call, db, collection, endpoint, wanted, query, with_body=False)
    versions = [row.version for row in page.rows]
    call.draft.count = len(versions)
    return Answer(
        resources.encode(resources.page("versions", versions, page.next_token)),
        headers=pages.date_headers(page.rows),
    )
