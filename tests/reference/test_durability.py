"""A process that stops in order, faults in the middle of an envelope, and many writers at once."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from isao_reference import setup
from isao_reference.taxii import intake
from tests.support.asgi import TAXII
from tests.support.world import OPEN, World, indicator, objects_url, prepare

SERVER = """
import socket, sys, uvicorn
from pathlib import Path
from isao_reference.app import create_app
from isao_reference.settings import Settings
config = uvicorn.Config(create_app(Settings(Path(sys.argv[1]))), log_level="error", timeout_graceful_shutdown=2)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""


class Server:
    """A real server process on a socket that outlives it."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        number = self.listener.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.database), str(number)], pass_fds=[number]
        )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def request(self, method: str, path: str, account: str, secret: str, **options: Any) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        pair = base64.b64encode(f"{account}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Accept": TAXII} | options.pop("headers", {})
        try:
            connection.request(method, path, headers=headers, **options)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def test_it_stops_when_told(tmp_path: Path) -> None:
    database = tmp_path / "exchange.sqlite"
    secrets = prepare(database)
    server = Server(database)
    try:
        server.start()
        secret = secrets["member-a"]
        assert server.request("GET", "/taxii2/", "member-a", secret)[0] == 200
        status, headers, body = server.request("HEAD", "/taxii2/", "member-a", secret)
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 0
        value = indicator()
        path = objects_url() + value["id"] + "/"
        posted = server.request(
            "POST",
            objects_url(),
            "member-a",
            secret,
            body=iter([b'{"objects":[', json.dumps(value).encode(), b"]}"]),
            headers={"Content-Type": TAXII},
        )
        assert posted[0] == 202
        assert server.request("GET", path, "member-a", secret)[0] == 200
        too_much = b"x" * (10 * 1024 * 1024 + 1)
        for body_form in (too_much, iter([too_much])):
            refused = server.request(
                "POST", objects_url(), "member-a", secret, body=body_form, headers={"Content-Type": TAXII}
            )
            assert refused[0] == 413
            assert json.loads(refused[2])["http_status"] == "413"
        deleted = server.request("DELETE", path, "member-a", secret)
        assert (deleted[0], deleted[1]["content-type"], deleted[2]) == (200, TAXII, b"")
        started = time.monotonic()
        server.kill(signal.SIGTERM)
        assert time.monotonic() - started < 5
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        server.listener.close()


def test_a_fault_in_the_middle_of_an_envelope_leaves_nothing(exchange: World, monkeypatch: Any) -> None:
    values = [indicator() for _ in range(6)]
    original = intake.take_one
    for point in range(6):
        count = [0]

        def failing(*given: Any, at: int = point, seen: list[int] = count) -> bool:
            if seen[0] == at:
                raise sqlite3.OperationalError("disk I/O error")
            seen[0] += 1
            return original(*given)

        monkeypatch.setattr(intake, "take_one", failing)
        assert exchange.as_("member-a").post(objects_url(), {"objects": values}).status == 500
        monkeypatch.setattr(intake, "take_one", original)
        assert exchange.seen("operator") == []
    exchange.share("member-a", *values)
    assert len(exchange.seen("operator")) == 6


def test_many_writers_give_every_item_its_own_rising_date(exchange: World) -> None:
    faults: list[BaseException] = []

    def load(account: str) -> None:
        try:
            for _ in range(15):
                raws = [json.dumps(indicator(marks=["green"])).encode() for _ in range(4)]
                assert all(one.ok for one in setup.ingest(exchange.store, OPEN, raws, account))
                with exchange.store.reading() as db:
                    dates = [row[0] for row in db.execute("SELECT date_added FROM items ORDER BY key")]
                    envelopes = [sorted(dates[start : start + 4]) for start in range(0, len(dates), 4)]
                    assert list(itertools.chain(*envelopes)) == sorted(set(dates))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=load, args=(name,)) for name in ("member-a", "member-b", "peer", "operator")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(exchange.seen("operator", "limit=1000")) == 240


def test_a_follower_of_added_after_loses_nothing_while_others_write(exchange: World) -> None:
    stop = threading.Event()
    faults: list[BaseException] = []

    def load(account: str) -> None:
        try:
            for _ in range(25):
                raws = [json.dumps(indicator(marks=["green"])).encode() for _ in range(3)]
                setup.ingest(exchange.store, OPEN, raws, account, clock=exchange.settings.clock)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=load, args=(name,)) for name in ("member-a", "peer")]
    for thread in threads:
        thread.start()
    followed: list[str] = []
    after = "2000-01-01T00:00:00.000000Z"
    client = exchange.as_("member-b")
    while True:
        finished = not any(thread.is_alive() for thread in threads)
        answer = client.get(objects_url(), query=f"limit=7&added_after={after}")
        found = [one["id"] for one in answer.json.get("objects", [])]
        followed += found
        after = answer.header("x-taxii-date-added-last") or after
        if finished and not found:
            break
    stop.set()
    assert not faults
    assert len(followed) == 150
    assert len(set(followed)) == 150
