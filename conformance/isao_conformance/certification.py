"""One certification from start to finish: run, clean up, write every file, say the exit code.

The order matters: what is created is journalled before it is sent, the transcript is written before
the report, and the exit code is decided from the judged rows alone.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isao_conformance import cleanup
from isao_conformance.ceilings import Ceilings
from isao_conformance.creations import Created, Creations
from isao_conformance.errors import ConfigurationError, Unreachable
from isao_conformance.evidence import TRANSCRIPT, Live, Redactor
from isao_conformance.interruption import Stop
from isao_conformance.lab import run_mark
from isao_conformance.report.build import RunMeta, build_report, write_report
from isao_conformance.runner import OnGroup, Plan, Run, execute
from isao_conformance.target import Target
from isao_conformance.transport import Wire
from isao_conformance.verdict import ExitCode, exit_code
from isao_spec.model import Catalogue, Requirement


@dataclass(frozen=True)
class Options:
    """What the command line asks for beyond the target."""

    profiles: tuple[str, ...]
    select: tuple[str, ...] = ()
    read_only: bool = False
    no_claim: bool = False
    seed: str = ""


class Interrupted(Exception):
    """The operator stopped the run: there is no verdict. `left` is what may still be there, of everything `created`;
    None when the clean-up was stopped as well. The journal names it all in any case."""

    def __init__(self, created: list[Created], left: list[cleanup.Leftover] | None) -> None:
        super().__init__("interrupted")
        self.created, self.left = created, left


def choose_rows(catalogue: Catalogue, options: Options) -> tuple[Requirement, ...]:
    """The approved rows of the profiles, narrowed by `select` (ids, function stems or patterns).

    Raises ConfigurationError for an unknown profile and for a selection that matches nothing.
    """
    unknown = [name for name in options.profiles if name not in catalogue.profiles]
    if unknown or not options.profiles:
        known = ", ".join(catalogue.profiles)
        named = f"there is no profile {', '.join(unknown)}" if unknown else "no profile is named"
        raise ConfigurationError(f"{named}; choose with --profile from: {known}")
    rows = catalogue.in_profiles(options.profiles)
    if not options.select:
        return rows
    for pattern in options.select:
        if not any(_matches(row, pattern) for row in rows):
            raise ConfigurationError(
                f"--select {pattern} matches no requirement of {', '.join(options.profiles)}; see `isao spec list`"
            )
    return tuple(row for row in rows if any(_matches(row, pattern) for pattern in options.select))


def _matches(row: Requirement, pattern: str) -> bool:
    return fnmatch.fnmatchcase(row.id, pattern) or fnmatch.fnmatchcase(row.function, pattern)


def check_absences(catalogue: Catalogue, target: Target, profiles: tuple[str, ...]) -> None:
    """Raise ConfigurationError when [absent] names an unknown capability or one a claimed profile needs."""
    for capability in target.absent:
        if capability not in catalogue.capabilities:
            known = ", ".join(catalogue.capabilities)
            raise ConfigurationError(f"[absent] names {capability}, which is no capability; known: {known}")
        for name in profiles:
            if capability in catalogue.profiles[name].may_not_be_absent:
                raise ConfigurationError(f"profile {name} needs {capability}: it may not be declared absent")


def certify(
    target: Target,
    catalogue: Catalogue,
    options: Options,
    folder: Path,
    on_start: Callable[[Plan], None] = lambda _: None,
    on_group: OnGroup = lambda _s, _j: None,
    stop: Stop | None = None,
) -> tuple[dict[str, Any], Run, ExitCode]:
    """Run the plan live and write `folder`; returns the report, the run and the exit code.

    Raises ConfigurationError before anything is sent, Unreachable when nothing answers at all, Interrupted after the
    clean-up when `stop` was asked for before its end.
    """
    rows = choose_rows(catalogue, options)
    check_absences(catalogue, target, options.profiles)
    plan = Plan(target, catalogue, rows, options.seed, options.read_only)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").unlink(missing_ok=True)  # a run that breaks must not leave an older verdict behind
    started = datetime.now(UTC)
    wire, redactor = Wire(target.tls, target.exchange_seconds), Redactor(target.actors.values())
    ceilings = Ceilings(target.run_octets, target.run_seconds, stop := stop or Stop())
    live = Live(wire, redactor, target.requests_per_second, ceilings)
    creations = Creations(folder)
    on_start(plan)
    header = transcript_header(target, catalogue, options)
    leftovers: list[cleanup.Leftover] | None = None
    try:
        try:
            run = execute(plan, live, creations, on_group)
        finally:
            ceilings.make_room()
            leftovers = cleanup.remove(target, live, creations.items())
        if stop.asked:
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise Interrupted(creations.items(), leftovers) from None
    finally:
        creations.close()
        live.write(folder / TRANSCRIPT, header)
    refuse_silence(run)
    code = exit_code([(j.row, j.outcome) for j in run.judged], no_claim=options.no_claim)
    meta = RunMeta(
        id=run_mark(options.seed),
        started=started,
        ended=datetime.now(UTC),
        exit_code=int(code),
        no_claim=options.no_claim,
        profiles=options.profiles,
        selected=options.select,
        created=creations.items(),
        leftovers=leftovers,
    )
    report = build_report(run, plan, meta)
    write_report(folder, report, run)
    return report, run, code


def refuse_silence(run: Run) -> None:
    """Raise Unreachable when not a single exchange of the run got an answer."""
    if any(exchange.answer is not None for exchange in run.exchanges):
        return
    problems = sorted({exchange.problem for exchange in run.exchanges if exchange.problem})
    raise Unreachable("; ".join(problems) or "no exchange took place")


def transcript_header(target: Target, catalogue: Catalogue, options: Options) -> dict[str, Any]:
    """What a replay needs to know beyond the exchanges; no credentials."""
    return {
        "target": target.public(),
        "profiles": list(options.profiles),
        "select": list(options.select),
        "read_only": options.read_only,
        "seed": options.seed,
        "spec_version": catalogue.version,
        "spec_digest": catalogue.digest,
    }


def read_report(folder: Path) -> dict[str, Any]:
    """report.json of a folder. Raises ConfigurationError when it is missing or not JSON."""
    path = folder / "report.json"
    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise ConfigurationError(f"{path}: cannot be read as a report ({fault})") from None
    if not isinstance(report, dict):
        raise ConfigurationError(f"{path}: is not a report")
    return report
