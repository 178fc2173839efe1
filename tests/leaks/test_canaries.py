"""Nothing that is hidden from somebody comes out to them, by any path, in any encoding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from isao_reference import app as application
from isao_reference.call import Answer
from isao_reference.funnel import Operation
from tests.leaks import outputs, planted, table
from tests.leaks.canaries import Run, drive, not_shown, run
from tests.leaks.paths import PATHS
from tests.leaks.stage import Stage, stage
from tests.leaks.tokens import Mint, Scanner, encoded

SEEDS = range(7)
RESPONSES = 100_000
"""In the full lane, over all seeds together."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("leaks"), "push") as made:
        yield made


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One into which nobody writes afterwards: what a reader sent itself may come back to it."""
    with stage(tmp_path_factory.mktemp("leaks"), "read only") as made:
        yield made


@pytest.fixture(scope="module")
def sampled(filled: Stage) -> Run:
    return run(filled, most=1)


def test_a_canary_is_found_in_every_encoding_and_nothing_else_is() -> None:
    mint = Mint(1)
    canaries = [mint.text(), mint.uuid(), mint.time(), "2026-01-01T00:00:00.123456Z"]
    scanner = Scanner(canaries)
    for canary in canaries[:3]:
        for way in range(8):
            for before in (b"", b"a", b"ab", b"abc"):
                octets = before + encoded(canary, way) + b" and more"
                assert scanner.find(octets) == {canary}, (canary, way)
    assert scanner.find(b'{"date_added":"2026-01-01T00:00:00.123456Z"}') == {canaries[3]}
    assert scanner.find(f"{mint.text()} {mint.uuid()} {mint.time()} 1987-2-3".encode()) == set()


def test_a_sample_of_every_path_as_everybody_lets_nothing_out(sampled: Run) -> None:
    assert sampled.leaks == []
    assert sampled.scanned > 1_300
    relations = {relation for _, _, relation in sampled.covered}
    assert relations == set(table.READERS)
    assert {path for path, _, _ in sampled.covered} >= {one.name for one in PATHS if one.of != "records"}


def test_every_output_of_the_exchange_is_driven_by_a_path(filled: Stage, sampled: Run) -> None:
    assert sampled.scanned
    for path in PATHS:  # the sample leaves some things out, and some are answered to one reader only
        if path.of == "records" or "HEAD" in path.name:
            for relation in ("contributor", "applicant"):
                drive(filled, path, relation, Run())
    found = outputs.all_outputs(filled.hook.app)
    assert found - outputs.driven(filled.hook.app, filled.hook.spoken) == set()
    assert len(found) > 60


def test_an_output_that_no_path_drives_is_noticed(filled: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    added = {**application.FUNCTIONS, "/functions/new-report/": {"GET": Operation(lambda _: Answer(b""))}}
    monkeypatch.setattr(application, "FUNCTIONS", added)
    app = application.create_app(filled.exchange.settings)
    missing = outputs.all_outputs(app) - outputs.driven(app, filled.hook.spoken)
    app.state.store.close()
    assert {("/functions/new-report", "GET", ""), ("/functions/new-report", "HEAD", "")} <= missing


@pytest.mark.parametrize("number", range(len(PATHS)), ids=[one.name.replace(" ", "-") for one in PATHS])
def test_a_leak_on_one_path_is_found(filled: Stage, number: int) -> None:
    path, relation = PATHS[number], "peer"
    made = Run()
    before = len(filled.written.lines)
    with planted.dripping(filled, relation, number):
        if path.name == "the log of the exchange":
            filled.exchange.as_("stranger").get("/taxii2/")
        drive(filled, path, relation, made, most=3)
    del filled.written.lines[before:]
    assert {one.path for one in made.leaks} == {path.name}


SHOWS_NOBODYS = {
    "/exchange/": "the same for everybody",
    "/functions/": "the same for everybody",
    "/functions/audit/head/": "the same for everybody",
    "/functions/audit/consistency/": "the same for everybody",
    "/functions/measures/": "numbers",
    "/exchange/status/{status}/": "for the account that asked alone; the operator is not shown it either",
}
FORGETFUL = [
    (path.rstrip("/"), method)
    for path, table_ in [
        *((f"/exchange/{name}", operations) for name, operations in application.TAXII.items()),
        *application.FUNCTIONS.items(),
    ]
    for method in table_
    if method == "GET" and path not in SHOWS_NOBODYS
]
"""Addresses that show somebody's own, or more to the operator than to others."""


@pytest.mark.parametrize(("address", "method"), FORGETFUL)
def test_an_address_that_forgets_who_asks_is_found(read_only: Stage, address: str, method: str) -> None:
    made = Run()
    with planted.forgetting_who_asks(read_only, address, method):
        _read(read_only, made)
    assert made.leaks


def test_where_no_address_forgets_who_asks_nothing_is_found(read_only: Stage) -> None:
    made = Run()
    _read(read_only, made)
    assert made.leaks == []
    assert made.scanned > 200


def _read(stage: Stage, made: Run) -> None:
    """Drives the paths that change nothing, as a peer, up to the first leak."""
    for path in PATHS:
        if not path.writes and not made.leaks and path.name != "an event after somebody's event":
            drive(stage, path, "peer", made, most=6)


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS)
def test_a_hundred_thousand_answers_hold_no_canary(tmp_path: Path, seed: int) -> None:
    with stage(tmp_path, seed) as made:
        found = run(made)
        assert found.leaks == []
        missing = {path.name: not_shown(made, found, path, table.READERS) for path in PATHS}
    assert {name: some for name, some in missing.items() if some} == {}
    assert found.scanned * len(SEEDS) >= RESPONSES
    kinds, relations, paths = ({one[place] for one in found.covered} for place in (1, 2, 0))
    assert len(paths) == len(PATHS) >= 20
    assert len(kinds & set(table.KINDS)) >= 5
    assert len(relations) >= 7
    print(f"{found.scanned} answers on {len(paths)} paths, {len(kinds)} kinds, {len(relations)} relations: 0 leaks")
