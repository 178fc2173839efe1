"""The ways by which octets leave the exchange. Each is driven as somebody, for one thing that may be hidden from them.

`shows` says what a path gives to those who may have it: the objects themselves, records, something of either (`some`),
or nothing that is anybody's (empty). An output that no path here drives fails a test (test_every_output_is_driven.py).
"""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from isao_reference.functions import endpoints
from isao_reference.taxii import objects
from tests.leaks.stage import Secret, Stage
from tests.support.asgi import Client, Response
from tests.support.functions import JSON, alert, words
from tests.support.functions import table as lines
from tests.support.world import OPEN, PUBLIC, ROOT, collection_url, indicator, object_url, objects_url

TEXT, STREAM = "text/plain", "text/event-stream"
Drive = Callable[["Reader", Secret], Iterator[Response]]


@dataclass
class Reader:
    """Somebody who asks, and what was asked: what one sends oneself is no secret afterwards."""

    stage: Stage
    relation: str
    account: str
    asked: Callable[[bytes], None] = lambda _: None

    @property
    def client(self) -> Client:
        """Its client."""
        return self.stage.exchange.as_(self.account)

    def get(self, path: str, query: str = "", method: str = "GET", **more: Any) -> Response:
        """One request without a body."""
        self.asked(f"{path} {urllib.parse.unquote(query)}".encode())
        return self.client.request(method, path, query=query, **more)

    def post(self, path: str, value: Any, **more: Any) -> Response:
        """One request with a body."""
        self.asked(path.encode() + json.dumps(value).encode())
        return self.client.post(path, value, **more)

    def function(self, resource: str, document: Any, **more: Any) -> Response:
        """A document for the function API."""
        return self.post(f"/functions/{resource}/", document, content_type=JSON, accept=JSON, **more)


@dataclass(frozen=True)
class Path:
    """One way out. `of` says for what it is driven: objects, records, or once for each reader (`all`); `writes` that it
    changes the exchange, so it comes after all that only read."""

    name: str
    drive: Drive
    of: str = "objects"
    shows: str = ""
    writes: bool = False
    remembers: bool = False
    """It tells a reader what the reader itself asked before; so it comes first, while that is little."""


PATHS: list[Path] = []


def path(name: str, **more: Any) -> Callable[[Drive], Drive]:
    """Puts a function into the table of paths."""

    def put(drive: Drive) -> Drive:
        PATHS.append(Path(name, drive, **more))
        return drive

    return put


def simple(
    name: str, address: Callable[[Secret], str], query: Callable[[Secret], str] = lambda _: "", **more: Any
) -> None:
    """A path that is one GET."""
    sent = {key: more.pop(key) for key in ("accept", "method") if key in more}

    def drive(reader: Reader, secret: Secret) -> Iterator[Response]:
        yield reader.get(address(secret), query(secret), **sent)

    path(name, **more)(drive)


def _objects(secret: Secret) -> str:
    return objects_url(secret.place)


def _object(secret: Secret) -> str:
    return object_url(secret.id, secret.place)


def _manifest(secret: Secret) -> str:
    return collection_url(secret.place) + "manifest/"


def _record(secret: Secret) -> str:
    return f"/functions/{secret.place}/{secret.id}/"


@path("the audit log", of="all", shows="some", remembers=True)
def _(reader: Reader, _secret: Secret) -> Iterator[Response]:
    # To be read is an entry of its own, so a walk without a size would have no end.
    first = reader.get("/functions/audit/head/", accept=JSON)
    yield first
    size = first.json["size"] if first.status == 200 else 1
    for after in range(0, size, 200):
        yield reader.get("/functions/audit/", f"after={after}&limit=200&size={size}", accept=JSON)
    yield reader.get("/functions/audit/consistency/", "first=1", accept=JSON)
    yield reader.get("/functions/audit/", "log=north", accept=JSON)


