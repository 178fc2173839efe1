"""Plans and runs probes, judges watchers, and turns checks into outcomes.

A run is: survey, gate, probes in threads, exclusive probes alone, watchers, capabilities, roll-up.
The same function serves a live run and a replay; only the conduit differs.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from isao_conformance import function_api, gate
from isao_conformance.capabilities import contradiction
from isao_conformance.creations import Creations
from isao_conformance.errors import ReplayDivergence, Untestable
from isao_conformance.evidence import Conduit
from isao_conformance.exchange import Exchange
from isao_conformance.lab import Check, Lab, World
from isao_conformance.limits import LIMITS
from isao_conformance.probe import Finding, Probe, Watcher, all_probes, all_watchers
from isao_conformance.session import Session
from isao_conformance.survey import Survey, primary_actor, survey
from isao_conformance.target import OUTSIDER, Target
from isao_conformance.verdict import Outcome, roll_up, severity
from isao_spec.model import Catalogue, Requirement, VerifiedBy


@dataclass(frozen=True)
class Judged:
    """A requirement with everything that was observed about it."""

    row: Requirement
    outcome: Outcome
    checks: tuple[Check, ...]
    blocked_by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Run:
    """A finished run: what was found, proved and judged."""

    survey: Survey
    proofs: Mapping[str, list[gate.Proof]]
    judged: tuple[Judged, ...]
    measures: Mapping[str, Any]
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do. `rows` in catalogue order."""

    target: Target
    catalogue: Catalogue
    rows: tuple[Requirement, ...]
    seed: str
    read_only: bool = False
    threads: int = LIMITS.threads


OnGroup = Callable[[str, list[Judged]], None]


