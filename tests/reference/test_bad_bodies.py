"""Requests that lie about their length, never end, come too slowly or are too large, over real sockets: a clear refusal
or a closed connection, nothing stored, and the exchange goes on answering others."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isao_reference import limits, server
from tests.support.asgi import TAXII, basic
from tests.support.functions import JSON, words
from tests.support.world import World, indicator, objects_url, world
from tests.support.writes import rows_of

CEILING = 50_000
SUBMIT = "/functions/submissions/"


@dataclass
class Answered:
    """One answer as it came over the wire; `closed` says that the server then closed the connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool

    def is_error(self) -> bool:
        """Whether it is a problem or a TAXII error of its own status."""
        said = json.loads(self.body)
        return str(said.get("http_status", said.get("status"))) == str(self.status)


class Wire:
    """An exchange behind a real socket; what is sent is sent as it is."""

    def __init__(self, exchange: World, url: str) -> None:
        self.exchange = exchange
        self.port = int(url.rstrip("/").rpartition(":")[2])
        self.authorization = basic("member-a", exchange.secrets["member-a"])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def head(self, path: str, *more: str, method: str = "POST") -> bytes:
        kind = accept = JSON if path.startswith("/functions/") else TAXII
        lines = [f"{method} {path} HTTP/1.1", "Host: exchange", f"Authorization: {self.authorization}"]
        lines += [f"Accept: {accept}", f"Content-Type: {kind}", *more]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def send(self, parts: Iterable[bytes], half_close: bool = False) -> list[Answered]:
        """Every answer to what is sent on one connection, until the server closes it or has nothing more to say."""
        with closing(self.connect()) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may be refused before all of it is sent
                for part in parts:
                    connection.sendall(part)
            if half_close:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
            return list(answers(connection))

    def is_well(self) -> bool:
        """Whether others are answered."""
        found = self.send([self.head("/taxii2/", "Connection: close", method="GET")])
        return [one.status for one in found] == [200]


def answers(connection: socket.socket) -> Iterator[Answered]:
    """Reads answers one after the other."""
    rest = b""
    while True:
        while b"\r\n\r\n" not in rest:
            more = received(connection)
            if not more:
                return
            rest += more
        head, _, rest = rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(rest) < length:
            more = received(connection)
            assert more, "the answer ended early"
            rest += more
        body, rest = rest[:length], rest[length:]
        closes = headers.get("connection") == "close"
        yield Answered(int(first.split()[1]), headers, body, closes)


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except (ConnectionResetError, BrokenPipeError):
        return b""


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with (
        world(tmp_path_factory.mktemp("bodies"), max_content_length=CEILING) as exchange,
        server.running(exchange.app) as url,
    ):
        made = Wire(exchange, url)
        assert made.is_well()
        yield made


@pytest.fixture
def unchanged(wire: Wire) -> Iterator[None]:
    before = rows_of(wire.exchange.store)
    yield
    assert rows_of(wire.exchange.store) == before
    assert wire.is_well()


BODIES: dict[str, Callable[[], Any]] = {
    objects_url(): lambda: {"objects": [indicator(marks=["green"])]},
    SUBMIT: words,
}
PATHS = list(BODIES)


def envelope(path: str) -> bytes:
    return json.dumps(BODIES[path]()).encode()


