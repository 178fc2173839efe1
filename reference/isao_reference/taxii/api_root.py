"""GET /{api-root}/ (TAXII 2.1 section 4.2)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.taxii import access
from isao_reference.wire import resources


def get_api_root(call: Call) -> Answer:
    """Title, TAXII versions and the largest body the root takes."""
    with call.store.reading() as db:
        access.require_root(call, db)
    root = call.root
    return Answer(resources.encode(resources.api_root(root.title, root.description, root.max_content_length)))
