"""The harness against servers that are not ours: every finding is adjudicated, none is new, none is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from isao_conformance.creations import Creations
from isao_conformance.evidence import Live, Redactor
from isao_conformance.runner import Judged, Plan, Run, execute
from isao_conformance.target import load_target
from isao_conformance.transport import Wire
from isao_conformance.verdict import Outcome
from isao_spec import load
from tests.peers import medallion, opentaxii

PEERS: dict[str, ModuleType] = {peer.NAME: peer for peer in (medallion, opentaxii)}
ADJUDICATED = yaml.safe_load((Path(__file__).parent / "adjudications.yaml").read_text("utf-8"))
OUTCOMES = json.loads((Path(__file__).parent / "outcomes.json").read_text("utf-8"))
RULINGS = ("fault of the server", "accepted reading, reported as a warning")
RED = (Outcome.FAIL, Outcome.WARN)

# What any honest suite has to find on these servers; the check's finding must say it in these words.
KNOWN_FAULTS = [
    ("medallion-3.0.0", "a page cursor of one collection answers on another", "TAXII-B-1", "--"),
    ("medallion-3.0.0", "an unparseable added_after makes it fail", "TAXII-3.4-1", "500"),
    ("medallion-3.0.0", "an unparseable match[version] makes it fail", "TAXII-3.4-5", "500"),
    ("medallion-3.0.0", "error bodies are no TAXII errors", "TAXII-3.1-7", "text/html"),
    ("medallion-3.0.0", "a list in Accept is refused", "TAXII-3.1-11", "406"),
    ("medallion-3.0.0", "quotes or capitals in Accept are refused", "TAXII-3.1-22", "406"),
    ("opentaxii-0.10.0b1", "a limit of zero makes it fail", "TAXII-3.4-3", "500"),
    ("opentaxii-0.10.0b1", "error messages lack their title", "TAXII-3.6.1-1", '"code"'),
]


@pytest.fixture(
    scope="module", params=[medallion.NAME, pytest.param(opentaxii.NAME, marks=pytest.mark.full)], ids=sorted(PEERS)
)
def peer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run(peer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with PEERS[peer].running(tmp_path_factory.mktemp("peer")) as file:
        target, catalogue = load_target(file), load()
        rows = catalogue.in_profiles(("taxii-server",))
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        # One probe at a time: medallion's memory backend answers 500 now and then when several ask at once.
        yield execute(Plan(target, catalogue, rows, peer, threads=1), live, Creations())


@pytest.fixture(scope="module")
def judged(run: Run) -> dict[str, Judged]:
    return {j.row.id: j for j in run.judged}


def findings(judged: dict[str, Judged]) -> set[tuple[str, str]]:
    return {(row, c.name) for row, j in judged.items() for c in j.checks if c.outcome in RED}


def test_the_run_was_real_and_broke_nowhere(run: Run) -> None:
    assert all(proof.ok for listed in run.proofs.values() for proof in listed), run.proofs
    assert [j.row.id for j in run.judged if j.outcome is Outcome.ERROR] == []
    assert sum(j.outcome is Outcome.PASS for j in run.judged) >= 30


def test_every_finding_is_adjudicated_and_none_is_new_or_gone(peer: str, judged: dict[str, Judged]) -> None:
    ruled = {(row, check) for row, checks in ADJUDICATED[peer].items() for check in checks}
    assert findings(judged) == ruled


def test_every_outcome_is_the_recorded_one(peer: str, judged: dict[str, Judged]) -> None:
    """The table of the guidelines site is made of the record. `python -m tests.peers.record` takes a new state over."""
    assert {row: str(j.outcome) for row, j in judged.items()} == OUTCOMES[peer]


def test_every_ruling_cites_a_clause_and_says_why(peer: str) -> None:
    rulings = [(row, ruling) for row, checks in ADJUDICATED[peer].items() for ruling in checks.values()]
    assert rulings
    for row, ruling in rulings:
        assert row in load().requirements
        assert ruling["ruling"] in RULINGS
        assert ruling["clause"].strip()
        assert len(ruling["why"]) > 30


def test_the_known_faults_are_found(peer: str, judged: dict[str, Judged]) -> None:
    for server, fault, row, words in KNOWN_FAULTS:
        if server == peer:
            got = " ".join(c.got for c in judged[row].checks if c.outcome in RED)
            assert words in got, fault
