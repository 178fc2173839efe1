"""POST .../objects/ (TAXII 2.1 section 5.5)."""

from __future__ import annotations

from collections.abc import Sequence

from isao_reference import limits
from isao_reference.call import Answer, Call
from isao_reference.errors import bad_request, unauthorized, unprocessable
from isao_reference.functions import review_desk
from isao_reference.policy.audience import Contributor
from isao_reference.policy.principal import Principal
from isao_reference.store import documents
from isao_reference.taxii import access
from isao_reference.taxii.intake import Outcome
from isao_reference.wire import envelope, resources, timestamps
from isao_reference.wire.envelope import NotAnEnvelope, Submitted
from isao_reference.wire.json_reader import JsonFault


def read_envelope(body: bytes) -> list[Submitted]:
    """The posted objects: 400 for what is no strict JSON, 422 for what is no envelope."""
    try:
        return envelope.read(body)
    except JsonFault as fault:
        raise bad_request(str(fault)) from None
    except NotAnEnvelope as fault:
        raise unprocessable(str(fault)) from None


def contributor_of(principal: Principal) -> Contributor:
    """The posting account; a stranger cannot post."""
    if principal.account is None or principal.organization is None or principal.kind is None:
        raise unauthorized()
    return Contributor(principal.account, principal.organization, principal.kind)


def status_body(identifier: str, now: int, outcomes: Sequence[Outcome]) -> bytes:
    """The status that tells what became of each object."""
    lines = [(one, resources.status_details(one.id, one.version, one.why)) for one in outcomes]
    return resources.encode(
        resources.status(
            identifier,
            timestamps.format_micros(now),
            [line for one, line in lines if one.ok],
            [line for one, line in lines if not one.ok and not one.review],
            [line for one, line in lines if one.review],
        )
    )


def add_objects(call: Call) -> Answer:
    """Stores an envelope and its status in one transaction, and answers 202 only after both are
    on disk. What a privacy review finds is set aside. Repeating a request changes nothing."""
    contributor = contributor_of(call.principal)
    with call.store.reading() as db:
        access.find_writable(call, db)
    submitted = read_envelope(call.body)
    found = review_desk.look(submitted)
    now = timestamps.micros(call.settings.clock())
    identifier = call.settings.new_id()
    with call.store.writing() as db:
        collection = access.find_writable(call, db)
        outcomes = review_desk.receive(
            call.settings, db, collection, submitted, contributor, now, found, principal=call.principal
        )
        body = status_body(identifier, now, outcomes)
        documents.insert_status(db, identifier, call.root.name, contributor.account, now, body)
        review_desk.wait(db, identifier, outcomes)
        documents.forget_statuses(db, now - limits.STATUS_SECONDS * 1_000_000)
        taken = [one.id for one in outcomes if one.ok]
        call.draft.take(taken, refused=len(outcomes) - len(taken))
    return Answer(body, status=202)
