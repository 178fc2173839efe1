"""One HTTP exchange as evidence: what was asked, what came back, and under which key.

The request is kept with placeholders where credentials go (`{{member-a}}`), so a secret is
never in evidence; `client.py` puts the real one in only while sending.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from isao_conformance.limits import LIMITS

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Key:
    """Where an exchange stands in a run: the probe, the actor, and its ordinal among the probe's exchanges."""

    probe: str
    actor: str
    ordinal: int

    def __lt__(self, other: Key) -> bool:
        """The order in which a probe's exchanges took place, probe by probe."""
        return (self.probe, self.ordinal, self.actor) < (other.probe, other.ordinal, other.actor)

    def __str__(self) -> str:
        return f"{self.probe}|{self.actor}|{self.ordinal}"


@dataclass(frozen=True)
class Request:
    """A request as it is recorded.

    `method` TLS is a bare handshake, its offer in the headers; PLAIN is a GET without TLS to the URL's host and port;
    STREAM is a GET whose answer is read while other requests are sent, for as long as the harness cares to.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """Path and query of the URL."""
        rest = self.url.split("://", 1)[-1]
        return "/" + rest.split("/", 1)[1] if "/" in rest else "/"


@dataclass(frozen=True)
class Answer:
    """What came back. `status` 0 is no HTTP at all (a handshake, a closed connection), told in the body as JSON.

    `data` is the parsed JSON body, or None when the body is empty, not UTF-8, not JSON, or beyond the ceilings.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    elapsed: float = 0.0

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its letter case."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def header_all(self, name: str) -> list[str]:
        """All headers of that name, in the order received."""
        return [v for k, v in self.headers if k.lower() == name.lower()]

    @cached_property
    def data(self) -> Any:
        """Parsed JSON, or None. A leading byte order mark is dropped: a watcher reports it, no other row suffers."""
        opening = self.body.count(b"[") + self.body.count(b"{")
        if opening + self.body.count(b",") > LIMITS.json_values:
            return None
        try:
            value = json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return None
        return value if opening <= LIMITS.json_depth or _depth_within(value, LIMITS.json_depth) else None

    @property
    def resource(self) -> dict[str, Any]:
        """The body when it is a JSON object, else an empty dictionary."""
        return self.data if isinstance(self.data, dict) else {}

    def list_of(self, key: str) -> list[Any]:
        """The list under that key of the body, or an empty list."""
        value = self.resource.get(key)
        return value if isinstance(value, list) else []

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects listed under `objects` (envelope or manifest)."""
        return [item for item in self.list_of("objects") if isinstance(item, dict)]

    @property
    def ids(self) -> list[str]:
        """The `id` of each listed object, in order."""
        return [str(item.get("id")) for item in self.objects]

    @property
    def more(self) -> bool:
        """True when the body says there is more."""
        return self.resource.get("more") is True

    @property
    def next(self) -> str | None:
        """The page cursor, if one is given."""
        value = self.resource.get("next")
        return None if value is None else str(value)

    @cached_property
    def media_type(self) -> tuple[str, dict[str, str]]:
        """Content-Type parsed into type and parameters, names lower-cased, quotes removed."""
        return parse_media_type(self.header("content-type") or "")

    @cached_property
    def is_taxii(self) -> bool:
        """True when the body is labelled application/taxii+json."""
        return self.media_type[0] == "application/taxii+json"

    def brief(self) -> str:
        """One line for people: status, media type, start of the body."""
        if self.status == 0:
            return self.body.decode("utf-8", "replace")
        start = self.body[:160].decode("utf-8", "replace").replace("\n", " ")
        return f"{self.status} {self.header('content-type') or 'without Content-Type'}: {start or '(empty body)'}"


@dataclass(frozen=True)
class Exchange:
    """A request with its answer, or with the problem that kept an answer from coming.

    `memo` holds what watchers worked out about it: dozens look at each exchange, and each fact is worked out once.
    """

    key: Key
    request: Request
    answer: Answer | None
    problem: str = ""
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


def weight(exchange: Exchange) -> int:
    """How many octets of memory an exchange may take at most for as long as it is kept, its parsed body included."""
    request, answer = exchange.request, exchange.answer
    heavy = len(request.url) + len(request.body) + len(exchange.problem)
    if answer is None:
        return heavy
    body = answer.body
    # A text takes up to four octets a character once a single one of its characters is far out.
    texts = len(body) * (1 if body.isascii() else 4)
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    parsed = texts + 100 * values if values <= LIMITS.json_values else 0
    return heavy + len(body) + parsed + sum(len(name) + len(value) for name, value in answer.headers)


def parse_media_type(value: str) -> tuple[str, dict[str, str]]:
    """Split a media type into lower-cased type and parameters (RFC 7231, 3.1.1.1: quotes and case do not matter)."""
    kind, *rest = value.split(";")
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, text = part.partition("=")
        if name.strip():
            parameters[name.strip().lower()] = text.strip().strip('"')
    return kind.strip().lower(), parameters


def _depth_within(value: Any, ceiling: int) -> bool:
    level = [value]
    for _ in range(ceiling):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return True
    return False


def _text_or_base64(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _bytes_of(stored: dict[str, str]) -> bytes:
    return stored["text"].encode("utf-8") if "text" in stored else base64.b64decode(stored["base64"])


def to_json(exchange: Exchange) -> dict[str, Any]:
    """The transcript form of an exchange."""
    request, answer = exchange.request, exchange.answer
    return {
        "exchange": [exchange.key.probe, exchange.key.actor, exchange.key.ordinal],
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": [list(h) for h in request.headers],
            "body": _text_or_base64(request.body),
        },
        "answer": None
        if answer is None
        else {
            "status": answer.status,
            "headers": [list(h) for h in answer.headers],
            "body": _text_or_base64(answer.body),
            "elapsed": round(answer.elapsed, 4),
        },
        "problem": exchange.problem,
    }


def from_json(stored: dict[str, Any]) -> Exchange:
    """Read the transcript form back. Raises KeyError or TypeError on a line that is not one."""
    probe, actor, ordinal = stored["exchange"]
    asked, came = stored["request"], stored["answer"]
    return Exchange(
        key=Key(probe, actor, ordinal),
        request=Request(
            asked["method"],
            asked["url"],
            tuple((k, v) for k, v in asked["headers"]),
            _bytes_of(asked["body"]),
        ),
        answer=None
        if came is None
        else Answer(
            came["status"],
            tuple((k, v) for k, v in came["headers"]),
            _bytes_of(came["body"]),
            came["elapsed"],
        ),
        problem=stored["problem"],
    )
