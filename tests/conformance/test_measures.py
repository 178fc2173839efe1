"""Measured durations: which of them are reported, and what stands beside them."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

from isao_conformance.lab import Lab
from isao_conformance.report import markdown
from isao_conformance.report.build import _measure
from isao_spec import load
from tests.support.pace import Pace


def test_a_measure_stands_beside_the_threshold_of_its_contract_and_of_no_other() -> None:
    catalogue = load()
    taken = {"value": 0.25, "unit": "s", "probe": "p"}
    beside = _measure({**taken, "of": "recall-propagation"}, catalogue)
    contract = next(one for one in catalogue.contracts["recalls"].measures if one.name == "recall-propagation")
    assert beside == {**taken, "threshold": contract.threshold_seconds, "requirement": contract.serves}
    assert _measure(taken, catalogue) == _measure({**taken, "of": "no such measure"}, catalogue) == taken


def test_every_measure_that_a_probe_names_is_one_of_a_contract() -> None:
    known = {one.name for contract in load().contracts.values() for one in contract.measures}
    folder = Path(__file__).parents[2] / "conformance/isao_conformance/probes"
    named = {
        name
        for file in folder.glob("*.py")
        for call in re.findall(r"lab\.measure(?:_all)?\((?:[^()]|\([^()]*(?:\([^()]*\))?[^()]*\))*\)", file.read_text())
        for name in re.findall(r'(?:of=|"s", )"([a-z-]+)"', call)
    }
    assert named
    assert named <= known


def test_markdown_shows_value_and_threshold() -> None:
    lines = list(
        markdown._measured(
            {
                "alert to visibility by poll, max": {"value": 0.5, "unit": "s", "threshold": 60.0},
                "something else": {"value": 2.0, "unit": "s"},
            }
        )
    )
    assert "| alert to visibility by poll, max | 0.5 s | 60 s |" in lines
    assert "| something else | 2.0 s | none |" in lines


def test_percentiles_are_durations_that_were_seen() -> None:
    lab = object.__new__(Lab)
    lab.name = "p"
    lab._world = SimpleNamespace(measures={})
    lab.measure_all("x", [float(number) for number in range(20, 0, -1)])
    assert {name: told["value"] for name, told in lab._world.measures.items()} == {
        "x, p50": 10.0,
        "x, p95": 19.0,
        "x, max": 20.0,
    }
    lab.measure_all("x", [3.0])
    assert {told["value"] for told in lab._world.measures.values()} == {3.0}


def test_a_hurried_clock_runs_ahead_by_what_was_skipped() -> None:
    pace = Pace()
    before = pace.clock()
    pace.skipped += 90
    assert 90 <= (pace.clock() - before).total_seconds() < 95
