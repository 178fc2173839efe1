"""Every failure on every mutant reproduces from its curl script alone, against a fresh instance of that mutant."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import reproduce
from isao_conformance.captures import stix_ids
from isao_conformance.curl_script import Step
from isao_conformance.exchange import Answer, parse_media_type
from isao_conformance.lab import Check
from isao_conformance.runner import Run
from isao_conformance.shell import variable
from isao_conformance.target import Target
from isao_spec import load
from tests.support.matrix import own_rows
from tests.support.mutation import RED, Mutant, all_mutants, faulty_exchange, run_plan

SAMPLE = ("TAXII-3.4-2", "TAXII-B-1", "TAXII-5.1-auth", "TAXII-4.3.1-2", "TAXII-2-6", "TAXII-8.2.2-2", "ISAO-MRK-014")
"""What the push lane reproduces: a plain refusal, captured cursors, credentials, a POST, a watcher, TLS, two actors."""


def failures(entry: Mutant) -> tuple[Run, Target, list[tuple[Any, Check]]]:
    """A run of the mutant's own rows, and each red check of it."""
    run, target = run_plan(entry, own_rows(entry))
    red = [(j.row, c) for j in run.judged if j.row.id in entry.declared for c in j.checks if c.outcome in RED]
    return run, target, red


def posted_ids(step: Step) -> frozenset[str]:
    """The STIX ids in what a step posts."""
    request = step.last.request
    return frozenset(stix_ids(request.body.decode("utf-8", "replace"))) if request.method == "POST" else frozenset()


def answer_of(out: Path, step: int) -> Answer:
    """What a script kept of one step."""
    lines = (out / f"{step}.headers").read_text("latin-1").splitlines()
    headers = tuple((k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines if ":" in line))
    status = (out / f"{step}.status").read_text().strip()
    return Answer(int(status or 0), headers, (out / f"{step}.body").read_bytes())


def face(answer: Answer | None) -> object:
    """What has to be the same in the report and in the reproduction: status, media type, shape of the body.

    Dates, ids and what other probes posted meanwhile differ between two instances, and with them the paging.
    """
    if answer is None:
        return None
    if answer.status == 0:
        return json.loads(answer.body).get("accepted")
    # Of anything but an object only the kind is compared: a list holds ids and times of its own.
    told = answer.data
    shape = sorted(set(told) - {"more", "next", "objects"}) if isinstance(told, dict) else [type(told).__name__]
    return answer.status, parse_media_type(answer.header("content-type") or "")[0], shape


def check_same(again: Answer, recorded: Answer | None, posted: frozenset[str], what: str) -> None:
    """The reproduced answer has the recorded one's face; where that showed what the script posts, so does this one."""
    assert face(again) == face(recorded), what
    shown = {stix_id for stix_id in posted if recorded is not None and stix_id.encode() in recorded.body}
    assert not shown or any(stix_id.encode() in again.body for stix_id in shown), what


def reproduced(script: str, target: Target, folder: Path) -> Path:
    """Run a script against a target with the credentials in the environment; the folder of its answers."""
    out = folder / "answers"
    file = folder / "failure.sh"
    file.write_text(script)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ISAO_")}
    environment |= {variable(name): a.authorization for name, a in target.actors.items() if a.authorization}
    environment |= {"ISAO_BASE": target.base_url, "ISAO_CA": target.tls.ca_file or "", "ISAO_OUT": str(out)}
    done = subprocess.run(
        ["sh", str(file)], capture_output=True, text=True, errors="replace", env=environment, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "expected" in done.stdout.lower(), done.stdout
    return out


def different_ways(red: list[tuple[Any, Check]]) -> list[tuple[Any, Check]]:
    """The red checks without those between the first and the last that one row derives from the contracts."""
    ways: dict[tuple[str, str], list[tuple[Any, Check]]] = {}
    for row, check in red:
        derived = check.name.partition("/")[0] in load().contracts
        ways.setdefault((row.id, "" if derived else check.name), []).append((row, check))
    return [one for way in ways.values() for one in (way if len(way) < 2 else (way[0], way[-1]))]


def check_scripts(entry: Mutant, tmp_path: Path) -> None:
    """Reproduce every red check of a mutant; fails where one has no script or shows another answer.

    Of the checks that a row derives from contracts, which go the same way with other documents, the first and the last.
    """
    run, target, red = failures(entry)
    assert red, f"{entry.name} is not caught"
    record = reproduce.Transcript(run.exchanges)
    answers = {str(e.key): e.answer for e in run.exchanges}
    possible = [(row, check) for row, check in red if reproduce.is_possible(record, check)]
    assert possible, f"no failure of {entry.name} names its exchanges"
    for number, (row, check) in enumerate(different_ways(possible)):
        folder = tmp_path / f"again-{number}"
        folder.mkdir()
        script = reproduce.script(record, row, check, target.base_url)
        with faulty_exchange(entry, folder) as (fresh, _):
            out = reproduced(script, fresh, folder)
        steps = {step.number: step for step in reproduce.steps(record, check)}
        # A gate's item stands in an answer because others met it meanwhile, and no others are at work here.
        own = [step for step in steps.values() if not step.last.key.probe.startswith(reproduce.GATE)]
        posted = frozenset().union(*map(posted_ids, own))
        for step in reproduce.evidence_steps(record, check):
            what = f"{check.name}, step {step}: {script}"
            check_same(answer_of(out, step), answers[str(steps[step].last.key)], posted, what)


def first_of(row: str) -> Mutant:
    """The first mutant, by name, that breaks a row."""
    return next(m for m in all_mutants().values() if m.breaks == row)


@pytest.mark.parametrize("row", SAMPLE)
def test_a_failure_reproduces_from_its_script_alone(row: str, tmp_path: Path) -> None:
    check_scripts(first_of(row), tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(all_mutants()))
def test_every_failure_on_every_mutant_reproduces(name: str, tmp_path: Path) -> None:
    check_scripts(all_mutants()[name], tmp_path)
