"""The audit log over HTTP: entries with their proofs, signed heads, proofs that a log only grew.

Who is no staff of the exchange reads the log of its own organization, and of its colleagues' entries not the details.
Every organization has a tree of its own: the size and root of one tree over all would tell each of them how busy the
others are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from isao_reference import errors
from isao_reference.audit import heads, tree
from isao_reference.audit.chain import WHOLE, canonical
from isao_reference.audit.tree import Hashes
from isao_reference.call import Answer, Call
from isao_reference.functions.endpoints import JSON, MOST, PAGE, ROOT, query_of
from isao_reference.policy import decide
from isao_reference.store import audit
from isao_reference.store.audit import Kept
from isao_reference.wire import timestamps

MOST_DIGITS = 15


def get_log(call: Call) -> Answer:
    """GET /functions/audit/: a signed head and entries in it, each with the proof that it is. `after` is the number of
    an entry, `size` the head to prove against (else the newest), `limit` how many; staff say which `log`."""
    log, asked = _asked(call, ("after", "limit", "size"))
    after, limit = asked.get("after", 0), min(asked.get("limit", PAGE), MOST)
    if limit < 1:
        raise errors.bad_request("limit is a number from 1")
    call.settle()
    with call.store.reading() as db:
        size = _within(asked.get("size"), audit.size_of(db, log))
        hashes = audit.hashes_of(db, log)
        found = audit.entries(db, log, after, min(limit, max(size - after, 0)))
        head = _head(call, db, log, size, hashes)
        listed = [_line(call, log, hashes, one, size) for one in found]
    call.draft.count = len(listed)
    body = b'{"entries":[' + b",".join(listed) + b'],"head":' + canonical(head) + b"}"
    return Answer(body, media_type=JSON, headers=_next(call, found, size))


def get_head(call: Call) -> Answer:
    """GET /functions/audit/head/: the signed head of the log as it is now."""
    log, _ = _asked(call, ())
    call.settle()
    with call.store.reading() as db:
        head = _head(call, db, log, audit.size_of(db, log), audit.hashes_of(db, log))
    return Answer(canonical(head), media_type=JSON)


def get_proof(call: Call) -> Answer:
    """GET /functions/audit/consistency/: the proof that the log of `first` entries is the beginning of the one of
    `second` entries (else of all)."""
    log, asked = _asked(call, ("first", "second"))
    if "first" not in asked:
        raise errors.bad_request("first is the size of the earlier head")
    with call.store.reading() as db:
        second = _within(asked.get("second"), audit.size_of(db, log))
        first = _within(asked["first"], second)
        path = tree.consistency(audit.hashes_of(db, log), first, second)
    body = {"log": log, "first": first, "second": second, "proof": [one.hex() for one in path]}
    return Answer(canonical(body), media_type=JSON)


def _asked(call: Call, numbers: tuple[str, ...]) -> tuple[str, Mapping[str, int]]:
    """Which log, and the numbers asked for. Any log but one's own answers like one that is not there."""
    principal = call.principal
    if principal.anonymous:
        raise errors.unauthorized()
    found = query_of(call, (*numbers, "log"))
    own = WHOLE if decide.is_staff(principal) else str(principal.organization)
    log = found.pop("log", own)
    if log != own and not decide.is_staff(principal):
        raise errors.not_found()
    for name, value in found.items():
        if not (value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS):
            raise errors.bad_request(f"{name} is a number")
    return log, {name: int(value) for name, value in found.items()}


def _within(asked: int | None, size: int) -> int:
    if asked is not None and asked > size:
        raise errors.bad_request("the log has not so many entries")
    return size if asked is None else asked


def _head(call: Call, db: sqlite3.Connection, log: str, size: int, hashes: Hashes) -> dict[str, Any]:
    root = audit.root_at(db, log, size, hashes)
    now = timestamps.format_micros(timestamps.micros(call.settings.clock()))
    return heads.sign(call.store.audit_key, log, size, root, now)


def _line(call: Call, log: str, hashes: Hashes, one: Kept, size: int) -> bytes:
    """An entry in the bytes that are hashed, its details for whom they are, its place in the log of everything where
    that was asked for, and its proof."""
    may_know = decide.is_staff(call.principal) or one.account == call.principal.account
    details = b'"details":' + one.details + b"," if may_know else b""
    proof = canonical([step.hex() for step in tree.inclusion(hashes, one.place - 1, size)])
    place = b',"place":%d' % one.place if log == WHOLE else b""
    return b"{" + details + b'"entry":' + one.body + place + b',"proof":' + proof + b"}"


def _next(call: Call, found: list[Kept], size: int) -> tuple[tuple[str, str], ...]:
    if not found or found[-1].place >= size:
        return ()
    asked = {**query_of(call, None), "after": found[-1].place, "size": size}
    return (("Link", f'<{ROOT}audit/?{urlencode(asked)}>; rel="next"'),)
