"""The engine on every contract: steps from wrong states, by unnamed roles, on hidden records; lost updates, repeats,
and that a step is done whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isao_reference.functions import effects, engine
from isao_reference.functions.effects import EFFECTS
from isao_reference.store import items, records
from isao_spec import load
from isao_spec.contract import Contract, Readers, Role
from tests.support import documents
from tests.support.asgi import Client, Response
from tests.support.documents import valid
from tests.support.functions import (
    JSON,
    alert,
    bodies,
    create,
    do,
    events,
    everything,
    listed,
    make,
    read,
    step,
    table,
    words,
)
from tests.support.world import Clock, World, indicator, objects_url, world

CONTRACTS = load().contracts
_record = records._record
# What each account is, written down once more: the engine's own answer is what is tested.
ROLES = {
    "operator": {Role.OPERATOR},
    "analyst": {Role.ANALYST},
    "member-a": {Role.MEMBER},
    "member-b": {Role.MEMBER},
    "peer": {Role.PEER},
    "government": {Role.GOVERNMENT},
    "applicant": {Role.APPLICANT},
}
MAKER = {
    "agreements": "operator",
    "alerts": "analyst",
    "feedback": "member-b",
    "memberships": "applicant",
    "recalls": "member-a",
    "reviews": "member-a",
    "submissions": "member-a",
}
DOUBTFUL = "Please ask quiet.person@isp.example about it."
PARTY = {"feedback": "member-a", "recalls": "member-b"}


class Stage:
    """One record of every contract, which can be put into any state."""

    def __init__(self, exchange: World) -> None:
        self.exchange = exchange
        exchange.add_applicant()
        self.item = indicator(marks=["green"])
        exchange.share("member-a", self.item)
        exchange.seen("member-b")
        self.documents: dict[str, Any] = {
            "agreements": valid("agreement"),
            "alerts": alert(),
            "feedback": {"subject": self.item["id"], "timely": "yes"},
            "memberships": valid("membership"),
            "recalls": {"subject": self.item["id"], "reason": "A mistake."},
            "submissions": words(),
        }
        self.ids = {
            resource: make(exchange, MAKER[resource], resource, document)["id"]
            for resource, document in self.documents.items()
        }
        # Nobody makes a review: the exchange does, of what somebody shares.
        exchange.as_("member-a").post(objects_url(), {"objects": [indicator(description=DOUBTFUL)]})
        self.documents["reviews"] = valid("review")
        self.ids["reviews"] = listed(exchange, "analyst", "reviews")[0]["id"]

    def put(self, contract: Contract, state: str) -> None:
        """Puts the contract's record into a state, with the readers it has there."""
        with self.exchange.store.writing() as db:
            record = records.by_id(db, contract.resource, self.ids[contract.resource])
            assert record is not None
            moved = replace(record, state=state)
            readers = items.audience_key(db, engine.readers(db, contract, moved))
            records.update_record(db, replace(moved, audience=readers))

    def sees(self, account: str, contract: Contract, state: str) -> bool:
        """Whether an account reads the record in a state, by the words of the contract and what the stage is."""
        if account in ("operator", "analyst", MAKER[contract.resource], PARTY.get(contract.resource)):
            return True
        readers = contract.states[state].readers
        if readers is Readers.ORGANIZATIONS:
            return True
        return readers is Readers.MARKING and account in ("member-a", "member-b", "peer")  # the label is green

    def roles(self, account: str, resource: str) -> set[Role]:
        """What an account is to the stage's record when it may read it."""
        if account == MAKER[resource]:
            return ROLES[account] | {Role.CONTRIBUTOR}
        staff = account in ("operator", "analyst")
        return ROLES[account] | (set() if staff else {Role.RECIPIENT})

    def ask(self, account: str, resource: str, name: str) -> Response:
        """Asks for a step with a document that is valid for it."""
        takes = CONTRACTS[resource].steps[name].takes
        sent = valid(takes, {**documents.VALUES, "object": self.item["id"]}) if takes else None
        return step(self.exchange, account, resource, self.ids[resource], name, sent, headers=[("if-match", "*")])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with world(tmp_path_factory.mktemp("stage")) as exchange:
        yield Stage(exchange)


PAIRS = [
    (resource, state, name)
    for resource, contract in CONTRACTS.items()
    for state in contract.states
    for name, wanted in contract.steps.items()
    if state not in wanted.sources
]
STANDS = [(resource, state) for resource, contract in CONTRACTS.items() for state in contract.states]


