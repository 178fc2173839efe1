"""The privacy review: what it finds and leaves, what becomes of what it finds, and that it stays quick on anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from isao_reference.content import (
    privacy,
    privacy_forms,
    privacy_keyed,
    privacy_numbers,
    privacy_places,
    privacy_rules,
    privacy_words,
)
from isao_reference.content.privacy import Found
from tests.conftest import real_files
from tests.privacy import corpus
from tests.support.real_data import objects_of
from tests.support.world import indicator

SSN, CARD = "078-05-1120", "4111 1111 1111 1111"


def found_in(text: str, **more: Any) -> list[tuple[str, str]]:
    item = indicator(description=text, **more)
    return [(one.rule, text[one.start : one.end]) for one in privacy.review([item]) if one.path == ("description",)]


@pytest.mark.parametrize("name", corpus.FILES)
def test_precision_and_recall_of_what_is_certain_are_at_least_95_in_100(name: str) -> None:
    got = corpus.score(corpus.cases(name))
    assert got.certain >= 25
    assert got.precision >= 0.95, got.wrong
    assert got.recall >= 0.95, got.missed


def test_a_review_that_finds_nothing_and_one_that_finds_everything_score_badly() -> None:
    def everything(objects: Iterable[dict[str, Any]]) -> list[Found]:
        found = []
        for place, item in enumerate(objects):
            for name, value in item.items():
                if isinstance(value, str):
                    found.append(Found(place, item["id"], (name,), 0, len(value), "all", True))
        return found

    cases = corpus.cases("held_out")
    assert corpus.score(cases, lambda objects: []).recall == 0
    assert corpus.score(cases, everything).precision < 0.2


@pytest.mark.full
def test_real_threat_data_has_less_than_one_false_alarm_in_a_thousand_objects(real_data: Path) -> None:
    total, alarms = 0, []
    for path in real_files():
        items = objects_of(path)
        total += len(items)
        for start in range(0, len(items), 100):
            alarms += [one for one in privacy.review(items[start : start + 100]) if one.certain]
    assert total > 0
    assert len({one.object_id for one in alarms}) * 1000 < total, alarms


@pytest.mark.parametrize(
    "number", ["000-12-3456", "666-12-3456", "900-12-3456", "987-65-4321", "123-00-4567", "123-45-0000"]
)
def test_numbers_that_nobody_can_have_are_no_finding(number: str) -> None:
    assert found_in(f"The victim's number is {number}.") == []
    assert found_in(f"The victim's number is {SSN}.") == [("us-ssn", SSN)]


@pytest.mark.parametrize("digit", range(1, 10))
def test_a_card_number_with_one_other_digit_is_no_finding(digit: int) -> None:
    changed = CARD[:-1] + str((1 + digit) % 10)
    assert found_in(f"card {changed} of the customer") == []


def test_looks_of_other_alphabets_do_not_hide_a_number() -> None:
    assert found_in("SSN ０７８‑０５‑１１２０ of the victim") == [("us-ssn", "０７８‑０５‑１１２０")]
    assert found_in("card 4111\u00a01111\u00a01111\u00a01111") == [("payment-card", CARD.replace(" ", "\u00a0"))]


def test_what_stands_in_a_pattern_or_an_observable_sent_along_is_the_threat() -> None:
    address = "some.person@mail.example"
    said = indicator(description=f"The victim answered {address}.")
    assert [one.rule for one in privacy.review([said])] == ["email"]
    assert privacy.review([said | {"pattern": f"[email-addr:value = '{address}']"}]) == []
    sender = {"type": "email-addr", "id": "email-addr--00000000-0000-4000-8000-000000000001", "value": address}
    message = {"type": "email-message", "id": "email-message--00000000-0000-4000-8000-000000000002"}
    assert privacy.review([said, sender, message | {"from_ref": sender["id"]}]) == []
    received = privacy.review([said, sender, message | {"to_refs": [sender["id"]]}])
    assert [(one.rule, one.certain) for one in received] == [("email", True), ("recipient-address", False)]


def test_nothing_that_is_shared_for_is_ever_found() -> None:
    said = f"The victim's SSN is {SSN}."
    item = indicator(
        pattern=f"[artifact:x_said = '{said}']",
        name="clean",
        external_references=[{"source_name": said, "external_id": said, "url": f"https://x.example/{SSN}"}],
        x_hashes={"hashes": {"MD5": SSN}},
    )
    file = {"type": "file", "id": "file--00000000-0000-4000-8000-000000000001", "name": said}
    assert privacy.review([item, file, "no object", {"type": 7, "description": said}]) == []


def test_a_copy_is_without_the_values_and_otherwise_the_same() -> None:
    item = indicator(description=f"First {SSN}, then {CARD}; the victim's SSN.", x_owner={"ssn": [SSN, 78051120]})
    before = json.dumps(item)
    found = privacy.review([item])
    made = privacy.without(item, found)
    assert json.dumps(item) == before
    assert made["description"] == "First [removed: us-ssn], then [removed: payment-card]; the victim's SSN."
    assert made["x_owner"]["ssn"][0] == "[removed: us-ssn]"
    assert SSN not in json.dumps(made)
    assert {k: v for k, v in made.items() if k not in ("description", "x_owner")} == {
        k: v for k, v in item.items() if k not in ("description", "x_owner")
    }
    assert privacy.review([made]) == []


def test_a_copy_is_of_the_exchange_and_refers_to_copies() -> None:
    new, author, now = "report--00000000-0000-4000-8000-000000000009", "identity--1", "2026-02-02T00:00:00.000Z"
    old = indicator(created_by_ref="identity--2", object_refs=["a--1", "b--2"], x={"some_ref": "a--1"}, labels=["x"])
    made = privacy.copied(old, new, author, now, {"a--1": "a--9"})
    assert (made["id"], made["created_by_ref"], made["created"], made["modified"]) == (new, author, now, now)
    assert (made["object_refs"], made["x"], made["labels"]) == (
        ["a--9", "b--2"],
        {"some_ref": "a--9"},
        ["x", privacy.COPIED],
    )
    assert old["object_refs"] == ["a--1", "b--2"]
    assert privacy.referring(old) == {"a--1", "b--2"}


def test_every_finding_says_where_and_what_it_asks_for() -> None:
    item = indicator(x_case={"a/b": [f"SSN {SSN}"]}, description="Ask quiet.person@isp.example about it.")
    doubtful, certain = sorted(privacy.review([item]), key=lambda one: one.certain)
    assert (certain.object_id, certain.pointer, certain.rule) == (item["id"], "/x_case/a~1b/0", "us-ssn")
    assert (certain.certainty, certain.action) == ("certain", "minimise")
    assert (doubtful.pointer, doubtful.certainty, doubtful.action) == ("/description", "doubtful", "hold")


# --- time: linear in the text, by the form of the patterns ---------------------------------------

WIDEST = 600


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    modules = (privacy, privacy_forms, privacy_keyed, privacy_numbers, privacy_places, privacy_rules, privacy_words)
    for module in modules:
        yield from patterns_of(module)


def patterns_of(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}[{key}]", one) for key, one in value.items() if isinstance(one, re.Pattern))


def nodes(parsed: Any) -> Iterator[tuple[str, Any]]:
    for op, argument in parsed:
        yield str(op), argument
        for part in argument if isinstance(argument, (tuple, list)) else [argument]:
            if type(part).__name__ == "SubPattern":
                yield from nodes(part)
            elif isinstance(part, list):
                for branch in part:
                    if type(branch).__name__ == "SubPattern":
                        yield from nodes(branch)


def letters(pattern: re.Pattern[str], op: str, argument: Any) -> frozenset[str]:
    """The ASCII characters that one step of a pattern takes; none for what is no single character."""
    parser = re._parser
    if op not in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
        return frozenset()
    step = parser.SubPattern(parser.parse("").state, [(getattr(re._constants, op), argument)])
    one = re._compiler.compile(step, pattern.flags & ~re.DEBUG)
    return frozenset(chr(number) for number in range(128) if one.fullmatch(chr(number)))


def faults_of(pattern: re.Pattern[str]) -> list[str]:
    """Why the time of a pattern could grow faster than the text: a repetition without an end, a match without a limit,
    or a repetition in a repetition that could share the text out in many ways."""
    parsed = re._parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    found = [] if parsed.getwidth()[1] <= WIDEST else [f"matches {parsed.getwidth()[1]} characters"]
    for op, argument in nodes(parsed):
        if op not in ("MAX_REPEAT", "MIN_REPEAT"):
            continue
        _, most, body = argument
        if int(most) > WIDEST:
            found.append("a repetition without an end")
        inner = [part for name, part in nodes(body) if name in ("MAX_REPEAT", "MIN_REPEAT") and part[0] != part[1]]
        if int(most) == 1 or not inner:
            continue
        while len(body) == 1 and str(body[0][0]) == "SUBPATTERN":
            body = body[0][1][3]
        ends = [letters(pattern, str(body[place][0]), body[place][1]) for place in (0, -1)]
        repeated = frozenset().union(
            *(letters(pattern, name, value) for part in inner for name, value in nodes(part[2]))
        )
        if not any(end and not end & repeated for end in ends):
            found.append("a repetition in a repetition")
    return found


def test_every_pattern_is_bounded_and_an_unbounded_one_is_seen() -> None:
    listed = dict(patterns())
    assert len(listed) >= 20
    assert {name: faults_of(one) for name, one in listed.items() if faults_of(one)} == {}
    for bad in ("a+b", "(?:a{0,9}){0,9}", "(?:[a-z]{1,9}[a-f]){2}", "x{700}", "(?:a{1,3}b{0,2}){5}"):
        assert faults_of(re.compile(bad)), bad


def test_what_is_too_much_to_review_is_left_to_a_person() -> None:
    full = indicator(description=" ".join(f"sender: a{place}@mail.example" for place in range(60)))
    found = privacy.review([indicator(description="clean"), full, full | {"description": "clean too"}], most=50)
    assert [(one.position, one.rule, one.certain, one.pointer) for one in found] == [(1, privacy.TOO_MUCH, False, "")]
    assert privacy.review([full], most=100) == []


@pytest.mark.parametrize("wrong", [[], {}, 1, None, ["x"], True], ids=str)
def test_values_of_the_wrong_kind_are_no_fault_of_the_review(wrong: object) -> None:
    names = ("type", "id", "created_by_ref", "relationship_type", "source_ref", "target_ref", "value", "roles", "name")
    names += ("identity_class", "labels", "object_refs", "to_refs", "from_ref", "pattern", "objects", "description")
    message = {"type": "email-message", "to_refs": ["email-addr--3a41e552-999b-4ad3-bedc-332b6d9ff80c"]}
    sound = {"type": "note", "content": "The SSN is 219-09-9999."}
    for kind in ("indicator", "identity", "email-addr", "email-message", "relationship", "observed-data", "note"):
        for name in names:
            found = privacy.review([{"type": kind, "id": f"{kind}--x", name: wrong}, message, sound])
            assert [one.position for one in found if one.certain] == [2], (kind, name)
