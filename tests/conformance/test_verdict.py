"""Outcomes roll up worst first, severity comes from the row, and silence is never conformance."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from isao_conformance.verdict import WORST_FIRST, ExitCode, Outcome, exit_code, roll_up, severity
from isao_spec import load
from isao_spec.model import Contested, Level

MUST = load().requirements["TAXII-3.4-2"]
SHOULD = replace(MUST, level=Level.SHOULD)


@pytest.mark.parametrize(("worse", "better"), list(combinations(WORST_FIRST, 2)))
def test_the_worse_outcome_wins_in_any_order(worse: Outcome, better: Outcome) -> None:
    assert roll_up([worse, better]) is roll_up([better, worse]) is worse


def test_nothing_judged_is_untestable() -> None:
    assert roll_up([]) is Outcome.UNTESTABLE


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        (MUST, Outcome.FAIL),
        (replace(MUST, level=Level.MUST_NOT), Outcome.FAIL),
        (SHOULD, Outcome.WARN),
        (replace(MUST, level=Level.MAY), Outcome.WARN),
        (replace(MUST, contested=Contested("unclear", ("a", "b"))), Outcome.WARN),
    ],
)
def test_severity_comes_from_the_row(row: object, broken: Outcome) -> None:
    assert severity(row, False) is broken
    assert severity(row, True) is Outcome.PASS


@pytest.mark.parametrize(
    ("outcomes", "no_claim", "code"),
    [
        ([(MUST, Outcome.PASS)], False, ExitCode.CONFORMANT),
        ([(MUST, Outcome.PASS), (SHOULD, Outcome.WARN)], False, ExitCode.CONFORMANT),
        ([(MUST, Outcome.PASS), (SHOULD, Outcome.UNTESTABLE)], False, ExitCode.CONFORMANT),
        ([(MUST, Outcome.PASS), (MUST, Outcome.INAPPLICABLE)], False, ExitCode.CONFORMANT),
        ([(MUST, Outcome.FAIL), (MUST, Outcome.UNTESTABLE)], False, ExitCode.NOT_CONFORMANT),
        ([(MUST, Outcome.FAIL)], True, ExitCode.NOT_CONFORMANT),
        ([(MUST, Outcome.ERROR), (MUST, Outcome.FAIL)], False, ExitCode.HARNESS_ERROR),
        ([(MUST, Outcome.PASS), (MUST, Outcome.UNTESTABLE)], False, ExitCode.INCOMPLETE),
        ([(MUST, Outcome.PASS), (MUST, Outcome.UNTESTABLE)], True, ExitCode.CONFORMANT),
        ([(MUST, Outcome.UNTESTABLE)], True, ExitCode.INCOMPLETE),
        ([(MUST, Outcome.INAPPLICABLE)], True, ExitCode.INCOMPLETE),
        ([], False, ExitCode.INCOMPLETE),
        ([], True, ExitCode.INCOMPLETE),
    ],
)
def test_exit_codes(outcomes: list[tuple[object, Outcome]], no_claim: bool, code: ExitCode) -> None:
    assert exit_code(outcomes, no_claim=no_claim) is code
