"""Judge a recorded run again, without a network and without credentials.

The same probes run over the transcript; identical outcomes mean that the report says what the
exchanges show. A probe that asks for something else than was recorded is an error, never a pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isao_conformance.certification import Options, choose_rows, read_report
from isao_conformance.creations import Creations
from isao_conformance.errors import ConfigurationError
from isao_conformance.evidence import Replay, read_transcript
from isao_conformance.runner import Judged, Plan, Run, execute
from isao_conformance.target import CERTIFICATE, OUTSIDER, Actor, Target
from isao_spec.model import Catalogue


def replay(folder: Path, catalogue: Catalogue) -> tuple[Run, list[str]]:
    """Run the plan of the transcript again; returns the run and what differs from report.json, a line each.

    Raises ConfigurationError when the folder does not hold a report and its transcript.
    """
    report = read_report(folder)
    try:
        header, lines = read_transcript(folder)
        options = Options(
            tuple(header["profiles"]), tuple(header["select"]), bool(header["read_only"]), seed=str(header["seed"])
        )
        target = _target(header["target"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ConfigurationError(f"{folder}: holds no usable transcript ({fault})") from None
    plan = Plan(target, catalogue, choose_rows(catalogue, options), options.seed, options.read_only)
    run = execute(plan, Replay(lines), Creations())
    differences = _differences(report, run.judged)
    if header.get("spec_digest") != catalogue.digest:
        differences.append(
            f"the specification differs: the run used {header.get('spec_version')}, this is {catalogue.version}"
        )
    return run, differences


def _target(public: dict[str, Any]) -> Target:
    """The target without credentials: each actor's placeholder stands for them, as in the transcript."""
    actors = {name: _actor(name, told) for name, told in public["actors"].items()}
    return Target(
        name=public["name"],
        base_url=public["base_url"],
        origins=tuple(public["origins"]),
        profiles=(),
        discovery=public["discovery"],
        read=tuple(public["read"]),
        write=tuple(public["write"]),
        may_delete=public["may_delete"],
        may_decide=bool(public.get("may_decide", False)),
        actors=actors,
        absent=dict(public["absent"]),
    )


def _actor(name: str, told: dict[str, Any]) -> Actor:
    whose: dict[str, Any] = {
        "organization": told["organization"],
        "identity": told.get("identity", ""),
        "groups": tuple(told.get("groups", ())),
    }
    if name == OUTSIDER or not told["auth"]:
        return Actor(name, **whose)
    if told["auth"] == CERTIFICATE:
        return Actor(name, CERTIFICATE, **whose)
    return Actor(name, told["auth"], "recorded", secrets=("recorded",), **whose)


def _differences(report: dict[str, Any], judged: tuple[Judged, ...]) -> list[str]:
    before = {row["id"]: row for row in report.get("requirements", [])}
    now = {j.row.id: j for j in judged}
    lines = [f"{i}: judged now, not in the report" for i in now.keys() - before.keys()]
    lines += [f"{i}: in the report, not judged now" for i in before.keys() - now.keys()]
    for row_id in sorted(before.keys() & now.keys()):
        was, j = before[row_id], now[row_id]
        if was["outcome"] != j.outcome:
            lines.append(f"{row_id}: the report says {was['outcome']}, the transcript shows {j.outcome}")
        told = [(c["name"], c["outcome"]) for c in was["checks"]]
        seen = [(c.name, str(c.outcome)) for c in j.checks]
        lines += [f"{row_id}: check {a[0]} was {a[1]}" for a in told if a not in seen]
        lines += [f"{row_id}: check {a[0]} is now {a[1]}" for a in seen if a not in told]
    return sorted(lines)
