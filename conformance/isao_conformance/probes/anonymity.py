"""Probes of anonymity: what is published for somebody who does not want to be named leads to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from isao_conformance.distribution import MEMBERS, ORGANIZATION
from isao_conformance.drills import Document, decided, found, published, refused, submission
from isao_conformance.exchange import Answer
from isao_conformance.function_api import functions_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, just_before, lent, relation

READER = "member-b"
NEEDS = ["functions", "member-a", "member-b", "writable", "capability-document"]
SHORTEST = 5
"""Characters of a user name that nobody takes for a word."""


@probe("ISAO-LEG-019", statement="fcdce1cd", needs=NEEDS)
def who_contributes_anonymously_is_named_to_nobody(lab: Lab) -> None:
    """Who fears for its name shares nothing, so the choice has to hold on every path.

    An indicator is handed in anonymously. Each reader outside the contributor's organization that is given it asks for
    it on four paths; member B, whose copy has the pattern, is the control. What two members hand in under their names
    says which identity stands for the contributor.
    """
    marks, value = _marks(lab), _domain(lab)
    stix = lab.indicator("green") | {"pattern": f"[domain-name:value = '{value}']"}
    ids = [str(one["id"]) for one in _handed_in(lab, value, submission(lab, "stix", [stix], attribution="anonymous"))]
    for reader in lent(lab):
        answers = [answer for stix_id in ids for answer in _given(lab, reader, stix_id)]
        if not answers or relation(lab, reader) == ORGANIZATION:
            continue
        _none_holds(lab, answers, {f"{reader} is not told {name}": mark for name, mark in marks.items()})


@probe("ISAO-LEG-020", statement="9d187681", needs=NEEDS)
def what_is_published_anonymously_carries_nothing_that_leads_to_its_author(lab: Lab) -> None:
    """A ticket number or an id that was used before tells the name to whoever has seen it.

    An indicator goes in anonymously together with the identity that made it, and both are full of marks that nobody
    else uses. Member B is given an indicator with the pattern, and none of the marks. A target may refuse the custom
    property.
    """
    word, value, number = lab.token(12), _domain(lab), int(lab.token(6), 16)
    made = f"2025-11-03T04:{number % 60:02d}:{number // 60 % 60:02d}.{number % 1000:03d}Z"
    author = lab.new(_identity, f"Drill works {word}")
    indicator = lab.indicator(
        "green",
        created=made,
        modified=made,
        created_by_ref=author["id"],
        pattern=f"[domain-name:value = '{value}']",
        labels=[f"desk-{word}"],
        external_references=[{"source_name": f"tickets {word}", "external_id": f"T-{number}"}],
    )
    noted = {**indicator, "x_drill_note": f"note {word}"}
    attempts = [submission(lab, "stix", [author, one], attribution="anonymous") for one in (noted, indicator)]
    there = _handed_in(lab, value, *attempts)
    answers = [answer for one in there for answer in _given(lab, READER, str(one["id"]))]
    marks = {
        "the id of the submitted object": indicator["id"],
        "the identity of its author": author["id"],
        "the time at which it was made": made,
        "its label": f"desk-{word}",
        "its reference to a source of its own": f"tickets {word}",
        "its custom property": f"note {word}",
        "the name of its author": f"Drill works {word}",
    }
    _none_holds(lab, answers, {f"what is published does not hold {name}": mark for name, mark in marks.items()})


@probe("ISAO-LEG-027", statement="ceae13d0", needs=NEEDS)
def who_wants_to_be_known_to_members_alone_is_named_to_nobody_else(lab: Lab) -> None:
    """Between everybody and nobody there are those who signed the same terms.

    A line is handed in with the attribution members. Member B finds its contributor named among what came with it;
    readers that are no members are given the line and do not.
    """
    marks, value = _marks(lab), _domain(lab)
    document = submission(lab, "csv", f"type,value\ndomain-name,{value}\n", attribution="members")
    ids = [str(one["id"]) for one in _handed_in(lab, value, document)]

    def named() -> bool | None:
        answers = _with_what_refers(lab, READER, ids)
        return any(_names(answer, mark) for answer in answers for mark in marks.values()) or None

    told = lab.poll(named) is True
    lab.expect(told, f"{READER} is told who it was", got="a name" if told else f"none of {len(marks)} names")
    judged = False
    for reader in lent(lab):
        if reader in (READER, CONTRIBUTOR) or relation(lab, reader) in (ORGANIZATION, MEMBERS):
            continue
        answers = _with_what_refers(lab, reader, ids)
        judged = judged or bool(answers)
        _none_holds(lab, answers, {f"{reader} is not told {name}": mark for name, mark in marks.items() if answers})
    lab.control(judged, "a reader who is no member is given the line", "ISAO-MRK-002")


def _marks(lab: Lab) -> dict[str, str]:
    """What would name the contributor, as far as it is known. Untestable when nothing is."""
    session = lab.as_(CONTRIBUTOR)
    user = lab.username_of(session)
    marks = {
        "the id of its organization": session.actor.organization,
        "its identity object": session.actor.identity,
        "its user name": user if len(user) >= SHORTEST else "",
        "the identity that is named where it may be": _named_openly(lab),
    }
    known = {name: mark for name, mark in marks.items() if mark}
    lab.control(bool(known), "it is known what would name the contributor")
    return known


def _none_holds(lab: Lab, answers: list[Answer], marks: Mapping[str, str]) -> None:
    """None of the answers holds any of the marks; each stands under the sentence that says so."""
    for sentence, mark in marks.items():
        told = [answer for answer in answers if _names(answer, mark)]
        lab.expect(
            not told,
            sentence,
            expected=f"nothing of {mark}",
            got=told[0] if told else f"{len(answers)} answers without it",
            seen=told or answers,
        )


def _with_what_refers(lab: Lab, reader: str, ids: list[str]) -> list[Answer]:
    """Answers with the objects of these ids and with each one that names one of them, asked for alone; none when the
    reader is not given the first of them."""
    session = lab.as_(reader)
    found: list[Answer] = []
    for where in dict.fromkeys((*lab.survey.readable, *lab.target.write)):
        listed = session.objects(where, match_id=",".join(ids))
        if ids[0] not in listed.ids:
            continue
        found += [listed, session.manifest(where, match_id=",".join(ids))]
        since = just_before(lab, session, where, ids)
        later = [one for page in lab.walk(session.objects, where, added_after=since) for one in page.objects]
        named = {str(one["id"]) for one in later if any(stix_id in str(one) for stix_id in ids)} - set(ids)
        found += [session.objects(where, match_id=stix_id) for stix_id in sorted(named)]
    return found


def _identity(uuid: str, run: str, name: str) -> dict[str, Any]:
    stamp = "2025-11-02T08:00:00.000Z"
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid}",
        "created": stamp,
        "modified": stamp,
        "name": name,
        "identity_class": "organization",
        "labels": ["isao-conformance-run", f"run-{run}"],
    }


def _domain(lab: Lab) -> str:
    return f"{lab.token(12)}.drill.example"


def _handed_in(lab: Lab, value: str, *attempts: Document, by: str = CONTRIBUTOR, to: str = READER) -> list[Document]:
    """What is published for the first attempt that is taken, once the other member finds the value in a pattern."""
    member = functions_of(lab, by)
    for document in attempts:
        answer = member.create("submissions", document)
        if not refused(answer):
            break
    there = list(found(lab, to, published(decided(lab, member, answer))).values())
    given = any(value in str(stix.get("pattern")) for stix in there)
    lab.control(given, f"{to} is given what {by} handed in", "ISAO-GAT-002")
    return there


def _named_openly(lab: Lab) -> str:
    """The identity that made what the exchange writes for the contributor under its name; "" where it is not the
    contributor's, but the same for another member."""
    makers = []
    for by, to in ((CONTRIBUTOR, READER), (READER, CONTRIBUTOR)):
        value = _domain(lab)
        table = submission(lab, "csv", f"type,value\ndomain-name,{value}\n")
        makers.append({str(one.get("created_by_ref", "")) for one in _handed_in(lab, value, table, by=by, to=to)})
    return next(iter(sorted(makers[0] - makers[1] - {""})), "")


def _given(lab: Lab, reader: str, stix_id: str) -> Iterator[Answer]:
    """What a reader is answered on the four paths, in each collection where it is given the object."""
    session = lab.as_(reader)
    for where in dict.fromkeys((*lab.survey.readable, *lab.target.write)):
        listed = session.objects(where, match_id=stix_id)
        if stix_id in listed.ids:
            yield from (listed, session.manifest(where, match_id=stix_id))
            yield from (session.object(where, stix_id), session.versions(where, stix_id))


def _names(answer: Answer, mark: str) -> bool:
    text = answer.body.decode("utf-8", "replace")
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(mark)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None
