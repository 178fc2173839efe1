"""What a hostile target sends does not fill the assessor's machine (H1): peaks, measured from outside."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.hostile.hostile import MEBIBYTE, SCENARIOS, Asked, serving
from tests.hostile.running import COLLECTION

ABOVE = 256 * 1024
"""KiB that a run against a hostile target may take more than one against a closed port."""
LARGE = [name for name, entry in SCENARIOS.items() if {5, 8, 9, 11, 12, 24} & {*entry.numbers}]
USER, PASSWORD = "ann", "the-password-of-ann"


def peak(base: str, folder: Path, seconds: float = 10.0) -> tuple[int, int]:
    """The exit code and the largest resident size in KiB of a run in a process of its own."""
    target = folder / "target.toml"
    target.write_text(
        f"""
        schema = "isao-target/1"
        base_url = "{base}"
        profiles = ["taxii-server"]
        [taxii]
        discovery = "{base}taxii2/"
        write = ["{base}api/collections/{COLLECTION}/"]
        may_delete = true
        [limits]
        exchange_seconds = {seconds}
        [actors.member-a]
        auth = "basic"
        username_env = "SOME_USER"
        secret_env = "SOME_PASSWORD"
        """
    )
    words = ["certify", "--target", str(target), "--output", str(folder / "report"), "--seed", "memory"]
    running = subprocess.Popen(
        [sys.executable, "-m", "isao_conformance.cli.main", *words],
        env={**os.environ, "SOME_USER": USER, "SOME_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    return running.returncode, used.ru_maxrss


@contextmanager
def _closed() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


class Library:
    """An exchange of one collection that opens the gate and then answers every list with pages without end, each as
    large as it may be."""

    def __init__(self, filling: bytes) -> None:
        self._filling = filling
        self._stored: dict[str, dict[str, str]] = {}
        self._next = count()

    def __call__(self, asked: Asked) -> None:
        """Answer a request."""
        path, _, query = asked.path.partition("?")
        if asked.path.startswith("/api/") and not self._knows(asked):
            asked.answer(b'{"title": "no"}', b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n")
        elif asked.method == "POST":
            self._stored.update({stix["id"]: stix for stix in json.loads(asked.body)["objects"]})
            asked.answer(b'{"id": "s", "status": "complete"}', _status(202))
        elif path == "/taxii2/":
            asked.answer(b'{"title": "t", "api_roots": ["/api/"]}')
        elif path.endswith("/collections/"):
            asked.answer(json.dumps({"collections": [_COLLECTION]}).encode())
        elif path.endswith(f"/{COLLECTION}/"):
            asked.answer(json.dumps(_COLLECTION).encode())
        elif "/objects/" in path or "/manifest/" in path:
            self._page(asked, path + query)
        else:
            asked.answer(b'{"title": "no"}', _status(404))

    @staticmethod
    def _knows(asked: Asked) -> bool:
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return asked.headers.get("authorization") == f"Basic {token}"

    def _page(self, asked: Asked, wanted: str) -> None:
        found = [stix for stix_id, stix in self._stored.items() if stix_id in wanted]
        told = {"objects": found, "more": True, "next": f"page-{next(self._next)}"}
        asked.answer(json.dumps(told).encode()[:-1] + b', "x": [' + self._filling + b"0]}")


_COLLECTION = {"id": COLLECTION, "title": "t", "can_read": True, "can_write": True}


def _status(code: int) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Type: application/taxii+json;version=2.1\r\n" % code


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The peak of a run that nobody answers."""
    with _closed() as base:
        code, kib = peak(base, tmp_path_factory.mktemp("closed"))
    assert code == 3
    return kib


@pytest.mark.full
@pytest.mark.parametrize("name", LARGE)
def test_nothing_large_stays_in_memory(name: str, calm: int, tmp_path: Path) -> None:
    with serving(SCENARIOS[name].script) as (base, _):
        code, kib = peak(base, tmp_path, SCENARIOS[name].seconds)
    assert code in (1, 3, 4)
    assert kib - calm <= ABOVE


@pytest.mark.full
@pytest.mark.parametrize(
    "filling",
    [
        b"[]," * 80_000,
        b"[]," * 2_000_000,
        b'"' + b"y" * 7 * MEBIBYTE + b'",',
        b'"' + b"y" * 60_000 + '\U0001f600",'.encode(),
    ],
    ids=["as many values as are read", "more values than are read", "one long text", "a text that widens"],
)
def test_pages_without_end_stop_before_they_fill_the_memory(filling: bytes, calm: int, tmp_path: Path) -> None:
    with serving(Library(filling)) as (base, asked):
        code, kib = peak(base, tmp_path)
    assert code in (1, 4)
    assert len(asked) > 20, "the gate was opened"
    assert kib - calm <= ABOVE