@pytest.mark.parametrize("path", PATHS)
def test_the_body_as_it_should_be_is_taken_also_in_chunks_of_one_octet(wire: Wire, path: str) -> None:
    body = envelope(path)
    plain = wire.send([wire.head(path, f"Content-Length: {len(body)}", "Connection: close"), body])
    chunks = b"".join(b"1\r\n%c\r\n" % octet for octet in body) + b"0\r\n\r\n"
    cut = wire.send([wire.head(path, "Transfer-Encoding: chunked", "Connection: close"), chunks])
    assert [one.status // 100 for one in (*plain, *cut)] == [2, 2]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: {more}"], 0),
        (["Content-Length: {less}"], 400),
        (["Content-Length: {same}", "Content-Length: {less}"], 400),
        (["Content-Length: {same}", "Content-Length: {same}"], 400),
        (["Content-Length: {same}, {same}"], 400),
        (["Content-Length: -1"], 400),
        (["Content-Length: +{same}"], 400),
        (["Content-Length: 0x10"], 400),
        (["Content-Length: {same}x"], 400),
        (["Content-Length: 1e2"], 400),
        (["Content-Length: 18446744073709551617"], 400),
        (["Content-Length: " + "9" * 5000], 400),
        (["Content-Length: {same}", "Transfer-Encoding: chunked"], 400),
        (["Transfer-Encoding: chunked", "Content-Length: {same}"], 400),
        (["Transfer-Encoding: gzip, chunked"], 400),
        (["Transfer-Encoding: chunked, identity"], 400),
        (["Transfer-Encoding: xchunked"], 400),
        ([], 400),
    ],
    ids=lambda value: "; ".join(value)[:60] if isinstance(value, list) else None,
)
def test_a_length_that_lies_is_refused(wire: Wire, path: str, lines: list[str], status: int) -> None:
    body = envelope(path)
    sizes = {"same": len(body), "less": len(body) - 10, "more": len(body) + 10}
    found = wire.send([wire.head(path, *(line.format(**sizes) for line in lines)) + body], half_close=True)
    # What is announced and never comes is answered to nobody; what comes beyond the length is no request.
    assert all(400 <= one.status < 500 for one in found)
    assert [one.status for one in found][:1] == ([status] if status else []), found
    for one in found:
        assert one.is_error(), one


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", PATHS)
def test_encoded_bodies_are_refused_and_never_unpacked(wire: Wire, path: str) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    for encoding in ("gzip", "deflate", "br", "identity, gzip", "GZIP", "x"):
        lines = (f"Content-Encoding: {encoding}", f"Content-Length: {len(bomb)}", "Connection: close")
        found = wire.send([wire.head(path, *lines), bomb])
        assert [one.status for one in found] == [415]
        assert found[0].is_error()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", PATHS)
def test_a_body_above_the_ceiling_is_refused_however_it_comes(wire: Wire, path: str) -> None:
    large = b'{"objects":["' + b"x" * 20_000_000 + b'"]}'
    lines = (f"Content-Length: {len(large)}", "Connection: close")
    for parts in ([wire.head(path, *lines)], [wire.head(path, *lines, "Expect: 100-continue")]):
        found = wire.send(parts)
        assert [one.status for one in found] == [413]
        assert found[0].is_error()
    found = wire.send([wire.head(path, *lines), large])
    assert [one.status for one in found] in ([413], [])  # the connection may break while we still send

    def endless() -> Iterator[bytes]:
        yield wire.head(path, "Transfer-Encoding: chunked")
        for _ in range(400):
            yield b"10000\r\n" + b" " * 65536 + b"\r\n"

    found = wire.send(endless(), half_close=True)
    assert [one.status for one in found] in ([413], [])


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", PATHS)
def test_a_body_in_chunks_that_are_none_is_refused(wire: Wire, path: str) -> None:
    for chunk in (
        b"zz\r\n{}\r\n",
        b"-1\r\n{}\r\n",
        b"2 {}\r\n",
        b"ffffffffffffffffff\r\n{}\r\n",
        b"2\r\n{}xx\r\n0\r\n\r\n",
    ):
        found = wire.send([wire.head(path, "Transfer-Encoding: chunked") + chunk], half_close=True)
        assert [one.status for one in found][:1] == [400], chunk
        assert found[0].is_error()


# --- time ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_comes_too_slowly_is_answered_408_at_its_deadline(
    wire: Wire, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.4)
    body = envelope(path)
    for lines, part in (((f"Content-Length: {len(body)}",), b"{"), (("Transfer-Encoding: chunked",), b"1\r\n{\r\n")):
        with closing(wire.connect()) as connection:
            connection.sendall(wire.head(path, *lines))
            connection.settimeout(0.05)
            found: list[Answered] = []
            while not found:
                connection.sendall(part)
                part = b"1\r\n \r\n" if lines[0].startswith("Transfer") else b" "
                try:
                    found = [next(answers(connection))]
                except TimeoutError:
                    continue
        assert found[0].status == 408
        assert found[0].is_error()


