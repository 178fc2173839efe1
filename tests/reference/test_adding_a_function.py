"""A function that does not exist yet is added by one contract and one schema, and by nothing else: the reference serves
it, its OpenAPI describes it, and the harness derives checks from it that a faulty engine fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import isao_spec
from isao_conformance.lab import Check
from isao_conformance.verdict import Outcome
from isao_reference.functions import endpoints, engine
from isao_spec import SpecError, load, openapi, schema_check
from isao_spec.loader import load_from
from tests.support.functions import JSON, PROBLEM, create, do, events, listed, make, read, step
from tests.support.mutation import RED, Fault, Mutant, run_rows
from tests.support.world import World, world

RESOURCE = "requests-for-information"
CONTRACT = """
function: alerts
resource: requests-for-information
title: Requests for information
summary: A member asks the others what they know, and the others answer.
document: request-for-information
marking: marking
serves: ISAO-SHARE-001
create:
  meaning: A member or an analyst writes down a question.
  to: draft
  by: [member, analyst]
  serves: ISAO-SHARE-001
states:
  draft: {meaning: "It is being written.", readers: parties}
  open: {meaning: "It waits for answers from those that its label allows.", readers: marking}
  closed: {meaning: "Whoever asked knows enough.", readers: marking}
steps:
  revise:
    meaning: Whoever asks changes the question.
    from: [draft]
    to: draft
    by: [contributor]
    serves: ISAO-SHARE-001
    replaces: true
  ask:
    meaning: The question is put to everybody that its label allows.
    from: [draft]
    to: open
    by: [contributor]
    serves: ISAO-SHARE-001
    notifies: readers
  reply:
    meaning: An organization says what it knows.
    from: [open]
    to: open
    by: [recipient]
    serves: ISAO-SHARE-001
    takes: reason
    once_per: organization
    notifies: contributor
  close:
    meaning: Nobody needs to answer any more.
    from: [draft, open]
    to: closed
    by: [contributor, analyst]
    serves: ISAO-SHARE-001
"""
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:isao:schema:documents:request-for-information",
    "title": "Request for information",
    "type": "object",
    "additionalProperties": False,
    "required": ["question", "marking"],
    "properties": {
        "question": {"type": "string", "pattern": "\\S", "maxLength": 2000},
        "marking": {"enum": ["clear", "green", "amber"]},
        "sectors": {"type": "array", "items": {"type": "string", "maxLength": 100}},
    },
    "examples": [{"question": "Drill {run}: has anybody seen this?", "marking": "green", "sectors": ["water"]}],
}
QUESTION = {"question": "Has anybody seen this?", "marking": "green"}


def forget() -> None:
    """Lets the next reader read the specification anew."""
    for one in (load, schema_check.schema, schema_check.validator):
        one.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def specification(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the specification with one more contract and one more schema; all of this process reads it."""
    folder = tmp_path_factory.mktemp("specification") / "isao_spec"
    shutil.copytree(isao_spec.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / f"functions/{RESOURCE}.yaml").write_text(CONTRACT, "utf-8")
    (folder / "schemas/documents/request-for-information.json").write_text(json.dumps(SCHEMA), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isao_spec, "FOLDER", folder)
        patch.setattr(endpoints, "FOLDER", folder)
        patch.setattr(schema_check, "_FOLDER", folder / "schemas")
        forget()
        # What `isao spec openapi` prints; it is committed beside the contracts and served from there.
        (folder / openapi.FILE).write_text(openapi.text(load()), "utf-8")
        yield folder
    forget()
    assert RESOURCE not in load().contracts


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[World]:
    """An exchange that began with the longer specification."""
    with world(tmp_path) as made:
        made.add_applicant()
        yield made


def test_the_strict_loader_takes_it_and_refuses_it_with_a_fault(specification: Path, tmp_path: Path) -> None:
    contract = load().contracts[RESOURCE]
    assert list(contract.steps) == ["revise", "ask", "reply", "close"]
    assert list(contract.final) == ["closed"]
    broken = tmp_path / "isao_spec"
    shutil.copytree(specification, broken)
    (broken / f"functions/{RESOURCE}.yaml").write_text(CONTRACT.replace("to: open", "to: opened"), "utf-8")
    with pytest.raises(SpecError, match="there is no state 'opened'"):
        load_from(broken)


def test_it_is_served_from_its_making_to_its_end(exchange: World) -> None:
    index = exchange.as_("member-a").get("/functions/", accept=JSON).json["resources"]
    assert {one["resource"]: one["may_create"] for one in index}[RESOURCE] is True
    made = make(exchange, "member-a", RESOURCE, QUESTION)["id"]
    assert read(exchange, "member-b", RESOURCE, made).status == 404  # a draft is its maker's
    do(exchange, "member-a", RESOURCE, made, "ask")
    assert [one["id"] for one in listed(exchange, "member-b", RESOURCE)] == [made]
    assert any(made in json.dumps(one) for one in events(exchange, "member-b"))
    do(exchange, "member-b", RESOURCE, made, "reply", {"reason": "Last week, once."})
    staff = read(exchange, "analyst", RESOURCE, made).json
    assert [one["step"] for one in staff["history"]] == ["create", "ask", "reply"]
    assert do(exchange, "member-a", RESOURCE, made, "close")["state"] == "closed"
    text = read(exchange, "member-a", RESOURCE, made, accept="text/plain").body.decode()
    assert "TLP:GREEN" in text
    assert "Has anybody seen this?" in text


