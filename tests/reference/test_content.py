"""The validator beside its vectors: where the published schemas contradict the text, and what a finding says."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from isao_reference.content import Finding, is_valid, schemas, validate_object, validate_objects, vocabulary
from isao_reference.content.deterministic_ids import NAMESPACE, canonical
from isao_spec import stix
from isao_spec.model import Level

TIMES = {"created": "2026-10-05T08:00:00.000Z", "modified": "2026-10-05T08:00:00.000Z"}
CAMPAIGN: dict[str, Any] = {
    "type": "campaign",
    "spec_version": "2.1",
    "id": "campaign--7d4be4c6-4c0e-43c6-9a2e-4a58d5f0b6c1",
    **TIMES,
    "name": "Drill (invented)",
}


def observable(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"{kind}--9d2b3a55-5c0a-4a7c-8f0e-3f6f7d1a2b3c", **properties}


TEXT_DECIDES = {
    "a language of a part (7.2.3)": CAMPAIGN | {"granular_markings": [{"lang": "de", "selectors": ["name"]}]},
    "one time is a property (6.13)": observable("process", created_time="2026-10-05T08:00:00Z"),
    "one time is a property (6.17)": observable("windows-registry-key", modified_time="2026-10-05T08:00:00Z"),
    "one header field, in a list (6.6.1)": observable(
        "email-message", is_multipart=False, additional_header_fields={"Reply-To": ["drill@example.com"]}
    ),
    "one property of an extension (6.13.2)": observable(
        "process", extensions={"windows-process-ext": {"integrity_level": "high"}}
    ),
    "observables of a container have no id (2.9, 2.13)": {
        "type": "observed-data",
        "spec_version": "2.1",
        "id": "observed-data--5d2b3a55-5c0a-4a7c-8f0e-3f6f7d1a2b3c",
        **TIMES,
        "first_observed": "2026-10-05T08:00:00Z",
        "last_observed": "2026-10-05T08:00:00Z",
        "number_observed": 1,
        "objects": {"0": {"type": "ipv4-addr", "value": "198.51.100.7"}},
    },
}


@pytest.mark.parametrize("name", TEXT_DECIDES)
def test_where_a_published_schema_contradicts_the_text_the_text_decides(name: str) -> None:
    item = TEXT_DECIDES[name]
    assert not schemas.compiled().validators[item["type"]].is_valid(item), "the schema takes it: drop the exception"
    assert [entry for entry in validate_object(item) if entry.binding] == []


def test_the_same_place_is_refused_where_the_text_refuses_it_too() -> None:
    neither = CAMPAIGN | {"granular_markings": [{"selectors": ["name"]}]}
    assert {entry.rule for entry in validate_object(neither)} == {"S-GM-5"}
    assert not is_valid(validate_object(observable("process")))
    assert not is_valid(validate_object(observable("windows-registry-key")))


def test_a_finding_says_rule_level_clause_place_and_object() -> None:
    (found,) = validate_object(CAMPAIGN | {"confidence": 101})
    assert found == Finding("S-CMN-3", Level.MUST, "3.2", "/confidence", found.message, CAMPAIGN["id"])
    (moved,) = validate_objects([CAMPAIGN, CAMPAIGN | {"id": CAMPAIGN["id"][:-1] + "2", "confidence": 101}])
    assert moved.pointer == "/1/confidence"


def test_every_published_schema_error_gets_a_rule_and_the_clause_of_the_type() -> None:
    """Each type, each of its properties given a value of a wrong kind: never silently valid, always a known rule."""
    tables = schemas.compiled()
    for kind in sorted(vocabulary.KNOWN):
        for name in sorted(tables.properties[kind] - {"type", "id"}):
            for wrong in ({"wrong": {}}, [[1]], 1e300):
                item = observable(kind) | TIMES | {"spec_version": "2.1", name: wrong}
                if kind in vocabulary.SCO:
                    item = {key: item[key] for key in item if key == name or key not in TIMES}
                found = validate_object(item)
                assert is_valid(found) <= tables.validators[kind].is_valid(item), (kind, name, wrong)
                for entry in found:
                    assert entry.rule in stix.rules()
                    assert entry.clause
                    if entry.rule == "S-SCHEMA-1":
                        assert entry.clause == vocabulary.clause_of(kind)


def test_rules_about_versions_look_at_all_versions_in_whatever_order() -> None:
    later = CAMPAIGN | {"modified": "2026-10-06T08:00:00.000Z"}
    revoked = CAMPAIGN | {"modified": "2026-10-07T08:00:00.000Z", "revoked": True}
    after = CAMPAIGN | {"modified": "2026-10-08T08:00:00.0Z00"[:-3] + "00Z", "revoked": False}
    for order in ([CAMPAIGN, later, revoked, after], [after, revoked, later, CAMPAIGN]):
        (found,) = [entry for entry in validate_objects(order) if entry.rule.startswith("S-VER")]
        assert found.rule == "S-VER-5"
        assert found.pointer == f"/{order.index(after)}/modified"


def test_a_default_that_is_left_out_is_no_other_content() -> None:
    assert validate_objects([CAMPAIGN, CAMPAIGN | {"revoked": False, "lang": "en"}]) == []
    (found,) = validate_objects([CAMPAIGN, CAMPAIGN | {"revoked": True}])
    assert found.rule == "S-VER-3"


def test_one_instant_in_two_spellings_is_one_version() -> None:
    (found,) = validate_objects([CAMPAIGN, CAMPAIGN | {"modified": "2026-10-05T08:00:00.0000Z", "name": "Other"}])
    assert found.rule == "S-VER-3"


def test_stix_20_is_never_called_bad_stix_21() -> None:
    indicator = {
        "type": "indicator",
        "id": "indicator--5d2b3a55-5c0a-4a7c-8f0e-3f6f7d1a2b3c",
        **TIMES,
        "labels": ["malicious-activity"],
        "pattern": "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
        "valid_from": "2026-10-05T08:00:00Z",
    }
    assert validate_object(indicator) == []
    bundle = {"type": "bundle", "id": "bundle" + indicator["id"][9:], "spec_version": "2.0", "objects": [indicator]}
    assert validate_object(bundle) == []
    (found,) = [entry for entry in validate_object(indicator | {"pattern_type": "stix"}) if entry.binding]
    assert found.rule == "S-CMN-2"


def test_canonical_json_sorts_by_utf_16_and_writes_no_space() -> None:
    """The sorting example of RFC 8785, section 3.2.3."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical(dict.fromkeys(names, 1)))) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip
    assert canonical({"b": [1, {"a": "\n"}], "a": True}) == '{"a":true,"b":[1,{"a":"\\n"}]}'


def test_ids_that_the_standard_prints_are_recomputed() -> None:
    """Examples of STIX 2.1 Errata 01, sections 6.4, 6.5 and 6.8."""
    printed = [
        {"type": "ipv4-addr", "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4", "value": "198.51.100.3"},
        {"type": "domain-name", "id": "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7", "value": "example.com"},
        {
            "type": "email-addr",
            "id": "email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934",
            "value": "john@example.com",
            "display_name": "John Doe",
        },
    ]
    for item in printed:
        assert validate_object(item) == []
        other = item | {"value": "other" + str(item["value"])[5:]}
        assert "S-ID-1" in {entry.rule for entry in validate_object(other)}
    assert str(uuid.uuid5(NAMESPACE, '{"value":"198.51.100.3"}')) == printed[0]["id"][11:]
