"""Servers that misbehave below HTTP: what they send never ends, lies about its size or is no HTTP at all.

Each scenario is a script for one request, over a bare socket; nothing here is shared with the reference. The numbers
are those of the list of hostile scenarios, which `test_hostile_targets.py` accounts for.
"""

from __future__ import annotations

import gzip
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

TAXII = b"Content-Type: application/taxii+json;version=2.1\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + TAXII
MEBIBYTE = 1024 * 1024
_PAUSE = 0.02
_LONGEST = 30.0
"""No script goes on for longer, whatever becomes of its peer."""


@dataclass(frozen=True)
class Asked:
    """One request as it was read, and the way to answer it. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    send: Callable[[bytes], object]
    gone: Callable[[], bool]

    def answer(self, body: bytes, head: bytes = OK) -> None:
        """A complete answer; `head` is the status line and headers so far."""
        self.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def pour(self, piece: bytes, pause: float = 0.0) -> None:
        """Send the same again and again until the peer has had enough."""
        ends = time.monotonic() + _LONGEST
        while time.monotonic() < ends:
            self.send(piece)
            if pause:
                time.sleep(pause)


Script = Callable[[Asked], None]
"""Answers one request. The connection is closed after it."""


@dataclass(frozen=True)
class Scenario:
    """A script with its numbers in the list, and the seconds that an exchange with it may take."""

    numbers: tuple[int, ...]
    script: Script
    seconds: float


SCENARIOS: dict[str, Scenario] = {}
"""Every scenario over a bare socket, by a name that explains itself."""


def scenario(*numbers: int, seconds: float = 10.0) -> Callable[[Script], Script]:
    """Put a script into the table, under its own name."""

    def register(script: Script) -> Script:
        SCENARIOS[script.__name__] = Scenario(numbers, script, seconds)
        return script

    return register


def _handler(script: Script, noted: list[Asked]) -> type[socketserver.StreamRequestHandler]:
    class _Peer(socketserver.StreamRequestHandler):
        timeout = 5.0

        def handle(self) -> None:
            try:
                self._serve()
            except (OSError, ValueError):
                return  # the peer left, or sent no request, as a handshake without TLS is

        def _serve(self) -> None:
            method, path, _ = self.rfile.readline(65536).decode("latin-1").split(" ", 2)
            headers: dict[str, str] = {}
            while (line := self.rfile.readline(65536).strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            asked = Asked(method, path, headers, body, self.request.sendall, lambda: not self.rfile.read(1))
            noted.append(asked)
            script(asked)

    return _Peer


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            secured = self.context.wrap_socket(request, server_side=True) if self.context is not None else request
        except OSError:
            return
        with secured:
            super().finish_request(secured, client_address)


@contextmanager
def serving(script: Script, context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[Asked]]]:
    """Serve a script on a free loopback port; yields the base URL with a slash, and what is asked there."""
    noted: list[Asked] = []
    server = _Server(("127.0.0.1", 0), _handler(script, noted))
    server.context = context
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}/", noted
    finally:
        server.shutdown()
        server.server_close()


# --- time ------------------------------------------------------------------------------------


@scenario(1, seconds=0.3)
def drips_the_body(asked: Asked) -> None:
    """Announces a body and sends it an octet at a time."""
    asked.send(OK + b"Content-Length: 100000\r\n\r\n")
    asked.pour(b" ", _PAUSE)


@scenario(2, seconds=0.3)
def drips_a_header(asked: Asked) -> None:
    """Sends a header an octet at a time."""
    asked.send(OK + b"X-Slow: ")
    asked.pour(b"x", _PAUSE)


@scenario(3, seconds=0.3)
def accepts_and_never_answers(asked: Asked) -> None:
    """Takes the request and says nothing."""
    asked.gone()


@scenario(24, seconds=0.3)
def says_continue_and_nothing_more(asked: Asked) -> None:
    """Answers every request with 100 Continue and then waits for ever."""
    asked.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    asked.gone()


@scenario(24)
def interim_answers_without_end(asked: Asked) -> None:
    """Sends 100 Continue as fast as it can, and never an answer."""
    asked.pour(b"HTTP/1.1 100 Continue\r\nX-Filling: " + b"x" * 1000 + b"\r\n\r\n")


@scenario(24)
def an_early_hint_in_place_of_an_answer(asked: Asked) -> None:
    """Sends 103 Early Hints, which the client does not know, then 101, then a whole answer to nobody."""
    asked.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n")
    asked.answer(b'{"title": "late"}')


# --- size ------------------------------------------------------------------------------------


@scenario(5)
def body_without_end(asked: Asked) -> None:
    """Sends a body that announces no length and never ends."""
    asked.send(OK + b"\r\n")
    asked.pour(b" " * MEBIBYTE)


@scenario(5, 7)
def a_chunk_of_minus_one_octets(asked: Asked) -> None:
    """Gives the size of a chunk as -1, which reads as "everything there is", and then pours."""
    asked.send(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n")
    asked.pour(b" " * MEBIBYTE)


@scenario(5)
def trailers_without_end(asked: Asked) -> None:
    """Ends a chunked body and goes on with trailer fields for ever."""
    asked.send(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    asked.pour(b"X-Trailer: " + b"y" * 1000 + b"\r\n")


@scenario(8)
def header_flood(asked: Asked) -> None:
    """Sends headers without end."""
    asked.send(OK)
    asked.pour(b"X-More: " + b"y" * 500 + b"\r\n")


@scenario(8)
def a_hundred_headers_of_sixty_kilobytes(asked: Asked) -> None:
    """Sends as many headers as a client may take, each as long as it may be: evidence would keep megabytes of them."""
    asked.answer(b'{"title": "x"}', OK + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 60000) for n in range(95)))


@scenario(9)
def one_header_of_ten_megabytes(asked: Asked) -> None:
    """Sends a single header line of ten megabytes."""
    asked.answer(b"{}", OK + b"X-Long: " + b"y" * 10 * MEBIBYTE + b"\r\n")


# --- framing ---------------------------------------------------------------------------------


@scenario(4)
def closes_in_the_middle_of_the_body(asked: Asked) -> None:
    """Announces more than it sends and hangs up."""
    asked.send(OK + b'Content-Length: 5000\r\n\r\n{"title": "half')


@scenario(6)
def a_length_that_is_too_small(asked: Asked) -> None:
    """Announces fewer octets than it sends; what is left over looks like the next answer."""
    rest = b'{"title": "smuggled"}'
    asked.send(OK + b"Content-Length: 2\r\n\r\n{}" + OK + b"Content-Length: %d\r\n\r\n" % len(rest) + rest)


@scenario(6)
def lengths_that_are_no_numbers(asked: Asked) -> None:
    """Announces a negative, a huge and a hexadecimal length by turns."""
    odd = (b"-1", b"9" * 6000, b"0x10", b"1_0", b"")[len(asked.path) % 5]
    asked.send(OK + b"Content-Length: " + odd + b"\r\n\r\n{}")


@scenario(7)
def two_lengths(asked: Asked) -> None:
    """Announces two lengths that differ."""
    asked.answer(b'{"title": "x"}', OK + b"Content-Length: 2\r\n")


@scenario(7)
def a_length_and_chunks(asked: Asked) -> None:
    """Announces a length and sends chunks."""
    asked.answer(b"e\r\n" + b'{"title": "x"}' + b"\r\n0\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n")


@scenario(7)
def chunks_that_are_none(asked: Asked) -> None:
    """Announces chunks and sends JSON."""
    asked.send(OK + b'Transfer-Encoding: chunked\r\n\r\n{"title": "x"}')


@scenario(10)
def control_bytes_in_headers(asked: Asked) -> None:
    """Puts every control character into names and values of headers."""
    odd = b"".join(b"X-A%cb: c%cd\x1b[31m\r\n" % (n, n) for n in range(1, 32) if n not in (10, 13))
    asked.answer(b'{"title": "x"}', OK + odd + b"X-Null: a\x00b\r\nX-Return: a\rb\r\n\tfolded\r\nno colon at all\r\n")


@scenario(10)
def a_status_line_of_anything(asked: Asked) -> None:
    """Sends status lines with strange codes and versions by turns."""
    lines = (b"HTTP/1.1 099 x", b"HTTP/1.1 1000 x", b"HTTP/9.9 200 OK", b"HTTP/1.1 200\x00\x1b[2J", b"ICY 200 OK")
    asked.send(lines[len(asked.path) % len(lines)] + b"\r\nContent-Length: 2\r\n\r\n{}")


# --- encodings -------------------------------------------------------------------------------


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * 64 * MEBIBYTE, 1)


@scenario(11)
def gzip_bomb(asked: Asked) -> None:
    """Sends sixty-four megabytes in a few hundred kilobytes of gzip, though it was asked for none."""
    asked.answer(_bomb(), OK + b"Content-Encoding: gzip\r\n")


@scenario(12)
def nested_encodings(asked: Asked) -> None:
    """Sends gzip within gzip within gzip, under a list of codings."""
    asked.answer(gzip.compress(gzip.compress(_bomb())), OK + b"Content-Encoding: gzip, gzip, gzip\r\n")


@scenario(13)
def an_encoding_that_lies(asked: Asked) -> None:
    """Labels plain JSON as gzip, or gzip as plain JSON, by turns."""
    lies = len(asked.path) % 2
    asked.answer(gzip.compress(b"{}") if lies else b"{}", OK + (b"" if lies else b"Content-Encoding: gzip\r\n"))
