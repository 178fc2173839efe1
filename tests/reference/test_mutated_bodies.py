"""Bodies that are taken, changed by chance in their octets or in their values, at every writing address: each is taken
or clearly refused, what is refused leaves no row behind, and what is taken can be read."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support import writes
from tests.support.world import OPEN, objects_url
from tests.support.writes import Stage, Write, names

PUSH, PIECES, EACH = 1_500, 20, 2_500
"""Requests in the push lane; pieces of the full lane, and the requests of each: 50,000 together."""
BETWEEN = 50
"""So many requests between two looks at all rows."""

OCTETS = [
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\n", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b"1e999", b"-0", b"9007199254740993", b"null", b"true", b"NaN"),
]
VALUES: list[Any] = [
    *(None, True, 0, -1, 2**53, 1.5, "", " ", "\u202e", "\U0001f600", "x" * 5000, [], {}, [[]], [None], {"": {}}),
    *("2026-02-30T00:00:00Z", "9999-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "1e5", "../..", "'; --", "%00", "red"),
    *("indicator--00000000-0000-4000-8000-000000000000", "organization:south", ["members"], {"id": "x", "type": "x"}),
]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with writes.stage(tmp_path) as made:
        yield made


def octets_changed(random: Random, body: bytes, other: bytes) -> bytes:
    """One to three times a piece is replaced, repeated, left out, flipped, or comes from another body."""
    made = bytearray(body or b"{}")
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(made) + 1)
        end = min(len(made), start + random.randint(0, 8))
        begin = random.randrange(len(other) + 1)
        flipped = bytes(one ^ (1 << random.randrange(8)) for one in made[start:end])
        made[start:end] = random.choice(
            [random.choice(OCTETS), bytes(made[start:end]) * 3, b"", flipped, other[begin : begin + 30]]
        )
    return bytes(made)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or positions."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def values_changed(random: Random, document: Any) -> bytes:
    """One to three times a value is replaced, left out, put into a list, put elsewhere, or named in another way."""
    made = copy.deepcopy(document)
    for _ in range(random.randint(1, 3)):
        found = list(places(made))
        if not found:
            break
        container, key = random.choice(found)
        value = container[key]
        kind = random.randrange(5)
        if kind == 0:
            container[key] = copy.deepcopy(random.choice(VALUES))
        elif kind == 1:
            del container[key]
        elif kind == 2:
            container[key] = [value, value]
        elif kind == 3:
            other, elsewhere = random.choice(found)
            if elsewhere in other if isinstance(other, dict) else elsewhere < len(other):
                container[key] = copy.deepcopy(other[elsewhere])
        elif isinstance(container, dict):
            container[random.choice([str(key).upper(), f"{key} ", f"x_{key}", "$ref", "__proto__"])] = container.pop(
                key
            )
    return json.dumps(made).encode()


def made_up(random: Random, write: Write, others: list[bytes]) -> bytes:
    if write.document is not None and random.random() < 0.6:
        return values_changed(random, write.document)
    return octets_changed(random, write.body, random.choice(others))


def fuzz(stage: Stage, seed: str, count: int) -> Counter[str]:
    """Sends so many requests; how many were taken and how many refused."""
    random = Random(f"mutated {seed}")
    addresses = [one for one in (stage.writes[name] for name in names()) if one.takes_body]
    bodies = [one.body for one in addresses]
    before, found = stage.rows(), Counter[str]()
    for number in range(1, count + 1):
        write = random.choice(addresses)
        body = made_up(random, write, bodies)
        answer = stage.send(write, body)
        told = (seed, number, write.name, body[:2000])
        assert answer.status < 500, told
        taken = answer.status < 300
        found["taken" if taken else "refused"] += 1
        if taken:
            page = stage.exchange.as_("operator").get(objects_url(OPEN), query="limit=1000&match[version]=all")
            assert page.status == 200, told
            page.body.decode("utf-8")
            stage.reset()
        else:
            assert answer.status >= 400, told
            assert stage.is_refusal(answer), told
            assert b"Traceback" not in answer.body, told
        if number % BETWEEN == 0 or number == count:
            assert stage.rows() == before, (seed, number)
    return found


def test_changed_bodies_are_taken_or_refused_and_leave_nothing_else(stage: Stage) -> None:
    found = fuzz(stage, "push", PUSH)
    assert min(found["taken"], found["refused"]) > PUSH // 20, found


@pytest.mark.full
@pytest.mark.parametrize("piece", range(PIECES))
def test_fifty_thousand_changed_bodies_are(stage: Stage, piece: int) -> None:
    found = fuzz(stage, str(piece), EACH)
    print(f"{EACH} requests: {found['taken']} taken, {found['refused']} refused, 0 failed")
    assert min(found["taken"], found["refused"]) > EACH // 20, found
