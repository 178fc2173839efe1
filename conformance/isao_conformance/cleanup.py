"""Removes what a run created, and says what could not be removed. Touches nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from isao_conformance.creations import Created
from isao_conformance.errors import Untestable
from isao_conformance.evidence import Conduit
from isao_conformance.limits import LIMITS
from isao_conformance.session import Session
from isao_conformance.target import Target


@dataclass(frozen=True)
class Leftover:
    """A created object that may still be there, and why."""

    created: Created
    why: str


def remove(target: Target, conduit: Conduit, created: Iterable[Created]) -> list[Leftover]:
    """Delete each object as the actor that created it (TAXII 2.1, 5.7); returns what may be left, in order.

    Where the operator does not allow deletion nothing is sent and everything is listed.
    """
    listed = list(created)
    if not target.may_delete:
        return [Leftover(item, "the target file does not say may_delete = true") for item in listed]
    with ThreadPoolExecutor(LIMITS.threads) as pool:
        reasons = list(pool.map(lambda pair: _remove(target, conduit, *pair), enumerate(listed)))
    return [Leftover(item, why) for item, why in zip(listed, reasons, strict=True) if why]


def _remove(target: Target, conduit: Conduit, number: int, item: Created) -> str:
    actor = target.actors.get(item.actor)
    if actor is None:
        return f"the target file has no [actors.{item.actor}]"
    session = Session(conduit, f"cleanup_{number:05}", actor, target.origins)
    try:
        answer = session.delete(item.collection, item.id)
        if answer.status == 404:
            return ""  # refused when it was posted, or deleted by its probe
        if answer.status != 200:
            return f"DELETE answered {answer.status}"
        left = session.object(item.collection, item.id, match_version="all")
        # One server deletes only the latest version a request (5.7 is contested): ask until none is left.
        for _ in range(10):
            if left.status != 200 or not left.objects:
                return ""
            if session.delete(item.collection, item.id).status != 200:
                break
            left = session.object(item.collection, item.id, match_version="all")
    except Untestable as fault:
        return fault.why
    return "it still answers after DELETE"