simple("discovery", lambda _: "/taxii2/", of="all")
simple("API root", lambda _: ROOT, of="all")
simple("collections", lambda _: ROOT + "collections/", of="all", shows="some")
simple(
    "a collection", lambda s: collection_url(s.id if s.place == "collections" else s.place), of="records", shows="some"
)
simple("a collection of the items", lambda s: collection_url(s.place), of="places")
simple("a collection by its alias", lambda s: collection_url(s.canaries[2]), of="collections")
simple("objects of a hidden collection", lambda s: objects_url(s.id), of="collections")
simple("manifest of a hidden collection", lambda s: collection_url(s.id) + "manifest/", of="collections")
simple("objects with this id", _objects, lambda s: f"match[id]={s.id}&match[version]=all", shows="objects")
simple("objects of this type", _objects, lambda s: f"match[type]={s.id.partition('--')[0]}&limit=50", shows="objects")
simple("objects of this version", _objects, lambda s: f"match[version]={s.version}", shows="objects")
simple("objects of a form", _objects, lambda s: f"match[spec_version]=2.1&match[id]={s.id}", shows="objects")
simple("manifest with this id", _manifest, lambda s: f"match[id]={s.id}", shows="objects")
simple("manifest of this version", _manifest, lambda s: f"match[version]={s.version}", shows="objects")
simple("manifest, the newest", _manifest, lambda _: "match[version]=last&limit=1000", shows="objects")
simple("an object", _object, lambda _: "match[version]=all", shows="objects")
simple("an object of this version", _object, lambda s: f"match[version]={s.version}", shows="objects")
simple("versions of an object", lambda s: _object(s) + "versions/", shows="objects")
simple("an object by HEAD", _object, method="HEAD")
simple("objects by HEAD", _objects, lambda s: f"match[id]={s.id}", method="HEAD")
simple("an address that is not there", lambda s: _object(s) + "more/")
simple("a method that is not there", _object, method="PUT")
simple("a filter that is wrong", _objects, lambda s: f"match[id]={s.id}&limit=none")
simple("an Accept that is not spoken", _object, accept="image/png")
simple("functions", lambda _: "/functions/", of="all")
simple("the OpenAPI document", lambda _: "/functions/openapi.json", of="all")
simple("capability document", lambda _: "/.well-known/isao.json", of="all")
simple("security.txt", lambda _: "/.well-known/security.txt", of="all")
simple("policies", lambda _: "/policies/handling.md", of="all")
simple("a policy of that name", lambda s: f"/policies/{s.word}", of="objects")
simple("status of somebody's request", lambda s: f"{ROOT}status/{s.id}/", of="status", shows="some")
simple("a record", _record, of="records", shows="records", accept=JSON)
simple("a record as words", _record, of="records", shows="records", accept=TEXT)
simple("a record by HEAD", _record, of="records", accept=JSON, method="HEAD")
simple("records of a state", lambda s: f"/functions/{s.place}/", lambda _: "state=issued", of="records", shows="some")
simple(
    "records of the wrong form",
    lambda s: f"/functions/{s.place}/",
    lambda s: f"state={s.canaries[-1]}",
    of="records",
    accept=JSON,
)
simple("measures", lambda _: "/functions/measures/", of="all")
simple("the table of indicators", lambda _: "/functions/exports/indicators.csv", of="all", shows="exported")
simple("the list for a firewall", lambda _: "/functions/exports/blocklist.txt", of="all", shows="exported")
simple(
    "the table of one type",
    lambda _: "/functions/exports/indicators.csv",
    lambda _: "type=domain-name&confidence=70",
    of="all",
    shows="exported",
)


def _walk(reader: Reader, address: str, query: str) -> Iterator[Response]:
    more = query
    while True:
        answer = reader.get(address, more)
        yield answer
        token = answer.json.get("next") if answer.status == 200 else None
        if token is None:
            return
        # Whatever stands in a cursor left the exchange, too.
        octets = urllib.parse.unquote(token) + "=" * (-len(token) % 4)
        yield Response(200, (), octets.encode())
        more = f"{query}&next={token}"


@path("documents by HEAD", of="all")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    places = ["/taxii2/", ROOT, ROOT + "collections/", collection_url(OPEN), collection_url(OPEN) + "manifest/"]
    places += [f"{_object(secret)}versions/", f"{ROOT}status/{reader.stage.controls['status']}/", "/functions/"]
    places += [
        f"/functions/{one}"
        for one in ("alerts/", "events/", "measures/", "audit/", "audit/head/", "exports/blocklist.txt", "openapi.json")
    ]
    places += ["/.well-known/isao.json", "/.well-known/security.txt", "/policies/handling.md"]
    for one in places:
        yield reader.get(one, method="HEAD")
    yield reader.get("/functions/audit/consistency/", "first=0", method="HEAD")


@path("objects page by page", of="places", shows="objects")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    yield from _walk(reader, _objects(secret), "limit=5")


@path("manifest page by page", of="places", shows="objects")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    yield from _walk(reader, _manifest(secret), "limit=7&match[version]=all")


@path("objects since the one before", shows="objects")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    mine = next(one for one in secret.canaries if one.startswith("2026-"))
    yield reader.get(_objects(secret), f"added_after={mine[:-4]}000Z&limit=3")


@path("records page by page", of="records", shows="records")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    yield from _walk(reader, f"/functions/{secret.place}/", "limit=1")


@path("events", of="all", shows="some")
def _(reader: Reader, _secret: Secret) -> Iterator[Response]:
    after: list[tuple[str, str]] = []
    while True:
        answer = reader.get("/functions/events/", accept=JSON, headers=after)
        yield answer
        found = answer.json["events"] if answer.status == 200 else []
        if not found:
            return
        after = [("last-event-id", found[-1]["id"])]


@path("the stream of events", of="all", shows="some")
def _(reader: Reader, _secret: Secret) -> Iterator[Response]:
    listed = reader.get("/functions/events/", accept=JSON)
    ids = [one["id"] for one in listed.json["events"]] if listed.status == 200 else []
    for after in ("unknown", *ids[:1]):
        yield _streamed(reader.client, [("last-event-id", after)])


