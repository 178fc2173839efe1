"""Exchanges that do not notice that somebody is no member, or no longer one."""

from __future__ import annotations

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant


@mutant("ISAO-MEM-005", size="subtle")
def a_former_member_still_reads_the_manifest(fault: Fault) -> None:
    """Standing is looked up on every path but one."""

    async def forgetful(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("member-b")))

    fault.around(lambda seen: seen.principal == "ex-member" and on("manifest")(seen), forgetful)


@mutant(
    "ISAO-MEM-005",
    also={"ISAO-MEM-014": "an account that is let in at all may contribute wherever members may"},
)
def standing_is_never_looked_up(fault: Fault) -> None:
    """A right password is enough, whatever became of the membership."""
    fault.replace("isao_reference.auth.in_good_standing", lambda account: True)


@mutant("ISAO-MEM-014", size="subtle")
def a_former_member_still_contributes(fault: Fault) -> None:
    """Standing is looked up for reading only."""

    async def forgetful(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("member-b")))

    fault.around(lambda seen: seen.principal == "ex-member" and seen.method == "POST", forgetful)


@mutant("ISAO-MEM-015", size="subtle")
def a_stranger_reads_the_manifest_of_the_members(fault: Fault) -> None:
    """The objects ask for an account, the list of their ids and dates does not."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("member-b")))

    fault.around(lambda seen: seen.principal == "" and on("manifest")(seen), careless)
