"""Every rule of STIX content has vectors that keep it and that break it, in the published form."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from isao_spec import schema_check
from isao_spec.stix import rules
from tests.support.stix_vectors import Vector, documents, vectors

DOCUMENTATION = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
INVALID = [vector for vector in vectors() if vector.breaks]
CLOSE = 10  # an invalid vector differs from a valid one of its file in at most so many values


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every scalar, and every empty list or object, with its path."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for key, child in children:
        found = True
        yield from _leaves(child, f"{path}/{key}")
    if not found:
        yield path, repr(value)


def _resolve(objects: list[Any], pointer: str) -> Any:
    node: Any = objects
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        node = node[int(key)] if isinstance(node, list) else node[key]
    return node


def test_every_rule_has_a_file_and_every_file_a_rule() -> None:
    assert set(documents()) == set(rules())
    for name, document in documents().items():
        assert document["rule"] == name
        assert document["clause"] == rules()[name].clause


@pytest.mark.parametrize("name", documents())
def test_a_file_has_the_published_form(name: str) -> None:
    document = documents()[name]
    assert schema_check.problems("stix-vectors-file", document) == []
    names = [item["name"] for item in (*document["valid"], *document["invalid"])]
    assert len(set(names)) == len(names)


def test_the_form_refuses_a_file_without_valid_vectors_or_with_an_unknown_key() -> None:
    document = copy.deepcopy(documents()["S-ID-4"])
    document["valid"] = []
    document["invalid"][0]["expected"] = "refused"
    found = schema_check.problems("stix-vectors-file", document)
    assert found == ["/invalid/0/expected: the key 'expected' is not known here", "/valid: must not be empty"]


@pytest.mark.parametrize("vector", INVALID, ids=lambda vector: vector.label)
def test_an_invalid_vector_names_its_rule_first_known_rules_only_and_a_place_that_is_there(vector: Vector) -> None:
    assert vector.breaks[0] == vector.rule
    assert set(vector.breaks) <= set(rules())
    assert _resolve(list(vector.objects), vector.pointer) is not ...


@pytest.mark.parametrize("vector", INVALID, ids=lambda vector: vector.label)
def test_an_invalid_vector_has_a_valid_twin(vector: Vector) -> None:
    """The valid twin is nearly the same, so that the verdict can only come from the fault."""
    broken = set(_leaves(list(vector.objects)))
    kept = [set(_leaves(item["objects"])) for item in documents()[vector.rule]["valid"]]
    assert min(len(broken ^ leaves) for leaves in kept) <= CLOSE


def test_hosts_and_addresses_are_those_reserved_for_documentation() -> None:
    looked_at = 0
    for vector in vectors():
        for _, text in _leaves(list(vector.objects)):
            for host in re.findall(r"https?://([^/ '\"]+)", text):
                looked_at += 1
                assert host == "example.com" or host.endswith(".example.com"), vector.label
            for number in re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text):
                looked_at += 1
                inside = number == "198.51.100.256" or any(ip_address(number) in net for net in DOCUMENTATION)
                assert inside, vector.label
    assert looked_at > 50
