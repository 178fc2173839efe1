"""The harness judges proofs by rules of its own; on what is right and what is wrong it agrees with the exchange."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from isao_conformance import audit_log, merkle
from isao_conformance.audit_log import Line
from isao_conformance.merkle import NoProof
from isao_reference.audit import chain, heads, tree
from isao_reference.audit.tree import Hashes

LEAVES = [tree.leaf_hash(bytes([number])) for number in range(40)]
ROOTS = [tree.root_of(LEAVES[:size]) for size in range(41)]
HASHES = Hashes(lambda level, first, count: LEAVES[first : first + count])
TIME = "2026-01-01T00:00:00.000000Z"


def shows(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bool:
    try:
        return merkle.root_by(leaf, index, size, proof) == ROOTS[size]
    except NoProof:
        return False


def test_inclusion_is_judged_as_the_exchange_judges_it() -> None:
    for size in range(1, 41):
        for index in range(size):
            proof = tree.inclusion(HASHES, index, size)
            for at in range(-1, size + 1):
                assert shows(LEAVES[index], at, size, proof) == (at == index)
            bent = [[*proof[:place], ROOTS[0], *proof[place + 1 :]] for place in range(len(proof))]
            wrong = [proof[:-1], [*proof, ROOTS[0]], *bent]
            assert not any(shows(LEAVES[index], index, size, one) for one in wrong if one != proof)


def test_consistency_is_judged_as_the_exchange_judges_it() -> None:
    def holds(older: int, newer: int, root: bytes, proof: list[bytes]) -> bool:
        try:
            return merkle.roots_by(older, newer, root, proof) == (root, ROOTS[newer])
        except NoProof:
            return False

    for newer in range(1, 41):
        for older in range(1, newer + 1):
            proof = tree.consistency(HASHES, older, newer)
            assert holds(older, newer, ROOTS[older], proof)
            assert not holds(older, newer, ROOTS[0], proof)
            assert not holds(older, newer, ROOTS[older], [*proof, ROOTS[0]])
            for place in range(len(proof)):
                bent = [*proof[:place], ROOTS[0], *proof[place + 1 :]]
                assert not holds(older, newer, ROOTS[older], bent)
                assert not holds(older, newer, ROOTS[older], proof[:place] + proof[place + 1 :])
    for older, newer in ((0, 5), (6, 5)):
        with pytest.raises(NoProof):
            merkle.roots_by(older, newer, ROOTS[older], [])


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": [True, None, -3], "é": '\u2028\x7f\x00\n"\\/', "": {}},
        {"time": TIME, "count": 0, "query": {"match[id]": "ö" * 5}},
        [],
        "text",
    ],
)
def test_canonical_forms_agree(value: Any) -> None:
    assert merkle.canonical(value) == chain.canonical(value)


def test_canonical_json_orders_names_by_their_utf_16_units_and_has_no_fractions() -> None:
    assert merkle.canonical({"\ufffd": 1, "\U00010000": 2}) == '{"\U00010000":2,"\ufffd":1}'.encode()
    with pytest.raises(ValueError, match="fraction"):
        merkle.canonical({"a": 1.0})


def test_a_head_counts_only_under_a_published_key() -> None:
    head = heads.sign(bytes(32), "north", 3, bytes(32), TIME)
    key, other = heads.public_key(bytes(32)), heads.public_key(bytes([1] * 32))
    assert audit_log.is_signed(head, [{"kty": "RSA"}, other, key])
    assert not audit_log.is_signed(head, [other])
    assert not audit_log.is_signed(head, [{**other, "kid": key["kid"]}])
    assert not audit_log.is_signed(head, [{**key, "x": key["x"] + "!"}])
    for name, value in (("size", 4), ("log", "south"), ("time", TIME.replace("1T", "2T")), ("root", "1" * 64)):
        assert not audit_log.is_signed({**head, name: value}, [key])


def test_entries_are_judged_by_their_proofs_their_chain_and_their_details() -> None:
    said = chain.Said("north", "member-a", {"time": TIME, "action": "read", "what": "object", "outcome": "done"}, {})
    made = [chain.placed(said, 1, None)]
    made.append(chain.placed(said, 2, made[0].leaf))
    head = heads.sign(bytes(32), "north", 2, tree.root_of([one.leaf for one in made]), TIME)
    first, second = (_line(one, other.leaf, head) for one, other in ((made[0], made[1]), (made[1], made[0])))
    assert audit_log.is_in(first)
    assert audit_log.is_in(second)
    assert audit_log.follows(first, None)
    assert audit_log.follows(second, first)
    assert not audit_log.follows(first, second)
    assert not audit_log.follows(second, None)
    assert audit_log.has_its_details(first)
    assert not audit_log.has_its_details(_changed(first, details={"salt": "0" * 32}))
    assert not audit_log.is_in(_changed(first, entry={**first.entry, "what": "objects"}))
    assert not audit_log.is_in(_changed(first, proof=("zz",)))
    assert not audit_log.is_in(_changed(first, place=2))


def _line(entry: chain.Entry, beside: bytes, head: dict[str, Any]) -> Line:
    return Line(json.loads(entry.body), json.loads(entry.details), (beside.hex(),), entry.number, head)


def _changed(line: Line, **changes: Any) -> Line:
    return replace(line, **changes)
