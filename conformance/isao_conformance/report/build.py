"""The one result of a run, `report.json`; every other form is derived from it.

Shape: schema `report` of the specification. Deterministic for the same exchanges but for the two times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from isao_conformance import reproduce
from isao_conformance.cleanup import Leftover
from isao_conformance.creations import Created
from isao_conformance.evidence import TRANSCRIPT
from isao_conformance.exchange import Exchange
from isao_conformance.lab import Check
from isao_conformance.report import words
from isao_conformance.reproduce import Transcript
from isao_conformance.runner import Judged, Plan, Run
from isao_conformance.target import CERTIFICATE
from isao_conformance.verdict import Outcome
from isao_spec.model import Catalogue, Profile, Requirement

SCHEMA = "isao-report/1"
SCRIPTS = "reproduce"
NOT_MET = (Outcome.FAIL, Outcome.WARN)
EXCERPTS = 5
"""Exchanges a check shows at most; a watcher can name thousands, and the transcript holds them all."""


@dataclass(frozen=True)
class RunMeta:
    """What is known about a run beside what it judged. Times are in UTC; `selected` are the patterns of --select."""

    id: str
    started: datetime
    ended: datetime
    exit_code: int
    no_claim: bool = False
    profiles: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    created: Sequence[Created] = ()
    leftovers: Sequence[Leftover] = ()


def build_report(run: Run, plan: Plan, meta: RunMeta) -> dict[str, Any]:
    """The report of a finished run as JSON data, valid under the schema `report`."""
    record = Transcript(run.exchanges)
    rows = [_row(judged, plan.catalogue, record) for judged in run.judged]
    unclaimed = _unclaimed_because(plan, meta)
    claims = [] if unclaimed else [_claim(plan.catalogue.profiles[name], rows) for name in meta.profiles]
    report = {
        "schema": SCHEMA,
        "notice": words.NOTICE,
        "run": {
            **_about(plan, meta),
            "exchanges": len(run.exchanges),
            "verdict": words.verdict(meta.exit_code, claims),
            "summary": words.summary(rows),
        },
        "target": plan.target.public(),
        "claims": claims,
        "unclaimed_because": unclaimed,
        "gate": [
            {"gate": name, "proof": proof.proof, "ok": proof.ok, "why": words.shortened(proof.why)}
            for name, proofs in run.proofs.items()
            for proof in proofs
        ],
        "functions": _functions(plan.catalogue, rows),
        "requirements": rows,
        "survey": _survey(run),
        "exchanges": _excerpts(run.exchanges, rows),
        "measures": {name: _measure(run.measures[name], plan.catalogue) for name in sorted(run.measures)},
        "created": [_created(item) for item in meta.created],
        "leftovers": [{**_created(item.created), "why": item.why} for item in meta.leftovers],
    }
    written: dict[str, Any] = words.writable(report)
    return written


def _about(plan: Plan, meta: RunMeta) -> dict[str, Any]:
    return {
        "id": meta.id,
        "seed": plan.seed,
        "started": _moment(meta.started),
        "ended": _moment(meta.ended),
        "suite_version": version("isao"),
        "spec_version": plan.catalogue.version,
        "spec_digest": plan.catalogue.digest,
        "assurance": "self-run",
        "replayable": True,
        "profiles": list(meta.profiles),
        "selected": list(meta.selected),
        "read_only": plan.read_only,
        "no_claim": meta.no_claim,
        "exit_code": meta.exit_code,
    }


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _measure(taken: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A measure, with the threshold that the function contract it is a sample of names beside it."""
    told = {name: value for name, value in taken.items() if name != "of"}
    known = {one.name: one for contract in catalogue.contracts.values() for one in contract.measures}
    measure = known.get(str(taken.get("of", "")))
    if measure is None or measure.threshold_seconds is None:
        return told
    return {**told, "threshold": measure.threshold_seconds, "requirement": measure.serves}


def _created(item: Created) -> dict[str, str]:
    return {"collection": item.collection, "actor": item.actor, "id": item.id, "kind": item.kind}


def _row(judged: Judged, catalogue: Catalogue, record: Transcript) -> dict[str, Any]:
    row = judged.row
    checks = [_check(check) for check in judged.checks]
    not_met = [place for place, check in enumerate(judged.checks) if check.outcome in NOT_MET]
    not_met.sort(key=lambda place: judged.checks[place].outcome is not Outcome.FAIL)
    possible = [place for place in not_met if reproduce.is_possible(record, judged.checks[place])]
    for number, place in enumerate(possible, 1):
        suffix = "" if number == 1 else f"-{number}"
        checks[place]["reproduce"] = f"{SCRIPTS}/{row.id}{suffix}.sh"
    return {
        "id": row.id,
        "function": row.function,
        "title": row.title,
        "level": str(row.level),
        "profiles": list(row.profiles),
        "outcome": str(judged.outcome),
        "blocked_by": judged.blocked_by,
        "reason": words.shortened(judged.reason),
        "statement": row.statement,
        "rationale": row.rationale,
        "remediation": row.remediation,
        "sources": _sources(row, catalogue),
        "verified_by": str(row.verification.by),
        "contested": row.contested is not None,
        "design_choice": row.design_choice,
        "checks": checks,
        **({"reproduce": checks[possible[0]]["reproduce"]} if possible else {}),
    }