def test_there_is_something_to_prove() -> None:
    assert set(MAKER) == set(CONTRACTS)
    assert len(PAIRS) > 60


@pytest.mark.parametrize(("resource", "state", "name"), PAIRS)
def test_a_step_from_a_state_that_the_contract_does_not_name_is_409_and_changes_nothing(
    stage: Stage, resource: str, state: str, name: str
) -> None:
    contract = CONTRACTS[resource]
    stage.put(contract, state)
    before = everything(stage.exchange)
    asked = 0
    for account in ROLES:
        if stage.roles(account, resource).isdisjoint(contract.steps[name].by):
            continue
        answer, asked = stage.ask(account, resource, name), asked + 1
        if stage.sees(account, contract, state):
            assert answer.status == 409, (account, answer.body)
            assert answer.json["state"] == state
            assert name not in answer.json["allowed"]
        else:
            assert answer.status == 404
    assert everything(stage.exchange) == before
    assert asked or set(contract.steps[name].by) <= {Role.CLOCK, Role.EXCHANGE}


@pytest.mark.parametrize(("resource", "state"), STANDS)
def test_steps_are_refused_to_every_role_that_they_do_not_name(stage: Stage, resource: str, state: str) -> None:
    contract = CONTRACTS[resource]
    stage.put(contract, state)
    before = everything(stage.exchange)
    for name, wanted in contract.steps.items():
        for account in ROLES:
            if not stage.roles(account, resource).isdisjoint(wanted.by):
                continue
            answer = stage.ask(account, resource, name)
            assert answer.status == (403 if stage.sees(account, contract, state) else 404), (name, account)
        assert step(stage.exchange, "stranger", resource, stage.ids[resource], name, {}).status == 401
    assert everything(stage.exchange) == before


@pytest.mark.parametrize("resource", CONTRACTS)
def test_records_are_made_by_the_named_roles_only(stage: Stage, resource: str) -> None:
    before = everything(stage.exchange)
    for account, roles in ROLES.items():
        if roles.isdisjoint(CONTRACTS[resource].create.by):
            assert create(stage.exchange, account, resource, stage.documents[resource]).status == 403
    assert create(stage.exchange, "stranger", resource, stage.documents[resource]).status == 401
    assert everything(stage.exchange) == before


@pytest.mark.parametrize(("resource", "state"), STANDS)
def test_a_hidden_record_answers_in_every_octet_like_an_absent_one(stage: Stage, resource: str, state: str) -> None:
    contract, identifier = CONTRACTS[resource], stage.ids[resource]
    stage.put(contract, state)
    absent = "00000000-0000-4000-8000-000000000000"
    hidden_from = 0
    for account in ROLES:
        client = stage.exchange.as_(account)
        shown = {one["id"] for one in listed(stage.exchange, account, resource)}
        in_state = {one["id"] for one in listed(stage.exchange, account, resource, f"state={state}")}
        if stage.sees(account, contract, state):
            assert read(stage.exchange, account, resource, identifier).json["state"] == state
            assert identifier in shown & in_state
            continue
        hidden_from += 1
        assert identifier not in shown | in_state
        for suffix in ("/", *(f"/{name}/" for name in contract.steps), "/no-such-step/"):
            method = "GET" if suffix == "/" else "POST"
            for body in (b"", b"{}", b'{"reason": 1}'):
                asked = [
                    client.request(
                        method,
                        f"/functions/{resource}/{one}{suffix}",
                        body=body,
                        content_type=JSON,
                        headers=[("if-match", '"x"'), ("idempotency-key", "one")],
                        accept=JSON,
                    )
                    for one in (identifier, absent)
                ]
                assert asked[0] == asked[1]
                assert asked[0].status == 404
    assert hidden_from or contract.states[state].readers is Readers.ORGANIZATIONS


