"""Public documents: the capability document, security.txt (RFC 9116) and policies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

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
    """GET /.well-known/isao.json: as it was published, but that a protection whose day has come is not in force."""
    stored = document(call, documents.CAPABILITY)
    told = json.loads(stored.body)
    if not lapse(told.get("protections", ()), call.settings.clock().date()):
        return stored
    return Answer(json.dumps(told, ensure_ascii=False).encode(), media_type=stored.media_type)


def lapse(protections: Iterable[dict[str, Any]], today: date) -> bool:
    """Takes `in_force` from the legal protections that have lapsed by a day; whether there are any (ISAO-GOV-017)."""
    now = today.isoformat()
    over = [one for one in protections if one.get("in_force") and one.get("lapses", "9999-12-31") <= now]
    for one in over:
        one["in_force"] = False
    return bool(over)


def get_security_txt(call: Call) -> Answer:
    """GET /.well-known/security.txt."""
    return document(call, "security.txt")


def get_policy(call: Call) -> Answer:
    """GET /policies/NAME."""
    return document(call, f"policies/{call.path['name']}")
