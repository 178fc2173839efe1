"""Runs one kind of check over every contract that a target offers, and says so when nothing could be judged.

Records of some contracts stand in each other's way (an organization has one membership, one agreement is in force at a
time). All checks of such contracts are made once a run, one after the other, and each probe takes its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.function_records import Bench, benches
from isao_conformance.lab import Check, Lab


@dataclass
class Field:
    """The contracts that a probe judges one by one. A contract that cannot be judged does not keep the others from it:
    why is kept in `faults`."""

    lab: Lab
    singular: bool = False
    faults: list[Untestable] = field(default_factory=list)

    def each(self, judge: Callable[[Bench], None]) -> None:
        """Judge every contract."""
        for bench in benches(self.lab, self.singular):
            self.patient(partial(judge, bench))

    def patient(self, judge: Callable[[], None]) -> None:
        """Judge something; what keeps it from being judged is kept."""
        try:
            judge()
        except Untestable as fault:
            self.faults.append(fault)


Judge = Callable[[Field], None]
Harvest = Mapping[Judge, tuple[list[Check], list[Untestable]]]


def over_all(lab: Lab, judge: Judge, one_by_one: Callable[[Lab], Harvest]) -> None:
    """Judge every contract: those whose records stand in each other's way by the fixture that has done it already.

    Raises Untestable when some contract could not be judged although it is offered and its accounts are lent, and when
    nothing was judged at all.
    """
    found = Field(lab)
    judge(found)
    checks, faults = lab.fixture(one_by_one)[judge]
    lab.checks += checks
    for fault in (*found.faults, *faults):
        raise fault
    if not lab.checks:
        lab.no_verdict("no function that is offered can be judged by the lent accounts", "actor analyst")


def harvest(lab: Lab, judges: Iterable[Judge]) -> Harvest:
    """What each judge finds in the contracts whose records stand in each other's way, one judge after the other."""
    found = {}
    for judge in judges:
        known, made = len(lab.checks), Field(lab, singular=True)
        judge(made)
        found[judge] = (lab.checks[known:], made.faults)
    return found


@dataclass
class Twins:
    """Refusals that count only together with their control: what was wanted and refused to one works for another.

    What should have been refused and was done needs no control: it fails at once.
    """

    lab: Lab
    waiting: list[tuple[Any, ...]] = field(default_factory=list)

    def refused(self, place: str, name: str, answer: Answer, codes: Iterable[int]) -> None:
        """A request that has to be refused with one of these codes."""
        wanted = ", ".join(map(str, codes))
        self.hold(place, name, answer.status in codes, wanted, answer, 200 <= answer.status < 300)

    def hold(self, place: str, name: str, met: bool, expected: str, got: Answer | str, done: bool) -> None:
        """Something to be seen of a refusal; `done` says that it was not refused at all."""
        if done and not met:
            self.lab.expect(False, name, place=place, expected=expected, got=got)
        else:
            self.waiting.append((place, name, met, expected, got))

    def unharmed(self, place: str, name: str, met: bool, got: Answer | str) -> None:
        """What was refused left nothing behind."""
        self.hold(place, name, met, "", got, not met)

    def confirm(self, place: str = "") -> None:
        """The control holds: what is waiting (of one place) is judged."""
        held = [one for one in self.waiting if place in ("", one[0])]
        self.waiting = [one for one in self.waiting if one not in held]
        for where, name, met, expected, got in held:
            self.lab.expect(met, name, place=where, expected=expected, got=got)
