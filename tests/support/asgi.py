"""A small synchronous caller of ASGI applications: one event loop, no sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

TAXII = "application/taxii+json;version=2.1"


@dataclass(frozen=True)
class Response:
    """What came back; header names are lower case and may repeat."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all_of(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def basic(name: str, secret: str) -> str:
    """The value of Authorization for Basic."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class Client:
    """Calls one application. Close it, or use it in a `with`."""

    def __init__(self, app: Any, authorization: str | None = None) -> None:
        self.app = app
        self.authorization = authorization
        self.loop = asyncio.new_event_loop()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the event loop."""
        self.loop.close()

    def as_(self, authorization: str | None) -> Client:
        """The same application as somebody else, on the same loop."""
        other = Client.__new__(Client)
        other.app, other.loop, other.authorization = self.app, self.loop, authorization
        return other

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | str = "",
        body: bytes | Iterable[bytes] = b"",
        headers: Iterable[tuple[str, str]] = (),
        accept: str | None = TAXII,
        content_type: str | None = None,
        length: bool = True,
        lazily: Iterator[bytes] | None = None,
    ) -> Response:
        """One request. An iterable body is sent in chunks, without Content-Length; one that comes `lazily` is asked for
        each chunk when the application is."""
        chunks = [body] if isinstance(body, bytes) else list(body)
        sent = list(headers)
        if accept is not None:
            sent.append(("accept", accept))
        if self.authorization is not None:
            sent.append(("authorization", self.authorization))
        if content_type is not None:
            sent.append(("content-type", content_type))
        if isinstance(body, bytes) and body and length:
            sent.append(("content-length", str(len(body))))
        text = query if isinstance(query, str) else urlencode(query, quote_via=quote, safe="[],:")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": text.encode("utf-8", "surrogateescape"),
            "headers": [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in sent],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 443),
        }
        queue = [
            {"type": "http.request", "body": chunk, "more_body": index + 1 < len(chunks)}
            for index, chunk in enumerate(chunks or [b""])
        ]
        out: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if lazily is not None:
                part = next(lazily, None)
                return {"type": "http.request", "body": part or b"", "more_body": part is not None}
            return queue.pop(0) if queue else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            out.append(message)

        self.loop.run_until_complete(self.app(scope, receive, send))
        start = out[0]
        return Response(
            start["status"],
            tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in start["headers"]),
            b"".join(message.get("body", b"") for message in out[1:]),
        )

    def get(self, path: str, **options: Any) -> Response:
        """GET."""
        return self.request("GET", path, **options)

    def delete(self, path: str, **options: Any) -> Response:
        """DELETE."""
        return self.request("DELETE", path, **options)

    def post(self, path: str, value: Any, **options: Any) -> Response:
        """POST of JSON (or of bytes as they are) as a TAXII document."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        options.setdefault("content_type", TAXII)
        return self.request("POST", path, body=body, **options)
