"""GET /{api-root}/collections/ and /{api-root}/collections/{id}/ (TAXII 2.1 sections 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

from isao_reference.call import Answer, Call
from isao_reference.taxii import access
from isao_reference.taxii.access import Access
from isao_reference.wire import resources


def describe(found: Access) -> dict[str, Any]:
    """One collection as this caller may use it; the same in the list and alone."""
    collection = found.collection
    return resources.collection(
        collection.id,
        collection.title,
        collection.description,
        collection.alias,
        can_read=found.can_read,
        can_write=found.can_write,
        types=collection.media_types,
    )


def get_collections(call: Call) -> Answer:
    """Every collection the caller may read or write, in a fixed order."""
    with call.store.reading() as db:
        access.require_root(call, db)
        found = access.all_visible(call, db)
    return Answer(resources.encode(resources.collections([describe(one) for one in found])))


def get_collection(call: Call) -> Answer:
    """One collection by id or alias."""
    with call.store.reading() as db:
        found = access.find(call, db)
    return Answer(resources.encode(describe(found)))
