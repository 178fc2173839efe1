"""A report of a server that lies, breaks and injects: every form of it is inert, complete and says the same."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import runner
from isao_conformance.creations import Created, Creations
from isao_conformance.lab import Lab
from isao_conformance.probe import Probe
from isao_conformance.report import console
from isao_conformance.report.build import RunMeta, build_report, write_report
from isao_conformance.target import Actor, Target, basic_actor
from isao_spec import load
from isao_spec.schema_check import problems
from tests.conformance.test_runner import BASE, COLLECTION, Scripted

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&]]>\x1b[31m\x00\u202e"
ROWS = ("TAXII-3.4-1", "TAXII-3.4-2", "TAXII-3.4-3", "TAXII-8.2.2-3", "TAXII-3.5-1", "TAXII-2-4")


def fails(lab: Lab) -> None:
    """A MUST broken by an answer full of injections."""
    lab.expect(False, "it holds", expected=EVIL, got=lab.reader.get(f"{BASE}nothing-here"))


def passes(lab: Lab) -> None:
    """A check that holds."""
    lab.expect(True, "it holds")


def warns(lab: Lab) -> None:
    """A SHOULD that does not hold."""
    lab.expect(False, "it is better so", got=EVIL)


def blocked(lab: Lab) -> None:
    """A probe whose actor is missing."""
    lab.as_("member-b")


class Injecting(Scripted):
    """Answers what it does not know with every trick."""

    def answer(self, request: Any, actor: Actor) -> Any:
        given = super().answer(request, actor)
        if request.url.endswith("nothing-here"):
            headers = (("Content-Type", "text/html"), ("X-Evil", EVIL.replace("\x00", "")))
            return type(given)(418, headers, EVIL.encode())
        return given


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    return made_in(tmp_path, monkeypatch)


def made_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Path]:
    """A report with a row of every outcome, and the folder that it was written to."""
    judges = {
        "TAXII-3.4-1": fails,
        "TAXII-3.4-2": passes,
        "TAXII-3.4-3": blocked,
        "TAXII-8.2.2-3": warns,
        "TAXII-3.5-1": fails,
    }
    probes = {row: Probe(row, "", judge) for row, judge in judges.items()}
    monkeypatch.setattr(runner, "all_probes", lambda: probes)
    monkeypatch.setattr(runner, "all_watchers", lambda: {})
    catalogue = load()
    actors = {"member-a": basic_actor("member-a", "a", "b"), "outsider": Actor("outsider")}
    target = Target(
        EVIL,
        BASE,
        ("http://host",),
        ("taxii-server",),
        f"{BASE}taxii2/",
        write=(COLLECTION,),
        actors=actors,
        absent={"next-cursor": EVIL},
    )
    rows = tuple(catalogue.requirements[row] for row in ROWS)
    plan = runner.Plan(target, catalogue, rows, "seed")
    run = runner.execute(plan, Injecting(), Creations())
    now = datetime(2026, 11, 22, tzinfo=UTC)
    created = [Created(COLLECTION, "member-a", "indicator--1")]
    meta = RunMeta("run-1", now, now, 1, profiles=("taxii-server",), created=created)
    report = build_report(run, plan, meta)
    write_report(folder, report, run)
    return report, folder


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in report["requirements"]}


def test_the_report_is_valid_and_says_what_was_judged(made: tuple[dict[str, Any], Path]) -> None:
    report, folder = made
    assert problems("report", json.loads((folder / "report.json").read_text("utf-8"))) == []
    assert outcomes(report) == {
        "TAXII-3.4-1": "fail",
        "TAXII-3.4-2": "pass",
        "TAXII-3.4-3": "untestable",
        "TAXII-8.2.2-3": "warn",
        "TAXII-3.5-1": "inapplicable",
        "TAXII-2-4": "error",
    }
    assert not any(claim["conformant"] for claim in report["claims"])
    failed = report["requirements"][0]
    for part in ("statement", "remediation", "sources", "reproduce"):
        assert failed[part], part
    assert (folder / failed["reproduce"]).read_text("utf-8").startswith("#!/bin/sh")


def test_the_page_is_inert_and_complete(made: tuple[dict[str, Any], Path]) -> None:
    report, folder = made
    page = (folder / "report.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<img|<iframe|<link|<object|javascript:", page, re.IGNORECASE)
    assert not re.search(r"<[^>]+\son\w+=", page), "no event handler in any tag"
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert "\x00" not in page
    for row in report["requirements"]:
        assert row["id"] in page, row["id"]
    assert report["requirements"][0]["remediation"][:40] in html.unescape(page)


def test_junit_counts_every_outcome(made: tuple[dict[str, Any], Path]) -> None:
    _, folder = made
    root = ElementTree.parse(folder / "junit.xml").getroot()
    cases = list(root.iter("testcase"))
    assert len(cases) == len(ROWS)
    assert len(list(root.iter("failure"))) == 1
    assert len(list(root.iter("error"))) == 1
    assert len(list(root.iter("skipped"))) == 2


def test_markdown_and_terminal_name_the_failure_and_let_nothing_through(made: tuple[dict[str, Any], Path]) -> None:
    report, folder = made
    told = {
        "markdown": (folder / "summary.md").read_text("utf-8"),
        "terminal": "\n".join(console.summary(report, folder)),
    }
    for name, text in told.items():
        assert "TAXII-3.4-1" in text, name
        assert "TAXII-3.4-3" in text, name
        assert "\x1b" not in text, name
        assert "\x00" not in text, name
    assert not re.search(r"(?<!\\)<script", told["markdown"]), "escaped for Markdown"
    assert "actor member-b" in told["terminal"]
    assert "CONFORMANT" not in told["terminal"].splitlines()[-1].replace("NOT CONFORMANT", "")
