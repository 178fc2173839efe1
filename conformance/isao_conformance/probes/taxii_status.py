"""Status of an addition (TAXII 2.1, 4.3). Rows: spec requirements/taxii_status.yaml.

A status may stay pending and may be forgotten; only what it says while it is there is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, Stix, statement_marking
from isao_conformance.lab import Lab
from isao_conformance.listings import instant, version_of
from isao_conformance.probe import probe
from isao_conformance.resources import TIMESTAMP

DETAILS = ("successes", "failures", "pendings")


def _added(lab: Lab, objects: list[Stix]) -> Answer:
    """The 202 answer to a POST of these objects. Untestable when it is another one."""
    lab.created(lab.workspace, [stix["id"] for stix in objects])
    answer = lab.reader.add(lab.workspace, objects)
    if answer.status != 202 or not isinstance(answer.data, dict):
        lab.no_verdict(f"the POST was not answered 202 with a JSON object: {answer.brief()}")
    return answer


def _followed(lab: Lab, objects: list[Stix]) -> list[Answer]:
    """The answer to the POST and every status answered 200 after it, at least one, up to complete or the bound.

    A status that carries another id than the one asked for is left out: that is TAXII-4.3-3.
    """
    answers = [_added(lab, objects)]
    status_id = str(answers[0].resource.get("id"))

    def ask() -> Answer | None:
        now = lab.reader.status(lab.survey.api_root, status_id)
        if now.status == 200 and str(now.resource.get("id")).lower() == status_id.lower():
            answers.append(now)
        return None if now.status == 200 and now.resource.get("status") == "pending" else now

    lab.poll(ask)
    return answers


@probe("TAXII-4.3-1", statement="2341fd29")
def an_unknown_status_is_answered_404(lab: Lab) -> None:
    """4.3: a status that the server does not have is 404. The id is new, the root below which it is asked answers."""
    control = lab.reader.get(lab.survey.api_root) if lab.survey.api_root else None
    lab.control(control is not None and control.status == 200, "the API root is not answered 200")
    answer = lab.reader.status(lab.survey.api_root, lab.uuid())
    if answer.status in (401, 403):
        lab.no_verdict(f"statuses are refused to this account: {answer.brief()}")
    lab.expect(
        answer.status == 404,
        "an id that was never given out is answered 404",
        expected="404",
        got=answer,
        soft=not 200 <= answer.status < 300,
    )


@probe("TAXII-4.3-3", statement="a42afe3f", needs=["writable"])
def a_status_is_the_one_that_was_asked_for(lab: Lab) -> None:
    """4.3: the status resource of that id. Two additions of different size; the older one is asked last, so a server
    that always shows the newest, or mixes up counts, is found."""
    posts = [_added(lab, [lab.indicator(LABEL)]), _added(lab, [lab.indicator(LABEL), lab.indicator(LABEL)])]
    ids = [str(post.resource.get("id")) for post in posts]
    lab.control(ids[0].lower() != ids[1].lower(), "both additions were given the same status id")
    foreign: list[str] = []
    changed: list[str] = []
    seen = 0
    for post, status_id in zip(reversed(posts), reversed(ids), strict=True):
        answer = lab.reader.status(lab.survey.api_root, status_id)
        if answer.status != 200:
            continue
        seen += 1
        if str(answer.resource.get("id")).lower() != status_id.lower():
            foreign.append(f"asked for {status_id}, got {answer.resource.get('id')}")
        counts = (post.resource.get("total_count"), answer.resource.get("total_count"))
        if counts[0] and counts[0] != counts[1]:
            changed.append(f"total_count of {status_id} was {counts[0]} and is {counts[1]}")
    lab.control(seen > 0, "neither status is answered 200 any more")
    lab.expect(not foreign, "the id is the one asked for", expected="the id of the URL", got=foreign[:1] or "so it is")
    lab.expect(not changed, "total_count keeps its value", expected="the same count", got=changed[:1] or "so it does")


@probe("TAXII-4.3.1-1", statement="ba530f6b", needs=["writable"])
def a_status_is_complete_or_pending(lab: Lab) -> None:
    """4.3.1: two words and no others, in the answer to the POST and each later one."""
    words = [answer.resource.get("status") for answer in _followed(lab, [lab.indicator(LABEL)])]
    wrong = [word for word in words if word not in ("complete", "pending")]
    lab.expect(
        not wrong, "status is complete or pending", expected="complete or pending", got=wrong[:1] or str(words[-1])
    )


@probe("TAXII-4.3.1-2", statement="51af631a", needs=["writable"])
def total_count_is_the_number_of_objects_sent(lab: Lab) -> None:
    """4.3.1: the number of objects in the request. One of the four is already stored, which does not make it fewer."""
    known = lab.share(LABEL)
    answers = _followed(lab, [lab.indicator(LABEL), known, lab.indicator(LABEL), lab.indicator(LABEL)])
    counts = [(a.resource.get("status"), a.resource.get("total_count")) for a in answers]
    if not any(count == 4 or status == "complete" for status, count in counts):
        lab.no_verdict(f"the status never got beyond pending with no count: {counts[-1]}")
    wrong = [f"{count} while {word}" for word, count in counts if count != 4 and (word != "pending" or count != 0)]
    lab.expect(
        not wrong, "total_count is 4 for four objects", expected="4", got=wrong[0] if wrong else f"4 in {len(counts)}"
    )


def _details(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Every entry of successes, failures and pendings in these answers."""
    return [e for answer in answers for key in DETAILS for e in answer.list_of(key) if isinstance(e, dict)]


