"""Status of an addition (TAXII 2.1, 4.3). Rows: spec requirements/taxii_status.yaml.

A status may stay pending and may be forgotten; only what it says while it is there is judged.
"""

from __future__ import annotations

from urllib.parse import urljoin

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Exchange
from isao_conformance.fixtures import LABEL, statement_marking
from isao_conformance.lab import Lab
from isao_conformance.listings import instant, version_of
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import STATUS, TIMESTAMP
from isao_conformance.roots import other_roots
from isao_conformance.statuses import (
    added,
    address,
    details,
    followed,
    is_count,
    is_of,
    is_whole,
    own_status,
    settled,
    shows,
    status_in,
)
from isao_conformance.tables import COUNTS, DETAILS, TABLES
from isao_conformance.target import OUTSIDER, Actor

OPERATORS = ("operator", "analyst")
TRIES = 5
"""Other probes post at the same time, so where only the newest status is kept it takes some to get one at all."""


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
    posts = [added(lab, [lab.indicator(LABEL)]), added(lab, [lab.indicator(LABEL), lab.indicator(LABEL)])]
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
    words = [answer.resource.get("status") for answer in followed(lab, [lab.indicator(LABEL)])]
    wrong = [word for word in words if word not in ("complete", "pending")]
    lab.expect(
        not wrong, "status is complete or pending", expected="complete or pending", got=wrong[:1] or str(words[-1])
    )


@probe("TAXII-4.3.1-2", statement="51af631a", needs=["writable"])
def total_count_is_the_number_of_objects_sent(lab: Lab) -> None:
    """4.3.1: the number of objects in the request. One of the four is already stored, which does not make it fewer."""
    known = lab.share(LABEL)
    answers = followed(lab, [lab.indicator(LABEL), known, lab.indicator(LABEL), lab.indicator(LABEL)])
    counts = [(a.resource.get("status"), a.resource.get("total_count")) for a in answers]
    if not any(count == 4 or status == "complete" for status, count in counts):
        lab.no_verdict(f"the status never got beyond pending with no count: {counts[-1]}")
    wrong = [f"{count} while {word}" for word, count in counts if count != 4 and (word != "pending" or count != 0)]
    lab.expect(
        not wrong, "total_count is 4 for four objects", expected="4", got=wrong[0] if wrong else f"4 in {len(counts)}"
    )


@probe("TAXII-4.3.1-9", statement="b5c89da1", needs=["writable"])
def entries_of_a_status_carry_the_stix_id(lab: Lab) -> None:
    """4.3.1: id is the STIX id. The lists are optional; an entry in them is about one of the two objects sent."""
    sent = [lab.indicator(LABEL), lab.indicator(LABEL)]
    entries = details(followed(lab, sent))
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
    answers = followed(lab, sent)
    marking = statement_marking(lab)
    try:
        answers += followed(lab, [marking])
        sent.append(marking)
    except Untestable:
        sent = sent[:1]  # a server may refuse marking definitions
    versions = {stix["id"]: version_of(stix) for stix in sent}
    entries = [e for e in details(answers) if e.get("id") in list(versions)]
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
    answers = followed(lab, [lab.indicator(LABEL)])
    told = [a.resource["request_timestamp"] for a in answers if "request_timestamp" in a.resource]
    wrong = [text for text in told if not isinstance(text, str) or not TIMESTAMP.fullmatch(text) or not instant(text)]
    lab.expect(
        not wrong,
        "request_timestamp, where present, is a TAXII timestamp",
        expected="YYYY-MM-DDTHH:MM:SS.ssssssZ",
        got=wrong[:1] or (told[-1] if told else "not present"),
    )


def _count_is_there(exchange: Exchange, name: str) -> Looked:
    part = status_in(exchange)
    if part is None:
        return False
    if name not in part.body:
        return Finding(f"{name}, zero or more", f"a status without {name}")
    value = part.body[name]
    return True if is_count(value) else Finding("a whole number of zero or more", f'"{name}": {str(value)[:80]!r}')


@watcher("TAXII-4.3.1-3", statement="3ef71420")
def total_count_is_a_count(exchange: Exchange) -> Looked:
    """4.3.1: required, an integer of zero or more."""
    return _count_is_there(exchange, "total_count")


