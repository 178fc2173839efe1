"""The OpenAPI document: valid, committed as generated, and saying what the contracts say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from isao_conformance.cli.spec import spec
from isao_spec import FOLDER, load, openapi
from isao_spec.contract import Role

AGAIN = "isao spec openapi > spec/isao_spec/openapi.json"


def document() -> dict[str, Any]:
    return openapi.document(load())


def operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_committed_document_is_what_the_contracts_give() -> None:
    committed = (FOLDER / openapi.FILE).read_text("utf-8")
    assert committed == openapi.text(load()), f"the contracts have changed; write it again: {AGAIN}"
    contract = load().contracts["alerts"]
    changed = replace(load(), contracts={"alerts": replace(contract, summary="Something else.")})
    assert openapi.text(changed) != committed


def test_the_command_prints_it() -> None:
    done = CliRunner().invoke(spec, ["openapi"])
    assert (done.exit_code, done.output) == (0, openapi.text(load()))


def test_it_is_valid_openapi_and_a_fault_is_seen() -> None:
    told = document()
    assert [error.message for error in OpenAPIV31SpecValidator(told).iter_errors()] == []
    broken = json.loads(json.dumps(told))
    broken["paths"]["/functions/alerts/{record}/"]["get"]["parameters"] = []
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_reference_leads_somewhere_and_nothing_is_left_unused() -> None:
    told = document()
    found = set(references(told))
    for reference in found:
        place: Any = told
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    used = {tuple(reference.split("/")[2:4]) for reference in found}
    for kind in ("schemas", "responses"):
        names = {(kind, name) for name in told["components"][kind]}
        assert sorted(names - used) == []


def test_every_step_that_somebody_can_take_is_an_operation_and_no_other() -> None:
    by_itself = {Role.CLOCK, Role.EXCHANGE}
    expected = {
        f"/functions/{contract.resource}/{{record}}/{step.name}/": (step.serves, sorted(step.by))
        for contract in load().contracts.values()
        for step in contract.steps.values()
        if not by_itself.issuperset(step.by)
    }
    assert "/functions/alerts/{record}/acknowledge/" in expected
    assert "/functions/alerts/{record}/expire/" not in expected
    told = {
        path: (operation["x-isao-requirement"], operation["x-isao-roles"])
        for path, method, operation in operations(document())
        if method == "post" and path.startswith("/functions/") and "{record}" in path
    }
    assert told == expected


def test_operations_have_names_of_their_own_and_say_how_they_refuse() -> None:
    found = list(operations(document()))
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names)) > 40
    for path, _, operation in found:
        public = operation["security"] == [{}]
        assert public != ("401" in operation["responses"]), path
        assert [code for code in operation["responses"] if code.startswith("2")], path


def test_schemas_are_json_schemas_and_their_examples_are_valid() -> None:
    told = document()
    tried = 0
    for name, schema in told["components"]["schemas"].items():
        validator = jsonschema_rs.Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": told["components"]}, validate_formats=True
        )
        for example in schema.get("examples", ()):
            assert [error.message for error in validator.iter_errors(example)] == [], name
            tried += 1
        assert not validator.is_valid(7), name
    assert tried >= len({contract.document for contract in load().contracts.values()})


def test_a_placeholder_that_is_not_known_stops_the_generation() -> None:
    from isao_spec.openapi_schemas import _filled

    assert _filled(["{now+PT2H}", {"a": "x-{run}"}]) == ["2026-01-01T00:00:00Z", {"a": "x-example"}]
    with pytest.raises(KeyError, match="unheard"):
        _filled("{unheard}")
