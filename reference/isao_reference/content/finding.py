"""What is found wrong with STIX content: a rule, its level and clause, and the place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from isao_spec import stix
from isao_spec.model import Level

_SHOWN = 200
MOST_FAULTS = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. `pointer` is a JSON Pointer (RFC 6901) into what was validated; `clause` is the section
    of the rule's source; `object_id` is the id the object gives itself, empty when it gives none."""

    rule: str
    level: Level
    clause: str
    pointer: str
    message: str
    object_id: str

    @property
    def binding(self) -> bool:
        """True when a MUST or MUST NOT is broken: such content is not valid."""
        return self.level.binding


class Enough(Exception):
    """More is wrong with one object than anybody wants to read."""


class Found(list[Finding]):
    """The findings of one object. At most MOST_FAULTS of them are binding: the next one raises Enough, so that an
    object in which everything is wrong cannot tie up an exchange. As many others are kept, and further ones dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._room = {True: MOST_FAULTS, False: MOST_FAULTS}

    def append(self, entry: Finding) -> None:
        """Keeps a finding while there is room for one of its kind."""
        if self._room[entry.binding]:
            self._room[entry.binding] -= 1
            super().append(entry)
        elif entry.binding:
            raise Enough


@cache
def _rule(identifier: str) -> stix.Rule:
    return stix.rules()[identifier]


def finding(rule: str, pointer: str, message: str, clause: str = "") -> Finding:
    """A finding under a rule of the specification; `clause` replaces the rule's own where the rule covers
    several types. Raises KeyError for a rule that is not in the list."""
    known = _rule(rule)
    return Finding(rule, known.level, clause or known.clause, pointer, writable(message), "")


def writable(text: str) -> str:
    """The text with what no UTF-8 can hold written as an escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def step(name: str | int) -> str:
    """One step of a JSON Pointer, made writable as UTF-8."""
    text = str(name).replace("~", "~0").replace("/", "~1")
    return "/" + writable(text)


def shown(value: object) -> str:
    """A value as it is quoted in messages: bounded, printable, never a failure."""
    text = ascii(value) if not isinstance(value, (dict, list)) else f"a JSON {type(value).__name__}"
    text = text.replace("a JSON dict", "a JSON object")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
