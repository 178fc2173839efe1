"""Exchanges that tell more than they should, or let in whom they should not."""

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
from tests.support.answering import Forward, Reply, Seen, on, taxii
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
    body = json.dumps({"schema": "isao-capability/1", "organization": {"name": "in the clear"}}).encode()
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


@mutant("ISAO-SEC-003", size="subtle")
def a_header_counts_all_objects_for_everybody(fault: Fault) -> None:
    """The bodies are clean; a courtesy header counts what the reader may not see."""
    count = 0

    async def counting(seen: Seen, forward: Forward) -> Reply:
        nonlocal count
        reply = await forward(seen)
        count += len(seen.posted) if reply.status == 202 else 0
        return reply

    fault.around(lambda seen: seen.method == "POST", counting)
    fault.change_answers(on("collections"), lambda _, reply: reply.with_header("X-Exchange-Objects", str(count)))


@mutant("ISAO-SEC-005", size="subtle")
def security_txt_has_expired(fault: Fault) -> None:
    """The file is there and complete; its date has passed."""
    fault.change_answers(
        lambda seen: seen.path == "/.well-known/security.txt",
        lambda _, reply: replace(
            reply, body=re.sub(rb"(?mi)^Expires:.*$", b"Expires: 2024-01-01T00:00:00Z", reply.body)
        ),
    )


def is_json(body: bytes) -> bool:
    """Whether a body is strict JSON."""
    try:
        json.loads(body, parse_constant=lambda word: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return True


@mutant("ISAO-SEC-006")
def malformed_json_makes_the_exchange_fail(fault: Fault) -> None:
    """An unhandled exception in the reader, answered as an internal error."""

    async def falling_over(seen: Seen, forward: Forward) -> Reply:
        if not is_json(seen.body):
            return taxii({"title": "Internal error", "http_status": "500"}, 500)
        return await forward(seen)

    fault.around(lambda seen: seen.method == "POST" and seen.principal not in ("", "?"), falling_over)


@mutant("ISAO-SEC-006", size="subtle")
def what_follows_the_envelope_is_ignored(fault: Fault) -> None:
    """A reader that stops at the closing brace stores a body that is no JSON text."""

    def first_value(seen: Seen) -> Seen:
        try:
            value, end = json.JSONDecoder().raw_decode(seen.body.decode())
        except (ValueError, RecursionError):
            return seen
        headers = tuple(pair for pair in seen.headers if pair[0] != "content-length")
        return replace(seen, body=seen.body.decode()[:end].encode(), headers=headers) if value else seen

    fault.change_requests(lambda seen: seen.method == "POST", first_value)


@mutant("ISAO-SEC-012", size="subtle")
def any_password_opens_the_manifest_for_a_known_name(fault: Fault) -> None:
    """One path compares the name and forgets the secret."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("member-a")))

    fault.around(lambda seen: seen.principal == "?" and seen.user == "member-a" and on("manifest")(seen), careless)


TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/exchange/app.py", line 212, in get_object\n'
    "    return rows[0]\nIndexError: list index out of range"
)


@mutant("ISAO-SEC-013", size="subtle")
def a_missing_object_is_reported_with_a_stack_trace(fault: Fault) -> None:
    """A well-formed error message whose description is the inside of the server."""

    def telling(_: Seen, reply: Reply) -> Reply:
        value: dict[str, Any] = {**(reply.json or {"title": "Not found"}), "description": TRACE}
        return reply.with_json(value) if reply.status == 404 else reply

    fault.change_answers(on("object"), telling)


@mutant("ISAO-SEC-014", size="subtle")
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
