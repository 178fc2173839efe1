"""A wire that calls the application where the request would have arrived there anyway.

Half of the time of a run on the loopback goes into TLS, HTTP and sockets, which are the same for nearly every faulty
server. Handshakes, plain HTTP, chunked bodies and other origins still go over real connections.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from isao_conformance.errors import NoAnswer
from isao_conformance.exchange import Answer, Headers
from isao_conformance.limits import LIMITS
from isao_conformance.target import origin_of
from isao_conformance.transport import TlsFiles, Wire
from isao_reference.funnel import Machine
from tests.support.answering import whole


async def _at_once(_: Machine, work: Callable[[], Any], *, writes: bool = False) -> Any:
    return work()


class InProcessWire(Wire):
    """Sends what goes to `origin` straight to `app`. Close it at the end."""

    def __init__(self, tls: TlsFiles, app: Any, origin: str) -> None:
        super().__init__(tls)
        self._app = app
        self._origin = origin
        self._loops = threading.local()
        self._opened: list[asyncio.AbstractEventLoop] = []
        # Each thread of the harness has a loop of its own here, which nothing else waits for.
        self._in_thread = Machine.in_thread
        Machine.in_thread = _at_once

    def send(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        """One exchange, as a server on the loopback would have answered it."""
        chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
        if chunked or origin_of(url) != self._origin:
            return super().send(method, url, headers, body)
        started = time.monotonic()
        loop = self._loop()
        try:
            status, got, content = loop.run_until_complete(_answered(self._app, method, url, headers, body))
        except TimeoutError:
            raise NoAnswer("no complete answer within the time allowed") from None
        if len(content) > LIMITS.body_octets:
            raise NoAnswer(f"the answer is larger than {LIMITS.body_octets} octets")
        return Answer(status, got, content, time.monotonic() - started)

    def close(self) -> None:
        """Ends the event loops of all threads that asked, and lets requests run in threads again."""
        Machine.in_thread = self._in_thread
        for loop in self._opened:
            loop.close()

    def _loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop | None = getattr(self._loops, "loop", None)
        if loop is None:
            loop = self._loops.loop = asyncio.new_event_loop()
            self._opened.append(loop)
        return loop


async def _answered(app: Any, method: str, url: str, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    parts = urlsplit(url)
    path = parts.path or "/"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(path),
        "raw_path": path.encode("ascii", "surrogateescape"),
        "root_path": "",
        "query_string": parts.query.encode("utf-8", "surrogateescape"),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": (parts.hostname or "", parts.port or 443),
    }
    out: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    async with asyncio.timeout(LIMITS.exchange_seconds):
        await app(scope, whole(body), send)
    start = out[0]
    got = tuple((name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in start["headers"])
    content = b"".join(message.get("body", b"") for message in out[1:])
    bodiless = method == "HEAD" or start["status"] in (204, 304)
    return start["status"], got, b"" if bodiless else content
