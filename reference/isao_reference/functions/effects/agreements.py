"""Agreements: what is signed is exactly what is in force, and who has not signed by the day has no members' access."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from isao_reference import errors
from isao_reference.functions.moment import Moment
from isao_reference.store import documents, records
from isao_reference.wire import timestamps


def digest_of(document: Any) -> str:
    """SHA-256 of an agreement: of its JSON with sorted names and no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def state_its_digest(moment: Moment) -> None:
    """The digest that signatures repeat stands with the record; from the day that it names they are demanded."""
    moment.facts["sha256"] = digest_of(moment.record.document)
    accept_by = timestamps.rfc3339_micros(str(moment.record.document["accept_by"]))
    if accept_by is None:
        raise errors.invalid_document([("/accept_by", "is no moment in time")])
    documents.demand_agreement(moment.db, moment.record.id, accept_by)


def take_the_place_of_the_last(moment: Moment) -> None:
    """Another agreement in force is superseded by this one."""
    for other in records.in_states(moment.db, moment.contract.resource, ("in-force",)):
        moment.also.append((other, "supersede", None))


def the_signed_text_is_this_one(moment: Moment) -> None:
    """422 when the signature names another text than the one in force."""
    if (moment.document or {}).get("sha256") != moment.record.facts.get("sha256"):
        raise errors.invalid_document([("/sha256", "is not the digest of this agreement; read it again")])


def no_longer_demanded(moment: Moment) -> None:
    """Nobody is asked to sign what is out of force."""
    documents.withdraw_demand(moment.db, moment.record.id)