def _streamed(client: Client, headers: list[tuple[str, str]]) -> Response:
    """What a stream brings until it has nothing more to say for a moment."""
    sent = [(b"accept", STREAM.encode()), *((key.encode(), value.encode()) for key, value in headers)]
    if client.authorization is not None:
        sent.append((b"authorization", client.authorization.encode()))
    address = {"path": "/functions/events/", "raw_path": b"/functions/events/", "query_string": b"", "root_path": ""}
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", **address, "headers": sent}
    out: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        before = -1
        while before != len(out):
            before = len(out)
            await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    client.loop.run_until_complete(client.app(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in out[1:])
    got = tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in out[0]["headers"])
    return Response(out[0]["status"], got, body)


@path("a fault of the exchange and its log")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    before = len(reader.stage.written.lines)

    def fail(*_: object) -> None:
        raise RuntimeError(" ".join(secret.canaries))

    with mock.patch.object(objects, "get_objects", fail), mock.patch.object(endpoints, "get_index", fail):
        yield reader.get(_objects(secret), f"match[id]={secret.id}")
        yield reader.get("/functions/")
    yield from logged(reader.stage, before)


def logged(stage: Stage, after: int) -> Iterator[Response]:
    """What was written to the log since, as something that nobody should find a secret in."""
    for line in stage.written.lines[after:]:
        yield Response(0, (), line.encode())


@path("the log of the exchange", of="all")
def _(reader: Reader, _secret: Secret) -> Iterator[Response]:
    yield from logged(reader.stage, 0)


@path("an event after somebody's event", of="all", shows="some")
def _(reader: Reader, _secret: Secret) -> Iterator[Response]:
    with reader.stage.exchange.store.reading() as db:
        for (identifier,) in db.execute("SELECT id FROM events WHERE key % 5 = 0 ORDER BY key").fetchall():
            yield reader.get("/functions/events/", accept=JSON, headers=[("last-event-id", identifier)])


@path("adding what has the id of another", writes=True, shows="sent")
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    mine = indicator(9, id=secret.id, marks=["red"])
    yield reader.post(objects_url(OPEN), {"objects": [mine, {**mine, "type": "Wrong"}]})
    if reader.account == "member-a":
        other = indicator(marks=["red"])
        reader.post(objects_url(OPEN), {"objects": [other]})
        yield reader.get(object_url(other["id"]), method="DELETE")


@path("deleting", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    if reader.relation not in secret.shown:
        yield reader.get(_object(secret), method="DELETE")
        yield reader.get(_object(secret), f"match[version]={secret.version}", method="DELETE")


@path("handing in what names it", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    yield reader.function("submissions", words(f"We saw {secret.word} and {secret.id}.", marking="red"))


@path("handing in the same indicator", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    for more in ({}, {"attribution": "anonymous"}):
        sent = lines(("domain-name", f"{secret.word}.example"), marking="red", **more)
        yield reader.function("submissions", sent)


@path("handing in a plain table or words", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    query = "title=Seen&marking=red&attribution=attributed"
    for kind, text in (
        ("text/csv", f"type,value\ndomain-name,{secret.word}.example\n"),
        (TEXT, f"We saw {secret.word}."),
    ):
        reader.asked(text.encode())
        yield reader.client.post("/functions/submissions/", text.encode(), query=query, content_type=kind, accept=JSON)


@path("feedback on it", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    if reader.relation not in secret.shown:
        yield reader.function("feedback", {"subject": secret.id, "timely": "no"})


@path("taking it back", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    if reader.relation not in secret.shown:
        yield reader.function("recalls", {"subject": secret.id, "reason": "It is wrong."})


@path("a warning about it", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    yield reader.function("alerts", alert(about=[secret.id]))


@path("applying and agreeing", of="all", writes=True)
def _(reader: Reader, _secret: Secret) -> Iterator[Response]:
    for resource in ("memberships", "agreements"):
        yield reader.function(resource, {})


@path("a step of a record", of="records", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    for step in ("acknowledge", "withdraw", "publish", "no-such-step"):
        if step == "acknowledge" or reader.relation not in secret.shown:
            yield reader.function(f"{secret.place}/{secret.id}/{step}", {"by": "desk"} if step == "acknowledge" else {})


@path("a repeated request of somebody", of="records", writes=True)
def _(reader: Reader, secret: Secret) -> Iterator[Response]:
    key = [("idempotency-key", secret.id)]
    yield reader.function("feedback", {"subject": secret.id, "timely": "no"}, headers=key)


def driven_for(path: Path, stage: Stage) -> list[Secret]:
    """The things that a path is driven for."""
    if path.of == "all":
        return stage.secrets[:1]
    if path.of == "places":
        return [next(one for one in stage.objects() if one.place == place) for place in (OPEN, PUBLIC)]
    if path.of == "objects":
        return stage.objects()
    if path.of == "records":
        found = [one for one in stage.records() if one.place not in ("collections", "status")]
        return found + (
            [one for one in stage.records() if one.place == "collections"] if path.name == "a collection" else []
        )
    return [
        one for one in stage.records() if one.place == path.of and (path.of != "collections" or len(one.canaries) > 2)
    ]
