"""Capabilities that a target declares absent, held against what it shows.

Only rows that name a capability can be inapplicable. A capability that is declared absent and seen
at work all the same turns those rows into failures: the declaration is not true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from isao_conformance.exchange import Exchange


def _ok(exchange: Exchange) -> bool:
    return exchange.answer is not None and 200 <= exchange.answer.status < 300


def _says_next(exchange: Exchange) -> bool:
    return _ok(exchange) and exchange.answer is not None and exchange.answer.next is not None


def _deleted(exchange: Exchange) -> bool:
    return exchange.request.method == "DELETE" and _ok(exchange)


def _accepted(exchange: Exchange) -> bool:
    return exchange.request.method == "POST" and exchange.answer is not None and exchange.answer.status == 202


def _challenged(exchange: Exchange) -> bool:
    return exchange.answer is not None and exchange.answer.status == 401


def _lists_versions(exchange: Exchange) -> bool:
    return (
        _ok(exchange)
        and exchange.request.path.split("?")[0].endswith("/versions/")
        and exchange.answer is not None
        and bool(exchange.answer.list_of("versions"))
    )


def _collections_where(test: Callable[[list[dict[str, object]]], bool]) -> Callable[[Exchange], bool]:
    def seen(exchange: Exchange) -> bool:
        answer = exchange.answer
        if answer is None or not _ok(exchange):
            return False
        return test([c for c in answer.list_of("collections") if isinstance(c, dict)])

    return seen


CONTRADICTIONS: dict[str, Callable[[Exchange], bool]] = {
    "authentication": _challenged,
    "write": _accepted,
    "delete": _deleted,
    "next-cursor": _says_next,
    "versions-endpoint": _lists_versions,
    "several-collections": _collections_where(lambda listed: len(listed) > 1),
    "read-only-collection": _collections_where(
        lambda listed: any(c.get("can_read") is True and c.get("can_write") is False for c in listed)
    ),
    "write-only-collection": _collections_where(
        lambda listed: any(c.get("can_read") is False and c.get("can_write") is True for c in listed)
    ),
}


def contradiction(capability: str, exchanges: Iterable[Exchange]) -> Exchange | None:
    """The first exchange that shows a capability declared absent, or None."""
    shows = CONTRADICTIONS.get(capability)
    return None if shows is None else next((e for e in exchanges if shows(e)), None)
