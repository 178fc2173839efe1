"""GET /{api-root}/ (TAXII 2.1 section 4.2)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.taxii import access
from isao_reference.wire import resources


def get_api_root(call: Call) -> Answer:
    """Title, TAXII versions and the largest body the exchange takes."""
    with call.store.reading() as db:
        access.require_anything_public(call, db)
    settings = call.settings
    return Answer(
        resources.encode(resources.api_root(settings.title, settings.description, settings.max_content_length))
    )
