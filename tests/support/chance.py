"""Chance that depends on nothing but what it is for, so that two worlds can be compared octet for octet which differ in
something hidden."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from hashlib import sha256


def placed_by_name(seed: str) -> Callable[[int], int]:
    """Takes the place of secrets.randbelow: where an item lies in its window of dates goes by its id and version, and
    by how often it was asked for."""
    asked: Counter[str] = Counter()

    def below(width: int) -> int:
        inside = sys._getframe(2).f_locals
        if "fact" in inside:
            name = f"{inside['fact'].id} {inside['fact'].version_key}"
        else:
            query = "SELECT object_id, version FROM items WHERE key = ?"
            name = str(inside["db"].execute(query, (inside["key"],)).fetchone())
        asked[name] += 1
        return int.from_bytes(sha256(f"{seed} {name} {asked[name]}".encode()).digest()) % width

    return below
