"""DELETE .../objects/{object-id}/ (TAXII 2.1 section 5.7)."""

from __future__ import annotations

from isao_reference.call import Answer, Call
from isao_reference.errors import forbidden, not_found
from isao_reference.policy import decide
from isao_reference.store import deletions, items, revocations, selection
from isao_reference.store.selection import Query
from isao_reference.taxii import access
from isao_reference.wire import filters, timestamps


def delete_object(call: Call) -> Answer:
    """Removes what the caller's organization contributed among the versions asked for (all of
    them without a filter). What others contributed stays: 403 if that is all there is to see,
    404 if there is nothing to see. What was revoked is deleted as a whole or not at all. For some
    days an operator can bring back what was deleted."""
    wanted = filters.parse(call.query, filters.DELETE)
    with call.store.writing() as db:
        collection = access.find_deletable(call, db)
        query = Query(
            collection=collection.key,
            audiences=access.readable_audiences(call, db),
            ids=(call.path["object"],),
            versions=wanted.versions or filters.EVERY,
            spec_versions=wanted.spec_versions,
            repeated=True,
        )
        rows = selection.select(db, query, -1)
        if not rows:
            raise not_found()
        own = [row.key for row in rows if decide.may_delete(call.principal, row.organization)]
        if not own:
            raise forbidden("Only the organization that contributed this object may delete it.")
        if revocations.left_alone(db, own):
            raise forbidden("This would take back a revocation. Delete the object in all versions instead.")
        deletions.keep(db, own, str(call.principal.account), timestamps.micros(call.settings.clock()))
        items.delete_items(db, own)
        call.draft.take([row.object_id for row in rows if row.key in own])
    return Answer(b"")
