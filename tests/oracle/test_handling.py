"""The policy of the reference against a second implementation of docs/handling.md: they agree on every question.

The oracle (tests/oracle/handling, terms and readers) was written from the page and the standards, without a look at the
policy. A failure names the world, which `worlds` draws again.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.oracle.handling import lattice, readers, terms
from tests.oracle.handling.faults import FAULTS
from tests.oracle.handling.reference import difference, oracle_answers
from tests.oracle.handling.worlds import World, worlds

SEED = 20261122
BOUND = 20_000
"""Random questions within which every fault has to be found."""


def compare(cases: Iterable[tuple[str, World]]) -> int:
    """The number of questions on which policy and oracle agree; fails at the first on which they do not."""
    asked = 0
    for name, world in cases:
        found = difference(name, world)
        assert found is None, found
        asked += len(world.questions)
    return asked


def test_the_oracle_shares_no_code_with_the_reference() -> None:
    """What it imports of this repository at all is its own other module."""
    for module in (terms, readers):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        names = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
        assert {name.partition(".")[0] for name in names - {terms.__name__}} <= sys.stdlib_module_names


def test_both_agree_on_random_worlds() -> None:
    assert compare(worlds(SEED, 20_000)) == 20_000


def test_both_agree_on_every_way_to_a_label_and_every_single_statement_of_a_member() -> None:
    assert compare(lattice.by_label(["org-a"], every_map=False)) >= 8_672
    assert compare(lattice.by_statement(pairs=False, contributors=["org-a"], purposes=lattice.FEW)) >= 28_000


def test_random_worlds_are_often_read_and_often_not() -> None:
    """Neither side could agree by refusing or giving everything."""
    given = [answer for _, world in worlds(SEED, 4_000) for answer in oracle_answers(world)]
    assert 0.15 < sum(given) / len(given) < 0.85


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_policy_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[name](monkeypatch)
    with pytest.raises(AssertionError, match=r"the page says|not both"):
        compare(worlds(SEED, BOUND))


@pytest.mark.full
def test_both_agree_on_a_million_questions_about_random_worlds() -> None:
    assert compare(worlds(SEED + 1, 1_000_000)) == 1_000_000


@pytest.mark.full
def test_both_agree_on_the_whole_lattice() -> None:
    asked = compare(lattice.by_label())
    asked += compare(lattice.by_statement(pairs=False))
    for where in ("property", "collection", "source"):
        asked += compare(lattice.by_statement(pairs=False, contributors=["org-a"], purposes=lattice.FEW, where=where))
    asked += compare(lattice.by_statement(pairs=True, contributors=["org-a", "gov-a"], purposes=lattice.FEW))
    assert asked > 2_000_000
