"""Walking pages: everything once, nothing lost under inserts, cursors good for one query only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.world import (
    OPEN,
    PUBLIC,
    World,
    collection_url,
    indicator,
    object_url,
    objects_url,
    stamp,
    world,
)

MARKS = ["clear", "green", "amber", "amber+strict", "red"]
VISIBLE_TO_B = {"clear", "green", "amber"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One exchange for all examples; each clears the collection it uses."""
    with world(tmp_path_factory.mktemp("paging"), page_limit=3, page_limit_max=5) as made:
        yield made


def empty(exchange: World) -> None:
    with exchange.store.writing() as db:
        db.execute("DELETE FROM items")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.sampled_from(MARKS), st.integers(1, 4)),
        st.tuples(st.just("version"), st.sampled_from(MARKS), st.integers(0, 30)),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(
    before=steps,
    during=st.lists(steps, max_size=6),
    limits=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    versions=st.sampled_from(["all", "last", "first"]),
    manifest=st.booleans(),
)
def test_a_walk_meets_everything_once_while_others_write(
    shared: World,
    before: list[tuple[str, str, int]],
    during: list[list[tuple[str, str, int]]],
    limits: list[int],
    versions: str,
    manifest: bool,
) -> None:
    empty(shared)
    known: list[str] = []
    narrowed: set[str] = set()
    counter = itertools.count()

    def write(programme: list[tuple[str, str, int]]) -> None:
        for what, mark, number in programme:
            batch = []
            for _ in range(number if what == "new" else 1):
                name = known[number % len(known)] if what == "version" and known else None
                value = indicator(next(counter), id=name, marks=[mark])
                known.append(value["id"])
                batch.append(value)
                if mark not in VISIBLE_TO_B:
                    narrowed.add(value["id"])  # also for a while: what comes back comes back at its old date
            shared.share("member-a", *batch)

    write(before)
    path = collection_url() + "manifest/" if manifest else objects_url()
    start = set(shared.seen("member-b", f"match[version]={versions}&limit=5"))
    client, token = shared.as_("member-b"), ""
    walked: list[tuple[str, str]] = []
    last_date = ""
    for number in itertools.count():
        limit = limits[number % len(limits)]
        answer = client.get(path, query=f"match[version]={versions}&limit={limit}{token}")
        assert answer.status == 200, answer.body
        page = answer.json.get("objects", [])
        assert len(page) <= min(limit, 5)
        walked += [(one["id"], one["version"] if manifest else one["modified"]) for one in page]
        if page:
            first = answer.header("x-taxii-date-added-first") or ""
            assert first > last_date
            last_date = answer.header("x-taxii-date-added-last") or ""
            assert last_date >= first
        if not answer.json.get("more"):
            break
        token = f"&next={answer.json['next']}"
        if number < len(during):
            write(during[number])
    assert len(walked) == len(set(walked))
    kept = {(name, version) for name, version in start if name not in narrowed}
    if versions == "all":
        assert kept <= set(walked)
    else:
        # A later version may have taken the place of one not yet reached; no object is lost.
        assert {name for name, _ in kept} <= {name for name, _ in walked}


@settings(max_examples=25, deadline=None)
@given(steps, st.integers(1, 5), st.sampled_from(["all", "last", "first"]))
def test_a_walk_by_added_after_reaches_everything(
    shared: World, before: list[tuple[str, str, int]], limit: int, versions: str
) -> None:
    empty(shared)
    values = [indicator(position, marks=[mark]) for position, (_, mark, _) in enumerate(before) for _ in range(3)]
    shared.share("member-a", *values)
    everything = shared.seen("member-b", f"match[version]={versions}")
    walked: list[tuple[str, str]] = []
    after = ""
    for _ in range(100):
        answer = shared.as_("member-b").get(objects_url(), query=f"match[version]={versions}&limit={limit}{after}")
        walked += [(one["id"], one["modified"]) for one in answer.json.get("objects", [])]
        if not answer.json.get("more"):
            break
        after = f"&added_after={answer.header('x-taxii-date-added-last')}"
    assert walked == everything


def test_page_sizes(shared: World) -> None:
    empty(shared)
    shared.share("member-a", *[indicator() for _ in range(6)])
    sizes = {"": 3, "limit=1": 1, "limit=5": 5, "limit=6": 5, "limit=1000000": 5}
    for query, size in sizes.items():
        answer = shared.as_("member-a").get(objects_url(), query=query).json
        assert len(answer["objects"]) == size
        assert answer["more"] is True
    empty(shared)
    shared.share("member-a", *[indicator() for _ in range(3)])
    for query in ("", "limit=3", "limit=4"):
        assert "more" not in shared.as_("member-a").get(objects_url(), query=query).json


