"""What an entry says of one request or command, and what it never says.

Identifiers, times and names of filters, yes; content and credentials, never. What a client sent is kept only where it
has the form of an identifier or was understood as a filter: anything else could be a secret typed into the wrong place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from isao_reference import limits
from isao_reference.audit.chain import NOBODY, Said
from isao_reference.policy.principal import PURPOSES
from isao_reference.wire import timestamps
from isao_spec import load

DONE, REFUSED, FAILED = "done", "refused", "failed"

FILTERS = frozenset(
    {
        "added_after",
        "limit",
        "match[id]",
        "match[spec_version]",
        "match[type]",
        "match[version]",
        "state",
        "type",
        "confidence",
        "after",
        "size",
    }
)
"""The parameters whose values are kept. A cursor is not among them: it opens a place in a list."""

PLACES = frozenset({"collection", "object", "status", "resource", "record", "step", "name"})
"""The parts of addresses that are kept."""

WHY: Mapping[int, str] = {
    400: "malformed",
    401: "not-signed-in",
    403: "not-permitted",
    404: "absent",
    405: "method",
    406: "not-acceptable",
    408: "too-slow",
    409: "state",
    412: "stale",
    413: "too-large",
    415: "media-type",
    422: "invalid",
    428: "precondition",
    429: "too-many",
    503: "try-again",
}

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(f"([a-z0-9][a-z0-9-]{{0,249}}--)?{_UUID}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}", re.ASCII)


@dataclass(slots=True)
class Draft:
    """What is known of a request while it is answered. Endpoints add what they gave and took; the funnel says how it
    ended. `purpose` is what the caller wants to use the answer for, where that was asked.

    `claimed` is the name that credentials claimed in vain: it is looked up when the entry is written and kept only when
    there is such an account. `credentials` are the ids, no secrets, of those that
    proved the account. `written` says that the entry stands in the database already.
    """

    action: str = "read"
    what: str = ""
    account: str | None = None
    organization: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    count: int | None = None
    ids: list[str] | None = None
    refused: int = 0
    outcome: str = DONE
    status: int = 0
    why: str = ""
    purpose: str | None = None
    credentials: tuple[str, ...] = ()
    claimed: str | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: bytes = b""
    written: bool = False

    def give(self, ids: Iterable[str]) -> None:
        """Says which objects or records the caller is given."""
        self.ids = list(ids)
        self.count = len(self.ids)

    def take(self, ids: Iterable[str], refused: int = 0) -> None:
        """Says which objects or records the caller's request changed, and how many of it were refused."""
        self.give(ids)
        self.refused = refused

    def refuse(self, status: int, why: str = "") -> None:
        """Says that the request was refused with this HTTP status; `why` where the status does not say it."""
        self._end(REFUSED, status, why or WHY.get(status, "refused"))

    def fail(self) -> None:
        """Says that the exchange failed."""
        self._end(FAILED, 500, "fault")

    def _end(self, outcome: str, status: int, why: str) -> None:
        self.outcome, self.status, self.why = outcome, status, why
        # Nothing was given after all, whatever was looked up on the way.
        self.count, self.ids, self.refused = None, None, 0

    @property
    def is_strangers(self) -> bool:
        """Whether it was refused to somebody who proved no account: of such requests anybody can send any number."""
        return self.account is None and self.outcome != DONE

    def said(self, now: int, times: int = 1) -> Said:
        """The entry, at a moment in microseconds; `times` is of how many like it this is the one that is kept."""
        told: dict[str, Any] = {
            "time": timestamps.format_micros(now),
            "action": self.action,
            "what": self.what,
            "outcome": self.outcome,
        }
        if self.account is not None:
            told["account"] = self.account
        if self.outcome != DONE:
            told |= {"status": self.status, "why": self.why}
        if self.count is not None:
            told["count"] = self.count
        if self.refused:
            told["refused"] = self.refused
        if self.purpose is not None:
            told["purpose"] = self.purpose
        if times > 1:
            told["times"] = times
        details = {**self.details, **self._place(), **self._filters()}
        if self.credentials:
            details["credentials"] = list(self.credentials)
        if self.ids is not None:
            details |= identified(self.ids)
        return Said(self.organization or NOBODY, self.account, told, details)

    def _place(self) -> dict[str, str]:
        """The parts of the address, as far as they are identifiers or, after success, names that exist."""
        return {
            name: value
            for name, value in self.path.items()
            if name in PLACES
            and (_ID.fullmatch(value) or (_SLUG.fullmatch(value) and (self.outcome == DONE or _is_public(name, value))))
        }

    def _filters(self) -> dict[str, Any]:
        if not self.query or self.outcome != DONE or self.action in ("create", "step", "contribute"):
            return {}
        try:
            pairs = parse_qsl(self.query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
        except ValueError:
            return {}
        kept = {name: _short(value) for name, value in pairs if name in FILTERS}
        return {"query": kept} if kept else {}


def known_purpose(asked: str | None) -> str | None:
    """The purpose of use that a request names, where it is one that there is."""
    return asked if asked in PURPOSES else None


def identified(ids: list[str]) -> dict[str, Any]:
    """Identifiers as they stand in details: each of a few, the digest of many over the identifiers in their order, one
    a line. Which organization was given which object first stands in the ledger of deliveries anyway."""
    if len(ids) <= limits.AUDIT_IDS:
        return {"ids": ids}
    return {"ids_sha256": hashlib.sha256("\n".join(ids).encode("utf-8", "replace")).hexdigest()}


def _is_public(name: str, value: str) -> bool:
    """Which functions there are, and their steps, is public, so a name of one is no secret."""
    contracts = load().contracts
    if name == "resource":
        return value in contracts
    return name == "step" and any(value in one.steps for one in contracts.values())


def _short(value: str) -> str:
    if len(value) <= limits.AUDIT_VALUE_CHARACTERS:
        return value
    return "sha256:" + hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
