"""A whole specification of one row, written to a folder, to be broken one thing at a time."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "catalogue.yaml": """\
name: Tiny
version: 1.2.3
functions:
  - stem: greeting
    title: Greeting
    summary: Who greets whom.
""",
    "retired.yaml": """\
retired:
  - id: ISAO-TINY-009
    reason: Said twice.
""",
    "sources.yaml": """\
sources:
  - id: manners
    title: On manners
    publisher: Nobody
    date: 2020-02
    address: https://example.org/manners
""",
    "capabilities.yaml": """\
capabilities:
  - id: voice
    title: A voice
    contradicted_when: It speaks.
""",
    "profiles/polite.yaml": """\
id: polite
title: Polite
summary: It greets.
gate: public
may_not_be_absent: [voice]
""",
    "requirements/greeting.yaml": """\
function: greeting
requirements:
  - id: ISAO-TINY-001
    title: It greets
    level: MUST
    statement: It greets everybody.
    rationale: People like it.
    sources:
      - {source: manners, section: "1"}
    profiles: [polite]
    applies_if: voice
    verification:
      by: probe
      method: Enter and listen.
      control: A door that nobody uses stays silent.
    remediation: Say good day.
    status: approved
    checked:
      date: 2026-11-22
      passage: Section 1 asks for it.
    design_choice: true
    since: "0.1"
""",
}

ROW = "requirements/greeting.yaml"


def write(folder: Path) -> Path:
    """Writes the tiny specification and returns its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def replace(folder: Path, name: str, old: str, new: str) -> None:
    """Replaces the one occurrence of a text in a file."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