@watcher("TAXII-4.3.1-4", statement="a5cabfe2")
def success_count_is_a_count(exchange: Exchange) -> Looked:
    """4.3.1: required, an integer of zero or more."""
    return _count_is_there(exchange, "success_count")


@watcher("TAXII-4.3.1-5", statement="3abac70d")
def failure_count_is_a_count(exchange: Exchange) -> Looked:
    """4.3.1: required, an integer of zero or more."""
    return _count_is_there(exchange, "failure_count")


@watcher("TAXII-4.3.1-6", statement="4edde7ca")
def pending_count_is_a_count(exchange: Exchange) -> Looked:
    """4.3.1: required, an integer of zero or more."""
    return _count_is_there(exchange, "pending_count")


@watcher("TAXII-4.3.1-7", statement="64dfef11")
def counts_of_a_status_add_up(exchange: Exchange) -> Looked:
    """4.3.1: each object of the request was created, failed or is pending. What is no whole number is left to its own
    row; a total of 0 says that processing has not begun, and is no sum."""
    part = status_in(exchange)
    if part is None or not all(is_whole(part.body.get(name)) for name in COUNTS):
        return False
    total, *outcomes = (part.body[name] for name in COUNTS)
    complete = part.body.get("status") == "complete"
    told = ", ".join(f"{name} {part.body[name]}" for name in COUNTS)
    if sum(outcomes) != total and (complete or total != 0):
        return Finding("three counts that add up to total_count", told)
    if complete and part.body["pending_count"]:
        return Finding("nothing pending when complete", told)
    for name, count in zip(DETAILS, outcomes, strict=True):
        listed = part.body.get(name)
        if isinstance(listed, list) and len(listed) > count:
            return Finding(f"no more {name} than counted", f"{len(listed)} {name}; {told}")
    return True


@watcher("TAXII-4.3.1-8", statement="fbba4de7")
def entries_of_a_status_have_id_and_version(exchange: Exchange) -> Looked:
    """4.3.1: status-details is an object with a string id and a string version. The lists are optional."""
    part = status_in(exchange)
    if part is None:
        return False
    for key in DETAILS:
        listed = part.body.get(key)
        for entry in listed if isinstance(listed, list) else []:
            named = isinstance(entry, dict) and isinstance(entry.get("id"), str) and entry["id"] != ""
            if not named or not isinstance(entry.get("version"), str):
                return Finding("an object with a string id and a string version", f"{key} holds {str(entry)[:120]}")
    return True


@probe("TAXII-4.3-2", statement="ea22eb1b", needs=["writable"])
def a_status_is_kept_for_the_length_of_a_run(lab: Lab) -> None:
    """4.3: at least 24 hours after completion. A run is shorter, so a status that is gone within it was given up too
    early; a second POST lies between the questions, for servers that keep the newest only. One that never was there
    is left to TAXII-5.5-12."""
    for _ in range(TRIES):
        post = added(lab, [lab.indicator(LABEL)])
        status_id = str(post.resource.get("id"))
        first = lab.reader.status(lab.survey.api_root, status_id)
        if first.status == 200:
            break
    lab.control(first.status == 200, f"the status is not answered at once (TAXII-5.5-12): {first.brief()}")
    lab.completed(lab.reader, post)
    added(lab, [lab.indicator(LABEL)])
    answers = [lab.reader.status(lab.survey.api_root, status_id) for _ in range(2)]
    gone = [answer for answer in answers if answer.status != 200]
    lab.expect(
        not gone,
        "a status is still there minutes after it is complete",
        expected="200 for 24 hours",
        got=gone[0] if gone else answers[-1],
    )


@probe("TAXII-4.3-4", statement="41752650", needs=["writable"])
def a_status_is_not_served_below_another_api_root(lab: Lab) -> None:
    """4.3: the URL of a status begins with its API root. Below any other one, real or invented, there is no such
    status; how the server says so is left to it."""
    own = own_status(lab)
    for root in other_roots(lab)[:3] or [urljoin(lab.survey.api_root, f"/no-such-root-{lab.uuid()}/")]:
        answer = lab.reader.status(root, str(own.resource.get("id")))
        lab.expect(
            not shows(answer, own),
            "the status is not served below another API root",
            expected="404",
            got=answer,
        )


