"""The forty-two hostile scenarios of the list are all accounted for: here, in another test, or by a reason."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.hostile.hostile import SCENARIOS
from tests.hostile.hostile_exchange import TURNING
from tests.hostile.hostile_tls import UNTRUSTED
from tests.hostile.test_hostile_targets import OF_THEIR_OWN

TESTS = Path(__file__).parents[1]
ALSO = {
    1: "conformance/test_transport.py: test_one_deadline_ends_the_whole_exchange",
    4: "conformance/test_transport.py: test_an_unusable_answer_is_no_answer",
    14: "conformance/test_junk.py: test_junk_from_the_target_is_never_an_error_of_ours",
    15: "conformance/test_transport.py: test_a_redirect_is_recorded_and_never_followed",
    26: "conformance/test_report.py: test_the_page_is_inert_and_complete",
    28: "conformance/test_report_claims.py: test_what_a_reader_sees_holds_no_control_characters",
    31: "conformance/test_evidence.py: test_the_secret_is_sent_and_never_recorded",
}
"""Where else a number of the list is tested."""
NOT_HERE = {
    19: "the harness keeps no list of addresses that a name could slip past: every connection looks the name of a"
    " declared origin up and connects in one step, and no name but a declared one is ever looked up"
    " (test_nothing_but_the_declared_origin_is_looked_up_or_connected_to)",
    33: "what another address would have been shown cannot be seen from one; the page on trust says that a report is"
    " about one address",
}
"""Numbers that no test of this harness can be about, each with the reason."""


def test_every_number_of_the_list_is_accounted_for() -> None:
    here = {number for entry in SCENARIOS.values() for number in entry.numbers}
    here |= {number for turning in TURNING.values() for number in turning.numbers}
    here |= {number for number, _ in UNTRUSTED.values()} | OF_THEIR_OWN.keys()
    assert here.isdisjoint(NOT_HERE)
    assert here | NOT_HERE.keys() == {*range(1, 43)}


def test_what_is_named_as_tested_elsewhere_is_there() -> None:
    for told in ALSO.values():
        file, _, name = told.partition(": ")
        tree = ast.parse((TESTS / file).read_text("utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, told


def test_every_scenario_says_what_it_does() -> None:
    scripts = [entry.script for entry in SCENARIOS.values()] + [entry.turn for entry in TURNING.values()]
    assert [one.__name__ for one in scripts if not (one.__doc__ or "").strip()] == []
