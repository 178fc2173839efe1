"""Short forms for tests that use the function API of a small exchange."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from tests.support.asgi import Response
from tests.support.world import TLP, World, stamp

JSON = "application/json"
PROBLEM = "application/problem+json"
CSV = "type,value\n"


def create(exchange: World, account: str, resource: str, document: Any, **more: Any) -> Response:
    """POST of a document to a path below /functions/; `document` None sends no body."""
    more.setdefault("content_type", JSON)
    more.setdefault("accept", JSON)
    return exchange.as_(account).post(f"/functions/{resource}/", b"" if document is None else document, **more)


def step(
    exchange: World, account: str, resource: str, record: str, name: str, document: Any = None, **more: Any
) -> Response:
    """Asks for a step of a record."""
    return create(exchange, account, f"{resource}/{record}/{name}", document, **more)


def make(exchange: World, account: str, resource: str, document: Any, **more: Any) -> dict[str, Any]:
    """Makes a record, which has to be taken; the record as its maker is shown it."""
    answer = create(exchange, account, resource, document, **more)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json
    return made


def do(
    exchange: World, account: str, resource: str, record: str, name: str, document: Any = None, **more: Any
) -> dict[str, Any]:
    """Takes a step, which has to be possible; the record afterwards."""
    answer = step(exchange, account, resource, record, name, document, **more)
    assert answer.status == 200, answer.body
    after: dict[str, Any] = answer.json
    return after


def read(exchange: World, account: str, resource: str, record: str, **more: Any) -> Response:
    """One record, as JSON unless `accept` says otherwise."""
    more.setdefault("accept", JSON)
    return exchange.as_(account).get(f"/functions/{resource}/{record}/", **more)


def listed(exchange: World, account: str, resource: str, query: str = "") -> list[dict[str, Any]]:
    """Every record of a resource that an account is listed, page by page."""
    found: list[dict[str, Any]] = []
    more = query
    while True:
        answer = exchange.as_(account).get(f"/functions/{resource}/", query=more)
        assert answer.status == 200, answer.body
        found += answer.json["records"]
        if "next" not in answer.json:
            return found
        more = "&".join(part for part in (query, f"next={answer.json['next']}") if part)


def events(exchange: World, account: str, after: str | None = None) -> list[dict[str, Any]]:
    """Every event that an account is listed, from the oldest or from the one after an id."""
    found: list[dict[str, Any]] = []
    while True:
        sent = [] if after is None else [("last-event-id", after)]
        answer = exchange.as_(account).get("/functions/events/", headers=sent, accept=JSON)
        assert answer.status == 200, answer.body
        assert after is None or answer.json["resync"] is False
        if not answer.json["events"]:
            return found
        found += answer.json["events"]
        after = found[-1]["id"]


def bodies(exchange: World, account: str) -> Iterator[dict[str, Any]]:
    """Every object that an account gets over TAXII from every collection that it may read."""
    found = exchange.as_(account).get("/exchange/collections/").json.get("collections", [])
    for one in found:
        if one["can_read"]:
            query = "limit=1000&match[version]=all"
            answer = exchange.as_(account).get(f"/exchange/collections/{one['id']}/objects/", query=query)
            yield from answer.json.get("objects", [])


def table(*lines: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A submission of a table: (type, value) a line."""
    content = CSV + "".join(f"{kind},{value}\n" for kind, value in lines)
    made = {"title": "Seen", "format": "csv", "content": content, "marking": "green", "attribution": "attributed"}
    return made | more


def words(content: str = "Something was seen.", **more: Any) -> dict[str, Any]:
    """A submission in words."""
    made = {"title": "Seen", "format": "text", "content": content, "marking": "green", "attribution": "attributed"}
    return made | more


def alert(**more: Any) -> dict[str, Any]:
    """An alert that expires in a month of the small exchange's clock."""
    made: dict[str, Any] = {
        "title": "Warning",
        "what_happened": "Something.",
        "affected": "Somebody.",
        "severity": "high",
        "confidence": 80,
        "actions": ["Do this."],
        "marking": "green",
        "expires": "2026-02-01T00:00:00Z",
        "contact": "desk",
        "emergency": False,
        "drill": False,
    }
    return made | more


def counts(exchange: World) -> dict[str, int]:
    """How many rows each table holds that functions write to, without what only says who read something."""
    tables = ("records", "steps", "items", "events", "repeats", "audiences", "meta")
    with exchange.store.reading() as db:
        return {one: db.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in tables}


def everything(exchange: World) -> list[tuple[Any, ...]]:
    """Every row that a step can leave behind or change; what only says who was given something is left out."""
    tables = ("records", "steps", "items", "events", "repeats", "organizations", "meta")
    with exchange.store.reading() as db:
        return [(one, *row) for one in tables for row in db.execute(f"SELECT * FROM {one}")]


def stix(*objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A submission of STIX objects, under TLP:GREEN and by name unless `more` says otherwise."""
    made: dict[str, Any] = {"title": "Seen", "format": "stix", "marking": "green", "attribution": "attributed"}
    return {**made, "content": list(objects), **more}


def identity(name: str) -> dict[str, Any]:
    """A STIX identity of an organization, without a marking."""
    made = {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid.uuid4()}",
        "identity_class": "organization",
    }
    return made | {"created": stamp(0), "modified": stamp(0), "name": name}


def malware(name: str, mark: str) -> dict[str, Any]:
    """A STIX malware object under a TLP level, named as in `TLP`."""
    made = {
        "type": "malware",
        "spec_version": "2.1",
        "id": f"malware--{uuid.uuid4()}",
        "is_family": False,
        "name": name,
    }
    return made | {"created": stamp(0), "modified": stamp(0), "object_marking_refs": [TLP[mark]]}


def of_type(exchange: World, account: str, *kinds: str) -> list[dict[str, Any]]:
    """The objects of the given STIX types that an account is given, in the order of the exchange."""
    return [one for one in bodies(exchange, account) if one["type"] in kinds]
