"""A socket that a hostile peer can neither hold for longer nor fill with more than the harness allows."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

from isao_conformance.errors import NoAnswer
from isao_conformance.limits import LIMITS

HTTP = b"HTTP/"
"""How every status line begins (RFC 9112, 4)."""


class BoundedSocket:
    """A socket whose every read and write ends at one moment, however slowly the peer drips, and after so many octets.

    Like a socket it stays open until its last reader is closed: http.client closes the connection of a
    `Connection: close` answer before it reads the body.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._ends = 0.0
        self._octets = LIMITS.answer_octets
        self._began = b""
        self._readers = 0
        self._closing = False

    def begin(self, ends: float) -> None:
        """The next exchange ends at this moment, and has a full allowance of octets to read."""
        self._ends, self._octets, self._began = ends, LIMITS.answer_octets, b""

    @property
    def spoke_http(self) -> bool:
        """Whether what the peer said in this exchange begins as an answer in HTTP does, whole or not."""
        return self._began == HTTP

    def wait_until(self, ends: float) -> None:
        """The exchange under way ends at this moment instead."""
        self._ends = ends

    def arm(self) -> None:
        """Let the next read or write wait until the end and no longer. Raises TimeoutError when that has passed."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        self._sock.settimeout(left)

    def receive_into(self, buffer: Any) -> int:
        """Read what is there, like `socket.recv_into`. Raises NoAnswer when the allowance is used up."""
        self.arm()
        count = self._sock.recv_into(buffer)
        self._octets -= count
        if count and len(self._began) < len(HTTP):
            self._began += bytes(memoryview(buffer)[: min(count, len(HTTP) - len(self._began))])
        if self._octets < 0:
            raise NoAnswer(f"the answer is larger than {LIMITS.answer_octets} octets with its headers and framing")
        return count

    def sendall(self, data: Any) -> None:
        self.arm()
        self._sock.sendall(data)

    def makefile(self, mode: str = "rb", *_: Any) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self), 65536)

    def close(self) -> None:
        self._closing = True
        if self._readers <= 0:
            self._sock.close()

    def reader_closed(self) -> None:
        self._readers -= 1
        if self._closing:
            self.close()


class _Reader(io.RawIOBase):
    def __init__(self, bounded: BoundedSocket) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.receive_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._bounded.reader_closed()
        super().close()
