"""Which values of a request came from an earlier answer, and where in that answer they stood.

A reproduction runs against another instance, where page cursors, status ids, times of addition and places in
a log are different ones: they have to be taken from its own answers. Values that the harness chose itself, and
those that belong to the target's lasting content, stay as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from isao_conformance.exchange import Answer, Request

SHORTEST = 8
CONDITION = "if-match"
NUMBERED = {"size": ("after", "first", "second", "size"), "next": ("next",)}
"""Numbers in answers that requests repeat, by what both call them: how long the audit log was, and a cursor."""
NEARBY = timedelta(seconds=1)
_UUID_END = re.compile(r"--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TYPE_END = re.compile(r"[a-z0-9-]{1,64}\Z")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")

Path = tuple[Any, ...]
"""Steps into a JSON value: a key, a position, or {"id": ..., "nth": n} for an item of a list."""


@dataclass(frozen=True)
class Source:
    """Where a value stood: the step, a header's name or a path into the body; `shift` in microseconds is added to
    a time, which is then written with `digits` decimals. A lower `rank` survives differences between instances better.
    """

    step: int
    header: str = ""
    path: Path = ()
    rank: int = 0
    shift: int = 0
    digits: int = 0


@dataclass(frozen=True)
class Used:
    """A value in a request: the raw text as it stands there, the value it means, the query parameter's name."""

    raw: str
    value: str
    parameter: str = ""


def stix_ids(text: str) -> Iterator[str]:
    """Every STIX id in a text, in linear time whatever the text."""
    for end in _UUID_END.finditer(text):
        kind = _TYPE_END.search(text[max(0, end.start() - 64) : end.start()])
        if kind:
            yield kind[0] + end[0]


def is_stix_id(text: str) -> bool:
    """True when the text is one STIX id and nothing else."""
    return list(stix_ids(text)) == [text]


def used_in_url(url: str) -> list[Used]:
    """Path segments and query values of the URL, percent-decoded."""
    parts = urlsplit(url)
    found = [Used(raw, unquote(raw)) for raw in parts.path.split("/") if raw]
    for pair in parts.query.split("&"):
        name, _, raw = pair.partition("=")
        found += [Used(item, unquote_plus(item), unquote_plus(name)) for item in (raw, *re.split("%2C|,", raw)) if item]
    return found


def used_in_body(request: Request) -> list[Used]:
    """The JSON strings of the body."""
    data = Answer(200, (), request.body).data
    return [Used(value, value) for value, _ in strings(data)]


def used_in_headers(request: Request) -> list[Used]:
    """The entity tags that a request is conditional on: each instance gives its records tags of their own."""
    return [Used(value, value) for name, value in request.headers if name.lower() == CONDITION]


def strings(data: Any, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every string of a JSON value with its path."""
    if isinstance(data, str):
        yield data, path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from strings(value, (*path, key))
    elif isinstance(data, list):
        nth: dict[str, int] = {}
        for place, item in enumerate(data):
            step: Any = place if place + 1 < len(data) or not place else -1
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                nth[item["id"]] = nth.get(item["id"], -1) + 1
                step = {"id": item["id"], "nth": nth[item["id"]], "else": step}
            yield from strings(item, (*path, step))


def _numbers(data: Any, path: Path = ()) -> Iterator[tuple[str, str, Path]]:
    """The parameter that each number can come back in, the number as it is written there, and its path."""
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if key in NUMBERED and type(value) is int:
            yield from ((parameter, str(value), (*path, key)) for parameter in NUMBERED[key])
        yield from _numbers(value, (*path, key))


class Tracker:
    """Follows the steps of a reproduction in order and says where each value of a request comes from.

    `lasting` are strings that every instance of the target shows alike; `passing` are the ids of objects
    that other probes created, which a fresh instance does not hold.
    """

    def __init__(self, lasting: frozenset[str], passing: frozenset[str]) -> None:
        self._lasting = lasting
        self._passing = passing
        self._said: set[str] = set()
        self._captured: set[str] = set()
        self._sources: dict[str, Source] = {}
        self._numbers: dict[tuple[str, str], Source] = {}
        self._times: list[tuple[datetime, Source]] = []

    def asked(self, used: list[Used]) -> dict[Used, Source]:
        """The values of a request that have to be captured. All values count as said from now on."""
        found = {item: source for item in used if (source := self._source(item)) is not None}
        captured = {item.value for item in found}
        self._captured |= captured
        self._said |= {item.value for item in used if item.value not in captured}
        return found

    def answered(self, step: int, answer: Answer | None) -> None:
        """Remember where the strings of an answer stand."""
        if answer is None:
            return
        for name, value in answer.headers:
            self._remember(value, Source(step, header=name, rank=1))
        for value, path in strings(answer.data):
            self._remember(value, self._in_body(step, path))
        self._numbers |= {(name, value): Source(step, path=path) for name, value, path in _numbers(answer.data)}

    def _in_body(self, step: int, path: Path) -> Source:
        """Positions in a list of things that other probes also put there mean little: the item's id is better, unless
        it is itself one that each instance gives anew."""
        rank, kept = 0, []
        anew = self._passing | self._captured
        for part in path:
            by_id = isinstance(part, dict) and part["id"] not in anew and path[-1] != "id"
            kept.append(
                {"id": part["id"], "nth": part["nth"]} if by_id else part["else"] if isinstance(part, dict) else part
            )
            rank = max(rank, 0 if by_id or isinstance(part, str) else 2)
        return Source(step, path=tuple(kept), rank=rank)

    def _remember(self, value: str, source: Source) -> None:
        if value in self._said:
            return
        old = self._sources.get(value)
        if old is None or source.rank <= old.rank:
            self._sources[value] = source
        moment = _moment(value)
        if moment is not None:
            self._times.append((moment[0], source))

    def _source(self, item: Used) -> Source | None:
        value = item.value
        if (item.parameter, value) in self._numbers:
            return self._numbers[item.parameter, value]
        if value in self._said:
            return None
        source = self._sources.get(value)
        if source is not None and (item.parameter == "next" or self._is_passing(value, source)):
            return source
        return self._near(value) if item.parameter else None

    def _is_passing(self, value: str, source: Source) -> bool:
        if len(value) < SHORTEST or value in self._lasting or not value.isprintable():
            return False
        if is_stix_id(value):
            # What a listing of objects names lasts; what a record of a function names was made for that record.
            return value in self._passing or source.path[:1] == ("facts",)
        return any(c.isdigit() for c in value)

    def _near(self, value: str) -> Source | None:
        """A time computed from one in an answer (a microsecond earlier, say) moves along with it."""
        moment = _moment(value)
        if moment is None or not self._times:
            return None
        when, source = min(self._times, key=lambda pair: (abs(moment[0] - pair[0]), pair[1].rank))
        if abs(moment[0] - when) > NEARBY:
            return None
        return replace(source, shift=(moment[0] - when) // timedelta(microseconds=1), digits=moment[1])


def _moment(value: str) -> tuple[datetime, int] | None:
    match = _TIME.fullmatch(value)
    if match is None:
        return None
    fraction = match[2] or ""
    try:
        whole = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return whole + timedelta(microseconds=int((fraction + "000000")[:6])), len(fraction)
