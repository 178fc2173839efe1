"""Requests and answers as values, and an ASGI layer that lets a handler stand before an application.

Used by faulty and by eccentric servers alike: both are the reference exchange with its answers changed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

TAXII = "application/taxii+json;version=2.1"

_ROOT = "/exchange/"
_ONE = _ROOT + "collections/(?P<collection>[^/]+)/"
_ENDPOINTS = {
    "discovery": "/taxii2/",
    "api_root": _ROOT,
    "status": _ROOT + "status/(?P<status>[^/]+)/",
    "collections": _ROOT + "collections/",
    "collection": _ONE,
    "manifest": _ONE + "manifest/",
    "objects": _ONE + "objects/",
    "object": _ONE + "objects/(?P<object>[^/]+)/",
    "versions": _ONE + "objects/(?P<object>[^/]+)/versions/",
}

Headers = tuple[tuple[str, str], ...]
Entries = list[Callable[[], None]]
ENTRIES: ContextVar[Entries | None] = ContextVar("ENTRIES", default=None)
"""Where entries for the log wait while a handler asks the server; None where a client asks it."""
FAR = 2


@dataclass(frozen=True)
class Seen:
    """One request. Header names are lower case; `query` holds the decoded pairs in the order sent.

    `principal` is the name of the actor whose credentials came, "" without credentials, "?" with others.
    """

    method: str
    path: str
    query: Headers
    headers: Headers
    body: bytes
    scope: Mapping[str, Any]
    actors: Mapping[str, str]

    @cached_property
    def _match(self) -> tuple[str, Mapping[str, str]]:
        path = self.path if self.path.endswith("/") else self.path + "/"
        for name, pattern in _ENDPOINTS.items():
            found = re.fullmatch(pattern, path)
            if found:
                return name, {key: unquote(value) for key, value in found.groupdict().items()}
        return "", {}

    @property
    def endpoint(self) -> str:
        """The TAXII endpoint: discovery, api_root, status, collections, collection, manifest, objects, object,
        versions; "" for any other address."""
        return self._match[0]

    @property
    def collection(self) -> str:
        """The collection in the path, by id or alias."""
        return self._match[1].get("collection", "")

    @property
    def object(self) -> str:
        """The object id in the path."""
        return self._match[1].get("object", "")

    @property
    def status(self) -> str:
        """The status id in the path."""
        return self._match[1].get("status", "")

    @property
    def names(self) -> frozenset[str]:
        """The names of all query parameters."""
        return frozenset(name for name, _ in self.query)

    def value(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def asking(self, **changes: str | None) -> Seen:
        """The same request with query parameters set, or left out when None: `asking(**{"match[id]": ID})`."""
        left = tuple((key, value) for key, value in self.query if key not in changes)
        return replace(self, query=left + tuple((key, value) for key, value in changes.items() if value is not None))

    def at(self, path: str, method: str = "GET", query: Iterable[tuple[str, str]] = ()) -> Seen:
        """A request of the same client elsewhere, without a body."""
        dropped = ("content-length", "content-type", "transfer-encoding")
        headers = tuple(pair for pair in self.headers if pair[0] not in dropped)
        return replace(self, path=path, method=method, query=tuple(query), headers=headers, body=b"")

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def by(self, authorization: str | None) -> Seen:
        """The same request with other credentials, or with none."""
        left = tuple(pair for pair in self.headers if pair[0] != "authorization")
        return replace(self, headers=left if authorization is None else (*left, ("authorization", authorization)))

    @property
    def authorization(self) -> str | None:
        """The credentials as they were sent."""
        return self.header("authorization")

    @property
    def principal(self) -> str:
        """Whose credentials came."""
        return "" if self.authorization is None else self.actors.get(self.authorization, "?")

    def distance(self, other: Seen) -> int:
        """0 when the same account asks the same place, whatever the query; 1 at another place; FAR otherwise.
        Credentials of nobody that is known count as those that a handler put in their place."""
        same_account = self.authorization == other.authorization or other.principal == "?"
        if self.method != other.method or not same_account:
            return FAR
        return int(self.path != other.path)

    @property
    def user(self) -> str:
        """The user name of Basic credentials, right or wrong; "" for other schemes."""
        scheme, _, token = (self.authorization or "").partition(" ")
        try:
            return base64.b64decode(token).decode().partition(":")[0] if scheme.lower() == "basic" else ""
        except ValueError:
            return ""

    @property
    def posted(self) -> list[dict[str, Any]]:
        """The objects of a posted envelope; none when the body is no envelope."""
        try:
            listed = json.loads(self.body)["objects"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return []
        return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


@dataclass(frozen=True)
class Reply:
    """One answer. Content-Length is written anew from the body."""

    status: int
    headers: Headers
    body: bytes

    @property
    def ok(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @cached_property
    def json(self) -> Any:
        """The parsed body; None when there is none or it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def objects(self) -> list[Any]:
        """What is listed under `objects`."""
        listed = self.json.get("objects", []) if isinstance(self.json, dict) else []
        return listed if isinstance(listed, list) else []

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_status(self, status: int) -> Reply:
        """The same answer with another code."""
        return replace(self, status=status)

    def with_header(self, name: str, value: str | None) -> Reply:
        """The same answer with a header set, or without it when None."""
        left = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=left if value is None else (*left, (name, value)))

    def with_json(self, value: Any) -> Reply:
        """The same answer with another JSON body."""
        return replace(self, body=json.dumps(value, ensure_ascii=False).encode())

    def with_objects(self, listed: list[Any]) -> Reply:
        """The same answer with other objects; without the key when there are none."""
        rest = {key: value for key, value in self.json.items() if key != "objects"}
        return self.with_json({**rest, "objects": listed} if listed else rest)

    def rewritten(self, change: Change) -> Reply:
        """The same answer with its JSON changed; see Change."""
        value = json.loads(self.body)
        other = change(value)
        return self.with_json(value if other is None else other)


