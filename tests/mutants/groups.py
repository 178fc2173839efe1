"""Exchanges in which what is for a circle goes beyond it, or never gets there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isao_reference.policy import handling
from isao_reference.policy.handling import Handling
from isao_reference.store import parties
from tests.support.mutation import Fault, mutant


@mutant("ISAO-MEM-009", size="gross")
def a_group_is_the_whole_membership(fault: Fault) -> None:
    """Whoever addresses a circle addresses all members."""
    original = handling.of_marking

    def careless(value: Any) -> Handling | None:
        said = original(value)
        if said is None or said.addressed is None:
            return said
        return replace(said, addressed=frozenset("members" if a.startswith("group:") else a for a in said.addressed))

    fault.replace("isao_reference.policy.handling.of_marking", careless)


@mutant("ISAO-MEM-009", size="subtle")
def who_is_in_one_group_is_in_those_of_its_companions(fault: Fault) -> None:
    """Groups that share a member are taken for one, because the tables are joined once too often."""
    original = parties.groups_of

    def careless(db: Any, organization: str) -> frozenset[str]:
        own = original(db, organization)
        several = parties.all_groups(db).items()
        companions = {one for name, members in several if name in own for one in members}
        return own | {name for name, members in several if companions & set(members)}

    fault.replace("isao_reference.store.parties.groups_of", careless)


@mutant("ISAO-MEM-009", size="subtle")
def groups_are_for_members_only(fault: Fault) -> None:
    """A partner that was put into a circle is given nothing of it."""
    original = parties.groups_of

    def careless(db: Any, organization: str) -> frozenset[str]:
        return original(db, organization) if parties.organization_kind(db, organization) == "member" else frozenset()

    fault.replace("isao_reference.store.parties.groups_of", careless)
