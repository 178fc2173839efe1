"""Every document schema of the functions: its example is taken, and each published fault is refused at its place."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from isao_spec import load, schema_check
from tests.support import documents
from tests.support.documents import Vector, valid, vectors
from tests.support.functions import create, make, read, step
from tests.support.world import World, indicator, objects_url, world

OF_THE_EXCHANGE = ("review",)
"""What nobody hands in: the exchange makes these records itself."""
SCHEMAS = sorted(one.name.removesuffix(".json") for one in files("isao_spec").joinpath("schemas/documents").iterdir())


def test_every_document_schema_has_vectors_and_every_file_a_schema() -> None:
    assert {one.schema for one in vectors()} == set(SCHEMAS)


def test_every_schema_that_a_contract_names_has_vectors() -> None:
    named = {step.takes for contract in load().contracts.values() for step in contract.all_steps if step.takes}
    assert named <= {one.schema for one in vectors()}


@pytest.mark.parametrize(
    "text",
    [
        "- {name: a-fault, pointer: /title}",
        "- {name: a-fault, pointer: /title, remove: false}",
        "- {name: a-fault, pointer: /title, remove: true, value: 1}",
        "- {name: a fault, pointer: /title, remove: true}",
        "- {name: a-fault, pointer: title, remove: true}",
        "- {name: a-fault, pointer: /title, remove: true}\n- {name: a-fault, pointer: /marking, remove: true}",
        "- {name: a-fault, name: b-fault, pointer: /title, remove: true}",
        "[]",
        "a: 1",
        "",
    ],
)
def test_the_loader_of_vectors_is_strict(text: str) -> None:
    assert documents.parsed("alert.yaml", text)[1]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_example_is_valid_and_says_every_required_thing_once(schema: str) -> None:
    assert not schema_check.findings(f"documents/{schema}", valid(schema))
    required = schema_check.schema(f"documents/{schema}").get("required", [])
    removed = {one.pointer for one in vectors() if one.schema == schema and one.remove}
    changed = {one.pointer.split("/")[1] for one in vectors() if one.schema == schema}
    assert {*required} <= changed, "each required property has a fault of its own"
    assert removed, "something is left out in one of them"


@pytest.mark.parametrize("vector", vectors(), ids=lambda one: one.label)
def test_the_schema_refuses_the_fault_at_its_place(vector: Vector) -> None:
    found = schema_check.findings(f"documents/{vector.schema}", vector.applied(valid(vector.schema)))
    assert any(vector.is_at(one.pointer) for one in found), found


class Places:
    """Requests that take each document schema, made once in one exchange: who sends it, and where to."""

    def __init__(self, exchange: World) -> None:
        self.exchange = exchange
        self.item = indicator(marks=["green"])
        exchange.share("member-a", self.item)
        self.seen = exchange.seen("member-b")
        alert = make(exchange, "analyst", "alerts", valid("alert"))
        issued = step(exchange, "analyst", "alerts", alert["id"], "issue").json["id"]
        words = {**valid("submission"), "format": "text", "content": "Something was seen."}
        held = make(exchange, "member-a", "submissions", words)["id"]
        terms = make(exchange, "operator", "agreements", valid("agreement"))["id"]
        step(exchange, "operator", "agreements", terms, "publish")
        told = make(exchange, "member-b", "feedback", {"subject": self.item["id"], "timely": "yes"})["id"]
        self.applied = make(exchange, "applicant", "memberships", valid("membership"))["id"]
        doubtful = indicator(marks=["green"], description="The victim Jane Example called.")
        exchange.as_("member-a").post(objects_url(), {"objects": [doubtful]})
        review = exchange.as_("analyst").get("/functions/reviews/", accept="application/json").json["records"][0]["id"]
        self.paths = {
            "acknowledgement": ("member-b", f"alerts/{issued}/acknowledge/"),
            "agreement": ("operator", "agreements/"),
            "alert": ("analyst", "alerts/"),
            "answer": ("member-a", f"feedback/{told}/answer/"),
            "feedback": ("member-b", "feedback/"),
            "membership": ("applicant", "memberships/"),
            "minimisation": ("analyst", f"submissions/{held}/minimise/"),
            "reason": ("analyst", f"alerts/{issued}/withdraw/"),
            "recall": ("member-a", "recalls/"),
            "review-decision": ("analyst", f"reviews/{review}/minimise/"),
            "signature": ("member-b", f"agreements/{terms}/sign/"),
            "submission": ("member-b", "submissions/"),
            "vetting": ("operator", f"memberships/{self.applied}/approve/"),
        }
        sha256 = read(exchange, "member-b", "agreements", terms).json["facts"]["sha256"]
        self.values = {**documents.VALUES, "object": self.item["id"], "sha256": sha256}

    def send(self, schema: str, document: Any) -> Any:
        account, path = self.paths[schema]
        return create(self.exchange, account, path.rstrip("/"), document)

    def counts(self) -> tuple[Any, ...]:
        tables = ("records", "steps", "items", "events", "repeats")
        with self.exchange.store.reading() as db:
            return tuple(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with world(tmp_path_factory.mktemp("documents")) as exchange:
        exchange.add_applicant()
        yield Places(exchange)


HANDED_IN = [one for one in vectors() if one.schema not in OF_THE_EXCHANGE]


@pytest.mark.parametrize("vector", HANDED_IN, ids=lambda one: one.label)
def test_the_exchange_answers_422_with_the_place_and_keeps_nothing(places: Places, vector: Vector) -> None:
    before = places.counts()
    answer = places.send(vector.schema, vector.applied(valid(vector.schema, places.values)))
    assert answer.status == 422, answer.body
    assert answer.header("content-type") == "application/problem+json"
    assert any(vector.is_at(one["pointer"]) for one in answer.json["errors"])
    assert all(one["detail"] for one in answer.json["errors"])
    assert places.counts() == before


LAST = ("membership", "reason", *OF_THE_EXCHANGE)


@pytest.mark.parametrize("schema", [*(one for one in SCHEMAS if one not in LAST), "reason"])
def test_the_exchange_takes_the_example_where_it_refused_the_faults(places: Places, schema: str) -> None:
    if schema == "minimisation":
        document = {"content": "Something.", "removed": "A name."}
    else:
        document = valid(schema, places.values)
    assert places.send(schema, document).status in (200, 201)
