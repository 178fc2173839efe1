"""Exchanges that speak where nobody should be able to listen in, without TLS or with an old one."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from isao_conformance.target import Target, origin_of
from isao_reference import server
from tests.support.mutation import Fault, mutant


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy octets until the source ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def answer_plainly(connection: socket.socket) -> None:
    """Serve a capability document to somebody who did not bother with TLS."""
    connection.recv(65536)
    told = {"title": "in the clear", "schema": "isao-capability/1", "organization": {"name": "in the clear"}}
    body = json.dumps(told).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    connection.close()


def both_ways(listener: socket.socket, tls_port: int) -> None:
    """TLS connections go on to the exchange; plain HTTP is answered on the very same port."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if connection.recv(1, socket.MSG_PEEK) != b"\x16":
            threading.Thread(target=answer_plainly, args=(connection,), daemon=True).start()
            continue
        onward = socket.create_connection(("127.0.0.1", tls_port))
        for pair in ((connection, onward), (onward, connection)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


@mutant("ISAO-SEC-001")
def plain_http_is_answered_on_the_tls_port(fault: Fault) -> None:
    """One port for both, as some proxies are set up: TLS is there for those who ask for it."""
    listener = socket.create_server(("127.0.0.1", 0))
    fault.undo.callback(listener.close)

    def declare(target: Target) -> Target:
        old = urlsplit(target.base_url)
        new = f"{old.scheme}://127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=both_ways, args=(listener, old.port), daemon=True).start()

        def moved(url: str) -> str:
            return new + url.removeprefix(origin_of(target.base_url))

        return replace(
            target,
            base_url=new + "/",
            origins=(new, *target.origins),
            discovery=moved(target.discovery),
            read=tuple(moved(url) for url in target.read),
            write=tuple(moved(url) for url in target.write),
        )

    fault.change_target(declare)
    # security.txt names the address it was written for; here it is read at another one.
    fault.change_answers(
        lambda seen: seen.path == "/.well-known/security.txt",
        lambda _, reply: replace(reply, body=re.sub(rb"(?mi)^Canonical:.*\r?\n", b"", reply.body)),
    )


@mutant(
    "ISAO-SEC-014", size="subtle", also={"TAXII-8.2.2-5": "What TLS 1.1 needs of cipher suites stands in that list."}
)
def tls_1_1_is_still_accepted(fault: Fault) -> None:
    """1.0 is off; 1.1 was kept for an old appliance."""
    configuration = server._configuration

    def lax(*given: Any) -> Any:
        config = configuration(*given)
        assert config.ssl is not None
        config.ssl.set_ciphers("ALL:@SECLEVEL=0")
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_1
        return config

    fault.replace("isao_reference.server._configuration", lax)
