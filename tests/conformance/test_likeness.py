"""Comparing answers: noise is set aside, everything else tells two worlds apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isao_conformance import likeness
from isao_conformance.exchange import Answer

ID = "indicator--00000000-0000-4000-8000-000000000001"
OTHER = "indicator--00000000-0000-4000-8000-000000000002"


def answer(body: Any, status: int = 404, **headers: str) -> Answer:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), octets)


def leaks(one: Answer, again: Answer, real: Answer, *, values: bool = True) -> frozenset[str]:
    taken = [likeness.facets(a, (ID, OTHER), values=values) for a in (one, again, real)]
    return likeness.leaks(*taken)


def test_ids_are_masked_in_every_form() -> None:
    one = answer({"title": f"no {ID}", "details": {"uuid": ID.partition("--")[2]}}, Location=f"/x/{ID}/")
    two = answer({"title": f"no {OTHER}", "details": {"uuid": OTHER.partition("--")[2]}}, Location=f"/x/{OTHER}/")
    assert not leaks(one, one, two)


def test_what_follows_the_clock_is_never_compared() -> None:
    one, two = answer({}, Date="Mon", Age="1"), answer({}, Date="Tue", Age="2")
    assert not leaks(one, one, two)


@pytest.mark.parametrize(
    ("real", "facet"),
    [
        (answer({"title": "no"}, 403), "status"),
        (answer({"title": "forbidden"}), "body member title"),
        (answer({"title": "no"}, X_Total="7"), "header x-total"),
        (answer({"title": "no", "more": True}), "body member more"),
        (answer(b'{"title":  "no"}'), "body"),
    ],
)
def test_any_other_difference_is_a_leak(real: Answer, facet: str) -> None:
    absent = answer({"title": "no"})
    assert facet in leaks(absent, absent, real)


def test_header_values_count_only_when_asked_for() -> None:
    one, two = answer({}, X_Total="6"), answer({}, X_Total="7")
    assert leaks(one, one, two) == {"header x-total"}
    assert not leaks(one, one, two, values=False)


def test_a_member_that_differs_by_itself_is_left_out_and_the_others_are_not() -> None:
    one, again = answer({"error_id": "1", "title": "no"}), answer({"error_id": "2", "title": "no"})
    assert not leaks(one, again, answer({"error_id": "3", "title": "no"}))
    assert leaks(one, again, answer({"error_id": "3", "title": "hidden"})) == {"body member title"}


def test_noise_in_the_content_itself_makes_the_answer_unjudgeable() -> None:
    def noise(one: Answer, two: Answer) -> frozenset[str]:
        return likeness.differences(likeness.facets(one), likeness.facets(two))

    assert likeness.unjudgeable(noise(answer({}, 404), answer({}, 410)))
    assert likeness.unjudgeable(noise(answer({"objects": [1]}), answer({"objects": [2]})))
    assert likeness.unjudgeable(noise(answer(b"at 10:00"), answer(b"at 10:01")))
    assert not likeness.unjudgeable(noise(answer({"next": "a"}), answer({"next": "b"})))
    assert not likeness.unjudgeable(noise(answer({}), answer({})))


def test_differences_are_told_in_words() -> None:
    one, two = likeness.facets(answer({"more": False})), likeness.facets(answer({"more": True}))
    assert "body member more: false then true" in likeness.told(likeness.differences(one, two), one, two)
