"""What a report claims, counts, shows and withholds, from results put together by hand."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from isao_conformance.cleanup import Leftover
from isao_conformance.creations import Created
from isao_conformance.exchange import Answer, Exchange, Key, Request
from isao_conformance.gate import Proof
from isao_conformance.lab import Check
from isao_conformance.limits import LIMITS
from isao_conformance.report import console, words
from isao_conformance.report.build import EXCERPTS, RunMeta, build_report, write_report
from isao_conformance.runner import Judged, Plan, Run
from isao_conformance.survey import Collection, Survey
from isao_conformance.target import Actor, Target, basic_actor
from isao_conformance.verdict import Outcome
from isao_spec import load
from isao_spec.model import Level, Requirement
from isao_spec.schema_check import problems

BASE = "https://exchange.example/"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ACTORS = {"member-a": basic_actor("member-a", "a", "b"), "outsider": Actor("outsider")}
PROFILE = "taxii-server"
ROWS = load().in_profiles((PROFILE,))
MUST = next(row for row in ROWS if row.level is Level.MUST and row.may_fail)
Judge = Callable[[Requirement], Judged]


def judged(outcome: Outcome, **more: Any) -> Judge:
    def judge(row: Requirement) -> Judged:
        checks = () if outcome in (Outcome.UNTESTABLE, Outcome.INAPPLICABLE) else (Check("a_probe/x", True),)
        return Judged(row, outcome, tuple(replace(c, outcome=outcome) for c in checks), **more)

    return judge


def report_of(
    special: dict[str, Judge] | None = None,
    *,
    rows: tuple[Requirement, ...] = ROWS,
    base: str = BASE,
    exchanges: tuple[Exchange, ...] = (),
    proofs: dict[str, list[Proof]] | None = None,
    **meta: Any,
) -> tuple[dict[str, Any], Run]:
    """The report of a run in which every row passed but the special ones."""
    found = tuple((special or {}).get(row.id, judged(Outcome.PASS))(row) for row in rows)
    target = Target("An exchange", base, (base.rstrip("/"),), (), f"{base}taxii2/", actors=ACTORS)
    run = Run(Survey("member-a"), proofs or {}, found, {}, exchanges)
    plan = Plan(target, load(), rows, "seed")
    told = {"id": "run-1", "started": NOW, "ended": NOW, "exit_code": 0, "profiles": (PROFILE,), **meta}
    return build_report(run, plan, RunMeta(**told)), run


def exchange(ordinal: int, body: bytes = b"{}", probe: str = "a_probe") -> Exchange:
    return Exchange(Key(probe, "member-a", ordinal), Request("GET", f"{BASE}x/"), Answer(200, (), body))


def failing(keys: list[Exchange], outcome: Outcome = Outcome.FAIL, checks: int = 1) -> Judge:
    named = tuple(str(e.key) for e in keys)

    def judge(row: Requirement) -> Judged:
        broken = [Check(f"a_probe/{n}", False, "this", "that", named, outcome=outcome) for n in range(checks)]
        return Judged(row, outcome, tuple(broken))

    return judge


def test_a_run_in_which_everything_is_met_claims_the_profile() -> None:
    report, _ = report_of()
    (claim,) = report["claims"]
    assert claim["conformant"]
    assert claim["counts"] == {"pass": len(ROWS)}
    assert sum(sum(counts.values()) for counts in claim["by_level"].values()) == len(ROWS)
    assert report["run"]["verdict"] == "conformant"
    assert report["notice"] == (
        "Self-run: made by whoever ran it; not witnessed, not endorsed by any standards body or agency."
    )
    assert problems("report", report) == []


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.UNTESTABLE, Outcome.ERROR, Outcome.WAIVED])
def test_one_must_that_is_not_met_is_enough(outcome: Outcome) -> None:
    report, _ = report_of({MUST.id: judged(outcome)}, exit_code=1)
    (claim,) = report["claims"]
    assert not claim["conformant"]
    assert claim["because"][0].startswith("1 of ")
    assert claim["counts"][outcome] == 1


def test_a_recommendation_that_is_not_met_does_not_take_the_claim() -> None:
    should = next(row for row in ROWS if not row.level.binding)
    for outcome in (Outcome.WARN, Outcome.UNTESTABLE):
        report, _ = report_of({should.id: judged(outcome)})
        assert report["claims"][0]["conformant"]
        assert report["run"]["verdict"] == "conformant"


def test_nothing_met_is_no_claim_even_without_a_failure() -> None:
    report, _ = report_of({row.id: judged(Outcome.INAPPLICABLE) for row in ROWS}, exit_code=4)
    assert report["claims"][0]["because"] == ["no binding requirement was met"]
    assert report["run"]["verdict"] == "incomplete"


def test_plain_http_a_selection_and_no_claim_claim_nothing() -> None:
    for told, word in (
        ({"base": "http://exchange.example/"}, "plain HTTP"),
        ({"selected": (MUST.id,)}, "selection"),
        ({"rows": (MUST,)}, "selection"),
        ({"no_claim": True}, "--no-claim"),
    ):
        report, _ = report_of(**told)
        assert report["claims"] == []
        assert word in "; ".join(report["unclaimed_because"])
        assert report["run"]["verdict"] == "no conformance claimed"


def test_the_summary_sentence_adds_up() -> None:
    report, _ = report_of({MUST.id: judged(Outcome.FAIL)}, exit_code=1)
    binding = sum(row.level.binding for row in ROWS)
    assert report["run"]["summary"].startswith(f"{binding - 1} of {binding} binding requirements")
    assert "1 failed" in report["run"]["summary"]
    assert words.summary([]) == "0 of 0 binding requirements (MUST, MUST NOT) met"


def test_the_same_run_gives_the_same_report() -> None:
    told = {MUST.id: failing([exchange(1)])}
    first, _ = report_of(told, exchanges=(exchange(1),), exit_code=1)
    again, _ = report_of(told, exchanges=(exchange(1),), exit_code=1)
    assert json.dumps(first) == json.dumps(again)


def test_exchanges_are_shown_in_part_and_only_behind_what_is_not_met() -> None:
    listed = [exchange(n, b"\xff" + b"a" * 3 * LIMITS.shown_octets) for n in range(1, 20)]
    other = exchange(1, probe="beside")
    report, _ = report_of({MUST.id: failing(listed)}, exchanges=(*listed, other), exit_code=1)
    row = next(row for row in report["requirements"] if row["id"] == MUST.id)
    assert len(row["checks"][0]["exchanges"]) == len(listed)
    assert sorted(report["exchanges"]) == sorted(str(e.key) for e in listed[:EXCERPTS])
    body = report["exchanges"][str(listed[0].key)]["answer"]["body"]
    assert len(body) < LIMITS.shown_octets + 100
    assert "more characters" in body
    assert problems("report", report) == []


def test_every_check_that_is_not_met_has_a_script_and_old_ones_are_removed(tmp_path: Path) -> None:
    one = exchange(1)
    report, run = report_of({MUST.id: failing([one], checks=2)}, exchanges=(one,), exit_code=1)
    (tmp_path / "reproduce").mkdir()
    (tmp_path / "reproduce" / "OLD-1.sh").write_text("")
    write_report(tmp_path, report, run)
    made = sorted(p.name for p in (tmp_path / "reproduce").iterdir())
    assert made == sorted([f"{MUST.id}.sh", f"{MUST.id}-2.sh"])
    row = next(row for row in report["requirements"] if row["id"] == MUST.id)
    assert row["reproduce"] == f"reproduce/{MUST.id}.sh"
    assert [check["reproduce"] for check in row["checks"]] == [
        f"reproduce/{MUST.id}.sh",
        f"reproduce/{MUST.id}-2.sh",
    ]
    for name in made:
        assert (tmp_path / "reproduce" / name).stat().st_mode & 0o111


def test_a_check_without_evidence_names_no_script(tmp_path: Path) -> None:
    report, run = report_of({MUST.id: failing([])}, exit_code=1)
    write_report(tmp_path, report, run)
    assert not (tmp_path / "reproduce").exists()
    assert "reproduce" not in next(row for row in report["requirements"] if row["id"] == MUST.id)


def test_the_report_names_its_transcript_by_digest(tmp_path: Path) -> None:
    (tmp_path / "transcript.ndjson").write_bytes(b"{}\n")
    report, run = report_of()
    write_report(tmp_path, report, run)
    digest = hashlib.sha256(b"{}\n").hexdigest()
    assert json.loads((tmp_path / "report.json").read_text())["run"]["transcript_sha256"] == digest
    assert digest in (tmp_path / "report.html").read_text()


def test_what_blocks_most_is_told_with_its_remedy(tmp_path: Path) -> None:
    blocked = {row.id: judged(Outcome.UNTESTABLE, blocked_by="actor member-b", reason="none lent") for row in ROWS[:20]}
    report, run = report_of(blocked, exit_code=4)
    write_report(tmp_path, report, run)
    texts = [(tmp_path / name).read_text() for name in ("report.html", "summary.md")]
    for text in [*texts, "\n".join(console.summary(report, tmp_path))]:
        assert "actors.member-b" in text.replace("\\", "")
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert root.get("skipped") == "20"
    assert root.get("tests") == str(len(ROWS))


@pytest.mark.parametrize(
    ("blocked_by", "word"),
    [
        ("actor peer", "[actors.peer]"),
        ("capability write", "[taxii] write"),
        ("capability delete", "[absent]"),
        ("gate exchange", "exchange gate"),
        ("option may_delete", "may_delete = true"),
        ("option --read-only", "without --read-only"),
        ("an https base_url", "HTTPS"),
        ("a readable collection", "account"),
        ("ISAO-GOV-001", "isao explain ISAO-GOV-001"),
        ("", "reason"),
    ],
)
def test_every_block_has_a_remedy_of_its_own(blocked_by: str, word: str) -> None:
    assert word in words.what_to_do(blocked_by)


def test_a_closed_gate_is_told_first() -> None:
    report, _ = report_of(
        {row.id: judged(Outcome.UNTESTABLE, blocked_by="gate exchange") for row in ROWS},
        proofs={"exchange": [Proof("content read back", False, "nothing came back")]},
        exit_code=4,
    )
    lines = console.summary(report, Path("out"))
    assert next(line for line in lines if line).startswith("GATE CLOSED")
    assert "  nothing came back" in lines
    assert lines[-1].startswith("INCOMPLETE: 0 of ")


def test_leftovers_are_counted_and_explained(tmp_path: Path) -> None:
    left = Created(f"{BASE}c/", "member-a", "indicator--1")
    report, run = report_of(created=[left], leftovers=[Leftover(left, "DELETE answered 403")])
    write_report(tmp_path, report, run)
    assert report["leftovers"] == [{**report["created"][0], "why": "DELETE answered 403"}]
    assert "1 of 1 created objects may still be there" in "\n".join(console.summary(report, tmp_path))
    assert "DELETE answered 403" in (tmp_path / "report.html").read_text()


def test_the_terminal_tells_a_stranger_the_next_steps() -> None:
    found = Survey("outsider", collections=(Collection("u", "i", True, False),), notes=("a note",))
    target = Target("An exchange", BASE, (BASE,), (), BASE, actors={"outsider": Actor("outsider")})
    lines = console.stranger(Run(found, {}, (), {}, ()), target)
    text = "\n".join(lines)
    for part in ("1 collections are listed, 1 readable", "a note", "ISAO_USERNAME", "--write", "--target"):
        assert part in text
    plan = Plan(target, load(), ROWS, "seed")
    assert "none: only what a stranger sees can be judged" in "\n".join(console.header(plan, (PROFILE,)))


def test_a_group_line_counts_what_was_judged() -> None:
    listed = [judged(Outcome.PASS)(MUST), judged(Outcome.PASS)(MUST), judged(Outcome.WARN)(MUST)]
    assert console.group_line("taxii_filters", listed) == "taxii_filters        2 pass  1 warn"


def test_what_a_reader_sees_holds_no_control_characters() -> None:
    assert words.visible("a\x1b[2J\x00\u202eb\nc") == "a\\x1b[2J\\x00\\u202eb\nc"
    assert words.shortened("abc", 2) == "ab… (1 more characters)"
