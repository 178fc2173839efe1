"""The labelled sentences and objects that the privacy review is measured on, and how it is measured.

In the files `[[rule:value]]` marks what has to be found as certain and `[[?rule:value]]` what has to be found at least
as doubtful; the text is reviewed without the marks. A finding counts for a mark when it covers all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from isao_reference.content import privacy
from isao_reference.content.privacy import Found

FILES = ("development", "second", "held_out", "unseen")
_MARK = re.compile(r"\[\[(\??)([a-z-]+):((?:[^\]]|\](?!\]))*)\]\]")


@dataclass(frozen=True)
class Mark:
    """A value that has to be found: in which object of its case, in which property, from where to where."""

    position: int
    path: tuple[str | int, ...]
    start: int
    end: int
    rule: str
    certain: bool

    def covered_by(self, found: Found) -> bool:
        """Whether a finding takes out all of it."""
        return (
            (found.position, found.path) == (self.position, self.path)
            and found.start <= self.start
            and self.end <= found.end
        )

    def touched_by(self, found: Found) -> bool:
        """Whether a finding takes out some of it."""
        return (
            (found.position, found.path) == (self.position, self.path)
            and found.start < self.end
            and self.start < found.end
        )


@dataclass(frozen=True)
class Case:
    """Objects that are sent together, and what is to be found in them."""

    objects: tuple[dict[str, Any], ...]
    marks: tuple[Mark, ...]


@cache
def cases(name: str) -> tuple[Case, ...]:
    """The cases of one of FILES. A sentence is the description of a report, and of an indicator, by turns."""
    given = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text("utf-8"))
    kinds = ("report", "indicator", "incident", "campaign")
    sentences = [
        [{"type": kinds[place % len(kinds)], "name": "A sentence", "description": text}]
        for place, text in enumerate(given["texts"])
    ]
    return tuple(_case(objects) for objects in (*sentences, *given["objects"]))


def _case(objects: list[dict[str, Any]]) -> Case:
    marks: list[Mark] = []
    plain = []
    for position, item in enumerate(objects):

        def unmarked(value: Any, path: tuple[str | int, ...], position: int = position) -> Any:
            if isinstance(value, dict):
                return {name: unmarked(inner, (*path, name)) for name, inner in value.items()}
            if isinstance(value, list):
                return [unmarked(inner, (*path, place)) for place, inner in enumerate(value)]
            if not isinstance(value, str):
                return value
            text, last = "", 0
            for found in _MARK.finditer(value):
                text += value[last : found.start()]
                marks.append(Mark(position, path, len(text), len(text) + len(found[3]), found[2], certain=not found[1]))
                text, last = text + found[3], found.end()
            return text + value[last:]

        stamp = "2026-01-05T08:00:00.000Z"
        number = f"{item['type']}--00000000-0000-4000-8000-{position:012}"
        base = {} if item["type"] in ("ipv4-addr", "email-addr", "user-account") else {"created": stamp}
        plain.append({"spec_version": "2.1", "id": number, **base, **unmarked(item, ())})
    return Case(tuple(plain), tuple(marks))


@dataclass
class Score:
    """How the review did. `wrong` are certain findings that touch no mark of a certain value, `missed` certain marks
    that no certain finding covers; each in words."""

    objects: int = 0
    certain: int = 0
    certain_found: int = 0
    claimed: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    doubtful: int = 0
    doubtful_found: int = 0
    doubted: int = 0
    doubted_wrongly: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Of the certain findings, how many are of what is marked certain."""
        return 1 - len(self.wrong) / self.claimed if self.claimed else 0.0

    @property
    def recall(self) -> float:
        """Of what is marked certain, how much was found as certain."""
        return self.certain_found / self.certain if self.certain else 0.0


def score(chosen: Iterator[Case] | tuple[Case, ...], review: Callable[..., list[Found]] = privacy.review) -> Score:
    """Reviews the cases and counts."""
    made = Score()
    for case in chosen:
        findings = review(case.objects)
        made.objects += len(case.objects)
        for mark in case.marks:
            told = f"{mark.rule} in {_text(case, mark.position, mark.path)!r}"
            if mark.certain:
                made.certain += 1
                hit = any(one.certain and mark.covered_by(one) for one in findings)
                made.certain_found += hit
                made.missed += [] if hit else [told]
            else:
                made.doubtful += 1
                made.doubtful_found += any(mark.covered_by(one) for one in findings)
        for one in findings:
            told = f"{one.rule} {one.certainty} in {_text(case, one.position, one.path)!r}"
            if one.certain:
                made.claimed += 1
                right = any(mark.certain and mark.touched_by(one) for mark in case.marks)
                made.wrong += [] if right else [told]
            else:
                made.doubted += 1
                right = any(mark.touched_by(one) for mark in case.marks)
                made.doubted_wrongly += [] if right else [told]
    return made


def _text(case: Case, position: int, path: tuple[str | int, ...]) -> str:
    value: Any = case.objects[position]
    for step in path:
        value = value[step]
    return str(value)
