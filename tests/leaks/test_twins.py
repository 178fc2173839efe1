"""Two worlds that differ only in what is hidden from a reader give it the same answers, octet for octet."""

from __future__ import annotations

from pathlib import Path

import pytest

from isao_reference.store.dates import Window
from isao_reference.taxii import pages
from tests.leaks.programmes import BEHIND, BY, prepare, programme
from tests.leaks.twins import READERS, Told, run, twin

PUSH, PIECES, EACH = 20, 20, 50
"""Programmes in the push lane; pieces of the full lane, and the programmes of each: 1,000 together."""


def both(folder: Path, seed: str) -> tuple[list[Told], list[Told]]:
    """What the reader of a programme is told in the world without what is hidden from it, and in the one with it."""
    reader = READERS[int(seed) % len(READERS)]
    told = []
    for name, with_hidden in (("without", False), ("with", True)):
        with twin(folder / f"{seed} {name}", seed, reader, with_hidden=with_hidden) as made:
            told.append(run(made, prepare, programme(seed)))
        (folder / f"{seed} {name}" / "exchange.sqlite").unlink()
    return told[0], told[1]


def first_difference(without: list[Told], with_hidden: list[Told]) -> tuple[Told, Told] | None:
    """The first answers that differ."""
    assert len(without) == len(with_hidden) or without[: len(with_hidden)] != with_hidden[: len(without)]
    return next(((one, other) for one, other in zip(without, with_hidden, strict=False) if one != other), None)


@pytest.mark.parametrize("number", range(PUSH))
def test_what_is_hidden_changes_no_octet(tmp_path: Path, number: int) -> None:
    without, with_hidden = both(tmp_path, str(number))
    assert first_difference(without, with_hidden) is None
    assert len(without) >= 8


@pytest.mark.full
@pytest.mark.parametrize("piece", range(PIECES))
def test_a_thousand_programmes_show_no_difference(tmp_path: Path, piece: int) -> None:
    answers = 0
    for number in range(piece * EACH, (piece + 1) * EACH):
        without, with_hidden = both(tmp_path, str(number))
        assert first_difference(without, with_hidden) is None, number
        answers += len(without)
    print(f"{EACH} programmes, {answers} pairs of answers: 0 differences")


def test_a_page_that_counts_what_is_hidden_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dates of an answer are taken from all rows: the smallest leak there is."""
    fetch = pages.fetch

    def leaky(*arguments: object, **more: object) -> object:
        db, collection = arguments[1:3]
        page = fetch(*arguments, **more)
        last = db.execute(
            "SELECT max(date_added) FROM items WHERE collection = ?",
            (collection.key,),
        ).fetchone()[0]
        more_there = bool(page.rows) and page.rows[-1].date_added < last
        return page if not more_there or page.next_token else pages.Page(page.rows, "x")

    monkeypatch.setattr(pages, "fetch", leaky)
    found = [first_difference(*both(tmp_path, str(number))) for number in range(10)]
    assert any(found)


def test_dates_in_the_order_of_the_envelope_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_after_the_other(window: Window) -> int:
        date = max(window.given, default=window.begin - 1) + 1
        window.given.add(date)
        return date

    monkeypatch.setattr(Window, "draw", one_after_the_other)
    found = [first_difference(*both(tmp_path, str(number))) for number in range(10)]
    assert any(found)


def test_programmes_do_everything() -> None:
    done = {action for number in range(200) for _, action in programme(str(number))}
    assert done >= {*BEHIND, *BY}
