"""Exchanges on which what is hidden shows by something else."""

from __future__ import annotations

from typing import Any

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant


@mutant("ISAO-SEC-003", size="subtle")
def a_header_counts_all_objects_for_everybody(fault: Fault) -> None:
    """The bodies are clean; a courtesy header counts what the reader may not see."""
    taken = _objects_taken(fault)
    fault.change_answers(on("collections"), lambda _, reply: reply.with_header("X-Exchange-Objects", str(sum(taken))))


@mutant(
    "ISAO-SEC-003",
    size="gross",
    also={"TAXII-4.3-5": "A status that names hidden items to others is shown to others."},
)
def whoever_knows_its_id_reads_the_status_of_a_contribution(fault: Fault) -> None:
    """A status is nobody's in particular: it names all that was contributed, to everybody who asks for it."""
    owners: dict[str, str] = {}

    async def owned(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 202 and seen.authorization is not None:
            owners[str(reply.json.get("id"))] = seen.authorization
        return reply

    async def open_to_all(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return reply if reply.ok or seen.status not in owners else await forward(seen.by(owners[seen.status]))

    fault.around(on("objects", method="POST"), owned)
    fault.around(lambda seen: on("status")(seen) and seen.principal in ("member-b", "peer"), open_to_all)


@mutant("ISAO-SEC-003", size="subtle")
def a_cursor_tells_how_much_there_is(fault: Fault) -> None:
    """The place in the list that a cursor stands for is counted over everything, for whomever it is made."""
    taken = _objects_taken(fault)

    async def numbered(seen: Seen, forward: Forward) -> Reply:
        cursor = seen.value("next")
        reply = await forward(seen if cursor is None else seen.asking(next=cursor.partition("~")[0]))
        return reply.rewritten(tell) if reply.ok and reply.json.get("next") else reply

    def tell(page: dict[str, Any]) -> None:
        page["next"] = f"{page['next']}~{sum(taken)}"

    fault.around(lambda seen: on("objects")(seen) and seen.principal == "peer", numbered)


def _objects_taken(fault: Fault) -> list[int]:
    """How many objects each contribution brought, growing while the exchange runs."""
    taken: list[int] = []

    async def counting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 202:
            taken.append(len(seen.posted))
        return reply

    fault.around(on("objects", method="POST"), counting)
    return taken