def test_its_refusals_are_those_of_every_function(exchange: World) -> None:
    for account in ("operator", "peer", "government", "applicant"):
        assert create(exchange, account, RESOURCE, QUESTION).status == 403
    assert create(exchange, "stranger", RESOURCE, QUESTION).status == 401
    made = make(exchange, "member-a", RESOURCE, QUESTION)["id"]
    assert step(exchange, "member-b", RESOURCE, made, "ask").status == 404
    early = step(exchange, "member-a", RESOURCE, made, "reply", {"reason": "x"})
    assert early.status == 403  # a record's own maker is none of its recipients
    do(exchange, "member-a", RESOURCE, made, "ask")
    assert step(exchange, "member-b", RESOURCE, made, "close").status == 403
    again = step(exchange, "member-a", RESOURCE, made, "ask")
    assert (again.status, again.json["state"], again.json["allowed"]) == (409, "open", ["close"])
    wrong = create(exchange, "member-a", RESOURCE, {**QUESTION, "sectors": ["water", 7]})
    assert (wrong.status, wrong.header("content-type")) == (422, PROBLEM)
    assert [one["pointer"] for one in wrong.json["errors"]] == ["/sectors/1"]
    assert step(exchange, "member-b", RESOURCE, made, "reply", {}).status == 422
    assert len(listed(exchange, "operator", RESOURCE)) == 1


def test_repeats_and_stale_changes_are_met_as_everywhere(exchange: World) -> None:
    key = [("idempotency-key", "one")]
    first = create(exchange, "member-a", RESOURCE, QUESTION, headers=key)
    second = create(exchange, "member-a", RESOURCE, QUESTION, headers=key)
    assert (first.status, second.status) == (201, 200)
    assert first.json["id"] == second.json["id"]
    made, tag = first.json["id"], [("if-match", first.header("etag") or "")]
    changed = {**QUESTION, "question": "Has anybody seen this here?"}
    do(exchange, "member-a", RESOURCE, made, "revise", changed, headers=tag)
    assert step(exchange, "member-a", RESOURCE, made, "revise", QUESTION, headers=tag).status == 412
    assert read(exchange, "member-a", RESOURCE, made).json["document"] == changed
    do(exchange, "member-a", RESOURCE, made, "ask")
    for _ in range(2):
        do(exchange, "member-b", RESOURCE, made, "reply", {"reason": "Last week, once."})
    assert [one["step"] for one in read(exchange, "analyst", RESOURCE, made).json["history"]].count("reply") == 1


def test_the_served_openapi_describes_it(exchange: World) -> None:
    served = exchange.as_("stranger").get("/functions/openapi.json", accept=JSON).json
    home = f"/functions/{RESOURCE}/"
    found = {path.removeprefix(home): sorted(one) for path, one in served["paths"].items() if path.startswith(home)}
    steps = {f"{{record}}/{name}/": ["post"] for name in ("revise", "ask", "reply", "close")}
    assert found == {"": ["get", "post"], "{record}/": ["get"]} | steps
    assert served["components"]["schemas"]["request-for-information"]["required"] == ["question", "marking"]


ROWS = tuple(f"ISAO-API-00{number}" for number in range(1, 8))


def derived(entry: Mutant | None) -> dict[str, list[Check]]:
    """The checks about the new function that the probes of all functions make, by row; no row may break down."""
    judged = run_rows(entry, ROWS)
    assert not [one.checks for one in judged.values() if one.outcome is Outcome.ERROR]
    return {row: [one for one in found.checks if one.name.startswith(RESOURCE)] for row, found in judged.items()}


def test_the_harness_derives_checks_that_the_reference_passes() -> None:
    found = derived(None)
    assert {row for row, checks in found.items() if checks} == set(ROWS)
    assert not [one for checks in found.values() for one in checks if one.outcome is not Outcome.PASS]
    names = {one.name for checks in found.values() for one in checks}
    for part in ("create/without_question", "ask/answered_409_in_open", "close/refused_for_member_b"):
        assert f"{RESOURCE}/{part}" in names, sorted(names)


def guard_skipped(fault: Fault) -> None:
    """The engine does not look in which state a record of the new function stands."""
    right = engine.require_state

    def careless(contract: Any, *rest: Any) -> None:
        if contract.resource != RESOURCE:
            right(contract, *rest)

    fault.replace("isao_reference.functions.engine.require_state", careless)


def test_a_guard_of_the_engine_that_is_skipped_for_it_is_noticed() -> None:
    entry = Mutant("a_guard_is_skipped_for_a_new_function", "ISAO-API-001", "gross", {}, (), guard_skipped)
    red = {row: [one.name for one in checks if one.outcome in RED] for row, checks in derived(entry).items()}
    assert red["ISAO-API-001"]
    assert not {row for row, names in red.items() if names} - {"ISAO-API-001"}
