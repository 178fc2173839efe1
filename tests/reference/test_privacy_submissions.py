"""Personal information in what is handed in through the function API: taken out where it is certain, held where not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.functions import CSV, bodies, do, events, make, read, words
from tests.support.world import World, indicator

SSN, ADDRESS = "078-05-1120", "quiet.person@isp.example"
CERTAIN, DOUBTFUL = f"The victim's SSN is {SSN}.", f"Please ask {ADDRESS} about it."


def stix(*objects: dict[str, Any], **more: str) -> dict[str, Any]:
    made = {"title": "Seen", "format": "stix", "content": list(objects), "marking": "green"}
    return made | {"attribution": "attributed"} | more


def table(*lines: str, **more: str) -> dict[str, Any]:
    content = CSV.replace("\n", ",description\n") + "".join(f"{line}\n" for line in lines)
    return stix(**more) | {"format": "csv", "content": content}


def given(exchange: World, account: str, kind: str = "indicator") -> list[dict[str, Any]]:
    return [one for one in bodies(exchange, account) if one["type"] == kind]


def test_a_table_is_published_without_what_is_certain_and_says_so(exchange: World) -> None:
    sent = table(f"domain-name,a.example,{CERTAIN}", "domain-name,b.example,Clean")
    made = make(exchange, "member-a", "submissions", sent)
    assert made["state"] == "minimised"
    assert made["facts"]["findings"] == [
        {"pointer": "/content", "rule": "us-ssn", "certainty": "certain", "action": "minimise"}
    ]
    assert "us-ssn" in made["history"][-1]["document"]["removed"]
    assert SSN not in json.dumps([made["history"], made["facts"]])
    shown = {one["name"]: one for one in given(exchange, "member-b")}
    assert {name: one["description"] for name, one in shown.items()} == {
        "domain-name a.example": "The victim's SSN is [removed: us-ssn].",
        "domain-name b.example": "Clean",
    }
    names = {one["id"]: one["name"] for one in given(exchange, "member-b", "identity")}
    assert names[shown["domain-name a.example"]["created_by_ref"]] == "Exchange"
    assert names[shown["domain-name b.example"]["created_by_ref"]] == "North"
    assert set(made["facts"]["published"]) == {one["id"] for one in shown.values()}


def test_stix_is_published_with_copies_of_what_was_changed_and_what_refers_to_it(exchange: World) -> None:
    named, clean = indicator(description=CERTAIN), indicator(description="Clean")
    link = {name: named[name] for name in ("spec_version", "created", "modified")} | {
        "type": "relationship",
        "id": "relationship--00000000-0000-4000-8000-000000000001",
        "relationship_type": "related-to",
        "source_ref": named["id"],
        "target_ref": clean["id"],
    }
    made = make(exchange, "member-a", "submissions", stix(named, clean, link))
    assert made["state"] == "minimised"
    assert made["facts"]["findings"][0]["pointer"] == "/content/0/description"
    shown = {one["id"]: one for one in given(exchange, "member-b")}
    assert named["id"] not in shown
    assert shown[clean["id"]]["description"] == "Clean"
    (copy,) = [one for one in shown.values() if one["id"] != clean["id"]]
    assert copy["description"] == "The victim's SSN is [removed: us-ssn]."
    links = [one for one in given(exchange, "member-b", "relationship") if one.get("description") is None]
    assert {one["source_ref"] for one in links} == {named["id"], copy["id"]}


@pytest.mark.parametrize("attribution", ["attributed", "anonymous"])
@pytest.mark.parametrize("form", ["stix", "csv"])
def test_what_is_doubtful_waits_and_is_released_or_minimised_by_a_person(
    exchange: World, form: str, attribution: str
) -> None:
    after: list[dict[str, Any]] = []
    for name in ("publish", "minimise"):
        sent = (
            stix(indicator(description=DOUBTFUL), attribution=attribution)
            if form == "stix"
            else table(f"domain-name,{name}.example,{DOUBTFUL}", attribution=attribution)
        )
        made = make(exchange, "member-a", "submissions", sent)
        assert made["state"] == "held"
        why = made["history"][-1]["document"]["reason"]
        assert "email at /content" in why
        assert ADDRESS not in why
        assert "hold" in [one["step"] for one in events(exchange, "member-a") if one.get("record") == made["id"]]
        content = json.dumps([indicator(name="Short")]) if form == "stix" else f"{CSV}domain-name,short.example\n"
        decision = {"content": content, "removed": "Whom to ask."} if name == "minimise" else None
        before = len(given(exchange, "member-b"))
        do(exchange, "analyst", "submissions", made["id"], name, decision)
        after = given(exchange, "member-b")
        assert len(after) == before + 1
    assert sum(ADDRESS in json.dumps(one) for one in after) == 1


@pytest.mark.parametrize("attribution", ["attributed", "anonymous"])
@pytest.mark.parametrize("label", ["green", "amber+strict", "red"])
def test_a_minimised_submission_has_the_readers_of_its_label(exchange: World, attribution: str, label: str) -> None:
    sent = stix(indicator(description=CERTAIN), marking=label, attribution=attribution)
    make(exchange, "member-a", "submissions", sent)
    everybody = {one: len(given(exchange, one)) for one in ("member-a", "member-a2", "member-b", "peer", "government")}
    own = attribution == "attributed"
    wanted = {
        "green": {"member-a", "member-a2", "member-b", "peer"},
        "amber+strict": {"member-a", "member-a2"} if own else set(),
        "red": {"member-a"} if own else set(),
    }[label]
    assert {one for one, count in everybody.items() if count} == wanted
    assert SSN not in json.dumps([*bodies(exchange, "analyst")])


def test_a_taken_back_submission_takes_its_copies_back(exchange: World) -> None:
    made = make(exchange, "member-a", "submissions", stix(indicator(description=CERTAIN), indicator(name="Clean")))
    assert len(given(exchange, "member-b")) == 2
    do(exchange, "member-a", "submissions", made["id"], "retract", {"reason": "Wrong."})
    newest = {one["id"]: one for one in sorted(given(exchange, "member-b"), key=lambda one: str(one["modified"]))}
    assert [one["revoked"] for one in newest.values()] == [True, True]


def test_words_wait_as_ever_and_the_findings_are_there_for_who_decides(exchange: World) -> None:
    made = make(exchange, "member-a", "submissions", words(f"{CERTAIN} {DOUBTFUL}"))
    assert made["state"] == "held"
    assert [one["rule"] for one in made["facts"]["findings"]] == ["us-ssn", "email"]
    staff = read(exchange, "analyst", "submissions", made["id"]).json
    assert staff["facts"]["findings"] == made["facts"]["findings"]


def test_clean_content_is_published_as_ever(exchange: World) -> None:
    made = make(exchange, "member-a", "submissions", stix(indicator(description="The loader sleeps.")))
    assert made["state"] == "published"
    assert "findings" not in made["facts"]
