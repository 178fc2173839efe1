"""The words of a verdict, their roll-up order, and the exit codes.

Severity is decided here from the requirement row alone: a probe says what it saw, never how bad it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from isao_spec.model import Requirement


class Outcome(StrEnum):
    """Closed set of outcomes of a check and of a requirement (design, section 6)."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    INAPPLICABLE = "inapplicable"
    UNTESTABLE = "untestable"
    WAIVED = "waived"
    ERROR = "error"


WORST_FIRST = (
    Outcome.ERROR,
    Outcome.FAIL,
    Outcome.UNTESTABLE,
    Outcome.WAIVED,
    Outcome.WARN,
    Outcome.PASS,
    Outcome.INAPPLICABLE,
)


class ExitCode(IntEnum):
    """What the process says to a shell. Nothing judged is never CONFORMANT."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    USAGE = 2
    UNREACHABLE = 3
    INCOMPLETE = 4
    HARNESS_ERROR = 5
    INTERRUPTED = 130


def roll_up(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of the outcomes; no outcome at all is `untestable`, since nothing was judged."""
    present = set(outcomes)
    return next((word for word in WORST_FIRST if word in present), Outcome.UNTESTABLE)


def severity(row: Requirement, met: bool) -> Outcome:
    """What a met or broken check of this row counts as: broken MUSTs fail, all else warns."""
    if met:
        return Outcome.PASS
    return Outcome.FAIL if row.may_fail else Outcome.WARN


def exit_code(rows: Iterable[tuple[Requirement, Outcome]], *, no_claim: bool = False) -> ExitCode:
    """The exit code of a finished run.

    Errors of the harness come first, then failed MUSTs, then MUSTs that could not be tested.
    `no_claim` turns the last into 0; a run without any judged row stays incomplete even then.
    """
    judged = list(rows)
    outcomes = {outcome for _, outcome in judged}
    if Outcome.ERROR in outcomes:
        return ExitCode.HARNESS_ERROR
    if Outcome.FAIL in outcomes:
        return ExitCode.NOT_CONFORMANT
    if not outcomes & {Outcome.PASS, Outcome.WARN, Outcome.WAIVED}:
        return ExitCode.INCOMPLETE
    open_musts = any(row.level.binding and outcome is Outcome.UNTESTABLE for row, outcome in judged)
    if open_musts and not no_claim:
        return ExitCode.INCOMPLETE
    return ExitCode.CONFORMANT
