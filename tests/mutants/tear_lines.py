"""Exchanges that lead readers of a short version to the full one."""

from __future__ import annotations

from typing import Any, cast

from isao_reference.policy import marking
from isao_reference.policy.marking import Restriction
from isao_reference.taxii import intake
from isao_reference.taxii.integrity import Guard
from tests.support.mutation import Fault, mutant


@mutant("ISAO-MRK-021", size="gross")
def a_link_goes_as_far_as_its_own_label(fault: Fault) -> None:
    """What it leads to is not looked at."""
    fault.replace("isao_reference.policy.marking.joined", lambda own, _: own)


@mutant("ISAO-MRK-021", size="subtle")
def a_link_is_shortened_only_beside_what_it_leads_to(fault: Fault) -> None:
    """The full version is looked for in the same envelope, and nobody thinks of one that came before."""
    original = intake.restrictions_for

    def careless(given: Any, definitions: Any, default: str, collection: Any, guard: Any) -> list[Restriction]:
        class Forgetful:
            def restrictions_seen(self, ids: Any) -> dict[str, list[Restriction]]:
                return {}

        return original(given, definitions, default, collection, cast(Guard, Forgetful()))

    fault.replace("isao_reference.taxii.intake.restrictions_for", careless)


@mutant("ISAO-MRK-021", size="subtle")
def strict_counts_for_a_link_as_if_it_was_not_there(fault: Fault) -> None:
    """The levels have a number in a table for links, and AMBER+STRICT is not in it."""
    original = marking.joined

    def careless(own: Restriction, sources: Any) -> Restriction:
        return original(own, [one for one in sources if one.label != "amber+strict"])

    fault.replace("isao_reference.policy.marking.joined", careless)
