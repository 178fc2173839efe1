"""What the rules of the privacy review have in common: a hit, and how long they may look. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Hit(NamedTuple):
    """A value in a text from `start` to `end`: the rule that found it, and whether it is certain or for a person to
    judge."""

    start: int
    end: int
    rule: str
    certain: bool


class TooMuch(Exception):
    """There is more to look at than a review takes time for."""


@dataclass
class Budget:
    """How many candidates one review still looks at closely, so that no content keeps the exchange busy."""

    left: int

    def spend(self) -> None:
        """One candidate more; raises TooMuch after the last."""
        self.left -= 1
        if self.left < 0:
            raise TooMuch
