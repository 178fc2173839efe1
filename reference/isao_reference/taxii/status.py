"""GET /{api-root}/status/{status-id}/ (TAXII 2.1 section 4.3)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.policy import decide
from isao_reference.store import documents
from isao_reference.taxii import access


def get_status(call: Call) -> Answer:
    """The status of a request this very account made; anybody else's is as absent."""
    with call.store.reading() as db:
        found = documents.get_status(db, call.root.name, call.path["status"])
    if found is None or not decide.may_see_status(call.principal, found[0]):
        raise access.absent(call.principal)
    return Answer(found[1])
