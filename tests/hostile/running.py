"""One certification of a hostile target, and what has to be true of it whatever the target did."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from isao_conformance import certification
from isao_conformance.certification import Options, certify
from isao_conformance.errors import Unreachable
from isao_conformance.evidence import TRANSCRIPT
from isao_conformance.replay import replay
from isao_conformance.report import console
from isao_conformance.runner import Run
from isao_conformance.target import Actor, Target, basic_actor, bearer_actor
from isao_conformance.transport import TlsFiles
from isao_conformance.verdict import ExitCode, Outcome
from isao_spec import load
from isao_spec.schema_check import problems
from tests.support.pace import HurriedLive, Pace

EVERYTHING = ("taxii-server", "exchange", "foundational")
COLLECTION = "9f0f6c0e-3c4f-4d6c-8f0c-0c1b5a2d7e11"
SECRET = "s3cret/of ä+member"
ACTORS = (
    basic_actor("member-a", "ann", f"{SECRET}-a"),
    basic_actor("member-b", "ben", f"{SECRET}-b"),
    bearer_actor("operator", "an-api-key/of+the=operator"),
    Actor("outsider"),
)
FILES = re.compile(
    r"(report\.(json|html)|junit\.xml|summary\.md|(transcript|created)\.ndjson|reproduce/[A-Z0-9.a-z-]+\.sh)"
)


@dataclass(frozen=True)
class Ran:
    """A finished certification, None for what there is not when nothing answered, and what it said in the terminal."""

    code: ExitCode
    run: Run | None
    folder: Path
    told: str

    @property
    def passed(self) -> list[str]:
        """The binding rows that passed."""
        judged = self.run.judged if self.run is not None else ()
        return [j.row.id for j in judged if j.row.level.binding and j.outcome is Outcome.PASS]


def hostile_target(base: str, seconds: float = 10.0, writes: bool = True, authority: Path | None = None) -> Target:
    """A target file's content for a server at `base`; without `writes` its API root is what discovery says."""
    return Target(
        name="hostile",
        base_url=base,
        origins=(base.rstrip("/"),),
        profiles=EVERYTHING,
        discovery=f"{base}taxii2/",
        write=(f"{base}api/collections/{COLLECTION}/",) if writes else (),
        may_delete=True,
        tls=TlsFiles(str(authority) if authority else None),
        actors={actor.name: actor for actor in sorted(ACTORS, key=lambda actor: actor.name)},
        exchange_seconds=seconds,
    )


def run_against(
    target: Target, folder: Path, monkeypatch: pytest.MonkeyPatch, select: tuple[str, ...] = (), seed: str = "hostile"
) -> Ran:
    """Certify without waiting for pauses, and hold the result against everything that no target may break."""
    monkeypatch.setattr(
        certification, "Live", lambda wire, redactor, _, ceilings: HurriedLive(wire, redactor, Pace(), ceilings)
    )
    around = {path for path in folder.parent.rglob("*") if folder not in path.parents}
    said: list[str] = []
    run = None
    try:
        report, run, code = certify(
            target,
            load(),
            Options(EVERYTHING, select, seed=seed),
            folder,
            on_start=lambda plan: said.extend(console.header(plan, EVERYTHING)),
            on_group=lambda stem, judged: said.append(console.group_line(stem, judged)),
        )
        said += [*console.summary(report, folder), *console.stranger(run, target)]
    except Unreachable as fault:
        said.append(str(fault))
        code = ExitCode.UNREACHABLE
    ran = Ran(code, run, folder, "\n".join(said))
    assert {path for path in folder.parent.rglob("*") if folder not in path.parents} <= {*around, folder}
    assert_nothing_is_told(ran, target)
    assert_the_report_is_sound(ran)
    return ran


def assert_nothing_is_told(ran: Ran, target: Target) -> None:
    """No secret is in anything that was written or printed, and nothing there acts by itself."""
    texts = {str(file.relative_to(ran.folder)): file.read_text("utf-8") for file in _files(ran.folder)}
    assert [name for name in texts if not FILES.fullmatch(name)] == []
    texts["the terminal"] = ran.told
    secrets = [secret for actor in target.actors.values() for secret in actor.secrets]
    for name, text in texts.items():
        resolved = [text, unquote(text), re.sub(r"\\+u00(\w\w)", lambda found: chr(int(found[1], 16)), text)]
        assert [form for form in _forms(secrets) if any(form in read for read in resolved)] == [], name
        assert [c for c in text if c < " " and c not in "\n\t"] == [], name
    for name in {"report.html"} & texts.keys():
        assert re.findall(r"<script|<svg|<img|\son\w+=[^>]*>", re.sub(r"&lt;[^<]*", "", texts[name])) == []


def assert_the_report_is_sound(ran: Ran) -> None:
    """The harness did not fail, the report is valid, and a replay of the transcript reaches the same."""
    if ran.run is None:
        assert not (ran.folder / "report.json").exists()
        return
    errors = [f"{c.name}: {c.got}" for j in ran.run.judged for c in j.checks if c.outcome is Outcome.ERROR]
    assert not errors, errors
    assert Outcome.ERROR not in {judged.outcome for judged in ran.run.judged}
    report = json.loads((ran.folder / "report.json").read_text("utf-8"))
    assert not problems("report", report), problems("report", report)
    assert not any(claim["conformant"] for claim in report["claims"])
    assert (ran.folder / TRANSCRIPT).is_file()
    assert replay(ran.folder, load())[1] == []


def _files(folder: Path) -> Iterable[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _forms(secrets: Iterable[str]) -> set[str]:
    """Every secret in plain, Base64 and percent-encoded form."""
    forms: set[str] = set()
    for secret in secrets:
        octets = secret.encode()
        forms |= {secret, quote(secret), quote(secret, safe=""), quote(secret, safe="").lower(), octets.hex()}
        forms |= {base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()}
    return forms


def without_waiting(target: Target, **changes: Any) -> Target:
    """The target with other settings, and little time for each exchange."""
    return replace(target, **{"exchange_seconds": 2.0, **changes})
