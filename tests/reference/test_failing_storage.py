"""The storage fails at the n-th point, at every point: the answer is an error, what is stored is all or nothing, and
the same request afterwards succeeds once.

Three ways to fail it: SQLite is interrupted at the n-th step of its machine, the file may hold no further page, and the
n-th write to the log is refused by the operating system.
"""

from __future__ import annotations

import itertools
import json
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isao_reference import setup
from isao_reference.functions import clock
from isao_reference.store.sqlite import Store
from isao_spec import load, schema_check
from tests.support import writes
from tests.support.functions import alert, create, do, make
from tests.support.world import OPEN, Clock, World, indicator, object_url, objects_url, world
from tests.support.writes import DELETE_OBJECT, POST_OBJECTS, Stage, Write, names, rows_of

POINTS = 5
"""Points of each request that the push lane fails at; the longer run fails at every 13th step."""
SOME = [name for place, name in enumerate(names()) if place % 7 == 0 or name.endswith(("/submissions/", "/objects/"))]
"""The addresses that the push lane tries the slower ways on; the longer run tries all."""
REST = [name for name in names() if name not in SOME]
STRIDE = 13
FRAME = 4096 + 24
"""Octets that a changed page takes in SQLite's log."""


@pytest.fixture
def stage(one_stage: Stage) -> Iterator[Stage]:
    yield one_stage
    one_stage.reset()


@pytest.fixture(scope="module")
def one_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with writes.stage(tmp_path_factory.mktemp("failing")) as made:
        yield made


@dataclass
class Steps:
    """Counts the steps of SQLite's machine in units of `stride`, and interrupts at one of them, or from it on."""

    stride: int
    fail_at: int | None = None
    for_ever: bool = False
    count: int = 0
    failed: int = 0

    def __call__(self) -> int:
        self.count += 1
        if self.fail_at is None or self.count < self.fail_at or (self.failed and not self.for_ever):
            return 0
        self.failed += 1
        return 1


@contextmanager
def watched(store: Store, steps: Steps) -> Iterator[Steps]:
    """Every statement of the writer is counted and may be interrupted."""
    writer = store._writer
    writer.set_progress_handler(steps, steps.stride)
    try:
        yield steps
    finally:
        with writer_of(store) as now:
            now.set_progress_handler(None, 0)


@contextmanager
def writer_of(store: Store) -> Iterator[sqlite3.Connection]:
    with store._write_lock:
        yield store._writer


def is_sound(store: Store) -> bool:
    """Whether the file is whole and the writer can be used."""
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    with store.writing() as writer:
        assert writer.in_transaction
    return True


def content(store: Store) -> dict[str, int]:
    """How many rows each table holds."""
    with store.reading() as db:
        found = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {one: db.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in found}


def is_what_it_was_or_what_it_should_be(stage: Stage, before: dict[str, str], whole: dict[str, int]) -> bool:
    """Whether nothing was done (True) or all of it (False). Anything between the two fails."""
    assert is_sound(stage.exchange.store)
    if stage.rows() == before:
        return True
    now = content(stage.exchange.store)
    assert {one: now[one] for one in whole if one not in writes.WHO_ASKED} == {
        one: number for one, number in whole.items() if one not in writes.WHO_ASKED
    }
    return False


def taken(stage: Stage, write: Write, **more: Any) -> dict[str, int]:
    """How many rows there are once the request was taken; everything is put back."""
    answer = stage.send(write, **more)
    assert answer.status < 300, answer.body
    rows = content(stage.exchange.store)
    stage.reset()
    return rows


KEYED = {"headers": [("idempotency-key", "once")]}


def sweep(stage: Stage, write: Write, points: list[int], steps: Callable[[int], Steps]) -> int:
    """Interrupts the request at each point, then sends it again. Returns at how many points it was interrupted."""
    more = KEYED if "/functions/" in write.path else {}
    whole = taken(stage, write, **more)
    before, interrupted = stage.rows(), 0
    for point in points:
        with watched(stage.exchange.store, steps(point)) as watch:
            answer = stage.send(write, **more)
        interrupted += bool(watch.failed)
        nothing = is_what_it_was_or_what_it_should_be(stage, before, whole)
        if answer.status < 300:
            assert not nothing, "it was acknowledged"
        else:
            assert watch.failed
            assert answer.status == 500, answer.body
        if nothing and point != points[-1]:
            continue
        again = stage.send(write, **more)
        assert again.status in (200, 201, 202) if nothing else again.status in repeatable(write), again.body
        after = content(stage.exchange.store)
        # A status says what became of a request, so that each request has one.
        repeated = {"statuses": 1} if write.template == POST_OBJECTS and not nothing else {}
        for table in whole.keys() - set(writes.WHO_ASKED):
            assert after[table] == whole[table] + repeated.get(table, 0), (point, table)
        stage.reset()
    return interrupted


