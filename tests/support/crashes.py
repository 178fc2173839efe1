"""An exchange in a process of its own that is killed under load, and what has to be true of its database afterwards."""

from __future__ import annotations

import http.client
import json
import random
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from isao_reference import setup
from tests.support import served
from tests.support.asgi import TAXII
from tests.support.functions import JSON, alert
from tests.support.world import indicator, objects_url, prepare

START_SECONDS = 90
AT_ONCE = 5
"""Objects of one envelope."""
Rows = dict[str, Any]


@dataclass
class Sent:
    """One request, and its answer if there was one. `key` is its Idempotency-Key, and stands in its document; `ids` are
    the objects of an envelope."""

    account: str
    path: str
    body: bytes
    key: str = ""
    ids: tuple[str, ...] = ()
    status: int = 0
    answer: Any = None

    @property
    def acknowledged(self) -> bool:
        """Whether its success was told."""
        return 200 <= self.status < 300


@dataclass
class Site:
    """One database with the process that serves it; everything that was ever sent to it."""

    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    process: ForkServerProcess | None = None
    port: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.database = self.folder / "exchange.sqlite"
        self.out, self.log = self.folder / "out.txt", self.folder / "log.txt"
        self.log.touch()
        secrets = prepare(self.database)
        with closing(setup.open_store(self.database)) as store:
            secrets["desk"] = setup.create_account(store, "desk", "exchange", "analyst", auth="bearer")
        # API keys, for passwords take time that belongs to the load.
        self.secrets = {name: secrets[name] for name in ("member-a2", "peer", "desk")}

    def launch(self) -> None:
        """Starts the process; `await_start` waits for it."""
        self.out.write_text("")
        self.process = served.context().Process(target=served.run, args=(self.database, self.out, self.log))
        self.process.start()

    def await_start(self) -> None:
        """Waits until it serves."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            found = re.search(r"^Serving http://127\.0\.0\.1:(\d+)/ ", self.out.read_text(), re.MULTILINE)
            if found:
                self.port = int(found[1])
                return
            assert self.process is not None
            assert self.process.is_alive(), self.log.read_text()
            time.sleep(0.003)
        raise AssertionError("it did not start")

    def kill(self) -> None:
        """Kills it, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.join(timeout=30)
            assert self.process.exitcode is not None
            self.process.close()
            self.process = None

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """One connection to it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            yield connection
        finally:
            connection.close()

    def send(self, connection: http.client.HTTPConnection, one: Sent) -> None:
        """Sends a request and notes its answer. OSError or HTTPException when there is none."""
        kind = TAXII if one.ids else JSON
        headers = {"Authorization": f"Bearer {self.secrets[one.account]}", "Accept": kind, "Content-Type": kind}
        if one.key:
            headers["Idempotency-Key"] = one.key
        connection.request("POST", one.path, one.body, headers)
        found = connection.getresponse()
        body = found.read()
        one.status, one.answer = found.status, json.loads(body)


class Writer(threading.Thread):
    """Sends envelopes, submissions, retractions, alerts and acknowledgements until nobody answers."""

    def __init__(self, site: Site, account: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.site, self.account, self.chance = site, account, random.Random(seed)
        self.sent: list[Sent] = []
        self.made: list[tuple[str, str]] = []

    def run(self) -> None:
        """Sends one after the other; the last one has no answer."""
        try:
            with self.site.connected() as connection:
                while True:
                    one = self.next()
                    self.sent.append(one)
                    self.site.send(connection, one)
                    if one.acknowledged and not one.ids and one.status == 201:
                        self.made.append((one.path, one.answer["id"]))
        except (OSError, http.client.HTTPException):
            return

    def next(self) -> Sent:
        """The next request."""
        if self.account == "desk":
            return self.step("issue", None) if self.made else self.record("/functions/alerts/", alert(), "title")
        if self.made and self.chance.random() < 0.5:
            return self.step("retract", "reason")
        if self.chance.random() < 0.4:
            lines = "".join(f"domain-name,h{self.chance.getrandbits(48)}.example\n" for _ in range(3))
            document = {
                "format": "csv",
                "content": "type,value\n" + lines,
                "marking": "green",
                "attribution": "attributed",
            }
            return self.record("/functions/submissions/", document, "title")
        name = "x" * self.chance.randint(0, 3000)
        values = [indicator(marks=["green"], name=name) for _ in range(AT_ONCE)]
        body = json.dumps({"objects": values}).encode()
        return Sent(self.account, objects_url(), body, ids=tuple(one["id"] for one in values))

    def record(self, path: str, document: dict[str, Any], marked: str) -> Sent:
        """A new record, recognisable by its key."""
        key = str(uuid.uuid4())
        return Sent(self.account, path, json.dumps({**document, marked: key}).encode(), key)

    def step(self, name: str, marked: str | None) -> Sent:
        """A step of a record that was made before."""
        path, record = self.made.pop()
        key = str(uuid.uuid4())
        body = b"" if marked is None else json.dumps({marked: key}).encode()
        return Sent(self.account, f"{path}{record}/{name}/", body, key)


def load_until_killed(site: Site, seconds: float, seed: int) -> None:
    """Puts load on a site and kills it so long after."""
    writers = [Writer(site, account, seed * 10 + number) for number, account in enumerate(site.secrets)]
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    site.kill()
    for writer in writers:
        writer.join(timeout=30)
        assert not writer.is_alive()
        site.sent += writer.sent


def repeat_unanswered(site: Site) -> int:
    """Sends again, as it was, what has no answer; it has to succeed. Returns how many requests that were."""
    waiting = [one for one in site.sent if one.status == 0]
    with site.connected() as connection:
        for one in waiting:
            site.send(connection, one)
            assert one.acknowledged, (one.path, one.status, one.answer)
    return len(waiting)


def read_back(site: Site) -> None:
    """Asks the exchange itself for what it acknowledged last."""
    with site.connected() as connection:
        for one in [sent for sent in site.sent if sent.acknowledged][-8:]:
            path = f"/exchange/status/{one.answer['id']}/" if one.ids else record_path(one)
            kind = TAXII if one.ids else JSON
            headers = {"Authorization": f"Bearer {site.secrets[one.account]}", "Accept": kind}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            assert answer.status == 200, (path, body)
            assert body == one.answer if one.ids else body["id"] == one.answer["id"]


def record_path(one: Sent) -> str:
    """The address of the record that a request made or changed."""
    parts = one.path.strip("/").split("/")
    return f"/{parts[0]}/{parts[1]}/{one.answer['id']}/"


# --- what has to be true ------------------------------------------------------------------------------


def check_after_death(site: Site) -> None:
    """Nothing acknowledged is lost, nothing is torn: of the envelopes, their statuses and events, of the records, their
    steps, their keys and what they published."""
    with closing(sqlite3.connect(site.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        _check_envelopes(db, site.sent)
        _check_records(db, site.sent)
    assert site.log.read_text() == ""


def _check_envelopes(db: sqlite3.Connection, sent: list[Sent]) -> None:
    dates: dict[str, list[int]] = {}
    for name, date in db.execute("SELECT object_id, date_added FROM items"):
        dates.setdefault(name, []).append(date)
    statuses = {identifier: json.loads(body) for identifier, body in db.execute("SELECT id, body FROM statuses")}
    told = {one["id"] for status in statuses.values() for one in status["successes"]}
    events = [json.loads(body) for (body,) in db.execute("SELECT body FROM events")]
    announced = {one["added_after"] for one in events if one["resource"] == "objects"}
    for one in sent:
        if not one.ids:
            continue
        stored = [name for name in one.ids if name in dates]
        assert len(stored) in (0, AT_ONCE), "an envelope is torn"
        assert all(len(dates[name]) == 1 for name in stored), "an object is there twice"
        assert (told & set(one.ids) == set(one.ids)) == bool(stored), "a status and its objects disagree"
        if stored:
            assert _before(min(dates[name][0] for name in stored)) in announced, "nobody was told"
        if one.acknowledged:
            assert stored, "an acknowledged envelope is lost"
            assert statuses[one.answer["id"]] == one.answer, "an acknowledged status is lost"


def _before(micros: int) -> str:
    seconds, rest = divmod(micros - 1, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:06}Z"


def _check_records(db: sqlite3.Connection, sent: list[Sent]) -> None:
    keys = dict(db.execute("SELECT key, record FROM repeats"))
    records = {row[1]: row for row in db.execute("SELECT key, id, state, facts, body FROM records")}
    titles = [json.loads(row[4]).get("title") for row in records.values()]
    newest = {
        name: json.loads(body) for name, body in db.execute("SELECT object_id, body FROM items ORDER BY version_key")
    }
    noted = [json.loads(body) for (body,) in db.execute("SELECT body FROM events")]
    told = {(one.get("record"), one.get("step")) for one in noted}
    for number, identifier, state, facts, _ in records.values():
        steps = db.execute("SELECT step, target FROM steps WHERE record = ? ORDER BY key", (number,)).fetchall()
        assert steps[0][0] == "create"
        assert steps[-1][1] == state, "the history and the state disagree"
        published = json.loads(facts).get("published", [])
        assert all(name in newest for name in published), "what was published is not there"
        if state == "retracted":
            assert all(newest[name].get("revoked") for name in published), "what was taken back is still there"
        for step, _ in steps:
            if step in ("publish", "issue"):
                assert (identifier, step) in told, "nobody was told of a step"
    for one in sent:
        if one.ids:
            continue
        assert one.key in keys or not one.acknowledged, "an acknowledged step is lost"
        if one.path == "/functions/alerts/" or one.path == "/functions/submissions/":
            assert titles.count(one.key) == (one.key in keys), "a record was made without its key, or twice"
        if one.key in keys:
            assert keys[one.key] in records
        if one.acknowledged:
            assert keys[one.key] == one.answer["id"]
            steps = [
                row[0] for row in db.execute("SELECT step FROM steps WHERE record = ?", (records[one.answer["id"]][0],))
            ]
            wanted = one.path.strip("/").split("/")[3:] or ["create"]
            assert steps.count(wanted[0]) == 1, "an acknowledged step was taken twice or never"
