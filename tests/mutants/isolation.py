"""Exchanges on which what is hidden shows by something else."""

from __future__ import annotations

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant


@mutant("ISAO-SEC-003", size="subtle")
def a_header_counts_all_objects_for_everybody(fault: Fault) -> None:
    """The bodies are clean; a courtesy header counts what the reader may not see."""
    count = 0

    async def counting(seen: Seen, forward: Forward) -> Reply:
        nonlocal count
        reply = await forward(seen)
        count += len(seen.posted) if reply.status == 202 else 0
        return reply

    fault.around(lambda seen: seen.method == "POST", counting)
    fault.change_answers(on("collections"), lambda _, reply: reply.with_header("X-Exchange-Objects", str(count)))
