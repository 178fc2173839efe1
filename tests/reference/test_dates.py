"""The dates of what comes in one transaction: whoever is shown a part of it cannot tell that there was more."""

from __future__ import annotations

import itertools
import json
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from isao_reference.policy.audience import Contributor
from isao_reference.store import collections, dates
from isao_reference.store.dates import Window
from isao_reference.store.sqlite import Store
from isao_reference.taxii import intake
from isao_reference.wire.envelope import Submitted
from tests.support.world import OPEN, World, collection_url, indicator

PLACES = 6
ROUNDS = 10_000
CRITICAL = 75.0
"""Chi-squared with 29 degrees of freedom is above this once in a hundred thousand times."""


def by_chance(count: int) -> list[int]:
    window = Window(0, PLACES, set())
    return [window.draw() for _ in range(count)]


def one_after_the_other(count: int) -> list[int]:
    """How it must not be: by chance, and in the order they were sent."""
    return sorted(by_chance(count))


def seen(draw: Callable[[int], list[int]], shown: tuple[int, int], count: int) -> Counter[tuple[int, int]]:
    """How often a reader who is shown two of so many items sees which dates."""
    made = (draw(count) for _ in range(ROUNDS))
    return Counter((one[shown[0]], one[shown[1]]) for one in made)


def distance(one: Counter[tuple[int, int]], other: Counter[tuple[int, int]]) -> float:
    """Chi-squared of two samples of the same size."""
    return sum((one[cell] - other[cell]) ** 2 / (one[cell] + other[cell]) for cell in one | other)


@pytest.mark.parametrize("shown", list(itertools.combinations(range(4), 2)))
def test_dates_of_a_part_are_spread_as_if_the_part_were_all(
    shown: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "randbelow", Random(f"dates {shown}").randrange)
    alone = seen(by_chance, (0, 1), 2)
    assert len(alone) == PLACES * (PLACES - 1)
    assert distance(alone, seen(by_chance, shown, 4)) < CRITICAL
    assert distance(alone, seen(one_after_the_other, shown, 4)) > CRITICAL


def test_what_one_transaction_brings_lies_in_one_window_and_the_next_behind_it(exchange: World) -> None:
    def bring(count: int) -> list[int]:
        """Two batches in one transaction, as when a function publishes something beside something else."""
        now = 1_800_000_000_000_000
        with exchange.store.writing() as db:
            collection = collections.by_id_or_alias(db, OPEN)
            assert collection is not None
            before = dates_of(exchange.store)
            for _ in range(2):
                values = [indicator(marks=["green"]) for _ in range(count)]
                batch = [Submitted(json.dumps(one).encode(), one) for one in values]
                taken = intake.take(db, collection, batch, Contributor("member-a", "north", "member"), now)
                assert all(one.ok for one in taken)
        return sorted(dates_of(exchange.store) - before)

    first, second = bring(20), bring(400)
    assert (len(first), len(second)) == (40, 800)
    begin = 1_800_000_000_000_000
    assert begin <= first[0] < first[-1] < begin + dates.WIDTH <= second[0]
    assert second[-1] < begin + dates.WIDTH + 2 * 800


def dates_of(store: Store) -> set[int]:
    with store.reading() as db:
        return {int(row[0]) for row in db.execute("SELECT date_added FROM items")}


def test_a_transaction_that_is_given_up_moves_no_window(exchange: World) -> None:
    with exchange.store.reading() as db:
        key = collections.all_collections(db)[0].key

    def begin(reason: type[Exception] | None = None) -> int:
        with suppress(LookupError), exchange.store.writing() as db:
            window = dates.open_window(db, key, 5_000_000, 1)
            dates.close_window(db, key, window)
            if reason is not None:
                raise reason
        return window.begin

    assert [begin(LookupError), begin(), begin()] == [5_000_000, 5_000_000, 5_000_000 + dates.WIDTH]


def test_the_order_of_an_envelope_is_not_the_order_of_its_dates(exchange: World) -> None:
    values = [indicator(marks=["green"]) for _ in range(30)]
    exchange.share("member-a", *values)
    records = exchange.as_("member-b").get(collection_url() + "manifest/").json["objects"]
    assert sorted(one["id"] for one in records) == sorted(one["id"] for one in values)
    assert [one["id"] for one in records] != [one["id"] for one in values]
    given = [one["date_added"] for one in records]
    assert given == sorted(set(given))
