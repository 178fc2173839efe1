"""Canaries: texts that stand in one hidden thing and nowhere else, and how they are found again in any octets.

Every canary begins with the same eight characters or, for times of versions, with the same year; so one look for the
beginning, in each encoding, is enough for answers that hold none.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote

STEM = "ca4a51e5"
YEAR = "1987-"
"""No other version of an object in these tests is of this year."""


class Mint:
    """Makes canaries, none of them twice; equal seeds make equal ones."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(str(seed))
        self._made: set[str] = set()

    def text(self) -> str:
        """Letters and digits that are a slug, a part of a host name and a word alike."""
        return self._new(lambda: STEM + f"{self._random.getrandbits(64):016x}")

    def uuid(self) -> str:
        """A UUID of version 4 in its canonical form."""
        return self._new(self._uuid)

    def time(self) -> str:
        """A time of a version, to the millisecond."""
        return self._new(self._time)

    def _uuid(self) -> str:
        digits = f"{self._random.getrandbits(96):024x}"
        return f"{STEM}-{digits[:4]}-4{digits[5:8]}-8{digits[9:12]}-{digits[12:]}"

    def _time(self) -> str:
        pick = self._random.randint
        day = f"{YEAR}{pick(1, 12):02}-{pick(1, 28):02}"
        return f"{day}T{pick(0, 23):02}:{pick(0, 59):02}:{pick(0, 59):02}.{pick(1, 999):03}Z"

    def _new(self, make: object) -> str:
        while True:
            found: str = make()
            if found not in self._made:
                self._made.add(found)
                return found


def _base64(text: bytes) -> Iterator[bytes]:
    """What is always the same in Base64 of anything that holds the text: it begins at one of three places."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text + b"\0" * ((-before - len(text)) % 3))
        first, last = -(-before * 8 // 6), (before + len(text)) * 8 // 6
        yield whole[first:last]


@cache
def forms(text: str) -> tuple[bytes, ...]:
    """A text in every encoding that is looked for; what does not care for case is in lower case."""
    octets = text.encode()
    escaped = "".join(f"\\u{ord(one):04x}" for one in text)
    percent = "".join(f"%{one:02x}" for one in octets)
    return (
        octets.lower(),
        quote(text, safe="").lower().encode(),
        percent.encode(),
        octets.hex().encode(),
        escaped.encode(),
        octets.lower()[::-1],
        text.encode("utf-16-le").lower(),
        octets.replace(b"-", b"").lower() if text != YEAR else octets,
        *_base64(octets),
    )


_SMALL = tuple(dict.fromkeys(one for text in (STEM, YEAR) for one in forms(text)[:8]))
_IN_BASE64 = tuple(one for text in (STEM, YEAR) for one in forms(text)[8:])
_PLAIN = re.compile(
    rf"{STEM}(?:[0-9a-f]{{16}}|(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})"
    rf"|{YEAR}\d\d-\d\dt\d\d:\d\d:\d\d\.\d\d\dz".encode()
)


class Scanner:
    """Looks for canaries in octets. What is plain is found by its form, all else by comparing with each."""

    def __init__(self, canaries: Iterable[str] = ()) -> None:
        self.known: dict[bytes, str] = {}
        self.exact: dict[bytes, str] = {}
        for one in canaries:
            self.add(one)

    def add(self, canary: str) -> None:
        """A canary of the mint, or another text that is looked for as it is, and in Base64."""
        if canary.startswith((STEM, YEAR)):
            self.known[canary.lower().encode()] = canary
        else:
            self.exact |= dict.fromkeys((canary.encode(), *_base64(canary.encode())), canary)

    def find(self, octets: bytes) -> set[str]:
        """The canaries that octets hold in any encoding."""
        small = octets.lower()
        found = {self.known[one] for one in _PLAIN.findall(small) if one in self.known}
        found |= {canary for form, canary in self.exact.items() if form in octets}
        rest = _PLAIN.sub(b"", small)
        if any(one in rest for one in _SMALL) or any(one in octets for one in _IN_BASE64):
            for canary in self.known.values():
                if any(one in rest for one in forms(canary)[:8]) or any(one in octets for one in forms(canary)[8:]):
                    found.add(canary)
        return found


def encoded(canary: str, way: int) -> bytes:
    """A canary as something could let it out, in the one or the other of several ways."""
    text = canary.encode()
    ways = (
        text,
        base64.b64encode(b"x" + text),
        base64.urlsafe_b64encode(text + b"xx"),
        text.hex().upper().encode(),
        "".join(f"\\u{ord(one):04X}" for one in canary).encode(),
        "".join(f"%{one:02X}" for one in text).encode(),
        text.upper(),
        text[::-1],
    )
    return ways[way % len(ways)]