def test_nothing_of_a_hidden_record_is_read_for_the_answer(exchange: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer takes no longer for a long record than for none."""
    hidden, shown = (make(exchange, "member-a", "submissions", words(marking="red"))["id"] for _ in range(2))
    parsed = []
    monkeypatch.setattr(records, "_record", lambda row: parsed.append(row[2]) or _record(row))
    assert read(exchange, "peer", "submissions", hidden).status == 404
    assert step(exchange, "peer", "submissions", hidden, "retract", {}).status == 404
    assert read(exchange, "member-a", "submissions", shown).status == 200
    assert parsed == [shown]


def test_a_record_is_not_found_under_another_function(stage: Stage) -> None:
    for resource in CONTRACTS:
        if resource != "alerts":
            assert read(stage.exchange, "operator", resource, stage.ids["alerts"]).status == 404


def test_a_hidden_record_leaves_no_trace_in_pages_counts_or_measures(tmp_path: Path) -> None:
    def seen(exchange: World, account: str) -> list[Any]:
        paths = [f"/functions/{one}/" for one in (*CONTRACTS, "measures", "events")]
        return [(one.status, one.headers, one.body) for one in map(exchange.as_(account).get, paths)]

    with world(tmp_path) as exchange:
        make(exchange, "member-a", "submissions", words())
        make(exchange, "member-b", "submissions", words())
        before = {account: seen(exchange, account) for account in ("member-a", "peer", "government")}
        hidden = make(exchange, "member-b", "submissions", words(title="Hidden"))["id"]
        do(exchange, "analyst", "submissions", hidden, "decline", {"reason": "Nothing new."})
        make(exchange, "analyst", "alerts", alert())
        for account, was in before.items():
            assert seen(exchange, account) == was


def issued(exchange: World, **more: Any) -> str:
    made = make(exchange, "analyst", "alerts", alert(**more))
    identifier: str = do(exchange, "analyst", "alerts", made["id"], "issue")["id"]
    return identifier


def test_a_change_from_a_stale_reading_is_412_and_without_a_reading_428(exchange: World) -> None:
    made = create(exchange, "analyst", "alerts", alert())
    identifier, first = made.json["id"], made.header("etag")
    assert first
    changed = alert(title="First change")
    assert step(exchange, "analyst", "alerts", identifier, "revise", changed).status == 428
    done = step(exchange, "analyst", "alerts", identifier, "revise", changed, headers=[("if-match", first)])
    assert done.status == 200
    assert done.header("etag") not in (None, first)
    for tags in ([first], [f"W/{done.header('etag')}"], ['"x"'], [first, '"y"']):
        sent = [("if-match", tag) for tag in tags]
        lost = step(exchange, "operator", "alerts", identifier, "revise", alert(title="Lost"), headers=sent)
        assert lost.status == 412
    kept = read(exchange, "analyst", "alerts", identifier)
    assert kept.json["document"]["title"] == "First change"
    assert len(kept.json["history"]) == 2
    for sent in ([("if-match", "*")], [("if-match", f'"x", {kept.header("etag")}')]):
        tag = read(exchange, "analyst", "alerts", identifier).header("etag")
        sent = [(name, value.replace(str(kept.header("etag")), str(tag))) for name, value in sent]
        again = step(exchange, "analyst", "alerts", identifier, "revise", alert(title="Kept"), headers=sent)
        assert again.status == 200


def test_a_stale_if_match_counts_for_steps_that_replace_nothing_too(exchange: World) -> None:
    made = create(exchange, "analyst", "alerts", alert())
    identifier, first = made.json["id"], str(made.header("etag"))
    do(exchange, "analyst", "alerts", identifier, "revise", alert(title="Other"), headers=[("if-match", first)])
    assert step(exchange, "analyst", "alerts", identifier, "issue", headers=[("if-match", first)]).status == 412
    twice = [("if-match", first), ("if-match", '"x"')]
    assert step(exchange, "analyst", "alerts", identifier, "issue", headers=twice).status == 412
    assert read(exchange, "analyst", "alerts", identifier).json["state"] == "draft"


def test_what_others_do_unseen_changes_nothing_that_a_reader_is_shown(exchange: World) -> None:
    identifier = issued(exchange)
    before = {one: read(exchange, one, "alerts", identifier) for one in ("member-a", "peer", "analyst")}
    text = read(exchange, "member-a", "alerts", identifier, accept="text/plain").body
    do(exchange, "member-b", "alerts", identifier, "acknowledge", {"by": "The desk of South"})
    for account in ("member-a", "peer"):
        assert read(exchange, account, "alerts", identifier) == before[account]
    assert read(exchange, "member-a", "alerts", identifier, accept="text/plain").body == text
    assert read(exchange, "analyst", "alerts", identifier).header("etag") != before["analyst"].header("etag")
    tag = str(before["member-a"].header("etag"))
    mine = step(exchange, "member-a", "alerts", identifier, "acknowledge", {"by": "Us"}, headers=[("if-match", tag)])
    assert mine.status == 200
    assert [one["step"] for one in mine.json["history"]] == ["create", "issue", "acknowledge"]
    assert b"South" not in mine.body


def test_a_repeated_request_makes_one_record_and_another_under_its_key_is_refused(exchange: World) -> None:
    sent = [("idempotency-key", "k-1")]
    first = create(exchange, "member-a", "submissions", words(), headers=sent)
    again = create(exchange, "member-a", "submissions", words(), headers=sent)
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    before = everything(exchange)
    other = create(exchange, "member-a", "submissions", words(title="Other"), headers=sent)
    assert other.status == 422
    twice = [("idempotency-key", "k-1"), ("idempotency-key", "k-2")]
    assert create(exchange, "member-a", "submissions", words(), headers=twice).status == 400
    for key in ("", "k" * 256, "two words", "\xe9", "\t"):
        assert create(exchange, "member-a", "submissions", words(), headers=[("idempotency-key", key)]).status == 400
    assert everything(exchange) == before
    assert create(exchange, "member-b", "submissions", words(), headers=sent).status == 201
    assert create(exchange, "member-a", "submissions", words(), headers=[("idempotency-key", "k-2")]).status == 201


def test_the_query_of_a_plain_form_belongs_to_the_request_that_is_repeated(exchange: World) -> None:
    def send(marking: str) -> Response:
        return exchange.as_("member-a").request(
            "POST",
            "/functions/submissions/",
            query={"title": "Seen", "marking": marking, "attribution": "attributed"},
            body=b"type,value\ndomain-name,a.example\n",
            content_type="text/csv",
            headers=[("idempotency-key", "k")],
        )

    assert send("amber").status == 201
    assert send("amber").status == 200
    assert send("green").status == 422


def test_a_repeated_step_is_answered_with_the_record_and_done_once(exchange: World) -> None:
    made = make(exchange, "analyst", "alerts", alert())["id"]
    sent = [("idempotency-key", "issue-1")]
    first = step(exchange, "analyst", "alerts", made, "issue", headers=sent)
    before = everything(exchange)
    again = step(exchange, "analyst", "alerts", made, "issue", headers=sent)
    assert (first.status, again.status) == (200, 200)
    assert again.json == first.json
    assert step(exchange, "analyst", "alerts", made, "issue").status == 409
    assert step(exchange, "analyst", "alerts", made, "withdraw", {"reason": "x"}, headers=sent).status == 422
    assert everything(exchange) == before


def test_what_each_organization_does_once_is_not_done_again(exchange: World) -> None:
    identifier = issued(exchange)
    do(exchange, "member-a", "alerts", identifier, "acknowledge", {"by": "First desk"})
    before = everything(exchange)
    for account in ("member-a", "member-a2"):
        again = do(exchange, account, "alerts", identifier, "acknowledge", {"by": "Second desk"})
        assert [one["step"] for one in again["history"]] == ["create", "issue", "acknowledge"]
        assert "acknowledge" not in again["allowed"]
    assert everything(exchange) == before


def test_two_requests_at_once_under_one_key_make_one_record(exchange: World) -> None:
    authorization = exchange.as_("member-a").authorization

    def send(_: int) -> tuple[int, str]:
        with Client(exchange.app, authorization) as client:
            sent = client.post(
                "/functions/submissions/", words(), content_type=JSON, headers=[("idempotency-key", "at-once")]
            )
            return sent.status, sent.json["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(16)))
    assert sorted(status for status, _ in answers) == [200] * 15 + [201]
    assert len({identifier for _, identifier in answers}) == 1
    assert len(listed(exchange, "member-a", "submissions")) == 1


EFFECTFUL = [
    ("alerts", "issue", "publish-alert"),
    ("alerts", "withdraw", "revoke-alert"),
    ("submissions", "publish", "publish-submission"),
    ("submissions", "retract", "recall-submission"),
    ("memberships", "approve", "standing-good"),
    ("agreements", "publish", "state-its-digest"),
]


@pytest.mark.parametrize(("resource", "name", "effect"), EFFECTFUL)
def test_a_step_that_breaks_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resource: str, name: str, effect: str
) -> None:
    with world(tmp_path) as exchange:
        exchange.add_applicant()
        if resource == "alerts" and name == "withdraw":
            identifier = issued(exchange)
        else:
            sent = {"alerts": alert(), "submissions": words()}.get(resource) or valid(resource.removesuffix("s"))
            identifier = make(exchange, MAKER[resource], resource, sent)["id"]
        before = everything(exchange)
        whole = EFFECTS[effect]

        def broken(moment: Any) -> None:
            whole(moment)
            raise RuntimeError("the power went")

        account = MAKER[resource] if name == "retract" else "operator" if resource != "submissions" else "analyst"
        takes = CONTRACTS[resource].steps[name].takes
        document = valid(takes) if takes else None
        with monkeypatch.context() as patched:
            patched.setitem(effects.EFFECTS, effect, broken)
            assert step(exchange, account, resource, identifier, name, document).status == 500
        assert everything(exchange) == before
        assert step(exchange, account, resource, identifier, name, document).status == 200


@pytest.mark.parametrize("at", ["update_record", "insert_step"])
def test_a_store_that_breaks_in_the_middle_of_a_step_keeps_none_of_it(
    exchange: World, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    made = make(exchange, "analyst", "alerts", alert())["id"]
    before = everything(exchange)

    def broken(*_: Any) -> None:
        raise RuntimeError("the disk went")

    with monkeypatch.context() as patched:
        patched.setattr(records, at, broken)
        assert step(exchange, "analyst", "alerts", made, "issue").status == 500
    assert everything(exchange) == before
    assert not list(bodies(exchange, "member-a"))
    assert not events(exchange, "member-a")


def test_a_submission_whose_publication_fails_is_not_there_at_all(
    exchange: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(exchange)

    def broken(_: Any) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setitem(effects.EFFECTS, "publish-submission", broken)
        sent = table(("domain-name", "a.example"))
        assert create(exchange, "member-a", "submissions", sent, headers=[("idempotency-key", "k")]).status == 500
    assert everything(exchange) == before
    again = create(exchange, "member-a", "submissions", sent, headers=[("idempotency-key", "k")])
    assert again.status == 201


def test_pages_of_records_are_whole_and_no_token_serves_another_account(exchange: World) -> None:
    ids = [make(exchange, "member-a", "submissions", words(title=f"No {n}"))["id"] for n in range(5)]
    make(exchange, "member-b", "submissions", words())
    assert [one["id"] for one in listed(exchange, "member-a", "submissions", "limit=2")] == ids
    page = exchange.as_("member-a").get("/functions/submissions/", query="limit=2")
    assert f"next={page.json['next']}" in str(page.header("link")).replace("%3D", "=")
    foreign = exchange.as_("member-b").get("/functions/submissions/", query=f"next={page.json['next']}")
    assert foreign.status == 400
    assert exchange.as_("member-a").get("/functions/alerts/", query=f"next={page.json['next']}").status == 400
    last = exchange.as_("member-b").get("/functions/submissions/", query="limit=1")
    assert "next" not in last.json
    assert last.header("link") is None


def test_a_narrower_map_of_labels_holds_for_records_that_are_there(exchange: World) -> None:
    from isao_reference import setup
    from isao_reference.policy.audience import DEFAULT_DISTRIBUTION

    identifier = issued(exchange)
    assert read(exchange, "peer", "alerts", identifier).status == 200
    labels = {**DEFAULT_DISTRIBUTION, "green": ("members",)}
    setup.set_capability_document(exchange.store, {"distribution": {"labels": labels, "default_label": "amber"}})
    assert read(exchange, "peer", "alerts", identifier).status == 404
    assert read(exchange, "member-a", "alerts", identifier).status == 200


def test_history_times_never_change_whatever_the_clock_does(tmp_path: Path) -> None:
    clock = Clock()
    with world(tmp_path, clock=clock) as exchange:
        identifier = issued(exchange)
        before = read(exchange, "member-a", "alerts", identifier).json["history"]
        clock.now = clock.now.replace(year=2020)
        do(exchange, "member-a", "alerts", identifier, "acknowledge", {"by": "Us"})
        after = read(exchange, "member-a", "alerts", identifier).json["history"]
        assert after[: len(before)] == before
        assert after[-1]["time"].startswith("2020-")
        assert json.dumps(after)
