"""Wrong credentials slow down whoever sends them, and lock nobody out.

A guess is counted against the network address that it came from and against the account name that it was for. While
one of them has too many, further guesses are not looked at. Whose secret was right before is let through by
`auth.Verifications`, and API keys and certificates are looked up whatever was guessed, for nobody guesses 256 bits. So
a flood of guesses for somebody's name, even from the address of the same proxy, keeps out only a first login.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import time
from collections.abc import Callable

from isao_reference import limits
from isao_reference.allowances import Allowance, Levels

OF_ADDRESS = Allowance(limits.GUESSES_OF_ADDRESS, limits.GUESSES_OF_ADDRESS_A_SECOND)
OF_NAME = Allowance(limits.GUESSES_OF_NAME, limits.GUESSES_OF_NAME_A_SECOND)


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that one customer is given."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class Guesses:
    """How many guesses are still in the air, by address and by name. It keeps a bounded number of both, and digests of
    them under a random key, so that a name of any length takes the same room."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._key = secrets.token_bytes(32)
        self._levels = Levels(monotonic)

    def wait(self, address: str, name: str) -> int:
        """Whole seconds until a guess from this address for this name is looked at; 0 means now. `name` is empty for
        what names nobody."""
        return max(self._levels.wait(*one) for one in self._places(address, name))

    def wrong(self, address: str, name: str) -> None:
        """Counts a guess that was looked at and was wrong."""
        for place, allowance in self._places(address, name):
            self._levels.use(place, 1, allowance, limits.GUESSES_KEPT)

    def __len__(self) -> int:
        return len(self._levels)

    def _places(self, address: str, name: str) -> list[tuple[bytes, Allowance]]:
        found = [(self._place("address", network(address)), OF_ADDRESS)]
        return [*found, (self._place("name", name), OF_NAME)] if name else found

    def _place(self, kind: str, text: str) -> bytes:
        return hashlib.blake2b(f"{kind}:{text}".encode(), key=self._key, digest_size=16).digest()
