"""What the harness derives from contracts: who may do what, ways through the states, documents with one fault."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isao_conformance import function_documents, function_paths
from isao_conformance.cleanup import remove
from isao_conformance.creations import OBJECT, PUBLICATION, RECORD, Created, Creations, read_journal
from isao_conformance.distribution import declared
from isao_conformance.exchange import Answer
from isao_conformance.function_api import publications
from isao_conformance.function_paths import Cast, Move, People, cast_of, closing, illegal, toward_new
from isao_conformance.target import ACTORS, Actor, Target
from isao_spec import load
from isao_spec.schema_check import findings

CONTRACTS = load().contracts
MAP = declared(
    {
        "distribution": {
            "default_label": "amber",
            "labels": {
                "clear": ["public"],
                "green": ["members", "peers"],
                "amber": ["members"],
                "amber+strict": ["contributing-organization"],
                "red": ["contributing-account"],
            },
        }
    }
)
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
VALUES = {"run": "run-x", "uuid": "u", "object": f"indicator--{'0' * 8}-0000-4000-8000-{'0' * 12}", "sha256": "0" * 64}
TAKEN = sorted({step.takes for contract in CONTRACTS.values() for step in contract.all_steps if step.takes})


def people(resource: str, lent: Iterable[str] = ACTORS, **more: object) -> People:
    actors = {name: Actor(name) for name in (*lent, "outsider")}
    contract = CONTRACTS[resource]
    cast = cast_of(contract, actors)
    assert cast is not None
    label = "green" if contract.marking else ""
    return People(contract, actors, cast, MAP, label, **{"may_decide": True, **more})


def names(moves: Iterable[Move]) -> list[tuple[str, str]]:
    return [(move.step.name, move.actor) for move in moves]


@pytest.mark.parametrize(
    ("resource", "cast"),
    [
        ("agreements", Cast("operator")),
        ("alerts", Cast("analyst")),
        ("feedback", Cast("member-b", "member-a", ("member-a",))),
        ("memberships", Cast("applicant")),
        ("recalls", Cast("member-a", "member-a", ("member-b",))),
        ("submissions", Cast("member-a")),
    ],
)
def test_records_are_made_by_an_account_that_the_contract_names(resource: str, cast: Cast) -> None:
    assert people(resource).cast == cast
    assert cast_of(CONTRACTS[resource], {}) is None


def test_feedback_needs_an_item_of_another_organization() -> None:
    two_of_one = {name: Actor(name) for name in ("member-a", "member-a2")}
    assert cast_of(CONTRACTS["feedback"], two_of_one) is None
    assert cast_of(CONTRACTS["feedback"], {**two_of_one, "peer": Actor("peer")}) == Cast(
        "peer", "member-a", ("member-a",)
    )


def test_who_reads_follows_the_states_of_the_contract() -> None:
    alerts, states = people("alerts"), CONTRACTS["alerts"].states
    draft = {name: alerts.reads(name, states["draft"]) for name in alerts.names}
    assert {name for name, told in draft.items() if told} == {"operator", "analyst"}
    issued = {name: alerts.reads(name, states["issued"]) for name in alerts.names}
    assert [name for name, told in issued.items() if not told] == ["government", "applicant", "outsider"]
    undeclared = People(alerts.contract, alerts.actors, alerts.cast)
    assert undeclared.reads("peer", states["issued"]) is None
    assert undeclared.names_in("peer", alerts.contract.steps["acknowledge"], states["issued"]) is None
    given = CONTRACTS["feedback"].states["given"]
    told = {name for name in ACTORS if name != "ex-member" and people("feedback").reads(name, given)}
    assert told == {"operator", "analyst", "member-a", "member-a2", "member-b"}


def test_a_step_names_roles_and_what_an_organization_is_to_the_record() -> None:
    feedback = people("feedback")
    answer, given = feedback.contract.steps["answer"], feedback.contract.states["given"]
    assert list(feedback.able(answer, given)) == ["analyst", "member-a", "member-a2"]
    assert feedback.unnamed(answer, given) == ["operator", "member-b", "peer", "government", "applicant", "outsider"]
    retract = CONTRACTS["submissions"].steps["retract"]
    held = CONTRACTS["submissions"].states["held"]
    assert list(people("submissions").able(retract, held)) == ["member-a", "member-a2"]
    expire, issued = CONTRACTS["alerts"].steps["expire"], CONTRACTS["alerts"].states["issued"]
    assert set(people("alerts").unnamed(expire, issued)) == set(people("alerts").names)


def test_a_run_takes_no_step_that_lets_somebody_in_or_out_and_decides_only_where_it_may() -> None:
    assert names(people("memberships").moves()) == [("amend", "applicant"), ("decline", "operator")]
    assert ("issue", "operator") in names(people("alerts").moves())
    assert names(people("alerts", may_decide=False).moves()) == [("revise", "operator")]
    assert names(people("agreements", may_decide=False).moves()) == [("revise", "operator")]


def test_nobody_makes_what_only_the_exchange_makes() -> None:
    assert cast_of(CONTRACTS["reviews"], {name: Actor(name) for name in ACTORS}) is None


@pytest.mark.parametrize("resource", sorted(CONTRACTS.keys() - {"reviews"}))
def test_ways_lead_through_every_state_that_moves_can_reach(resource: str) -> None:
    moves = people(resource).moves()
    done: set[Move] = set()
    visited: set[str] = set()
    for start in (CONTRACTS[resource].create.to, "held" if resource == "submissions" else ""):
        for _ in range(20):
            state = start
            while state and (way := toward_new(state, moves, done, visited | {state})):
                visited.add(state)
                assert state in way[0].step.sources
                done.add(way[0])
                state = way[0].step.to
            visited |= {state} - {""}
    never = {"hold"} if resource == "submissions" else set()  # this exchange decides before anybody can
    assert {move.step.name for move in moves} - {move.step.name for move in done} <= never
    assert visited >= {move.step.to for move in done}


def test_steps_that_leave_a_record_where_it_is_come_first_and_a_known_way_leads_on() -> None:
    moves = people("alerts").moves()
    by = {move.step.name: move for move in moves}
    assert toward_new("draft", moves, [], ["draft"]) == [by["revise"]]
    assert toward_new("draft", moves, [by["revise"]], ["draft"]) == [by["issue"]]
    known = [by["revise"], by["issue"], by["acknowledge"], by["escalate"]]
    assert toward_new("draft", moves, known, ["draft", "issued"]) == [by["issue"], by["withdraw"]]
    assert toward_new("draft", moves, moves, ["draft", "issued", "withdrawn"]) == []


def test_a_record_is_ended_where_its_contract_has_an_end() -> None:
    ends = {
        ("alerts", "issued"): "withdraw",
        ("agreements", "in-force"): "supersede",
        ("submissions", "published"): "retract",
        ("memberships", "applied"): "decline",
    }
    for (resource, state), step in ends.items():
        last = closing(CONTRACTS[resource], state, people(resource).moves())
        assert last is not None
        assert last.step.name == step
    assert closing(CONTRACTS["alerts"], "withdrawn", people("alerts").moves()) is None
    assert closing(CONTRACTS["recalls"], "issued", people("recalls").moves()) is None


def test_illegal_steps_are_asked_for_by_accounts_that_are_named_and_can_read() -> None:
    alerts = people("alerts")
    states = alerts.contract.states
    assert names(illegal(alerts, states["draft"])) == [("escalate", "analyst"), ("withdraw", "operator")]
    taken = illegal(alerts, states["withdrawn"], lambda _step, name: name in ("member-a", "member-a2"))
    assert ("acknowledge", "member-b") in names(taken)
    assert "expire" not in dict(names(taken)), "nobody takes a step of the clock"
    everything = {step.name for step in alerts.contract.steps.values() if states["issued"].name not in step.sources}
    assert set(dict(names(illegal(alerts, states["issued"])))) == everything


def test_contracts_whose_records_stand_in_each_others_way_are_known() -> None:
    found = {name for name, contract in CONTRACTS.items() if function_paths.singular(contract)}
    assert found == {"agreements", "memberships"}


@pytest.mark.parametrize("schema", TAKEN)
def test_examples_are_valid_and_every_invalid_document_has_a_fault_at_its_place(schema: str) -> None:
    (valid, *_) = function_documents.examples(schema, NOW, VALUES)
    assert findings(f"documents/{schema}", valid) == ()
    marked = function_documents.marked(schema, valid, "word")
    assert findings(f"documents/{schema}", marked) == ()
    wrong = function_documents.invalid_documents(schema, valid)
    assert {one.kind for one in wrong} >= {"missing", "type", "unknown"}
    assert len({one.name for one in wrong}) == len(wrong)
    for one in wrong:
        found = [problem.path for problem in findings(f"documents/{schema}", one.document)]
        assert one.place in found or one.place[:-1] in found, (one.name, found)
    kinds = [one.kind for one in function_documents.one_of_each_kind(wrong)]
    assert len(kinds) == len(set(kinds))


def test_what_an_example_leaves_open_is_filled_in() -> None:
    (alert,) = function_documents.examples("alert", NOW, VALUES)
    assert (alert["expires"], alert["title"]) == ("2026-03-04T07:06:07Z", "Harness run-x")
    with pytest.raises(KeyError, match="object"):
        function_documents.examples("recall", NOW, {"run": "x"})


@pytest.mark.parametrize(
    ("pointer", "names_it"),
    [
        ("/contacts/0/email", True),
        ("#/contacts/0/email", True),
        ("/contacts/0", True),
        ("/contacts", False),
        ("", False),
    ],
)
def test_a_pointer_names_the_place_or_the_object_around_it(pointer: str, names_it: bool) -> None:
    answer = Answer(422, (), f'{{"errors": [{{"pointer": "{pointer}"}}]}}'.encode())
    assert function_documents.names_the_place(answer, ("contacts", 0, "email")) is names_it
    assert not function_documents.names_the_place(Answer(422), ("contacts", 0, "email"))


def test_records_are_written_down_and_always_listed_as_left_over(tmp_path: Path) -> None:
    creations = Creations(tmp_path)
    creations.add("https://host/functions/alerts/", "analyst", ["r-1"], RECORD)
    creations.add("https://host/c/", "member-a", ["indicator--1"])
    creations.close()
    assert read_journal(tmp_path) == [
        Created("https://host/functions/alerts/", "analyst", "r-1", RECORD),
        Created("https://host/c/", "member-a", "indicator--1", OBJECT),
    ]
    target = Target("t", "https://host/", ("https://host",), (), "https://host/taxii2/", may_delete=True)
    (left,) = remove(target, None, [Created("https://host/functions/alerts/", "analyst", "r-1", RECORD)])
    assert "cannot be deleted" in left.why


def test_what_the_target_published_is_written_down_once_and_left_alone(tmp_path: Path) -> None:
    one, two = "report--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "opinion--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
    facts = {"published": [one, "no id", 7], "opinion": two, "known": [{"id": one}], "staff": {"beside": None}}
    assert publications({"facts": facts}) == [one, two]
    assert publications({"facts": "none"}) == publications({}) == []
    creations, url = Creations(tmp_path), "https://host/functions/submissions/"
    creations.add("https://host/c/", "member-a", [two])
    creations.add(url, "member-a", [one, two], PUBLICATION)
    creations.add(url, "analyst", [one], PUBLICATION)
    creations.close()
    published = [item for item in read_journal(tmp_path) if item.kind == PUBLICATION]
    assert published == [Created(url, "member-a", one, PUBLICATION)]
    target = Target("t", "https://host/", ("https://host",), (), "https://host/taxii2/", may_delete=True)
    (left,) = remove(target, None, published)  # without a wire: nothing is sent
    assert "the target published it" in left.why
