"""The shipped scenario is valid STIX 2.1 with the TLP 2.0 definitions of OASIS, and hangs together."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from importlib.resources import files
from ipaddress import ip_address, ip_network
from typing import Any

import jsonschema_rs

import isao_spec
from isao_reference import scenario
from isao_reference.audit import heads

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
# oasis-open/cti-stix-common-objects, extension-definition-specifications/tlp-2.0/marking-definition.json
TLP_IDS = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
DOCUMENTATION_NETWORKS = [
    ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
SCO_NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # STIX 2.1, 2.9

KEY = heads.public_key(bytes(32))


def _objects() -> list[tuple[str, Mapping[str, Any]]]:
    return [(c.collection, item) for c in scenario.load().contributions for item in c.objects]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key.endswith("_ref"):
                yield child
            elif key.endswith("_refs"):
                yield from child
            yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


def _version(item: Mapping[str, Any]) -> str:
    return str(item.get("modified") or item.get("created") or "")


def test_every_object_is_valid_by_the_stix_validator() -> None:
    import stix2validator as validator

    options = validator.ValidationOptions(version="2.1")
    broken = {
        item["id"]: [str(error) for error in result.errors]
        for _, item in _objects()
        if not (result := validator.validate_instance(dict(item), options)).is_valid
    }
    assert broken == {}


def test_the_validator_would_have_noticed_a_broken_object() -> None:
    import stix2validator as validator

    item = dict(next(item for _, item in _objects() if item["type"] == "indicator"))
    item["pattern"] = "[ipv4-addr:value = ]"
    assert not validator.validate_instance(item, validator.ValidationOptions(version="2.1")).is_valid


def test_each_collection_has_enough_for_the_probes() -> None:
    count = Counter(collection for collection, _ in _objects())
    assert count["library"] >= 12
    assert count["community"] >= 40
    assert count["advisories"] >= 6
    assert 60 <= sum(count.values()) <= 150


def test_no_object_is_in_two_collections() -> None:
    homes: dict[str, set[str]] = {}
    for collection, item in _objects():
        homes.setdefault(item["id"], set()).add(collection)
    assert [id for id, collections in homes.items() if len(collections) > 1] == []


def test_the_tlp_definitions_are_those_of_oasis() -> None:
    found = {
        item["extensions"][TLP_EXTENSION]["tlp_2_0"]: item
        for _, item in _objects()
        if TLP_EXTENSION in item.get("extensions", {})
    }
    assert {level: item["id"] for level, item in found.items()} == TLP_IDS
    for level, item in found.items():
        assert item["name"] == f"TLP:{level.upper()}"
        assert item["created"] == "2022-10-01T00:00:00.000Z"
        assert set(item) == {"type", "spec_version", "id", "created", "name", "extensions"}


def test_every_label_and_several_organizations_occur_in_the_community() -> None:
    labels: set[str] = set()
    contributors: set[str] = set()
    organization = {account.name: account.organization for account in scenario.load().accounts}
    unlabelled = 0
    for contribution in scenario.load().contributions:
        if contribution.collection == "community":
            contributors.add(organization[contribution.account])
            for item in contribution.objects:
                labels.update(item.get("object_marking_refs", []))
                unlabelled += not item.get("object_marking_refs")
    assert set(TLP_IDS.values()) <= labels
    assert len(contributors) >= 3
    assert unlabelled >= 1


def test_advisories_are_clear_throughout() -> None:
    assert all(
        TLP_IDS["clear"] in item["object_marking_refs"] for collection, item in _objects() if collection == "advisories"
    )


def test_some_objects_have_several_versions_and_one_is_revoked() -> None:
    versions: dict[str, list[Mapping[str, Any]]] = {}
    for _, item in _objects():
        versions.setdefault(item["id"], []).append(item)
    several = {id: items for id, items in versions.items() if len(items) > 1}
    assert len(several) >= 3
    assert max(map(len, several.values())) >= 3
    for items in several.values():
        assert [_version(item) for item in items] == sorted({_version(item) for item in items})
        assert len({item["created"] for item in items}) == 1
        assert len({item["created_by_ref"] for item in items}) == 1
    assert any(items[-1].get("revoked") for items in several.values())


def test_the_object_types_an_isao_shares_all_occur() -> None:
    types = {item["type"] for _, item in _objects()}
    assert {
        *("indicator", "malware", "attack-pattern", "tool", "intrusion-set", "vulnerability"),
        *("course-of-action", "identity", "sighting", "report", "note", "opinion", "relationship"),
        *("observed-data", "marking-definition", "ipv4-addr", "file", "network-traffic"),
    } <= types


def test_every_reference_resolves_inside_the_scenario() -> None:
    ids = {item["id"] for _, item in _objects()}
    assert [ref for _, item in _objects() for ref in _references(item) if ref not in ids] == []


def test_objects_speak_in_the_name_of_their_contributor() -> None:
    identity = {organization.id: organization.identity for organization in scenario.load().organizations}
    organization = {account.name: account.organization for account in scenario.load().accounts}
    for contribution in scenario.load().contributions:
        own = identity[organization[contribution.account]]
        for item in contribution.objects:
            assert item.get("created_by_ref", own) == own


def test_addresses_and_names_are_reserved_for_documentation() -> None:
    for _, item in _objects():
        if item["type"] in ("ipv4-addr", "ipv6-addr"):
            assert any(ip_address(item["value"]) in net for net in DOCUMENTATION_NETWORKS), item["value"]
        if item["type"] in ("domain-name", "email-addr"):
            assert item["value"].endswith(".example")


def test_observables_with_contributing_properties_have_their_deterministic_id() -> None:
    """STIX 2.1, 2.9: UUIDv5 over the canonical JSON of the contributing properties."""
    checked = 0
    for _, item in _objects():
        if item["type"] in ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr"):
            canonical = json.dumps({"value": item["value"]}, separators=(",", ":"))
            assert item["id"] == f"{item['type']}--{uuid.uuid5(SCO_NAMESPACE, canonical)}"
            checked += 1
    assert checked >= 6


def test_organizations_and_what_they_share_are_said_to_be_fictional() -> None:
    described = {item["id"]: item for _, item in _objects() if item["type"] == "identity"}
    for organization in scenario.load().organizations:
        if organization.identity:
            assert described[organization.identity]["name"] == organization.name
            assert "fictional" in described[organization.identity]["description"].lower()


def test_the_capability_document_fits_its_schema_and_hashes_the_policies() -> None:
    urls = {policy.file: f"https://example.com/policies/{policy.file}" for policy in scenario.load().policies}
    document = scenario.capability_document(
        "https://example.com/", urls, date(2026, 11, 22), heads.public_key(bytes(32))
    )
    schema = json.loads(files("isao_spec").joinpath("schemas/capability-document.json").read_text())
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert [policy["sha256"] for policy in document["policies"]] == [p.sha256 for p in scenario.load().policies]
    assert len(document["policies"]) == 2
    for policy in document["policies"]:
        assert policy["approved"] < "2026-11-22" < policy["review_by"]


def test_the_capability_document_names_the_version_of_the_specification_that_is_installed() -> None:
    document = scenario.capability_document("https://example.com/", defaultdict(str), date(2026, 11, 22), KEY)
    assert document["spec_version"] == isao_spec.load().version


def test_security_txt_expires_within_a_year() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    text = scenario.security_txt("https://example.com/", "https://example.com/policies/x", now)
    fields = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith("#"))
    expires = datetime.fromisoformat(fields["Expires"])
    assert 0 < (expires - now).days < 365
    assert fields["Contact"].startswith("mailto:")
    assert fields["Canonical"] == "https://example.com/.well-known/security.txt"
