"""Serve an ASGI application over HTTP or TLS in a thread that starts and stops when told.

The listening socket is bound by the caller (`bind`), so the address is known before the
application that has to publish it is built.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any

import uvicorn

from isao_reference.edge import Edge
from isao_reference.tls import CertificateFiles

START_TIMEOUT = 20.0  # seconds
STOP_TIMEOUT = 10.0  # seconds
GRACE = 2  # seconds that running requests get at the stop
IDLE = 30  # seconds after which an idle connection is closed
BACKLOG = 512


class ServerFault(RuntimeError):
    """The server did not start or did not stop; the text says which and why."""


def bind(host: str = "127.0.0.1", port: int = 0) -> socket:
    """Listen on `host` and `port` (0: any free one). Raises OSError when the port is taken or forbidden."""
    listener = socket(AF_INET6 if ":" in host else AF_INET)
    try:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def base_url(listener: socket, *, tls: bool) -> str:
    """The URL of the bound address, with a slash at the end."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}/"


@contextmanager
def running(
    app: Any,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: CertificateFiles | None = None,
    listener: socket | None = None,
) -> Iterator[str]:
    """Serve `app` in a thread and yield its base URL; stop it at the end of the block.

    With `certificate` TLS 1.2 or later, else plain HTTP; clients may show a certificate of its `client_authority`,
    which the application is told in the TLS extension of ASGI. `listener` is a socket from `bind` that is used
    instead of `host` and `port`, and closed in the end. Raises ServerFault when the application does not
    start within 20 s (its own exception is the cause), OSError when the address is taken.
    """
    listener = listener or bind(host, port)
    server = _Server(_configuration(app, certificate))
    failure: list[BaseException] = []

    def serve() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as fault:  # handed to the caller below; a thread's exception is lost otherwise
            failure.append(fault)

    thread = threading.Thread(target=serve, name="isao-server", daemon=True)
    try:
        thread.start()
        _await_start(server, thread, failure)
        yield base_url(listener, tls=certificate is not None)
    finally:
        server.should_exit = True
        thread.join(STOP_TIMEOUT)
        listener.close()
    if thread.is_alive():
        raise ServerFault(f"the server did not stop within {STOP_TIMEOUT:g} s")


class _Server(uvicorn.Server):
    """Drops idle connections at the stop: a client that keeps one open would hold up the stop for GRACE."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is None or cycle.response_complete:
                connection.transport.abort()
        await super().shutdown(sockets)


def _await_start(server: uvicorn.Server, thread: threading.Thread, failure: list[BaseException]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not server.started:
        if not thread.is_alive():
            cause = failure[0] if failure else None
            raise ServerFault(f"the server stopped while starting: {cause or 'see the log'}") from cause
        if time.monotonic() > deadline:
            raise ServerFault(f"the server did not start within {START_TIMEOUT:g} s")
        time.sleep(0.002)


class _CertificateProtocol(Edge):
    """The HTTP protocol of the server, which also tells the application the client certificate of the connection, in
    the way that the TLS extension of ASGI describes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        der = connection.getpeercert(binary_form=True) if connection is not None else None
        if der:
            self.app: Any = _with_certificate(self.app, ssl.DER_cert_to_PEM_cert(der))


def _with_certificate(app: Any, pem: str) -> Any:
    async def told(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        extensions = {**scope.get("extensions", {}), "tls": {"client_cert_chain": [pem]}}
        await app({**scope, "extensions": extensions}, receive, send)

    return told


def _configuration(app: Any, certificate: CertificateFiles | None) -> uvicorn.Config:
    authority = certificate.client_authority if certificate else None
    config = uvicorn.Config(
        app,
        http=_CertificateProtocol if authority else Edge,
        access_log=False,
        log_level="error",  # a malformed request is the client's affair; uvicorn warns of each
        server_header=False,
        proxy_headers=False,  # nobody may choose his own address by a header
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=IDLE,
        ws="none",
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        # Who has no certificate is asked for other credentials; one that is no good ends the handshake.
        ssl_ca_certs=str(authority) if authority else None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if authority else ssl.CERT_NONE,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        # Of TLS 1.2 only what RFC 7540 does not list in its Appendix A (TAXII 2.1, 8.2.2, item 4).
        config.ssl.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        config.ssl.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return config
