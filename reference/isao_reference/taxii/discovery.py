"""GET /taxii2/ (TAXII 2.1 section 4.1)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.errors import unauthorized
from isao_reference.store import api_roots
from isao_reference.taxii import access
from isao_reference.wire import resources


def get_discovery(call: Call) -> Answer:
    """The server and those API roots that hold something for the caller; a stranger is asked to log in while
    nothing is public."""
    with call.store.reading() as db:
        if call.principal.anonymous and not access.anything_visible(call, db):
            raise unauthorized()
        roots = [call.root, *(r for r in api_roots.further_api_roots(db) if access.visible_in(call, db, r.name))]
    settings, urls = call.settings, [_address(call, root.path) for root in roots]
    return Answer(resources.encode(resources.discovery(settings.title, settings.description, settings.contact, urls)))


def _address(call: Call, path: str) -> str:
    """An absolute URL, since not every client resolves a relative one; absolute URLs have to be https (4.1.1)."""
    public = call.settings.public_url.rstrip("/")
    return public + path if public.startswith("https://") else path