def test_versions_and_object_pages_walk_too(shared: World) -> None:
    empty(shared)
    name = indicator()["id"]
    for number in range(7):
        shared.share("member-a", indicator(number, id=name))
    client = shared.as_("member-b")
    for path, key in ((object_url(name), "objects"), (object_url(name) + "versions/", "versions")):
        token, found = "", []
        for _ in range(4):
            answer = client.get(path, query=f"match[version]=all&limit=2{token}").json
            found += [one if key == "versions" else one["modified"] for one in answer[key]]
            if not answer.get("more"):
                break
            token = f"&next={answer['next']}"
        assert found == [stamp(number) for number in range(7)]


def test_an_incremental_poll_gets_exactly_what_came_since(shared: World) -> None:
    empty(shared)
    client = shared.as_("member-b")
    after = "2000-01-01T00:00:00.000000Z"
    seen: list[set[str]] = []
    sent: list[set[str]] = []
    for count in (2, 1, 3):
        values = [indicator() for _ in range(count)]
        shared.share("member-a", *values)
        sent.append({value["id"] for value in values})
        answer = client.get(objects_url(), query=f"added_after={after}")
        seen.append({one["id"] for one in answer.json["objects"]})
        after = answer.header("x-taxii-date-added-last") or ""
    assert seen == sent
    assert client.get(objects_url(), query=f"added_after={after}").body == b"{}"
    just_before = after[:-7] + f"{int(after[-7:-1]) - 1:06d}Z"
    assert len(client.get(objects_url(), query=f"added_after={just_before}").json["objects"]) == 1


def issue_all(exchange: World) -> list[tuple[str, str, str, str]]:
    """(account, path, query, token) of a cursor from every endpoint, filter and reader."""
    name = indicator()["id"]
    for number in range(4):
        exchange.share("member-a", indicator(number, id=name, marks=["clear"]))
        exchange.share("member-a", indicator(number, id=name, marks=["clear"]), collection=PUBLIC)
        exchange.share("member-a", indicator(marks=["clear"]), collection=PUBLIC)
        exchange.share("member-a", indicator(marks=["clear"]))
    found = []
    for account in ("member-a", "member-b", "stranger"):
        for collection in (OPEN, PUBLIC):
            if (account, collection) == ("stranger", OPEN):
                continue
            base = collection_url(collection)
            for path, query in (
                (base + "objects/", "match[version]=all"),
                (base + "objects/", "match[type]=indicator"),
                (base + "objects/", "added_after=2000-01-01T00:00:00.000000Z"),
                (base + "manifest/", "match[version]=all"),
                (base + f"objects/{name}/", "match[version]=all"),
                (base + f"objects/{name}/versions/", ""),
            ):
                answer = exchange.as_(account).get(path, query=f"{query}&limit=1")
                assert answer.status == 200, (account, path, query, answer.body)
                found.append((account, path, query, answer.json["next"]))
    return found


def test_a_cursor_is_nobody_elses_key(tmp_path: Path) -> None:
    with world(tmp_path) as exchange:
        issued = issue_all(exchange)
        assert len({token for *_, token in issued}) == len(issued)
        for (account, path, query, token), (other, elsewhere, with_query, _) in itertools.product(issued, issued):
            answer = exchange.as_(other).get(elsewhere, query=f"{with_query}&limit=1&next={token}")
            if (account, path, query) == (other, elsewhere, with_query):
                assert answer.status == 200
            else:
                assert answer.status == 400, (account, path, query, other, elsewhere, with_query)
                assert b"indicator" not in answer.body


def test_a_cursor_survives_restart_and_a_changed_limit(tmp_path: Path) -> None:
    with world(tmp_path) as exchange:
        exchange.share("member-a", *[indicator() for _ in range(5)])
        token = exchange.as_("member-a").get(objects_url(), query="limit=2").json["next"]
        from isao_reference.app import create_app
        from tests.support.asgi import Client

        other: Any = create_app(exchange.settings)
        with Client(other, exchange.as_("member-a").authorization) as client:
            answer = client.get(objects_url(), query=f"next={token}&limit=3")
            assert len(answer.json["objects"]) == 3
            assert "more" not in answer.json
        other.state.store.close()


def test_a_walk_ends_quietly_when_the_rest_was_deleted(shared: World) -> None:
    empty(shared)
    values = [indicator() for _ in range(4)]
    shared.share("member-a", *values)
    client = shared.as_("member-a")
    page = client.get(objects_url(), query="limit=2").json
    token, served = page["next"], {one["id"] for one in page["objects"]}
    for value in values:
        if value["id"] not in served:
            client.delete(object_url(value["id"]))
    answer = client.get(objects_url(), query=f"limit=2&next={token}")
    assert (answer.status, answer.body) == (200, b"{}")