def repeatable(write: Write) -> tuple[int, ...]:
    """What the same request is answered once it was done: what is deleted is not there, who left is not let in."""
    if write.method == "DELETE":
        return (404,)
    return (401,) if write.template.endswith("memberships/{record}/withdraw/") else (200, 202)


def total(stage: Stage, write: Write, stride: int) -> int:
    """How many times `stride` steps the request takes."""
    more = KEYED if "/functions/" in write.path else {}
    with watched(stage.exchange.store, Steps(stride)) as steps:
        assert stage.send(write, **more).status < 300
    stage.reset()
    return steps.count


@pytest.mark.parametrize("name", names())
def test_an_interrupted_request_is_done_whole_or_not_at_all_and_can_be_repeated(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    count = total(stage, write, 1)
    # The first steps are those of looking who asks and of beginning, which can fail after the transaction has begun.
    points = sorted({1 + count * number // POINTS for number in range(POINTS)} | {2, 3, 4, 5, count - 1, count})
    assert sweep(stage, write, points, lambda point: Steps(1, point)) >= POINTS - 2


@pytest.mark.full
@pytest.mark.parametrize("name", names())
def test_an_interrupted_request_at_every_point(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    count = total(stage, write, STRIDE)
    step = max(1, count // 400)
    found = sweep(stage, write, list(range(1, count + 2, step)), lambda point: Steps(STRIDE, point))
    count = total(stage, write, 1)
    last = sorted({*range(1, 40), *range(count - 59, count + 1)})
    found += sweep(stage, write, last, lambda point: Steps(1, point))
    print(f"{found} points of {name}, {STRIDE * step} steps apart, and each of the first and last: all or nothing")
    assert found >= 60


@pytest.mark.parametrize("name", SOME)
def test_a_rollback_that_is_interrupted_too_leaves_a_writer_that_works(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    count = total(stage, write, 1)
    points = [1, count // 3, count // 2, count - 1]
    assert sweep(stage, write, points, lambda point: Steps(1, max(1, point), for_ever=True)) >= 3


# --- no room ------------------------------------------------------------------------------------------


LONGEST = 200
"""Pages within which every request is done, as is the one of `large`."""


IN_PLACE = frozenset(
    {
        "DELETE " + DELETE_OBJECT,
        "POST /functions/agreements/{record}/publish/",
        "POST /functions/agreements/{record}/sign/",
        "POST /functions/agreements/{record}/supersede/",
        "POST /functions/alerts/{record}/acknowledge/",
        "POST /functions/alerts/{record}/escalate/",
        "POST /functions/memberships/{record}/approve/",
        "POST /functions/memberships/{record}/withdraw/",
        "POST /functions/recalls/{record}/acknowledge/",
        "POST /functions/submissions/{record}/publish/",
    }
)
"""Addresses whose longest request fits into the room that is left in pages there are, so that no ceiling refuses it."""


def schema_of(write: Write) -> str:
    """The schema of the document that an address of the functions takes."""
    _, resource, *rest = write.template.strip("/").split("/")
    contract = load().contracts[resource]
    return "documents/" + ((contract.steps[rest[1]].takes if rest else "") or contract.document)


def large(write: Write) -> bytes:
    """The request with as much content as its document allows, so that it needs pages; tables of values stay as they
    are, for each of their lines means something."""
    if write.template == POST_OBJECTS:
        document = {"objects": [{**one, "description": "x" * 6000} for one in write.document["objects"]]}
        return json.dumps(document).encode()
    if write.document is None:
        return write.body
    document = dict(write.document)
    texts = [name for name, value in document.items() if isinstance(value, str) and name != "content"]
    for name, length in itertools.product(texts, (200, 1_000, 4_000, 10_000)):
        longer = {**document, name: "much " * (length // 5 - 1) + "more."}
        if not schema_check.findings(schema_of(write), longer):
            document = longer
    return json.dumps(document).encode()


@contextmanager
def ceiling_of_pages(store: Store, more: int) -> Iterator[None]:
    """The database may grow by so many pages only."""
    with writer_of(store) as db:
        now = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {now + more}")
    try:
        yield
    finally:
        with writer_of(store) as db:
            db.execute("PRAGMA max_page_count = 1073741823")


@pytest.mark.parametrize("name", [*SOME, *(pytest.param(name, marks=pytest.mark.full) for name in REST)])
def test_a_full_disk_at_any_page_leaves_all_or_nothing(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    more = (KEYED if "/functions/" in write.path else {}) | {"body": large(write)}
    whole = taken(stage, write, **more)
    before, refused = stage.rows(), 0
    for pages in range(LONGEST):
        with ceiling_of_pages(stage.exchange.store, pages):
            answer = stage.send(write, **more)
            if answer.status < 300:
                break
        assert answer.status == 500, answer.body
        assert stage.rows() == before
        refused += 1
        assert pages % 8 or is_sound(stage.exchange.store)
    assert not is_what_it_was_or_what_it_should_be(stage, before, whole)
    assert set(names()) > IN_PLACE
    assert refused or name in IN_PLACE
    assert refused >= 20 or write.template != POST_OBJECTS
    stage.reset()


@contextmanager
def room_for_frames(store: Store, frames: int) -> Iterator[None]:
    """The operating system refuses the write of a frame to the log, half way through it."""
    with writer_of(store) as db:
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 + frames * FRAME + FRAME // 2, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", [*SOME, *(pytest.param(name, marks=pytest.mark.full) for name in REST)])
def test_a_refused_write_to_the_log_leaves_all_or_nothing(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    more = KEYED if "/functions/" in write.path else {}
    whole = taken(stage, write, **more)
    before, refused, done = stage.rows(), 0, False
    for frames in range(400):
        with room_for_frames(stage.exchange.store, frames):
            answer = stage.send(write, **more)
        nothing = is_what_it_was_or_what_it_should_be(stage, before, whole)
        # What is done can be followed by an error: who was given the answer is written in a transaction of its own.
        assert not nothing or not done
        done = not nothing
        if answer.status in repeatable(write) or answer.status < 300:
            break
        refused += 1
        assert answer.status == 500, answer.body
    assert done
    assert 1 <= refused < 399


# --- what is not asked for over HTTP ------------------------------------------------------------------


def commands(store: Store) -> dict[str, Callable[[], Any]]:
    """What an operator does, each in one go."""
    lines = [json.dumps(indicator(marks=["green"])).encode() for _ in range(20)]
    document = {"distribution": {"labels": {"green": ["members"]}, "default_label": "amber"}}
    return {
        "an organization": lambda: setup.create_organization(store, "further", "Further", "member"),
        "an account": lambda: setup.create_account(store, "further-one", "south", "member", auth="bearer"),
        "a collection": lambda: setup.create_collection(store, "Further", readers=["members"], writers=["members"]),
        "an API root": lambda: setup.create_api_root(store, "further", "Further"),
        "a standing": lambda: setup.set_standing(store, "south", "suspended"),
        "content": lambda: setup.ingest(store, OPEN, lines, "member-a"),
        "a policy": lambda: setup.set_policy_document(store, "sharing.txt", b"x" * 9000),
        "who it is": lambda: setup.set_capability_document(store, document),
    }


@pytest.mark.parametrize(
    "name", ["an organization", "an account", "a collection", "an API root", "a standing", "content", "a policy"]
)
def test_an_interrupted_command_is_done_whole_or_not_at_all(tmp_path: Path, name: str) -> None:
    with world(tmp_path) as exchange:
        before, store = rows_of(exchange.store), exchange.store
        points = [*range(1, 400, 23), *range(400, 40_000, 1999)]
        for point in points:
            with watched(store, Steps(1, point)) as steps:
                try:
                    commands(store)[name]()
                except (sqlite3.OperationalError, setup.SetupError):
                    assert steps.failed
            assert is_sound(store)
            if not steps.failed:
                break
            if rows_of(store) != before:
                break  # it was done, and the error came after
        assert rows_of(store) != before
        assert point > 1


def test_an_interrupted_step_of_the_clock_is_taken_the_next_time_and_once(tmp_path: Path) -> None:
    with world(tmp_path) as exchange:
        made = make(exchange, "analyst", "alerts", alert(emergency=True))
        do(exchange, "analyst", "alerts", made["id"], "issue")
        ticking = exchange.settings.clock
        assert isinstance(ticking, Clock)
        ticking.step = 40 * 24 * 3600 * 1_000_000
        before, point = rows_of(exchange.store), 1
        for point in range(1, 4000, 97):
            with watched(exchange.store, Steps(1, point)) as steps:
                clock.run_due(exchange.settings, exchange.store)
            assert is_sound(exchange.store)
            if rows_of(exchange.store) != before:
                break
            assert steps.failed
        clock.run_due(exchange.settings, exchange.store)
        history = exchange.as_("analyst").get(f"/functions/alerts/{made['id']}/", accept=None).json["history"]
        assert [one["step"] for one in history].count("expire") == 1
        assert [one["step"] for one in history].count("escalate") <= 1


# --- repeating ----------------------------------------------------------------------------------------


def repeat(exchange: World) -> tuple[list[int], list[str]]:
    """Sends one envelope and one submission; their statuses, and the ids they led to."""
    value = indicator(id="indicator--00000000-0000-4000-8000-000000000001", marks=["green"])
    posted = exchange.as_("member-a").post(objects_url(), {"objects": [value]})
    kept = exchange.as_("member-a").get(f"/exchange/status/{posted.json['id']}/").json
    assert kept == posted.json
    assert (kept["success_count"], kept["failure_count"], kept["pending_count"]) == (1, 0, 0)
    document = {"title": "T", "format": "csv", "content": "type,value\ndomain-name,a.example\n"}
    document |= {"marking": "green", "attribution": "attributed"}
    made = create(exchange, "member-a", "submissions", document, **KEYED)
    reason, headers = {"reason": "A mistake."}, [("idempotency-key", "twice")]
    path = f"submissions/{made.json['id']}/retract"
    step = create(exchange, "member-a", path, reason, headers=headers)
    return [posted.status, made.status, step.status], [kept["successes"][0]["id"], made.json["id"], step.json["id"]]


def test_repeating_three_times_changes_nothing_also_across_a_restart(tmp_path: Path) -> None:
    def rows(exchange: World) -> dict[str, str]:
        return {name: digest for name, digest in rows_of(exchange.store).items() if name != "statuses"}

    with world(tmp_path) as exchange:
        statuses, ids = repeat(exchange)
        assert statuses == [202, 201, 200]
        before = rows(exchange)
        for _ in range(3):
            assert repeat(exchange) == ([202, 200, 200], ids)
            assert rows(exchange) == before
        versions = exchange.as_("operator").get(object_url(ids[0]) + "versions/").json["versions"]
        assert len(versions) == 1
        kept = (tmp_path / "exchange.sqlite").read_bytes()
        secrets = exchange.secrets
    with world(tmp_path / "again" if (tmp_path / "again").mkdir() is None else tmp_path) as exchange:
        with (
            closing(sqlite3.connect(tmp_path / "exchange.sqlite")) as old,
            closing(sqlite3.connect(exchange.settings.database)) as new,
        ):
            old.backup(new)
        assert secrets == exchange.secrets
        for _ in range(3):
            assert repeat(exchange) == ([202, 200, 200], ids)
            assert rows(exchange) == before
    assert kept


@pytest.mark.parametrize("name", names())
def test_repeating_any_write_three_times_leaves_what_one_leaves(stage: Stage, name: str) -> None:
    write = stage.writes[name]
    more = KEYED if "/functions/" in write.path else {}
    first = stage.send(write, **more)
    rows = {table: digest for table, digest in stage.rows().items() if table != "statuses"}
    for _ in range(3):
        again = stage.send(write, **more)
        assert again.status in repeatable(write), again.body
        assert {table: digest for table, digest in stage.rows().items() if table != "statuses"} == rows
        if write.template == POST_OBJECTS:
            keys = ("success_count", "failure_count", "successes", "total_count")
            assert [again.json[key] for key in keys] == [first.json[key] for key in keys]
        elif again.status == 200:
            assert again.json["id"] == first.json["id"]
    stage.reset()
