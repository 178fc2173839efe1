"""Octets out, octets in: the only module that opens a connection to a target.

Built on the standard library's http.client (ADR 2): it can send repeated and missing headers,
keeps the received ones in order, never follows a redirect, reads no environment, and lets
every single read be bounded by one deadline for the whole exchange.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from isao_conformance import tls_handshake
from isao_conformance.bounded_socket import BoundedSocket
from isao_conformance.errors import NoAnswer
from isao_conformance.exchange import Answer, Headers
from isao_conformance.limits import LIMITS
from isao_conformance.transport_faults import described

ENCODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "compress")
"""Content codings that a reason may name: whatever else a target writes there is its own text."""


@dataclass(frozen=True)
class TlsFiles:
    """What the operator declares for TLS: a CA to trust instead of the system's, a client certificate."""

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


class Wire:
    """Sends requests to declared origins. Connections are kept per thread and dropped when idle."""

    def __init__(self, tls: TlsFiles, exchange_seconds: float = LIMITS.exchange_seconds) -> None:
        self._tls = tls
        self._seconds = exchange_seconds
        self._local = threading.local()
        self._context: ssl.SSLContext | None = None
        self._clients: dict[tuple[str, str], Wire] = {}
        self._lock = threading.Lock()

    def as_client(self, certificate: str, key: str) -> Wire:
        """The wire of one actor, with connections of its own that are made with this certificate (PEM files; `key` is
        empty when it is in the same file)."""
        with self._lock:
            if (certificate, key) not in self._clients:
                files = TlsFiles(self._tls.ca_file, certificate, key or None)
                self._clients[certificate, key] = Wire(files, self._seconds)
            return self._clients[certificate, key]

    def send(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        """One exchange. Raises NoAnswer with the reason when no complete answer came within the ceilings."""
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        started = time.monotonic()
        connection, reused = self._connection(origin, keep=method in ("GET", "HEAD"))
        try:
            answer = self._exchange(connection, method, path, headers, body, started)
        except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
            self._drop(origin)
            if not reused:
                raise NoAnswer("the target closed the connection without an answer") from None
            # A kept connection may have been closed while idle: not the target's fault, and only GETs are kept.
            connection, _ = self._connection(origin, keep=True)
            try:
                answer = self._exchange(connection, method, path, headers, body, started)
            except (http.client.HTTPException, OSError, ValueError) as fault:
                self._drop(origin)
                raise NoAnswer(described(fault)) from None
            except NoAnswer:
                self._drop(origin)
                raise
        except (http.client.HTTPException, OSError, ValueError) as fault:
            self._drop(origin)
            raise NoAnswer(described(fault)) from None
        except NoAnswer:
            self._drop(origin)
            raise
        return answer

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Headers,
        body: bytes,
        started: float,
    ) -> Answer:
        sock: Any = connection.sock
        sock.begin(started + self._seconds)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("utf-8"))
        connection.endheaders(body or None)
        response = connection.getresponse()
        received = _headers(response)
        content = response.read(LIMITS.body_octets + 1)
        if len(content) > LIMITS.body_octets:
            raise NoAnswer(f"the answer is larger than {LIMITS.body_octets} octets")
        if response.length:
            raise NoAnswer("the answer ended before the length it announced")
        encoding = response.getheader("content-encoding", "identity").lower()
        if encoding != "identity":
            named = f"as {encoding}" if encoding in ENCODINGS else "in some way"
            raise NoAnswer(f"the answer is encoded {named} though identity was asked for")
        if response.will_close:
            connection.close()
        self._local.used = time.monotonic()
        return Answer(response.status, received, content, time.monotonic() - started)

    def _connection(self, origin: tuple[str, str, int], keep: bool) -> tuple[http.client.HTTPConnection, bool]:
        kept: dict[Any, http.client.HTTPConnection] = self._local.__dict__.setdefault("kept", {})
        old = kept.get(origin)
        fresh_enough = time.monotonic() - getattr(self._local, "used", 0.0) < LIMITS.idle_seconds
        if old is not None and old.sock is not None and fresh_enough and keep:
            return old, True
        self._drop(origin)
        connection = self._open(origin)
        kept[origin] = connection
        return connection, False

    def _open(self, origin: tuple[str, str, int]) -> http.client.HTTPConnection:
        scheme, host, port = origin
        try:
            sock: socket.socket = socket.create_connection((host, port), LIMITS.connect_seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if scheme == "https":
                sock = self.context().wrap_socket(sock, server_hostname=host)
        except ssl.SSLCertVerificationError as fault:
            raise NoAnswer(f"its certificate is not trusted: {fault.verify_message}") from None
        except OSError as fault:
            raise NoAnswer(described(fault)) from None
        connection = http.client.HTTPConnection(host, port)
        connection.sock = BoundedSocket(sock)
        connection.auto_open = 0
        return connection

    def _drop(self, origin: tuple[str, str, int]) -> None:
        old = self._local.__dict__.setdefault("kept", {}).pop(origin, None)
        if old is not None and old.sock is not None:
            old.close()

    def context(self) -> ssl.SSLContext:
        """The verifying TLS context of this run. There is no way to turn verification off."""
        with self._lock:
            if self._context is None:
                self._context = self._new_context()
            return self._context

    def _new_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._tls.ca_file)
        if self._tls.client_cert:
            try:
                # Without a password to try, the library would ask for one on the terminal.
                context.load_cert_chain(self._tls.client_cert, self._tls.client_key, password="")
            except (ssl.SSLError, OSError) as fault:
                raise NoAnswer(f"the client certificate cannot be used: {described(fault)}") from None
        return context

    def handshake(self, url: str, offer: Mapping[str, str]) -> Answer:
        """A bare handshake: `offer` names one TLS version and perhaps `suites`, see `tls_handshake.shake`; or it asks
        for `tickets`, see `tls_handshake.tickets`. The answer's body is JSON. Raises NoAnswer when nothing listens.
        """
        started = time.monotonic()
        context = self._new_context()
        if "tickets" in offer:
            told = tls_handshake.tickets(context, url)
        else:
            told = tls_handshake.shake(context, url, offer["offer"], offer.get("suites", ""))
        return Answer(0, (), json.dumps(told, sort_keys=True).encode(), time.monotonic() - started)

    def stream(self, url: str, headers: Headers, then: Callable[[], None], until: Callable[[bytes], bool]) -> Answer:
        """A GET on a connection of its own whose answer is read piece by piece. `then` is called once its head is there
        with status 200; what comes meanwhile waits in the socket. The reading ends with the answer, when `until` says
        so of the octets read, or `LIMITS.stream_seconds` after `then`; the answer holds what was read until there.

        Raises NoAnswer when no head comes within the ceilings, or more than `LIMITS.stream_octets`.
        """
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        started = time.monotonic()
        connection = self._open(origin)
        try:
            sock: Any = connection.sock
            sock.begin(started + LIMITS.stream_seconds)
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders()
            response = connection.getresponse()
            received = _headers(response)
            if response.status == 200:
                then()
            sock.wait_until(time.monotonic() + LIMITS.stream_seconds)
            body = _collected(response, until)
        except (http.client.HTTPException, OSError, ValueError) as fault:
            raise NoAnswer(described(fault)) from None
        finally:
            connection.close()
        return Answer(response.status, received, body, time.monotonic() - started)

    def plain(self, url: str, headers: Headers) -> Answer:
        """A GET without TLS to the host and port of a URL, whatever its scheme says.

        The answer is what came in HTTP, or has status 0 and a JSON body with the `problem` when nothing did: a closed
        port is an answer here. Raises NoAnswer when HTTP came that is beyond the ceilings, broken, or not to its end:
        who began to answer has not refused.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        started = time.monotonic()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(host, port)
        sock: BoundedSocket | None = None
        try:
            sock = BoundedSocket(socket.create_connection((host, port), LIMITS.connect_seconds))
            connection.sock = sock  # the four methods http.client uses
            return self._exchange(connection, "GET", path, headers, b"", started)
        except (http.client.HTTPException, OSError, ValueError) as fault:
            if sock is not None and sock.spoke_http:
                raise NoAnswer(described(fault)) from None
            body = json.dumps({"problem": described(fault)}).encode()
            return Answer(0, (), body, time.monotonic() - started)
        finally:
            connection.close()


def _headers(response: http.client.HTTPResponse) -> Headers:
    listed = tuple(response.getheaders())
    if sum(len(name) + len(value) for name, value in listed) > LIMITS.header_octets:
        raise NoAnswer(f"the headers of the answer are larger than {LIMITS.header_octets} octets")
    return listed


def _collected(response: http.client.HTTPResponse, until: Callable[[bytes], bool]) -> bytes:
    """What a stream says until it ends, the reader is content or the deadline of its socket passes."""
    body = b""
    while not until(body):
        try:
            piece = response.read1(65536)
        except TimeoutError:
            return body
        if not piece:
            return body
        body += piece
        if len(body) > LIMITS.stream_octets:
            raise NoAnswer(f"the stream is longer than {LIMITS.stream_octets} octets")
    return body