@probe("TAXII-4.3.1-9", statement="b5c89da1", needs=["writable"])
def entries_of_a_status_carry_the_stix_id(lab: Lab) -> None:
    """4.3.1: id is the STIX id. The lists are optional; an entry in them is about one of the two objects sent."""
    sent = [lab.indicator(LABEL), lab.indicator(LABEL)]
    entries = _details(_followed(lab, sent))
    wrong = [e.get("id") for e in entries if e.get("id") not in [stix["id"] for stix in sent]]
    lab.expect(
        not wrong,
        "every entry has the id of an object sent",
        expected=f"{sent[0]['id']} or {sent[1]['id']}",
        got=wrong[:2] or f"{len(entries)} entries",
    )


@probe("TAXII-4.3.1-10", statement="8e382bce", needs=["writable"])
def entries_of_a_status_carry_modified_or_created_as_version(lab: Lab) -> None:
    """4.3.1: version is modified, or created where there is none: an indicator, and a marking definition where it is
    taken. Compared as instants; another spelling of the same instant is a warning."""
    sent = [lab.indicator(LABEL, modified="2026-02-05T08:00:00.000Z")]
    answers = _followed(lab, sent)
    marking = statement_marking(lab)
    try:
        answers += _followed(lab, [marking])
        sent.append(marking)
    except Untestable:
        sent = sent[:1]  # a server may refuse marking definitions
    versions = {stix["id"]: version_of(stix) for stix in sent}
    entries = [e for e in _details(answers) if e.get("id") in list(versions)]
    told = [(e.get("version"), versions[e["id"]]) for e in entries]
    wrong = [f"version {was} for {should}" for was, should in told if instant(was) != instant(should)]
    lab.expect(
        not wrong,
        "the version is the modified or else the created time",
        expected="the same instant",
        got=wrong[:2] or f"{len(entries)} entries",
    )
    if not wrong:
        respelt = [f"{was} for {should}" for was, should in told if was != should]
        lab.expect(
            not respelt, "the version is spelled as in the object", got=respelt[:2] or "the same spelling", soft=True
        )


@probe("TAXII-4.3.1-12", statement="c6f46dec", needs=["writable"])
def request_timestamp_is_a_taxii_timestamp(lab: Lab) -> None:
    """4.3.1 with section 2: six fraction digits and Z, a day that exists. The property is optional."""
    answers = _followed(lab, [lab.indicator(LABEL)])
    told = [a.resource["request_timestamp"] for a in answers if "request_timestamp" in a.resource]
    wrong = [text for text in told if not isinstance(text, str) or not TIMESTAMP.fullmatch(text) or not instant(text)]
    lab.expect(
        not wrong,
        "request_timestamp, where present, is a TAXII timestamp",
        expected="YYYY-MM-DDTHH:MM:SS.ssssssZ",
        got=wrong[:1] or (told[-1] if told else "not present"),
    )
