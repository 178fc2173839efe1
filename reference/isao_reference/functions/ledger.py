"""The recipient ledger: which organization was given what, and when first. Written before the answer is sent."""

from __future__ import annotations

from collections.abc import Iterable

from isao_reference.call import Call
from isao_reference.policy import decide
from isao_reference.store import events
from isao_reference.wire import timestamps


def item(object_id: str, organization: str) -> str:
    """How the ledger names an object: by its id and who contributed it, for another contributor can use the same id,
    and taking back one's own must not reach those who were given the other's."""
    return f"{object_id} {organization}"


def note_items(call: Call, given: Iterable[tuple[str, str]]) -> None:
    """Writes down objects, each as (id, contributing organization), but for the caller's own."""
    note(call, [item(*one) for one in given if one[1] != call.principal.organization])


def note(call: Call, subjects: Iterable[str]) -> None:
    """Writes down what the caller's organization is about to be given for the first time: records by their
    ids, objects by `item`.

    Readers without an account are nobody's organization, the exchange's own staff is no recipient, and who asks with
    HEAD is given nothing.
    """
    principal = call.principal
    if principal.organization is None or decide.is_staff(principal) or call.method == "HEAD":
        return
    with call.store.reading() as db:
        fresh = events.undelivered(db, principal.organization, subjects)
    if fresh:
        now = timestamps.micros(call.settings.clock())
        with call.store.writing() as db:
            events.insert_deliveries(db, principal.organization, fresh, now)
