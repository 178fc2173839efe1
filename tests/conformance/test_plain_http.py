"""A GET without TLS to the address of an https URL: what comes back, and what when nothing does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from isao_conformance.errors import NoAnswer
from isao_conformance.transport import TlsFiles, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret"


@contextmanager
def listening(reply: bytes, stays_open: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                received.append(connection.recv(65536))
                connection.sendall(reply)
                if stays_open:
                    done.wait(5)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/.well-known/isao.json?x=1", received
        done.set()
        thread.join(5)


def test_content_served_without_tls_comes_back_as_an_answer() -> None:
    with listening(OK) as (url, received):
        answer = Wire(TlsFiles(), 5).plain(url, (("Host", "127.0.0.1"),))
    assert (answer.status, answer.body) == (200, b"secret")
    assert received[0].startswith(b"GET /.well-known/isao.json?x=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n")


@pytest.mark.parametrize("reply", [b"", b"\x15\x03\x01\x00\x02\x02\x46"])
def test_a_closed_connection_or_a_tls_alert_is_status_0_with_the_problem(reply: bytes) -> None:
    with listening(reply) as (url, _):
        answer = Wire(TlsFiles(), 5).plain(url, ())
    assert answer.status == 0
    assert answer.resource["problem"]


def test_a_closed_port_is_status_0_with_the_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = Wire(TlsFiles(), 5).plain(f"https://127.0.0.1:{port}/", ())
    assert answer.status == 0
    assert "nothing listens" in answer.resource["problem"]


def test_content_that_the_harness_cannot_take_is_not_mistaken_for_a_refusal() -> None:
    encoded = OK.replace(b"Content-Type: text/plain", b"Content-Encoding: gzip")
    with listening(encoded) as (url, _), pytest.raises(NoAnswer, match="gzip"):
        Wire(TlsFiles(), 5).plain(url, ())


@pytest.mark.parametrize(
    "reply",
    [OK[:7], OK[:-2], OK.replace(b"200 OK", b"two hundred"), b"HTTP/1.1 200 OK\r\nbad header\x00\r\n" + b"x" * 70000],
    ids=["half-a-status-line", "half-a-body", "no-code", "a-line-without-end"],
)
def test_http_that_does_not_come_whole_is_not_mistaken_for_a_refusal(reply: bytes) -> None:
    with listening(reply) as (url, _), pytest.raises(NoAnswer):
        Wire(TlsFiles(), 5).plain(url, ())


def test_http_that_drips_is_not_mistaken_for_a_refusal() -> None:
    with listening(OK[:-1], stays_open=True) as (url, _), pytest.raises(NoAnswer):
        Wire(TlsFiles(), 0.5).plain(url, ())


def test_a_port_that_says_nothing_serves_nothing() -> None:
    with listening(b"", stays_open=True) as (url, _):
        assert Wire(TlsFiles(), 0.5).plain(url, ()).status == 0
