"""Short forms for tests that read the audit log of a small exchange."""

from __future__ import annotations

import json
from typing import Any

from isao_reference.audit import heads, verify
from isao_reference.audit.chain import WHOLE, canonical
from isao_reference.store import audit
from tests.support.asgi import Response
from tests.support.world import World

LOG = "/functions/audit/"


def ask(exchange: World, account: str, query: str = "", place: str = "") -> Response:
    """One answer about the log."""
    return exchange.as_(account).get(LOG + place, query=query, accept="application/json")


def lines(exchange: World, account: str, query: str = "") -> list[dict[str, Any]]:
    """Everything that an account is listed, page by page up to the size that the first page names."""
    found: list[dict[str, Any]] = []
    answer = ask(exchange, account, query + "&limit=200")
    while True:
        assert answer.status == 200, answer.body
        found += answer.json["entries"]
        link = answer.header("link")
        if link is None:
            return found
        answer = ask(exchange, account, link.partition("?")[2].partition(">")[0])


def everything(exchange: World) -> list[dict[str, Any]]:
    """(entry and details) of all logs in their order, read from the database."""
    exchange.app.state.trail.flush()
    with exchange.store.reading() as db:
        kept = list(audit.every_entry(db, WHOLE))
    return [{"entry": json.loads(one.body), "details": json.loads(one.details)} for one in kept]


def export(exchange: World, log: str = WHOLE) -> bytes:
    """A copy as `isao audit export` prints it."""
    exchange.app.state.trail.flush()
    with exchange.store.reading() as db:
        kept = list(audit.every_entry(db, log))
    rows = [
        canonical({"head": head(exchange, log)}),
        *(b'{"details":%s,"entry":%s}' % (o.details, o.body) for o in kept),
    ]
    return b"".join(row + b"\n" for row in rows)


def head(exchange: World, log: str = WHOLE) -> dict[str, Any]:
    """The signed head of a log."""
    with exchange.store.reading() as db:
        size = audit.size_of(db, log)
        return heads.sign(
            exchange.store.audit_key, log, size, audit.root_at(db, log, size), "2026-01-01T00:00:00.000000Z"
        )


def key(exchange: World) -> dict[str, str]:
    """The public key of the exchange's heads."""
    return heads.public_key(exchange.store.audit_key)


def faults(copy: bytes, outside: list[dict[str, Any]], keys: list[dict[str, str]]) -> list[str]:
    """What is wrong with a copy."""
    try:
        return verify.verify(list(verify.read(copy)), outside, keys).faults
    except verify.Unreadable as fault:
        return [str(fault)]
