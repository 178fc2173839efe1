"""How much one organization may write before it has to wait, so that none floods what all of them share.

Counted are writing requests and the octets of their bodies, taken or refused, of all accounts of an organization
together: what one member sends keeps no other from writing, and nobody from reading.
"""

from __future__ import annotations

from isao_reference import errors, limits
from isao_reference.allowances import Allowance, Levels
from isao_reference.settings import Settings


def require_room(used: Levels, settings: Settings, organization: str) -> None:
    """Counts one writing request of an organization; refusal 429 where it has to wait (RFC 6585, section 4)."""
    requests = _place("requests", organization), settings.writes
    wait = max(used.wait(*requests), used.wait(*_octets(settings, organization)))
    if wait:
        raise errors.too_much_written(wait)
    place, allowance = requests
    used.use(place, 1, allowance, limits.WRITERS_KEPT)


def count(used: Levels, settings: Settings, organization: str, octets: int) -> None:
    """Counts the body of a writing request."""
    place, allowance = _octets(settings, organization)
    used.use(place, octets, allowance, limits.WRITERS_KEPT)


def _octets(settings: Settings, organization: str) -> tuple[bytes, Allowance]:
    return _place("octets", organization), settings.written


def _place(kind: str, organization: str) -> bytes:
    return f"{kind}:{organization}".encode()
