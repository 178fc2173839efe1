"""Content in which everything is wrong is refused after a bounded look, whatever its size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isao_reference import limits
from isao_reference.content import finding, schemas, walking
from isao_reference.content.validate import is_valid, validate_object
from isao_spec import schema_check
from tests.support.functions import alert, create
from tests.support.world import World, indicator

MANY = 60_000
WIDE: dict[str, dict[str, Any]] = {
    "numbers as labels": {"labels": [1] * MANY},
    "empty references": {"external_references": [{}] * MANY},
    "empty kill chain phases": {"kill_chain_phases": [{}] * MANY},
    "selectors of nothing": {
        "granular_markings": [{"selectors": ["x"] * MANY, "marking_ref": "marking-definition--" + "0" * 36}]
    },
    "names in capitals": {f"X{number}": 1 for number in range(MANY)},
    "empty extensions": {"extensions": {f"x{number}": {} for number in range(MANY)}},
    "nothing": {f"x_{number}": None for number in range(MANY)},
    "empty lists": {"x_lists": [[]] * MANY},
}


@pytest.mark.parametrize("name", WIDE)
def test_an_object_in_which_everything_is_wrong_is_refused_with_few_findings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    original = schemas.judge_by_schema

    def counted(item: dict[str, Any], *more: Any) -> None:
        looked.append(len(str(item)))
        original(item, *more)

    monkeypatch.setattr(schemas, "judge_by_schema", counted)
    found = validate_object(indicator() | WIDE[name])
    assert not is_valid(found)
    assert len(found) <= 2 * finding.MOST_FAULTS
    assert not looked, "the schema lists every fault before it tells the first"


def test_few_faults_are_all_told_and_the_schema_is_asked() -> None:
    found = validate_object(indicator() | {"labels": [1] * 100, "external_references": [{}] * 20})
    assert {f"/labels/{place}" for place in range(100)} <= {one.pointer for one in found}
    assert sum(one.rule == "S-DICT-1" for one in found) == 20


def test_advice_takes_no_room_from_what_is_broken() -> None:
    wordy = {f"custom_{number}": 1 for number in range(1000)}
    found = validate_object(indicator() | wordy | {"labels": [1], "x_none": None})
    assert {"S-CMN-13", "S-CMN-7"} <= {one.rule for one in found}
    assert not is_valid(found)


def test_large_lawful_objects_are_taken() -> None:
    assert is_valid(validate_object(indicator(labels=[f"word-{number}" for number in range(MANY)])))
    assert walking.holds_at_most(3, {"a": [1]})
    assert not walking.holds_at_most(2, {"a": [1]})


def test_a_document_of_a_function_is_looked_at_up_to_a_number_of_values(exchange: World) -> None:
    wide = alert(about=[1] * limits.MAX_DOCUMENT_VALUES)
    answer = create(exchange, "analyst", "alerts", wide)
    assert answer.status == 422
    assert [one["pointer"] for one in answer.json["errors"]] == [""]
    answer = create(exchange, "analyst", "alerts", alert(about=[1] * 1000))
    assert answer.status == 422
    assert len(answer.json["errors"]) == limits.MAX_FAULTS
    assert "first 100" in answer.json["detail"]
    answer = create(exchange, "analyst", "alerts", alert(title="x" * 100_000, about=["x" * 100_000], **{"k" * 9999: 1}))
    assert answer.status == 422
    assert len(answer.body) < 8 * limits.MAX_FAULT_TEXT
    assert len(schema_check.findings("documents/alert", alert(about=[1, 2, "x"]))) == 3


def test_such_an_envelope_is_answered_object_by_object(exchange: World, tmp_path: Path) -> None:
    answer = exchange.as_("member-a").post(
        "/exchange/collections/open/objects/",
        {"objects": [indicator() | WIDE["empty references"], indicator(marks=["green"])]},
    )
    assert (answer.json["success_count"], answer.json["failure_count"]) == (1, 1)
    assert len(answer.json["failures"][0]["message"]) < 500