def _sources(row: Requirement, catalogue: Catalogue) -> list[dict[str, str]]:
    return [
        {
            "source": cited.source,
            "section": cited.section,
            "title": catalogue.sources[cited.source].title,
            "address": catalogue.sources[cited.source].address,
        }
        for cited in row.sources
    ]


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "outcome": str(check.outcome),
        "expected": words.shortened(check.expected),
        "got": words.shortened(check.got),
        "blocked_by": check.blocked_by,
        "exchanges": list(check.exchanges),
    }


def _unclaimed_because(plan: Plan, meta: RunMeta) -> list[str]:
    """Reasons for which the whole run claims nothing; none when it may claim."""
    reasons = []
    if not plan.target.is_https:
        reasons.append("the run was over plain HTTP, where anybody on the way can change what is said")
    if meta.selected or set(plan.catalogue.in_profiles(meta.profiles)) - set(plan.rows):
        reasons.append("only a selection of the requirements was judged")
    if meta.no_claim:
        reasons.append("--no-claim was given")
    return reasons


def _claim(profile: Profile, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    mine = [row for row in rows if profile.id in row["profiles"]]
    levels = dict.fromkeys(row["level"] for row in mine)
    binding = words.counted(row["outcome"] for row in mine if row["level"] in words.BINDING)
    because = [
        f"{binding[word]} of {sum(binding.values())} binding requirements {said}"
        for word, said in (
            (Outcome.ERROR, "ended in an error of the harness"),
            (Outcome.FAIL, "failed"),
            (Outcome.UNTESTABLE, "could not be tested"),
            (Outcome.WAIVED, "are waived"),
        )
        if binding.get(word)
    ]
    if not binding.get(Outcome.PASS):
        because.append("no binding requirement was met")
    return {
        "profile": profile.id,
        "title": profile.title,
        "conformant": not because,
        "because": because,
        "counts": words.counted(row["outcome"] for row in mine),
        "by_level": {level: words.counted(row["outcome"] for row in mine if row["level"] == level) for level in levels},
    }


def _functions(catalogue: Catalogue, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    outcomes: dict[str, list[str]] = {}
    for row in rows:
        outcomes.setdefault(row["function"], []).append(row["outcome"])
    return [
        {"function": group.stem, "title": group.title, "counts": words.counted(outcomes[group.stem])}
        for group in catalogue.groups
        if group.stem in outcomes
    ]


def _survey(run: Run) -> dict[str, Any]:
    found = run.survey
    return {
        "primary": found.primary,
        "api_root": found.api_root,
        "collections": [{"url": c.url, "can_read": c.can_read, "can_write": c.can_write} for c in found.collections],
        "notes": [words.shortened(note) for note in found.notes],
    }


def _excerpts(exchanges: Iterable[Exchange], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The exchanges that checks which are not met name, the first few of each check."""
    wanted = {
        key
        for row in rows
        for check in row["checks"]
        if check["outcome"] in NOT_MET
        for key in check["exchanges"][:EXCERPTS]
    }
    return {str(e.key): _excerpt(e) for e in exchanges if str(e.key) in wanted}


def _excerpt(exchange: Exchange) -> dict[str, Any]:
    request, answer = exchange.request, exchange.answer
    return {
        "method": request.method,
        "url": words.shortened(request.url),
        "headers": [[name, words.shortened(value)] for name, value in request.headers],
        "body": _body(request.body),
        "answer": None
        if answer is None
        else {
            "status": answer.status,
            "headers": [[name, words.shortened(value)] for name, value in answer.headers],
            "body": _body(answer.body),
        },
        "problem": exchange.problem,
    }


def _body(body: bytes) -> str:
    return words.shortened(body.decode("utf-8", "backslashreplace"))


def scripts(run: Run, report: Mapping[str, Any]) -> dict[str, str]:
    """The reproductions that the report names, by file name."""
    record = Transcript(run.exchanges)
    target = report["target"]
    certified = frozenset(name for name, told in target["actors"].items() if told["auth"] == CERTIFICATE)
    return {
        told["reproduce"]: reproduce.script(record, judged.row, check, target["base_url"], certified)
        for judged, row in zip(run.judged, report["requirements"], strict=True)
        for check, told in zip(judged.checks, row["checks"], strict=True)
        if "reproduce" in told
    }


def write_report(folder: Path, report: dict[str, Any], run: Run) -> None:
    """Write every form of the report into the folder, beside the transcript, which it names by its digest."""
    from isao_conformance.report import html, junit, markdown

    transcript = folder / TRANSCRIPT
    if transcript.is_file():
        with transcript.open("rb") as file:
            report["run"]["transcript_sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    made = scripts(run, report)
    texts = {
        "report.json": json.dumps(report, ensure_ascii=False, indent=2) + "\n",
        "report.html": html.page(report, made),
        "junit.xml": junit.suite(report),
        "summary.md": markdown.summary(report),
        **made,
    }
    for old in (folder / SCRIPTS).glob("*.sh"):
        old.unlink()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
        if name.endswith(".sh"):
            path.chmod(0o755)
