"""A live demonstration exchange in this process, for tests that speak HTTP.

The scenario's database and the certificate are made once per test process and copied or reused, so that a
start takes a few hundredths of a second. Replacing a function of the reference (`monkeypatch.setattr`)
works while it runs: the server is a thread of this process.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from isao_reference import auth, demo
from isao_reference.audit.record import Draft
from isao_reference.audit.trail import OfRequest, Trail
from isao_reference.demo import Actor, Prepared
from isao_reference.settings import Settings
from isao_reference.tls import CertificateFiles, issue_loopback_certificate
from tests.support.answering import ENTRIES

Wrap = Callable[[Any], Any]


@dataclass(frozen=True)
class LiveExchange:
    """A served exchange. URLs end with a slash; `ca_file` is None for plain HTTP."""

    base_url: str
    target_path: Path
    ca_file: Path | None
    actors: Mapping[str, Actor]
    settings: Settings

    @property
    def discovery(self) -> str:
        """The TAXII discovery URL."""
        return f"{self.base_url}taxii2/"

    @property
    def api_root(self) -> str:
        """The URL of the one API root."""
        return f"{self.base_url}exchange/"

    def collection(self, alias: str) -> str:
        """The URL of a collection of the scenario, by its alias."""
        return f"{self.api_root}collections/{demo.scenario.load().collection(alias).id}/"

    def authorization(self, actor: str) -> dict[str, str]:
        """The header that logs an actor in; none for the outsider."""
        if actor == "outsider":
            return {}
        account = self.actors[actor]
        if account.auth == "bearer":
            return {"Authorization": f"Bearer {account.secret}"}
        pair = base64.b64encode(f"{account.name}:{account.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


@cache
def _session_folder() -> tempfile.TemporaryDirectory[str]:
    """Lives as long as the process; the object removes its folder at the end."""
    return tempfile.TemporaryDirectory(prefix="isao-tests-")


@cache
def session_certificate() -> CertificateFiles:
    """The certificate for the loopback that all live exchanges of this process share."""
    return issue_loopback_certificate(Path(_session_folder().name))


@cache
def _prepared(folder: Path) -> Prepared:
    # What a hash costs is the point of it, and no test here is about that.
    auth._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return demo.prepare(folder / "prepared.sqlite")


def prepared_demo_database(tmp_root: Path | None = None) -> Prepared:
    """The scenario's database, closed and to be copied, never to be served itself; made once per process.

    `tmp_root` is where it is kept instead of a folder of our own.
    """
    return _prepared(tmp_root or Path(_session_folder().name))


@contextmanager
def _entries_of_clients_only() -> Iterator[None]:
    """What a handler before the server asks it is noted when the handler is done, if at all: see `answering`."""
    note, write, is_written = Trail.note, OfRequest.write, OfRequest.is_written

    def noted(trail: Trail, draft: Draft, now: int) -> None:
        waiting = ENTRIES.get()
        if waiting is None:
            note(trail, draft, now)
        else:
            waiting.append(lambda: trail.note(draft, now))

    with ExitStack() as undo:
        for place, name, original in (
            (Trail, "note", note),
            (OfRequest, "write", write),
            (OfRequest, "is_written", is_written),
        ):
            undo.callback(setattr, place, name, original)
        Trail.note = noted
        OfRequest.write = lambda entry, db: write(entry, db) if ENTRIES.get() is None else None
        OfRequest.is_written = lambda entry: is_written(entry) if ENTRIES.get() is None else None
        yield


@contextmanager
def live_demo(
    tmp_path: Path,
    plain_http: bool = False,
    wrap: Wrap | None = None,
    page_limit: int | None = None,
) -> Iterator[LiveExchange]:
    """Serve a fresh copy of the demonstration exchange while the block runs.

    `wrap` goes around the ASGI application (faulty servers); `page_limit` is the page size and its ceiling.
    """
    certificate = None if plain_http else session_certificate()
    folder = Path(tempfile.mkdtemp(prefix="live-", dir=tmp_path))
    with (
        _entries_of_clients_only(),
        demo.demo_exchange(
            folder,
            plain_http=plain_http,
            prepared=prepared_demo_database(),
            certificate=certificate,
            wrap=wrap,
            page_limit=page_limit,
        ) as running,
    ):
        yield LiveExchange(
            base_url=running.base_url,
            target_path=running.target_file,
            ca_file=certificate.authority if certificate else None,
            actors=running.actors,
            settings=running.settings,
        )
