"""Checks derived from contracts leave out what the lent accounts cannot do, and judge the rest all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from isao_conformance.creations import PUBLICATION, RECORD, Creations
from isao_conformance.evidence import Live, Redactor
from isao_conformance.runner import Judged, Plan, execute
from isao_conformance.target import origin_of
from isao_conformance.verdict import Outcome
from isao_spec import load
from tests.support.inprocess import InProcessWire
from tests.support.mutation import SEED, faulty_exchange

ROWS = tuple(row for row in load().requirements.values() if row.function == "functions")


def judged_with(folder: Path, lent: set[str], may_decide: bool) -> tuple[dict[str, Judged], Creations]:
    """The rows of the function API on the unharmed exchange, judged by these accounts only."""
    with faulty_exchange(None, folder) as (target, app):
        actors = {name: actor for name, actor in target.actors.items() if name in {*lent, "outsider"}}
        few = replace(target, actors=actors, may_decide=may_decide)
        wire, creations = InProcessWire(few.tls, app, origin_of(few.base_url)), Creations()
        try:
            run = execute(Plan(few, load(), ROWS, SEED), Live(wire, Redactor(actors.values())), creations)
        finally:
            wire.close()
    return {one.row.id: one for one in run.judged}, creations


@pytest.mark.parametrize(
    ("lent", "may_decide", "untestable"),
    [
        ({"member-a"}, False, ["ISAO-API-006"]),
        ({"member-a", "member-b"}, False, ["ISAO-API-006"]),
        ({"member-a", "member-b", "operator", "analyst", "applicant"}, False, []),
        ({"operator"}, True, []),
    ],
)
def test_few_accounts_judge_what_they_can(
    lent: set[str], may_decide: bool, untestable: list[str], tmp_path: Path
) -> None:
    judged, creations = judged_with(tmp_path, lent, may_decide)
    assert [row for row, found in judged.items() if found.outcome is not Outcome.PASS] == untestable
    assert all(judged[row].outcome is Outcome.UNTESTABLE for row in untestable)
    names = [check.name for found in judged.values() for check in found.checks]
    decided = {"alerts/issue/is_in_the_history", "agreements/publish/is_in_the_history"} & set(names)
    assert bool(decided) is may_decide
    records = {item.collection.rstrip("/").rpartition("/")[2] for item in creations.items() if item.kind == RECORD}
    assert ("memberships" in records, "agreements" in records) == (False, may_decide)
    published = {item.collection for item in creations.items() if item.kind == PUBLICATION}
    assert any(url.endswith("/alerts/") for url in published) is may_decide


def test_without_any_account_nothing_is_judged(tmp_path: Path) -> None:
    judged, creations = judged_with(tmp_path, set(), True)
    assert {found.outcome for found in judged.values()} == {Outcome.UNTESTABLE}
    assert [item for item in creations.items() if item.kind == RECORD] == []