@dataclass
class _Fixtures:
    """Shared fixtures: the first asker makes it, everybody else waits for the same result."""

    world: World | None = None
    made: dict[str, Future[Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, make: Callable[[Lab], Any]) -> Any:
        name = f"fixture_{make.__name__}"
        with self.lock:
            future = self.made.get(name)
            mine = future is None
            if future is None:
                future = self.made[name] = Future()
        if mine:
            assert self.world is not None
            try:
                lab = Lab(self.world, name)
                self.world.benches.append(lab)
                future.set_result(make(lab))
            except BaseException as fault:
                future.set_exception(fault)
        return future.result()


def execute(plan: Plan, conduit: Conduit, creations: Creations, on_group: OnGroup = lambda _s, _j: None) -> Run:
    """Run the plan against the conduit. Raises nothing of the target's doing."""
    target = plan.target
    surveyors = {
        name: Session(conduit, f"survey_{name}", target.actors[name], target.origins)
        for name in dict.fromkeys((primary_actor(target), OUTSIDER))
    }
    found = survey(target, surveyors.__getitem__)
    fixtures = _Fixtures()
    world = World(target, conduit, plan.seed, found, creations, plan.read_only, fixtures.get, surveyors)
    fixtures.world = world
    proofs = _gates(plan, world)
    closed = {name: not gate.is_open(listed) for name, listed in proofs.items()}
    judge = _Judge(plan, proofs, closed, on_group)
    for row in plan.rows:
        judge.blocked(row)
    order = {row.id: place for place, row in enumerate(plan.rows)}
    wanted = sorted((p for p in all_probes().values() if judge.wants(p)), key=lambda p: order[p.requirement])
    with ThreadPoolExecutor(plan.threads) as pool:
        for probe, checks in pool.map(lambda p: (p, _run(p, world)), [p for p in wanted if not p.exclusive]):
            judge.saw(probe.requirement, probe.name, checks)
    for probe in (p for p in wanted if p.exclusive):
        judge.saw(probe.requirement, probe.name, _run(probe, world))
    exchanges = conduit.all_exchanges()
    for watcher in all_watchers().values():
        if judge.wants_row(watcher.requirement):
            judge.saw(watcher.requirement, watcher.name, _watch(watcher, exchanges))
    return Run(found, proofs, judge.finish(exchanges), world.measures, tuple(exchanges))


def _gates(plan: Plan, world: World) -> dict[str, list[gate.Proof]]:
    names = {_gate_of(plan.catalogue, row) for row in plan.rows}
    makers = {"public": gate.public_gate, "exchange": gate.exchange_gate}
    return {name: makers[name](Lab(world, f"gate_{name}")) for name in sorted(names)}


def _gate_of(catalogue: Catalogue, row: Requirement) -> str:
    """A row in any profile that a static site can claim needs only the public gate."""
    gates = {catalogue.profiles[name].gate for name in row.profiles}
    return "public" if "public" in gates else "exchange"


def _run(probe: Probe, world: World) -> list[Check]:
    lab = Lab(world, probe.name)
    try:
        for need in probe.needs:
            _provide(need, lab)
        probe.run(lab)
    except Untestable as fault:
        return [*lab.checks, _untestable(probe.name, fault)]
    except ReplayDivergence as fault:
        return [*lab.checks, _broken(probe.name, str(fault))]
    except Exception:  # a fault of ours must never look like a verdict on the target
        return [*lab.checks, _broken(probe.name, traceback.format_exc(limit=-3))]
    if not lab.checks:
        return [_broken(probe.name, "the probe ended without making a single check")]
    return lab.checks


def _provide(need: str, lab: Lab) -> None:
    target = lab.target
    if need == "writable":
        _ = lab.workspace
    elif need == "deletable":
        _ = lab.workspace
        if not target.may_delete:
            raise Untestable("the target file does not say may_delete = true", blocked_by="option may_delete")
    elif need == "two-collections":
        if len(lab.survey.readable) < 2:
            raise Untestable("fewer than two readable collections", blocked_by="capability several-collections")
    elif need == "tls":
        if not target.is_https:
            raise Untestable("the run is over plain HTTP", blocked_by="an https base_url")
    elif need == "discovery":
        if lab.survey.discovery is None:
            raise Untestable("discovery gave no answer")
    elif need == "capability-document":
        if not lab.survey.capability_document:
            raise Untestable("there is no valid capability document", blocked_by="ISAO-GOV-001")
    elif need == "functions":
        _ = function_api.root_of(lab)
    elif need == "identity":
        if not lab.as_("member-a").actor.identity:
            raise Untestable("the target file names no identity of member-a", blocked_by="identity of member-a")
    elif need == "may-decide":
        if not target.may_decide:
            raise Untestable("the target file does not say may_decide = true", blocked_by="option may_decide")
    else:
        lab.as_(need)


def _untestable(name: str, fault: Untestable) -> Check:
    return Check(name, None, got=fault.why, blocked_by=fault.blocked_by, outcome=Outcome.UNTESTABLE)


def _broken(name: str, why: str) -> Check:
    return Check(name, None, expected="the harness runs the probe to its end", got=why, outcome=Outcome.ERROR)


def _writable(check: Check) -> Check:
    """The check with texts that UTF-8 can hold: JSON of the target may have put half a character into them."""
    expected, got = (t.encode("utf-8", "backslashreplace").decode() for t in (check.expected, check.got))
    return replace(check, expected=expected, got=got)


def _watch(watcher: Watcher, exchanges: Iterable[Exchange]) -> list[Check]:
    looked, findings = 0, []
    for exchange in exchanges:
        if exchange.answer is None:
            continue
        try:
            said = watcher.look(exchange)
        except Exception:  # as for probes: our fault, never the target's
            return [_broken(watcher.name, traceback.format_exc(limit=-3))]
        if isinstance(said, Finding):
            findings.append((exchange, said))
        looked += bool(said)
    if findings:
        first = findings[0][1]
        keys = tuple(str(exchange.key) for exchange, _ in findings)
        return [Check(watcher.name, False, first.expected, f"{first.got} ({len(findings)} of {looked})", keys)]
    if not looked:
        return [_untestable(watcher.name, Untestable("no exchange of this run shows it"))]
    return [Check(watcher.name, True, got=f"{looked} exchanges")]


class _Judge:
    """Collects checks by requirement and announces each function group once all its rows are judged."""

    def __init__(
        self,
        plan: Plan,
        proofs: Mapping[str, list[gate.Proof]],
        closed: Mapping[str, bool],
        on_group: OnGroup,
    ) -> None:
        self._plan = plan
        self._proofs = proofs
        self._closed = closed
        self._on_group = on_group
        self._rows = {row.id: row for row in plan.rows}
        self._checks: dict[str, list[Check]] = {row.id: [] for row in plan.rows}
        self._settled: dict[str, Judged] = {}
        self._pending = {row.id: self._sources_of(row) for row in plan.rows}
        self._told: set[str] = set()

    def _sources_of(self, row: Requirement) -> set[str]:
        probes = {p.name for p in all_probes().values() if p.requirement == row.id}
        return probes | {w.name for w in all_watchers().values() if w.requirement == row.id}

    def blocked(self, row: Requirement) -> None:
        """Settle rows that are not judged by probes at all, or not in this run."""
        name = _gate_of(self._plan.catalogue, row)
        if not row.verification.by.automatic:
            self._settle(row, Outcome.UNTESTABLE, f"verified by {row.verification.by}: not part of this harness yet")
        elif self._closed[name]:
            why = "; ".join(f"{p.proof}: {p.why}" for p in self._proofs[name] if not p.ok)
            self._settle(row, Outcome.UNTESTABLE, f"the gate is closed: {why}", f"gate {name}")
        elif not self._pending[row.id]:
            self._settle(row, Outcome.ERROR, "no probe of this harness judges this row")

    def _settle(self, row: Requirement, outcome: Outcome, reason: str, blocked_by: str = "") -> None:
        self._settled[row.id] = Judged(row, outcome, (), blocked_by, reason)

    def wants_row(self, requirement: str) -> bool:
        return requirement in self._rows and requirement not in self._settled

    def wants(self, probe: Probe) -> bool:
        if not self.wants_row(probe.requirement):
            return False
        row = self._rows[probe.requirement]
        return self._absent_capability(row) is None

    def saw(self, requirement: str, source: str, checks: list[Check]) -> None:
        row = self._rows[requirement]
        self._checks[requirement] += [self._weigh(row, _writable(check)) for check in checks]
        self._pending[requirement].discard(source)
        self._announce(row.function, row.verification.by)

    def _weigh(self, row: Requirement, check: Check) -> Check:
        if check.outcome is not None or check.met is None:
            return check
        outcome = Outcome.WARN if check.soft and not check.met else severity(row, check.met)
        return replace(check, outcome=outcome)

    def _announce(self, function: str, by: VerifiedBy) -> None:
        rows = [row for row in self._rows.values() if row.function == function]
        if function in self._told or any(self._open(row) for row in rows):
            return
        self._told.add(function)
        self._on_group(function, [self._judged(row, ()) for row in rows])

    def _open(self, row: Requirement) -> bool:
        if row.id in self._settled or self._absent_capability(row) is not None:
            return False
        return bool(self._pending[row.id])

    def _absent_capability(self, row: Requirement) -> str | None:
        return next((name for name in row.applies_if if name in self._plan.target.absent), None)

    def _judged(self, row: Requirement, exchanges: Iterable[Exchange]) -> Judged:
        if row.id in self._settled:
            return self._settled[row.id]
        capability = self._absent_capability(row)
        if capability is not None:
            return self._absent(row, capability, exchanges)
        checks = tuple(self._checks[row.id])
        outcome = roll_up(c.outcome for c in checks if c.outcome is not None)
        worst = next((c for c in checks if c.outcome is outcome), None)
        blocked = worst.blocked_by if worst is not None and outcome is Outcome.UNTESTABLE else ""
        return Judged(row, outcome, checks, blocked, worst.got if worst is not None and worst.met is None else "")

    def _absent(self, row: Requirement, capability: str, exchanges: Iterable[Exchange]) -> Judged:
        shown = contradiction(capability, exchanges)
        reason = f"declared absent: {capability} ({self._plan.target.absent[capability]})"
        if shown is None:
            return Judged(row, Outcome.INAPPLICABLE, (), reason=reason)
        outcome = severity(row, False)
        got = f"{capability} is at work: {shown.request.method} {shown.request.url}"
        check = Check("declared_absent_and_seen_at_work", False, f"{capability} is absent", got, (str(shown.key),))
        return Judged(row, outcome, (replace(check, outcome=outcome),), reason=reason)

    def finish(self, exchanges: list[Exchange]) -> tuple[Judged, ...]:
        judged = tuple(self._judged(row, exchanges) for row in self._rows.values())
        for function in dict.fromkeys(row.function for row in self._rows.values()):
            if function not in self._told:
                self._told.add(function)
                self._on_group(function, [j for j in judged if j.row.function == function])
        return judged
