"""HTTP/1.1 as uvicorn speaks it, with ceilings where it has none: octets of a head, of what surrounds a body in chunks,
and the time for a whole request. A connection that does not keep to them is closed; what it sent never arrives."""

from __future__ import annotations

import asyncio
import http
import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from isao_reference import limits

# Chunks of one octet are lawful: each octet of a body may bring so many octets of framing with it.
_FRAMING = 8
# Longer than the exchange itself waits for a body, so that its answer comes first.
_GRACE_SECONDS = 5.0
_SLOW = "slow"


class Edge(HttpToolsProtocol):
    """One connection. `limits.HEAD_SECONDS` and `limits.BODY_SECONDS` are looked up when they begin to count."""

    _deadline: asyncio.TimerHandle | None = None
    _around = 0
    _begun = False
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A connection on which nothing comes is closed too."""
        super().connection_made(transport)
        self._within(limits.HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to no body, and closes the connection when that is too much."""
        if self._deadline is None:
            self._within(limits.HEAD_SECONDS)
        self._around += len(data)
        super().data_received(data)
        if self._is_too_much and not self.transport.is_closing():
            self.send_400_response("")
        elif self._is_idle:
            self._stop_waiting()

    def on_message_begin(self) -> None:
        """A request begins; what came with it counts for it."""
        self._begun = True
        if self._deadline is None:
            self._within(limits.HEAD_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there; the body has its own time. Raises ValueError for a head that is too large."""
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > limits.MAX_HEAD_OCTETS:
            self._around = limits.MAX_HEAD_OCTETS + 1
            raise ValueError("the head is too large")
        self._in_head, self._around = False, 0
        self._within(limits.BODY_SECONDS + _GRACE_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body pays for its framing."""
        self._around = max(0, self._around - (_FRAMING + 1) * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: from here on it is the exchange that takes time."""
        self._around = 0
        self._begun, self._in_head = False, True
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no request: 431 for one that is too large, 408 for one that is too slow, else 400. Nothing is
        said into the middle of an answer that has begun."""
        status = 431 if self._is_too_much else 408 if msg == _SLOW else 400
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
            return
        title = http.HTTPStatus(status).phrase
        body = json.dumps({"type": "about:blank", "title": title, "status": status}).encode()
        head = f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    @property
    def _is_too_much(self) -> bool:
        return self._around > limits.MAX_HEAD_OCTETS

    @property
    def _is_idle(self) -> bool:
        return not self._begun and self._around == 0

    def _within(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is not the client who keeps us waiting
            self._within(limits.BODY_SECONDS)
        elif self._in_head:
            self.send_400_response(_SLOW)
        else:
            self.transport.abort()