Change = Callable[[Any], Any]
"""Alters a parsed JSON body in place, or returns another value to send instead."""
Forward = Callable[[Seen], Awaitable[Reply]]
Handler = Callable[[Seen, Forward], Awaitable[Reply]]


def taxii(value: Any, status: int = 200) -> Reply:
    """An answer with a TAXII body."""
    return Reply(status, (("Content-Type", TAXII),), json.dumps(value, ensure_ascii=False).encode())


def refusal(status: int) -> Reply:
    """An error as TAXII 2.1, section 3.6.1, describes it; a 401 carries a challenge."""
    reply = taxii({"title": "The request was refused", "http_status": str(status)}, status)
    return reply.with_header("WWW-Authenticate", 'Basic realm="exchange"') if status == 401 else reply


def on(*endpoints: str, method: str = "GET") -> Callable[[Seen], bool]:
    """Requests of one method to any of these endpoints."""
    return lambda seen: seen.method == method and seen.endpoint in endpoints


def layer(app: Any, handlers: Iterable[tuple[Callable[[Seen], bool], Handler]], actors: Mapping[str, str]) -> Any:
    """The application with handlers before it, the last one outermost. Bodies are held whole in memory."""
    for when, handler in handlers:
        app = _Before(app, when, handler, actors)
    return app


class _Before:
    def __init__(self, app: Any, when: Callable[[Seen], bool], handler: Handler, actors: Mapping[str, str]) -> None:
        self._app = app
        self._when = when
        self._handler = handler
        self._actors = actors

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _streaming(scope):
            await self._app(scope, receive, send)  # a stream has no whole body that a handler could look at
            return
        seen = await _read(scope, receive, self._actors)
        if not self._when(seen):
            await self._app(scope, whole(seen.body), send)
            return
        reply = await _Answering(self._app, seen).by(self._handler)
        headers = [
            (k.encode("latin-1"), v.encode("latin-1")) for k, v in reply.headers if k.lower() != "content-length"
        ]
        headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})


class _Answering:
    """One request before a handler. However often the handler asks the server, the client asked once, and the log of
    the server has one entry, of what the client asked."""

    def __init__(self, app: Any, client: Seen) -> None:
        self._app = app
        self._client = client
        self._asked: list[tuple[int, Entries]] = []

    async def by(self, handler: Handler) -> Reply:
        """What the handler makes of it."""
        reply = await handler(self._client, self._forward)
        distance, entries = min(self._asked, key=lambda asked: asked[0], default=(0, []))
        if distance < FAR:
            for enter in entries:
                enter()
        elif self._client.method == "GET":
            await self._ask(self._client)
        return reply

    async def _forward(self, seen: Seen) -> Reply:
        entries: Entries = []
        self._asked.append((seen.distance(self._client), entries))
        token = ENTRIES.set(entries)
        try:
            return await self._ask(seen)
        finally:
            ENTRIES.reset(token)

    async def _ask(self, seen: Seen) -> Reply:
        out: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            out.append(message)

        await self._app(_scope(seen), whole(seen.body), send)
        start = next(message for message in out if message["type"] == "http.response.start")
        body = b"".join(message.get("body", b"") for message in out)
        return Reply(start["status"], _text(start["headers"]), body)


def whole(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """The ASGI receive function of a client that sends this body at once and then goes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive


def _streaming(scope: Any) -> bool:
    return any(name.lower() == b"accept" and b"text/event-stream" in value for name, value in scope["headers"])


async def _read(scope: Any, receive: Any, actors: Mapping[str, str]) -> Seen:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = tuple((name.lower(), value) for name, value in _text(scope["headers"]))
    query = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Seen(scope["method"], scope["path"], query, headers, body, scope, actors)


def _text(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _scope(seen: Seen) -> dict[str, Any]:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe=',:')}" for name, value in seen.query)
    same = tuple(parse_qsl(seen.scope["query_string"].decode("latin-1"), keep_blank_values=True)) == seen.query
    return {
        **seen.scope,
        "method": seen.method,
        "path": seen.path,
        "raw_path": quote(seen.path).encode(),
        "query_string": seen.scope["query_string"] if same else query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in seen.headers],
    }
