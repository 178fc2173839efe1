"""Removes what a run created, and says what could not be removed. Touches nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

from isao_conformance.creations import PUBLICATION, RECORD, Created
from isao_conformance.errors import Untestable
from isao_conformance.evidence import Conduit
from isao_conformance.limits import LIMITS
from isao_conformance.session import Session
from isao_conformance.target import Target

STAY = {
    RECORD: "records of the function API cannot be deleted",
    PUBLICATION: "the target published it for a record of the run, and takes it back with that",
}
"""Why nothing is sent to delete what is of these kinds."""


@dataclass(frozen=True)
class Leftover:
    """A created object that may still be there, and why."""

    created: Created
    why: str


def remove(target: Target, conduit: Conduit, created: Iterable[Created]) -> list[Leftover]:
    """Delete each object as the actor that created it (TAXII 2.1, 5.7); returns what may be left, in order.

    Where the operator does not allow deletion nothing is sent and everything is listed. So are records of the function
    API, which nobody can delete (probes end those whose lifecycle has an end), and what the target published for them:
    a target may answer with an object that was there before, and only it knows.
    """
    listed = list(created)
    if not target.may_delete:
        return [Leftover(item, "the target file does not say may_delete = true") for item in listed]
    with ThreadPoolExecutor(LIMITS.threads) as pool:
        reasons = list(pool.map(lambda pair: _remove(target, conduit, *pair), enumerate(listed)))
    return [Leftover(item, why) for item, why in zip(listed, reasons, strict=True) if why]


def _remove(target: Target, conduit: Conduit, number: int, item: Created) -> str:
    """Why it may be left, or nothing. The operator is asked where the creating actor is refused."""
    if item.kind in STAY:
        return STAY[item.kind]
    why = f"the target file has no [actors.{item.actor}]"
    ordinals = count(1)
    for name in dict.fromkeys((item.actor, "operator")):
        if name in target.actors:
            session = Session(conduit, f"cleanup_{number:05}", target.actors[name], target.origins, ordinals)
            why = _remove_as(session, item)
            if not why:
                break
    return why


def _remove_as(session: Session, item: Created) -> str:
    try:
        # A contested clause (5.7) lets a server delete one version a request: ask until none is left.
        for _ in range(10):
            answer = session.delete(item.collection, item.id)
            left = session.object(item.collection, item.id, match_version="all")
            if left.status == 404 or (left.status == 200 and not left.objects):
                return ""
            if answer.status != 200:
                return f"DELETE answered {answer.status}"
    except Untestable as fault:
        return fault.why
    return "it still answers after DELETE"
