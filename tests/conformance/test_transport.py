"""A hostile peer cannot hold, flood or lead away the recording client."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from isao_conformance.errors import NoAnswer
from isao_conformance.transport import TlsFiles, Wire

Script = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@contextmanager
def peer(script: Script) -> Iterator[str]:
    """A TCP server that reads one request and then does what the script says."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)  # closing a socket does not wake a thread that waits in accept
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(3)
                try:
                    connection.recv(65536)
                    script(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        stop.set()
        thread.join(5)
        listener.close()


def drip(prefix: bytes, seconds: float = 3) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(prefix)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            connection.sendall(b"x")
            time.sleep(0.05)

    return script


def get(base: str, seconds: float = 0.6) -> object:
    return Wire(TlsFiles(), seconds).send("GET", base, (("Host", "x"),), b"")


@pytest.mark.parametrize(
    "script",
    [
        drip(OK + b"Content-Length: 100000\r\n\r\n"),
        drip(OK + b"X-Slow: "),
        lambda connection: time.sleep(2),
    ],
    ids=["drips the body", "drips a header", "never answers"],
)
def test_one_deadline_ends_the_whole_exchange(script: Script) -> None:
    with peer(script) as base:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="within the time allowed"):
            get(base)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (OK + b"Content-Length: 50\r\n\r\nshort", "ended before the length"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "encoded as gzip"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (OK + b"X-Long: " + b"a" * 70000 + b"\r\n\r\n", "not HTTP"),
        (OK + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n", "not HTTP"),
        (b"", "closed the connection"),
    ],
    ids=["too short", "encoded", "another protocol", "a huge header", "many headers", "nothing"],
)
def test_an_unusable_answer_is_no_answer(sent: bytes, message: str) -> None:
    with peer(lambda connection: connection.sendall(sent)) as base, pytest.raises(NoAnswer, match=message):
        get(base)


def test_a_body_without_end_stops_at_the_ceiling() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        for _ in range(40):
            connection.sendall(b"x" * 1024 * 1024)

    with peer(flood) as base, pytest.raises(NoAnswer, match="larger than"):
        get(base, 20)


def test_a_redirect_is_recorded_and_never_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with peer(lambda connection: connection.sendall(moved)) as base:
        answer = Wire(TlsFiles(), 2).send("GET", base, (("Host", "x"),), b"")
    assert (answer.status, answer.header("location")) == (302, "http://127.0.0.1:1/")


def test_headers_keep_order_case_and_repetition() -> None:
    sent = b"HTTP/1.1 200 OK\r\nB: 1\r\na: 2\r\nB: 3\r\nContent-Length: 0\r\n\r\n"
    with peer(lambda connection: connection.sendall(sent)) as base:
        answer = Wire(TlsFiles(), 2).send("GET", base, (("Host", "x"),), b"")
    assert answer.headers[:3] == (("B", "1"), ("a", "2"), ("B", "3"))
    assert answer.header_all("b") == ["1", "3"]


def test_a_connection_closed_while_idle_is_opened_again_for_a_get_only() -> None:
    once = OK + b"Content-Length: 2\r\n\r\nhi"
    with peer(lambda connection: connection.sendall(once)) as base:
        wire = Wire(TlsFiles(), 2)
        assert [wire.send("GET", base, (("Host", "x"),), b"").body for _ in range(3)] == [b"hi"] * 3


def test_nothing_listening_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer, match="nothing listens there"):
            get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
