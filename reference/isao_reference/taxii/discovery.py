"""GET /taxii2/ (TAXII 2.1 section 4.1)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.settings import API_ROOT
from isao_reference.taxii import access
from isao_reference.wire import resources


def get_discovery(call: Call) -> Answer:
    """The server and its one API root, to accounts and, while anything is public, to everybody."""
    with call.store.reading() as db:
        access.require_anything_public(call, db)
    settings = call.settings
    return Answer(
        resources.encode(resources.discovery(settings.title, settings.description, settings.contact, [API_ROOT]))
    )
