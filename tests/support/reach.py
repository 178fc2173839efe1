"""Which requirements a fault can touch, so that the others need not be judged on it again.

The exchange without a fault is judged once. Of each probe is kept what it asked, what of the survey it looked at, and
which functions of the reference ran meanwhile. A probe that asks nothing a mutant answers otherwise, looks at nothing
it made the survey find, and for which nothing runs that it replaces, gets the answers it got without the fault: its
verdict is known. Where that cannot be said (the mutant changes the target file, the transport, a class or a constant,
or what runs before anybody asks) it can touch every requirement. A gate needs no care: one that a fault shuts leaves
the declared requirements unjudged, and the mutant survives.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from types import CodeType, FrameType, FunctionType
from typing import Any

from isao_conformance import runner
from isao_conformance.evidence import Key
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.lab import Lab
from isao_conformance.probe import Probe, all_probes
from isao_conformance.runner import Judged
from isao_conformance.survey import Survey
from tests.support.answering import Forward, Reply, Seen
from tests.support.mutation import Fault, Mutant, run_plan
from tests.support.pace import HurriedLive

NOBODY = ""
"""Who asks before the first request: the server's start is everybody's."""


@dataclass
class Reach:
    """What a run without a fault did. Askers are probes, shared fixtures, gates and surveyors, by name."""

    judged: Mapping[str, Judged] = field(default_factory=dict)
    found: Survey | None = None
    actors: Mapping[str, str] = field(default_factory=dict)
    asked: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    ran: dict[CodeType, set[str]] = field(default_factory=lambda: defaultdict(set))
    looked_at: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The askers that looked at each field of the survey."""
    stands_on: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The fixtures that an asker used."""

    def touched(self, entry: Mutant) -> frozenset[str] | None:
        """The requirements with a probe that reaches the fault, or None when it can touch all."""
        askers = self._askers(entry)
        if askers is None or NOBODY in askers:
            return None
        if any(name.startswith("survey_") for name in askers):
            for name in self._found_otherwise(run_plan(entry, ())[0].survey):
                askers |= self.looked_at[name]
        return frozenset(p.requirement for p in all_probes().values() if askers & {p.name, *self._below(p.name)})

    def _askers(self, entry: Mutant) -> set[str] | None:
        fault = Fault(actors=dict(self.actors))
        with fault.undo:
            entry.inject(fault)
            if fault.beside or fault.targets:
                return None
            replaced = [function for pair in fault.replaced for function in _functions(*pair)]
            if not all(isinstance(function, FunctionType) for function in replaced):
                return None
            asked = self.asked.items()
            askers = {name for name, all_of_it in asked if any(w(s) for w, _ in fault.layers for s in all_of_it)}
            return askers.union(*(self.ran.get(function.__code__, set()) for function in replaced))

    def _found_otherwise(self, found: Survey) -> list[str]:
        return [f.name for f in fields(Survey) if _said(getattr(found, f.name)) != _said(getattr(self.found, f.name))]

    def _below(self, asker: str) -> frozenset[str]:
        own = self.stands_on.get(asker, set())
        return frozenset(own).union(*(self._below(name) for name in own))


def _functions(original: Any, other: Any) -> list[Any]:
    """What was replaced: of a table of functions only those that differ."""
    if isinstance(original, Mapping) and isinstance(other, Mapping):
        return [value for name, value in original.items() if other.get(name) is not value]
    return [original]


def _said(value: Any) -> Any:
    """A part of a survey without what differs from run to run."""
    if not isinstance(value, Answer):
        return value
    return value.status, [pair for pair in value.headers if pair[0].lower() != "date"], value.body


def recorded(rows: Iterable[str]) -> Reach:
    """Judge these rows on the exchange without a fault, and note who reaches what."""
    reach, fault, asking = Reach(), Fault(), [NOBODY]

    class Noting(HurriedLive):
        def exchange(self, key: Key, *rest: Any) -> Exchange:
            asking[0] = key.probe
            return super().exchange(key, *rest)

        def listen(self, key: Key, *rest: Any) -> Exchange:
            asking[0] = key.probe
            return super().listen(key, *rest)

    def noting(seen: Seen) -> bool:
        reach.asked[asking[0]].append(seen)
        return False

    async def never(_: Seen, __: Forward) -> Reply:
        raise AssertionError("nothing is changed here")

    fault.around(noting, never)
    with _noted(reach, asking):
        run, _ = run_plan(None, rows, fault, Noting)
    reach.judged, reach.found, reach.actors = {j.row.id: j for j in run.judged}, run.survey, fault.actors
    return reach


@contextmanager
def _noted(reach: Reach, asking: list[str]) -> Iterator[None]:
    """Keep who runs, who uses which fixture, who looks at what of the survey, and what of the reference is called."""
    run, fixture, look = runner._run, Lab.fixture, Survey.__getattribute__
    names = {f.name for f in fields(Survey)}

    def running(probe: Probe, *rest: Any) -> Any:
        asking[0] = probe.name
        return run(probe, *rest)

    def using(lab: Lab, make: Callable[[Lab], Any]) -> Any:
        asking[0] = f"fixture_{make.__name__}"
        reach.stands_on[lab.name].add(asking[0])
        try:
            return fixture(lab, make)
        finally:
            asking[0] = lab.name

    def looking(found: Survey, name: str) -> Any:
        if name in names:
            reach.looked_at[name].add(asking[0])
        return look(found, name)

    def calling(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            reach.ran[frame.f_code].add(asking[0])

    with ExitStack() as undo:
        for place, name, value in (
            (runner, "_run", running),
            (Lab, "fixture", using),
            (Survey, "__getattribute__", looking),
        ):
            undo.callback(setattr, place, name, getattr(place, name))
            setattr(place, name, value)
        undo.callback(sys.setprofile, None)
        undo.callback(threading.setprofile, None)
        threading.setprofile(calling)
        sys.setprofile(calling)
        yield
