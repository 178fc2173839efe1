"""An entry as bytes: canonical JSON, chained to the entry before it, with its details sealed under a salt.

Who may know that something was done and who may know what it was done with are two circles. So an entry holds only the
digest of its details; those who may know them are given the details beside it and can check that they belong to it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isao_reference.audit.tree import leaf_hash

ENTRY = "isao-audit-entry/1"
WHOLE = "*"
"""The name of the log of everything: the entries of all other logs in the order in which they came."""
NOBODY = ""
"""The log of what no known organization did: strangers, and the command line of the machine itself."""
START = "0" * 64
"""What the first entry of a log names as the one before it."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Said:
    """What an entry will say, before it has a place: whose log it goes to, what everybody who reads that log learns,
    and what only the account itself and the staff of the exchange learn."""

    log: str
    account: str | None
    told: Mapping[str, Any]
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """An entry in its place: its bytes, the bytes of its details, and its leaf hash."""

    log: str
    number: int
    account: str | None
    body: bytes
    details: bytes
    leaf: bytes


def canonical(value: Any) -> bytes:
    """The one form of a JSON value without fractions: RFC 8785, which for such values is sorted names, no spaces and
    the shortest escapes. Half a surrogate pair, which has no form in UTF-8, becomes a question mark."""
    return _ENCODER.encode(value).encode("utf-8", "replace")


def salted(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details with 128 random bits, so that nobody who sees their digest can find them by guessing."""
    return {**details, "salt": secrets.token_hex(16)}


def placed(said: Said, number: int, previous: bytes | None) -> Entry:
    """The entry at a number of its log (from 1), after the entry with that leaf hash; None for the first one."""
    details = canonical(salted(said.details))
    body = canonical(
        {
            **said.told,
            "schema": ENTRY,
            "log": said.log,
            "number": number,
            "previous": START if previous is None else previous.hex(),
            "details": digest(details),
        }
    )
    return Entry(said.log, number, said.account, body, details, leaf_hash(body))


def digest(details: bytes) -> str:
    """The digest of details that an entry holds."""
    return hashlib.sha256(details).hexdigest()
