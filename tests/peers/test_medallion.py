"""The harness against a server that is not ours: every finding is adjudicated, none is new, none is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from isao_conformance.creations import Creations
from isao_conformance.evidence import Live, Redactor
from isao_conformance.runner import Judged, Plan, Run, execute
from isao_conformance.target import load_target
from isao_conformance.transport import Wire
from isao_conformance.verdict import Outcome
from isao_spec import load
from tests.peers import medallion

ADJUDICATED = yaml.safe_load((Path(__file__).parent / "adjudications.yaml").read_text("utf-8"))["medallion-3.0.0"]
RED = (Outcome.FAIL, Outcome.WARN)

# What any honest suite has to find on this server; the check's finding must say it in these words.
KNOWN_FAULTS = {
    "a page cursor of one collection answers on another": ("TAXII-B-1", "--"),
    "an unparseable added_after makes it fail": ("TAXII-3.4-1", "500"),
    "an unparseable match[version] makes it fail": ("TAXII-3.4-5", "500"),
    "error bodies are no TAXII errors": ("TAXII-3.1-7", "text/html"),
    "a list in Accept is refused": ("TAXII-3.1-11", "406"),
    "quotes or capitals in Accept are refused": ("TAXII-3.1-22", "406"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with medallion.running(tmp_path_factory.mktemp("medallion")) as file:
        target, catalogue = load_target(file), load()
        rows = catalogue.in_profiles(("taxii-server",))
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        yield execute(Plan(target, catalogue, rows, "medallion"), live, Creations())


@pytest.fixture(scope="module")
def judged(run: Run) -> dict[str, Judged]:
    return {j.row.id: j for j in run.judged}


def findings(judged: dict[str, Judged]) -> set[tuple[str, str]]:
    return {(row, c.name) for row, j in judged.items() for c in j.checks if c.outcome in RED}


def test_the_run_was_real_and_broke_nowhere(run: Run) -> None:
    assert all(proof.ok for listed in run.proofs.values() for proof in listed), run.proofs
    assert [j.row.id for j in run.judged if j.outcome is Outcome.ERROR] == []
    assert sum(j.outcome is Outcome.PASS for j in run.judged) >= 30


def test_every_finding_is_adjudicated_and_none_is_new_or_gone(judged: dict[str, Judged]) -> None:
    ruled = {(row, check) for row, checks in ADJUDICATED.items() for check in checks}
    assert findings(judged) == ruled


def test_every_ruling_cites_a_clause_and_says_why() -> None:
    rulings = [(row, ruling) for row, checks in ADJUDICATED.items() for ruling in checks.values()]
    assert rulings
    for row, ruling in rulings:
        assert row in load().requirements
        assert ruling["ruling"] in ("fault of the server", "accepted reading, reported as a warning")
        assert ruling["clause"].strip()
        assert len(ruling["why"]) > 30


@pytest.mark.parametrize("fault", sorted(KNOWN_FAULTS))
def test_the_known_faults_are_found(judged: dict[str, Judged], fault: str) -> None:
    row, words = KNOWN_FAULTS[fault]
    got = " ".join(c.got for c in judged[row].checks if c.outcome in RED)
    assert words in got
