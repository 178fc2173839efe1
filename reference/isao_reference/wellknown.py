"""Public documents: the capability document, security.txt (RFC 9116) and policies."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.errors import not_found
from isao_reference.store import documents


def document(call: Call, name: str) -> Answer:
    """A stored document as it was stored, else 404."""
    with call.store.reading() as db:
        found = documents.get_document(db, name)
    if found is None:
        raise not_found()
    return Answer(found[1], media_type=found[0])


def get_capability_document(call: Call) -> Answer:
    """GET /.well-known/isao.json."""
    return document(call, documents.CAPABILITY)


def get_security_txt(call: Call) -> Answer:
    """GET /.well-known/security.txt."""
    return document(call, "security.txt")


def get_policy(call: Call) -> Answer:
    """GET /policies/NAME."""
    return document(call, f"policies/{call.path['name']}")
