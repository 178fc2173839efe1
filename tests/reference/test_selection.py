"""The SQL of a page against a plain model of the rules, over many small random stores."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isao_reference.store import schema, selection
from isao_reference.store.selection import Query
from isao_reference.wire.filters import Versions

KEYS = [f"2024-01-01T00:00:0{number}." for number in range(4)]


@dataclass(frozen=True)
class Item:
    """One stored row of the model; `alone` when only its account may know of it."""

    object_id: str
    key: str
    spec: str
    organization: str
    alone: bool
    audience: int
    account: str
    hearsay: int
    date: int

    @property
    def kind(self) -> str:
        return self.object_id.split("--")[0]


def database(items: list[Item]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(schema.TABLES)
    connection.executescript(
        "INSERT INTO collections (key, id, title, description, media_types, readers, writers)"
        " VALUES (1, 'a', '', '', '', '', ''), (2, 'b', '', '', '', '', '');"
        "INSERT INTO audiences VALUES (1, 'x'), (2, 'y'), (3, 'z');"
    )
    for item in items:
        for collection in (1, 2):
            connection.execute(
                "INSERT INTO items (collection, object_id, object_type, version, version_key, spec_version,"
                " contributor, organization, account, label, audience, statement, date_added, hearsay, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, 0, ?, ?, x'7B7D')",
                (
                    collection,
                    item.object_id,
                    item.kind,
                    item.key,
                    item.key,
                    item.spec,
                    f"account:{item.account}" if item.alone else f"organization:{item.organization}",
                    item.organization,
                    item.account,
                    # The other collection holds the same with other readers: it may not matter.
                    item.audience if collection == 1 else 1,
                    item.date,
                    item.hearsay,
                ),
            )
    return connection


def visible(item: Item, items: list[Item], query: Query) -> bool:
    """A reader is in the audience of a row, and in that of the newest version of its line."""
    if query.audiences is None:
        return True
    line = [
        other
        for other in items
        if (other.object_id, other.organization) == (item.object_id, item.organization)
        and (other.account == item.account or not other.alone)
    ]
    newest = max(line, key=lambda other: (other.key, other.spec, not other.alone, other.account))
    return item.audience in query.audiences and newest.audience in query.audiences


def sources(items: list[Item]) -> dict[str, str]:
    """The organization that each object is served from: the first that speaks in its own name, else the first."""
    found: dict[str, str] = {}
    for item in sorted(items, key=lambda item: (item.hearsay, item.date)):
        found.setdefault(item.object_id, item.organization)
    return found


def model(items: list[Item], query: Query) -> list[int]:
    """The dates of the rows that answer, by the rules as the text states them."""
    seen = [item for item in items if visible(item, items, query)]
    source = sources(seen)
    seen = [item for item in seen if source[item.object_id] == item.organization]
    if query.spec_versions is not None:
        seen = [item for item in seen if item.spec in query.spec_versions]
    served: dict[Any, Item] = {}
    for item in seen:
        name: tuple[str, ...] = (item.object_id, item.key)
        if query.spec_versions is not None and not query.one_per_version:
            name = (*name, item.spec)
        best = served.get(name)
        rank = (item.spec if query.spec_versions is None else "", -item.date)
        if best is None or rank > (best.spec if query.spec_versions is None else "", -best.date):
            served[name] = item
    fitting = [item for item in served.values() if query.added_after is None or item.date > query.added_after]
    if query.ids is not None:
        fitting = [item for item in fitting if item.object_id in query.ids]
    if query.types is not None:
        fitting = [item for item in fitting if item.kind in query.types]
    wanted = set()
    for item in fitting:
        keys = [other.key for other in fitting if other.object_id == item.object_id]
        if (
            "all" in query.versions.keywords
            or ("last" in query.versions.keywords and item.key == max(keys))
            or ("first" in query.versions.keywords and item.key == min(keys))
            or item.key in query.versions.keys
        ):
            wanted.add(item.date)
    return sorted(date for date in wanted if query.after is None or date > query.after)


ids = st.sampled_from(["indicator--1", "indicator--2", "malware--1"])
rows = st.lists(
    st.tuples(
        ids,
        st.sampled_from(KEYS),
        st.sampled_from(["2.0", "2.1"]),
        st.sampled_from(["p", "q"]),
        st.booleans(),
        st.integers(1, 3),
        st.sampled_from(["1", "2"]),
        st.integers(0, 1),
    ).map(lambda row: (*row[:6], row[3] + row[6], row[7])),
    unique_by=lambda row: (*row[:5], row[6] if row[4] else ""),
    max_size=14,
)
versions = st.one_of(
    st.just(Versions(frozenset({"all"}), frozenset())),
    st.builds(
        Versions,
        st.frozensets(st.sampled_from(["first", "last"])),
        st.frozensets(st.sampled_from(KEYS), max_size=2),
    ).filter(lambda wanted: bool(wanted.keywords or wanted.keys)),
)
queries = st.builds(
    Query,
    collection=st.just(1),
    audiences=st.one_of(st.none(), st.lists(st.integers(1, 3), unique=True).map(lambda some: tuple(sorted(some)))),
    ids=st.one_of(st.none(), st.lists(ids, min_size=1, unique=True).map(tuple)),
    types=st.one_of(st.none(), st.sampled_from([("indicator",), ("malware",), ("indicator", "malware"), ("x",)])),
    versions=versions,
    spec_versions=st.one_of(st.none(), st.sampled_from([("2.0",), ("2.1",), ("2.0", "2.1"), ("9.9",)])),
    added_after=st.one_of(st.none(), st.integers(0, 150)),
    after=st.one_of(st.none(), st.integers(0, 150)),
    one_per_version=st.booleans(),
)


@pytest.mark.parametrize("arms", [selection.MAX_ARMS, pytest.param(0, marks=pytest.mark.full)])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=rows, asked=st.lists(queries, min_size=1, max_size=6))
def test_a_page_is_what_the_rules_say(
    monkeypatch: pytest.MonkeyPatch, arms: int, drawn: list[tuple[Any, ...]], asked: list[Query]
) -> None:
    """With merged index walks, and with the one scan that stands in for too many of them."""
    monkeypatch.setattr(selection, "MAX_ARMS", arms)
    items = [Item(*row, date=10 * number) for number, row in enumerate(drawn, 1)]
    connection = database(items)
    for query in asked:
        expected = model(items, query)
        assert [row.date_added for row in selection.select(connection, query, 100)] == expected
        assert [row.date_added for row in selection.select(connection, query, 2)] == expected[:2]
    connection.close()


def test_a_page_walks_an_index_in_date_order_without_sorting() -> None:
    connection = database([])
    wanted = Query(1, (1, 2, 3), after=5)
    staff = Query(1, None, types=("a",))
    for query in (wanted, staff, Query(1, None, after=5), Query(1, (1, 2), types=("a", "b"), added_after=4)):
        text, values = selection._statement(query, 10, with_body=True)
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, values)]
        assert not [step for step in plan if "TEMP B-TREE" in step], plan
        assert not [step for step in plan if step.startswith("SCAN")], plan
    connection.close()


def test_the_work_of_a_page_does_not_grow_with_the_collection() -> None:
    def steps(count: int, query: Query) -> int:
        items = [
            Item(f"indicator--{number}", KEYS[0], "2.1", "p", False, 1 if number % 3 else 2, "p1", 1, 10 * number)
            for number in range(1, count)
        ]
        connection = database(items)
        done = [0]

        def tick() -> int:
            done[0] += 1
            return 0

        connection.set_progress_handler(tick, 1)
        assert len(selection.select(connection, query, 11)) == 11
        connection.close()
        return done[0]

    for query in (
        Query(1, (1, 2), after=100),
        Query(1, (2,), after=100),
        Query(1, None, after=100),
        Query(1, (1, 2), types=("indicator",), after=100),
        Query(1, None, types=("indicator",), after=100),
        Query(1, (1, 2), versions=Versions(frozenset({"all"}), frozenset()), added_after=100),
    ):
        assert steps(4000, query) <= 1.2 * steps(200, query) + 50


def test_the_work_for_an_object_of_several_sources_does_not_grow_with_its_versions() -> None:
    """Each version asks who the source is and whether the newest was narrowed: both are one look into an index."""

    def steps(count: int) -> int:
        own = [Item("tool--1", f"{n:06}", "2.1", "p", False, 1, "p1", 1, 10 * n) for n in range(1, count)]
        rivals = [Item("tool--1", f"{n:06}", "2.1", "q", False, 2, "q1", 1, 10 * n + 5) for n in range(1, 9)]
        connection = database(own + rivals)
        done = [0]

        def tick() -> int:
            done[0] += 1
            return 0

        connection.set_progress_handler(tick, 1)
        everything = Versions(frozenset({"all"}), frozenset())
        found = selection.select(connection, Query(1, (1, 2), versions=everything, after=50), 11)
        assert {row.organization for row in found} == {"p"}
        connection.close()
        return done[0]

    assert steps(2000) <= 1.2 * steps(200) + 50