@pytest.mark.usefixtures("unchanged")
def test_a_connection_that_goes_on_after_its_refusal_is_closed(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isao_reference.edge._GRACE_SECONDS", 0.2)
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    with closing(wire.connect()) as connection:
        connection.sendall(wire.head(SUBMIT, "Content-Length: 40000"))
        assert next(answers(connection)).status == 408
        connection.settimeout(10)
        assert received(connection) == b""


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"POST /fun", b"POST /functions/submissions/ HTTP/1.1\r\nHost: a\r\nX-A"]
)
def test_a_head_that_never_ends_is_answered_408_and_closed(
    wire: Wire, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.3)
    found = wire.send([sent])
    assert [one.status for one in found] == [408]
    assert found[0].is_error()
    for together in (True, False):
        with closing(wire.connect()) as connection:
            connection.sendall(wire.head("/taxii2/", method="GET") + (b"POST /f" if together else b""))
            found = answers(connection)
            assert next(found).status == 200
            if not together:
                connection.sendall(sent or b"\r\n")
            assert [one.status for one in found] == [408]


# --- heads --------------------------------------------------------------------------------------------


def floods() -> dict[str, list[bytes]]:
    line = b"POST /functions/submissions/ HTTP/1.1\r\n"
    return {
        "many headers": [line, *(b"X-%d: %s\r\n" % (number, b"a" * 50) for number in range(20_000)), b"\r\n"],
        "one header": [line, b"X-A: ", *[b"a" * 65536] * 160],
        "one header, ended": [line, b"X-A: " + b"a" * 70_000 + b"\r\n\r\n"],
        "one name": [line, *[b"a" * 65536] * 160],
        "one target": [b"GET /", *[b"a" * 65536] * 160],
        "one query": [b"GET /functions/?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"],
        "one method": [b"A" * 65536] * 160,
        "one folded header": [line, b"X-A: b\r\n", *[b" c\r\n" * 10_000] * 20],
    }


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", floods())
def test_a_flood_of_headers_is_refused(wire: Wire, name: str) -> None:
    found = wire.send(floods()[name])
    assert [one.status for one in found] in ([431], [400], []), found
    assert all(one.is_error() for one in found)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", ["trailers", "one trailer", "chunk extensions"])
def test_what_surrounds_a_body_in_chunks_is_bounded(wire: Wire, name: str) -> None:
    lines = {
        "trailers": [b"0\r\n", *[b"X-A: " + b"a" * 1000 + b"\r\n"] * 3000],
        "one trailer": [b"0\r\nX-A: ", *[b"a" * 65536] * 100],
        "chunk extensions": [b"1;", *[b"a" * 65536] * 100],
    }
    found = wire.send([wire.head(SUBMIT, "Transfer-Encoding: chunked"), b"2\r\n{}\r\n", *lines[name]])
    assert [one.status for one in found] in ([431], [400], [])


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "head",
    [
        b"POST / functions/submissions/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /functions/submissions/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /functions/sub\x00missions/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /functions/submissions/ HTTP/9.9\r\nHost: a\r\n\r\n",
        b"POST /functions/submissions/ HTTP/1.1\r\nHost : a\r\n\r\n",
        b"POST /functions/submissions/ HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"POST /functions/submissions/ HTTP/1.1\r\nX\xff: a\r\n\r\n",
        b"POST /functions/submissions/ HTTP/1.1\r\n: a\r\n\r\n",
        b"POST /functions/submissions/ HTTP/1.1\nHost: a\n\n",
        b"FROB /functions/submissions/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
        b"\x00" * 100,
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_request_is_refused(wire: Wire, head: bytes) -> None:
    found = wire.send([head], half_close=True)
    assert all(400 <= one.status < 500 and one.is_error() for one in found), found
    assert len(found) <= 1


def test_a_burst_of_requests_on_one_connection_is_answered_in_order(wire: Wire) -> None:
    gets = [wire.head(path, method="GET") for path in ("/taxii2/", "/nowhere/", "/functions/") * 20]
    last = wire.head("/functions/", "Connection: close", method="GET")
    assert [one.status for one in wire.send([b"".join(gets) + last])] == [200, 404, 200] * 20 + [200]


def test_the_ceilings_leave_room_for_what_is_lawful(wire: Wire, tmp_path: Path) -> None:
    names = ",".join(indicator()["id"] for _ in range(200))
    found = wire.send([wire.head(objects_url() + f"?match[id]={names}", "Connection: close", method="GET")])
    assert [one.status for one in found] == [200]
    assert len(names) < limits.MAX_QUERY_OCTETS < limits.MAX_HEAD_OCTETS