@probe("TAXII-4.3-5", statement="e4354b89", needs=["writable"])
def a_status_is_not_shown_to_other_organizations(lab: Lab) -> None:
    """4.3: 403 or 404 to who has no access. Asked are accounts of other organizations and a stranger; the operator's
    own accounts may read everything."""
    others = [
        name
        for name in lab.target.callers
        if name not in OPERATORS and not _together(lab.reader.actor, lab.as_(name).actor)
    ]
    if not set(others) - {OUTSIDER}:
        lab.no_verdict("no account of another organization is lent", blocked_by="capability several-accounts")
    own = own_status(lab)
    shown = []
    for name in others:
        answer = lab.as_(name).status(lab.survey.api_root, str(own.resource.get("id")))
        if shows(answer, own):
            shown.append((name, answer))
    lab.expect(
        not shown,
        "nobody of another organization is shown the status",
        expected="404, 403 or 401",
        got=", ".join(name for name, _ in shown) or f"refused to {', '.join(others)}",
        seen=[answer for _, answer in shown[:1]],
    )


def _together(one: Actor, other: Actor) -> bool:
    """True for accounts of one organization; without a word on that, for names that differ in a final digit only."""
    if one.organization and other.organization:
        return one.organization == other.organization
    return one.name.rstrip("0123456789") == other.name.rstrip("0123456789")


@probe("TAXII-4.3.1-11", statement="d7d829f2", needs=["writable"])
def an_object_without_dates_has_one_version_everywhere(lab: Lab) -> None:
    """4.3.1: a value that is consistent to the server. An address has neither modified nor created; what the status
    calls its version is compared with the manifest. The control is an indicator beside it, whose version both places
    have to tell by its modified time."""
    stix, dated = address(lab), lab.indicator(LABEL)
    answers = followed(lab, [stix, dated])
    entries = details(answers)
    entries += [r for s in (stix, dated) for r in lab.reader.manifest(lab.workspace, match_id=s["id"]).objects]
    versions = {s["id"]: [e.get("version") for e in entries if e.get("id") == s["id"]] for s in (stix, dated)}
    right = all(instant(version) == instant(dated["modified"]) for version in versions[dated["id"]])
    lab.control(right, "a dated object has another version than its modified time (TAXII-4.3.1-10, TAXII-5.3.1-3)")
    told = [version for version in versions[stix["id"]] if isinstance(version, str)]
    named = any(e.get("id") == stix["id"] and isinstance(e.get("version"), str) for e in details(answers))
    if not named or answers[-1].list_of("failures"):
        lab.no_verdict("the object is refused, or no entry of the status names it with a version")
    lab.expect(
        all(told) and len(set(told)) == 1,
        "one version in the answer, the status and the manifest",
        expected="the same value, which is not empty",
        got=", ".join(repr(version) for version in dict.fromkeys(told)),
    )


@probe("TAXII-4.3.1-13", statement="2c59346d", needs=["writable"])
def a_complete_status_stays_as_it_is(lab: Lab) -> None:
    """4.3.1: complete means not updated further. Between the questions happens what tempts a server to count anew: the
    objects come again, in a new version, and one is deleted. Removal is lawful; then there is nothing that changed."""
    kept, gone = lab.indicator(LABEL), lab.indicator(LABEL)
    before = [a for a in followed(lab, [kept, gone]) if a.resource.get("status") == "complete"]
    if not before:
        lab.no_verdict("the status never says complete")
    added(lab, [kept, lab.indicator(LABEL)])
    added(lab, [{**kept, "modified": "2026-02-05T08:00:00.000Z"}])
    if lab.target.may_delete:
        lab.reader.delete(lab.workspace, gone["id"])
    status_id = str(before[0].resource.get("id"))
    after = [lab.reader.status(lab.survey.api_root, status_id) for _ in range(2)]
    seen = [*before, *(answer for answer in after if is_of(answer, status_id))]
    changed = [
        f"{name} was {str(told[0])[:120]} and is {str(told[-1])[:120]}"
        for name in sorted(TABLES[STATUS])
        if len(set(told := [value for a in seen if (value := settled(a, name)) is not None])) > 1
    ]
    lab.expect(
        not changed,
        "a complete status keeps its values",
        expected="the same values whenever it is asked for",
        got=changed[:2] or f"{len(seen)} times the same",
    )
