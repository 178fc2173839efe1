"""Every fault turns exactly the rows red that its mutant declares, and nothing else.

The push lane judges each mutant by its own rows and by all watchers; `full` by both profiles, as the kill matrix.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from isao_conformance.runner import Judged
from isao_conformance.verdict import Outcome
from isao_spec import load
from isao_spec.model import VerifiedBy
from tests.support.mutation import RED, Fault, Mutant, all_mutants, run_rows

# Their probes visit every endpoint, errors on purpose and an object that is gone, for the watchers to look at.
TRAFFIC = ("TAXII-3.1-9", "TAXII-3.1-7", "TAXII-5.7-2")
PROFILES = ("taxii-server", "exchange")
MUTANTS = all_mutants()


def watched() -> list[str]:
    """The rows that watchers judge."""
    return [row.id for row in load().requirements.values() if row.verification.by is VerifiedBy.WATCHER]


def profile_rows(entry: Mutant | None) -> list[str]:
    """The rows of both profiles, and those the mutant names from another one."""
    return [*(row.id for row in load().in_profiles(PROFILES)), *(entry.declared if entry else ())]


def rows_with(judged: Mapping[str, Judged], *outcomes: Outcome) -> dict[str, str]:
    """The rows with these outcomes, each with what was seen, for people to read when a test fails."""
    return {
        row: "; ".join(f"{c.outcome}: {c.name}: {c.got}" for c in found.checks if c.outcome in outcomes) or found.reason
        for row, found in judged.items()
        if found.outcome in outcomes
    }


def check_exactly_the_declared_are_red(entry: Mutant, judged: Mapping[str, Judged]) -> None:
    assert rows_with(judged, Outcome.ERROR) == {}
    red = rows_with(judged, *RED)
    survived = {row: f"{judged[row].outcome}: {judged[row].reason}" for row in entry.declared - red.keys()}
    undeclared = {row: seen for row, seen in red.items() if row not in entry.declared}
    assert survived == {}, f"{entry.name} is not seen; also red: {undeclared}"
    assert undeclared == {}, f"{entry.name} turns more red than it declares"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_turns_its_own_rows_red_and_no_watcher_else(name: str) -> None:
    entry = MUTANTS[name]
    rows = [*sorted(entry.declared), *watched(), *entry.traffic, *TRAFFIC]
    check_exactly_the_declared_are_red(entry, run_rows(entry, rows))


@pytest.mark.full
def test_the_exchange_without_a_fault_is_all_green() -> None:
    judged = run_rows(None, profile_rows(None))
    assert rows_with(judged, Outcome.ERROR, *RED, Outcome.UNTESTABLE) == {}
    assert {found.outcome for found in judged.values()} == {Outcome.PASS}


@pytest.mark.full
@pytest.mark.parametrize("name", MUTANTS)
def test_of_both_profiles_exactly_the_declared_rows_turn_red(name: str) -> None:
    entry = MUTANTS[name]
    check_exactly_the_declared_are_red(entry, run_rows(entry, profile_rows(entry)))


def test_a_fault_that_is_not_declared_is_told() -> None:
    def half_declared(fault: Fault) -> None:
        MUTANTS["no_versions_are_an_empty_list"].inject(fault)

    entry = Mutant("half_declared", "TAXII-5.8.1-1", "gross", {}, (), half_declared)
    judged = run_rows(entry, ["TAXII-5.8.1-1", *watched(), *TRAFFIC])
    with pytest.raises(AssertionError, match="more red than it declares"):
        check_exactly_the_declared_are_red(entry, judged)


def test_a_mutant_without_a_fault_survives_and_is_told() -> None:
    entry = Mutant("nothing_wrong", "TAXII-4.2.1-1", "gross", {}, (), lambda _fault: None)
    judged = run_rows(entry, ["TAXII-4.2.1-1", *watched(), *TRAFFIC])
    with pytest.raises(AssertionError, match="is not seen"):
        check_exactly_the_declared_are_red(entry, judged)


def test_a_name_that_is_not_there_cannot_be_replaced_and_what_was_replaced_comes_back() -> None:
    from isao_reference.wire import filters

    fault, original = Fault(), filters.parse_limit
    with pytest.raises(AttributeError, match="parse_limits"):
        fault.replace("isao_reference.wire.filters.parse_limits", int)
    with fault.undo:
        fault.replace("isao_reference.wire.filters.parse_limit", int)
        assert filters.parse_limit is int
    assert filters.parse_limit is original


def test_every_taxii_row_that_the_harness_judges_has_a_mutant() -> None:
    """Rows of SHOULD too: a probe that cannot warn says nothing. (A rule of tests/meta asks it of every MUST.)"""
    judged = {row.id for row in load().requirements.values() if row.verification.by.automatic}
    broken = {entry.breaks for entry in MUTANTS.values()}
    assert [row for row in sorted(judged - broken) if row.startswith("TAXII")] == []
