"""Privacy reviews: what is certain is settled at once, the rest as a person decides; nothing found is kept for longer
than it is needed, and no log holds it."""

from __future__ import annotations

import json
from typing import Any

from isao_reference import errors
from isao_reference.content import privacy
from isao_reference.content.privacy import Found
from isao_reference.functions import minimising, publishing
from isao_reference.functions.moment import Moment
from isao_reference.store import collections, documents, reviewed
from isao_reference.store.collections import Collection
from isao_reference.taxii import intake
from isao_reference.wire import json_reader, resources
from isao_reference.wire.envelope import Submitted

BY_RULE = "Found with certainty by the rules that the findings name."


def minimise_what_is_certain(moment: Moment) -> None:
    """Where no finding is left for a person to judge and its copy is published, the exchange decides itself."""
    if moment.facts.get("published"):
        moment.then = ("minimise", {"reason": BY_RULE})


def the_reason_names_no_values(moment: Moment) -> None:
    """422 for a reason that holds what it was taken for: reasons are kept, and read by the contributor."""
    said = str((moment.document or {}).get("reason", ""))
    found = [one for one in privacy.review([{"type": "note", "id": "", "content": said}]) if one.certain]
    if found:
        raise errors.invalid_document([("/reason", f"holds personal information itself ({found[0].rule})")])


def publish_the_original(moment: Moment) -> None:
    """The object as it was contributed, by who contributed it; 409 where the collection takes it no longer."""
    body = _original(moment)
    outcome = intake.take(
        moment.db, _collection(moment), [Submitted(body, json_reader.read(body))], moment.contributor(), moment.now
    )[0]
    if not outcome.ok:
        raise errors.Refusal(409, "Not published", outcome.why)
    moment.facts["published"] = [outcome.id]
    reviewed.set_copy(moment.db, moment.record.id, "")
    forget_the_original(moment)


def publish_a_minimised_copy(moment: Moment) -> None:
    """A copy without the findings that the decision does not keep, and without the properties that it removes. What was
    certain was published with the rest of its envelope."""
    if moment.facts.get("published"):
        return
    value, decision = json_reader.read(_original(moment)), moment.document or {}
    found = minimising.found_again(moment.facts["staff"]["found"])
    keep = decision.get("keep", [])
    faults = [(f"/keep/{place}", "is no finding") for place, one in enumerate(keep) if one >= len(found)]
    left_out = [one for place, one in enumerate(found) if place not in keep]
    for place, pointer in enumerate(decision.get("remove", ())):
        whole = _whole(value, str(pointer))
        if whole is None:
            faults.append((f"/remove/{place}", "is no text of the object"))
        else:
            left_out = [*(one for one in left_out if one.path != whole.path), whole]
    if faults:
        raise errors.invalid_document(faults)
    if not any(one.path for one in left_out):
        raise errors.invalid_document([("", "nothing is left out by this; release it, or name what to remove")])
    _publish_copy(moment, value, left_out)


def _publish_copy(moment: Moment, value: dict[str, Any], left_out: list[Found]) -> None:
    contributor, collection = moment.contributor(), _collection(moment)
    original = str(value["id"])
    follow = {original: minimising.new_id(moment.db, contributor, collection, original)}
    made = minimising.copy_of(moment.db, contributor, collection, value, left_out, follow, moment.now)
    _, default = documents.policy_settings(moment.db)
    publishing.introduce(moment, collection, publishing.own_label(made) or default)
    sent = Submitted(resources.encode(made), made)
    outcome = intake.take(moment.db, collection, [sent], contributor, moment.now, guarded=False)[0]
    if not outcome.ok:
        raise errors.Refusal(409, "Not published", f"Without it the object is not valid: {outcome.why}")
    moment.facts["published"] = [outcome.id]
    reviewed.set_copy(moment.db, moment.record.id, outcome.id)


def revoke_the_copy(moment: Moment) -> None:
    """What stood for the object is revoked. 409 where the object is not kept any more."""
    _original(moment)
    for one in moment.record.facts.get("published", ()):
        publishing.revoke(moment, one, moment.record.organization)


def forget_the_original(moment: Moment) -> None:
    """The object as it was contributed, and where in it what was found, are kept no longer."""
    moment.facts.pop("staff", None)


def say_that_it_is_overdue(moment: Moment) -> None:
    """Whoever reads the record sees that nobody has decided in time."""
    moment.facts["overdue"] = True


def settle_the_statuses(moment: Moment) -> None:
    """Every status that waited for this decision says what became of the object."""
    document, failure = moment.record.document, None
    if moment.step.to == "minimised":
        copy = moment.facts["published"][0]
        failure = f"Not added as it was sent: a copy was added as {copy}; see the review {moment.record.id}."
    elif moment.step.to == "refused":
        failure = f"Not added: it was reviewed and refused; see the review {moment.record.id}."
    for status in reviewed.decided(moment.db, moment.record.id):
        before = documents.status_body(moment.db, status)
        if before is not None:
            after = resources.status_decided(json.loads(before), document["object"], document["version"], failure)
            documents.update_status(moment.db, status, moment.now, resources.encode(after))
    moment.facts.pop("overdue", None)


def _original(moment: Moment) -> bytes:
    kept = moment.record.facts.get("staff", {}).get("original")
    if kept is None:
        raise errors.Refusal(409, "Not kept", "The object as it was contributed is not kept any more.")
    return str(kept).encode()


def _collection(moment: Moment) -> Collection:
    found = collections.by_id_or_alias(moment.db, str(moment.record.document["collection"]))
    if found is None:
        raise errors.Refusal(409, "No collection", "The collection that it was contributed to is not there any more.")
    return found


def _whole(value: Any, pointer: str) -> Found | None:
    """A finding that covers all of the text at a pointer; None where there is no text."""
    path: list[str | int] = []
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            path.append(name)
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(value):
            place = int(name[:9])
            path.append(place)
            value = value[place]
        else:
            return None
    return Found(0, "", tuple(path), 0, len(value), "decision", True) if isinstance(value, str) else None
