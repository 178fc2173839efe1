"""Capabilities that a target declares absent, held against what it shows.

Only rows that name a capability can be inapplicable. A capability that is declared absent and seen
at work all the same turns those rows into failures: the declaration is not true. Each function here
decides what `contradicted_when` of the specification's capabilities.yaml says in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from isao_conformance.exchange import Answer, Exchange, Request
from isao_conformance.survey import CAPABILITY_PATH
from isao_conformance.target import OF_MEMBER_A, OUTSIDER, REGULATOR

Shows = Callable[[Request, Answer], bool]


def _ok(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _endpoint(request: Request) -> str:
    return request.path.split("?")[0]


def _signed_in(exchange: Exchange) -> bool:
    """Who is no outsider has a header or, in what is sent over TLS, a certificate."""
    return exchange.key.actor != OUTSIDER and exchange.request.method != "PLAIN"


def _collections(answer: Answer) -> list[dict[str, Any]]:
    return [c for c in answer.list_of("collections") if isinstance(c, dict)] if _ok(answer) else []


def _services(answer: Answer) -> dict[str, Any]:
    services = answer.resource.get("services")
    return services if isinstance(services, dict) else {}


def _distribution(answer: Answer) -> dict[str, Any]:
    declared = answer.resource.get("distribution")
    return declared if isinstance(declared, dict) else {}


def _offered(answer: Answer) -> list[Any]:
    """The names of the functions that a capability document lists as offered."""
    listed = [one for one in answer.list_of("functions") if isinstance(one, dict)]
    return [one.get("name") for one in listed if one.get("status") == "offered"]


def _has_collection(can_read: bool, can_write: bool) -> Shows:
    return lambda _, answer: any(
        c.get("can_read") is can_read and c.get("can_write") is can_write for c in _collections(answer)
    )


SHOWN_BY_ONE: dict[str, Shows] = {
    "authentication": lambda _, answer: answer.status == 401 and answer.header("www-authenticate") is not None,
    "write": lambda request, answer: request.method == "POST" and answer.status == 202,
    "next-cursor": lambda _, answer: _ok(answer) and answer.next is not None,
    "delete": lambda request, answer: request.method == "DELETE" and _ok(answer),
    "versions-endpoint": lambda request, answer: (
        _endpoint(request).endswith("/versions/") and answer.status == 200 and bool(answer.list_of("versions"))
    ),
    "old-versions": lambda request, answer: (
        _endpoint(request).endswith("/versions/") and _ok(answer) and len(answer.list_of("versions")) > 1
    ),
    "several-collections": lambda _, answer: len(_collections(answer)) > 1,
    "read-only-collection": _has_collection(True, False),
    "write-only-collection": _has_collection(False, True),
    "public-collection": lambda request, answer: _endpoint(request).endswith("/objects/") and answer.status == 200,
    "function-api": lambda request, answer: (
        _endpoint(request).endswith(CAPABILITY_PATH) and _ok(answer) and "functions" in _services(answer)
    ),
    "audit-log": lambda request, answer: (
        _endpoint(request).endswith(CAPABILITY_PATH) and _ok(answer) and "audit" in _services(answer)
    ),
    "handling-extension": lambda request, answer: (
        _endpoint(request).endswith(CAPABILITY_PATH) and _ok(answer) and "handling" in _distribution(answer)
    ),
    "sharing-groups": lambda request, answer: (
        _endpoint(request).endswith(CAPABILITY_PATH) and _ok(answer) and _distribution(answer).get("groups") is True
    ),
    "privacy-review": lambda request, answer: (
        _endpoint(request).endswith(CAPABILITY_PATH) and _ok(answer) and "privacy" in _offered(answer)
    ),
    "event-stream": lambda request, answer: (
        _endpoint(request).endswith("/events/") and _ok(answer) and answer.media_type[0] == "text/event-stream"
    ),
    "tls": lambda request, answer: request.url.lower().startswith("https://") and answer.status > 0,
}


def contradiction(capability: str, exchanges: Iterable[Exchange]) -> Exchange | None:
    """The first exchange that shows a capability declared absent, or None.

    Raises KeyError for a capability that no function here knows: the list is closed.
    """
    if capability == "several-accounts":
        return _second_account(exchanges)
    shows = SHOWN_BY_ONE[capability]
    if capability == "public-collection":
        exchanges = (exchange for exchange in exchanges if not _signed_in(exchange))
    return next((e for e in exchanges if e.answer is not None and shows(e.request, e.answer)), None)


def _second_account(exchanges: Iterable[Exchange]) -> Exchange | None:
    seen: set[str] = set()
    for exchange in exchanges:
        if exchange.answer is not None and _ok(exchange.answer) and _signed_in(exchange):
            seen.add(_account(exchange.key.actor))
            if len(seen) > 1:
                return exchange
    return None


def _account(actor: str) -> str:
    """A further credential is no second account of another organization."""
    if actor in OF_MEMBER_A:
        return "member-a"
    return "government" if actor == REGULATOR else actor
