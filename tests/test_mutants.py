"""Every fault turns exactly the rows red that its mutant declares, and nothing else.

Here one mutant of each requirement, a subtle one where there is one, is judged by its own rows and by all watchers;
every mutant by both profiles in `make selftest`, which is a part of `make test-full`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from isao_conformance.runner import Judged
from isao_conformance.verdict import Outcome
from isao_spec import load
from tests.support import matrix
from tests.support.matrix import Killed, faults_of
from tests.support.mutation import Fault, Mutant, all_mutants, judge, run_rows
from tests.support.reach import recorded

MUTANTS = all_mutants()
ONE_OF_EACH = {entry.breaks: name for name, entry in sorted(MUTANTS.items(), key=lambda item: item[1].size)}


def check_exactly_the_declared_are_red(entry: Mutant, judged: Mapping[str, Judged]) -> None:
    assert faults_of(entry, judged) == ()


@pytest.mark.parametrize("name", ONE_OF_EACH.values())
def test_a_mutant_turns_its_own_rows_red_and_no_watcher_else(name: str) -> None:
    entry = MUTANTS[name]
    check_exactly_the_declared_are_red(entry, run_rows(entry, [*matrix.own_rows(entry), *matrix.watched()]))


def test_the_committed_matrix_holds_every_mutant_as_it_is_declared() -> None:
    lines = matrix.committed()
    assert lines.keys() == MUTANTS.keys()
    for name, line in lines.items():
        assert (line.breaks, line.size) == (MUTANTS[name].breaks, MUTANTS[name].size)
        assert line.red.keys() == MUTANTS[name].declared, name
        assert all(line.red.values()), name


def test_a_matrix_comes_back_as_it_was_written(tmp_path: Path) -> None:
    lines = [Killed("b", "R-2", "gross", {"R-2": ["x", "y"]}), Killed("a", "R-1", "subtle", {})]
    matrix.write(lines, tmp_path / "m")
    assert list(matrix.committed(tmp_path / "m").values()) == lines[::-1]


def test_a_fault_that_is_not_declared_is_told() -> None:
    def half_declared(fault: Fault) -> None:
        MUTANTS["no_versions_are_an_empty_list"].inject(fault)

    entry = Mutant("half_declared", "TAXII-5.8.1-1", "gross", {}, (), half_declared)
    judged = run_rows(entry, [*matrix.own_rows(entry), *matrix.watched()])
    with pytest.raises(AssertionError, match="undeclared TAXII-"):
        check_exactly_the_declared_are_red(entry, judged)


def test_a_mutant_without_a_fault_survives_and_is_told() -> None:
    entry = Mutant("nothing_wrong", "TAXII-4.2.1-1", "gross", {}, (), lambda _fault: None)
    judged = run_rows(entry, [*matrix.own_rows(entry), *matrix.watched()])
    with pytest.raises(AssertionError, match="survives in"):
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


def test_what_the_reference_remembers_of_a_fault_is_forgotten_with_it() -> None:
    run_rows(MUTANTS["who_has_left_is_let_in_as_before"], ["ISAO-MEM-005"])
    assert judge(None, ["ISAO-MEM-005"]) == {"ISAO-MEM-005": Outcome.PASS}


def test_a_fault_touches_the_requirements_whose_probes_reach_it_and_no_others() -> None:
    versions, manifest = "TAXII-5.8.1-1", "TAXII-5.3.1-1"
    reach = recorded([versions, manifest])
    assert {row: judged.outcome for row, judged in reach.judged.items()} == dict.fromkeys(reach.judged, Outcome.PASS)
    assert reach.touched(MUTANTS["versions_are_called_items"]) == {versions}
    assert reach.touched(MUTANTS["discovery_is_redirected_to_another_path"]) is None

    def lists_nothing(fault: Fault) -> None:
        fault.replace("isao_reference.taxii.manifest.get_manifest", lambda _: None)

    assert reach.touched(Mutant("lists_nothing", manifest, "gross", {}, (), lists_nothing)) == {manifest}
