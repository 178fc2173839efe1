"""Probes of privacy: what victims would not want shared is not shared, what is the threat is, and who sent it is told.

Every number is a reserved, invalid or test one, every host is kept for examples, and nobody named exists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from isao_conformance import content, function_api
from isao_conformance.drills import REASON, history, part, record, take, withheld
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.function_api import Functions, functions_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, Posted, contribute, reads, same_content

OTHER = "member-b"
LABEL = "green"
STATUS_LISTS = ("failures", "pendings", "successes")
STIX_ID = re.compile(r"\b[a-z][a-z0-9-]*--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
CARD, SSN = "4111 1111 1111 1111", "219-09-9999"
Stix = dict[str, Any]


def _seeded(lab: Lab, about: str) -> dict[str, tuple[Stix, str, str]]:
    """By what the personal information is: an object with it in somebody's own words, its value, and a word that the
    object alone carries. The objects that have to be about something are about `about`."""
    word = [f"drill-{lab.token(12)}" for _ in range(6)]
    mail = f"jane.example-{lab.token(6)}@victim.example"
    said = {
        "social security number": (SSN, f"{word[0]}: the victim's social security number is {SSN}."),
        "payment-card number": (CARD, f"{word[1]}: the victim's payment card number is {CARD}."),
        "medical record number": ("00482913", f"{word[2]}: the victim's medical record number (MRN) is 00482913."),
        "date of birth": ("1961-03-03", f"{word[3]}: the victim's date of birth is 1961-03-03."),
        "telephone number": ("+1 202-555-0143", f"{word[4]}: the victim's mobile phone number is +1 202-555-0143."),
        "e-mail address": (mail, f"{word[5]}: the mail was opened by the victim, {mail}."),
    }
    texts = {name: text for name, (_, text) in said.items()}
    made = {
        "social security number": lab.indicator(LABEL, description=texts["social security number"]),
        "payment-card number": lab.new(content.note, about, LABEL, content=texts["payment-card number"]),
        "medical record number": lab.new(content.opinion, about, LABEL, explanation=texts["medical record number"]),
        "date of birth": lab.new(content.malware, LABEL, x_drill_comment=texts["date of birth"]),
        "telephone number": lab.new(content.report, about, LABEL, description=texts["telephone number"]),
        "e-mail address": lab.new(content.course_of_action, LABEL, description=texts["e-mail address"]),
    }
    return {name: (made[name], said[name][0], word[place]) for place, name in enumerate(said)}


def _twins(lab: Lab, seeded: Mapping[str, tuple[Stix, str, str]]) -> dict[str, Stix]:
    """The same objects, under other ids, without the values."""
    made = {}
    for name, (stix, value, _) in seeded.items():
        text = json.dumps(stix).replace(value, "not known")
        made[name] = {**json.loads(text), "id": f"{stix['type']}--{lab.uuid()}"}
    return made


def _added(lab: Lab, objects: list[Stix]) -> Answer:
    """The answer to an addition by the contributor, or its status as it is at the bound."""
    status = _status_of_adding(lab, objects)
    _write_down_copies(lab, status, objects)
    return status


def _write_down_copies(lab: Lab, status: Answer, sent: list[Stix]) -> None:
    """A copy that the target shares in place of what was sent is for the clean-up too: one that the status names and
    that carries the mark of the run, so that nothing of others is taken for one."""
    known = {str(stix["id"]) for stix in sent}
    named = dict.fromkeys(STIX_ID.findall(json.dumps([status.list_of(name) for name in STATUS_LISTS])))
    for copy in [one for one in named if one not in known][: len(sent)]:
        found = lab.as_(CONTRIBUTOR).objects(lab.workspace, match_id=copy).objects
        if any(stix.get("id") == copy and lab.run in str(stix.get("labels")) for stix in found):
            lab.created(lab.workspace, [copy], by=CONTRIBUTOR)


def _status_of_adding(lab: Lab, objects: list[Stix]) -> Answer:
    session = lab.as_(CONTRIBUTOR)
    lab.created(lab.workspace, [str(one["id"]) for one in objects], by=CONTRIBUTOR)
    answer = session.add(lab.workspace, objects)
    if answer.status != 202 or answer.resource.get("status") != "pending":
        return answer
    try:
        return lab.completed(session, answer)
    except Untestable:
        last = session.status(lab.survey.api_root, str(answer.resource.get("id")))
        return last if last.status == 200 else answer


def _new_to(lab: Lab, actor: str, opening: Posted) -> list[Stix]:
    """Everything that an actor is given of what came after the opening, from every collection that the run knows."""
    found: list[Stix] = []
    for where in dict.fromkeys((opening.where, *lab.survey.readable, *lab.target.write)):
        pages = lab.walk(lab.as_(actor).objects, where, added_after=opening.since)
        found += [stix for page in pages if page.status == 200 for stix in page.objects]
    return found


def _holds(objects: Iterable[Stix], word: str, value: str) -> list[str]:
    """The ids of the objects in which both a word and a value occur."""
    texts = ((str(one.get("id")), json.dumps(one, ensure_ascii=False)) for one in objects)
    return [one for one, text in texts if word in text and value in text]


def _is_shared_as_it_was(lab: Lab, stix: Stix, value: str) -> bool:
    """Whether another member gets an object under its own id with a value in it."""
    answer = lab.as_(OTHER).objects(lab.workspace, match_id=str(stix["id"]))
    return any(value in json.dumps(one, ensure_ascii=False) for one in answer.objects)


def _opening(lab: Lab) -> Posted:
    """The object before all others of a probe, and the moment before it."""
    return contribute(lab, {"opening": lab.indicator(LABEL)})


@probe("ISAO-LEG-001", statement="b69edc70", needs=["member-a", "member-b", "writable"])
def what_victims_would_not_want_shared_is_not_shared_and_the_rest_is(lab: Lab) -> None:
    """What a victim's neighbours learn from a warning is a second breach.

    Objects with a value that words beside it name as a victim's, in descriptions, notes, explanations and properties of
    somebody's own, each with a twin without it. The other member is shown the twins, and nothing that holds both a
    value and the word of its object: not under the object's own id, and not in any copy.
    """
    opening = _opening(lab)
    seeded = _seeded(lab, opening.id_of("opening"))
    for stix, _, _ in seeded.values():
        _added(lab, [stix])
    twins = _twins(lab, seeded)
    for name, twin in twins.items():
        lab.publish([twin], by=CONTRIBUTOR)
        lab.control(reads(lab, OTHER, lab.workspace, twin["id"]) is not None, f"{OTHER} is shown the twin: {name}")
    given = _new_to(lab, OTHER, opening)
    for name, (stix, value, word) in seeded.items():
        known = {str(stix["id"]), *(str(twin["id"]) for twin in twins.values())}
        copies = [str(one.get("id")) for one in given if word in json.dumps(one)]
        lab.created(lab.workspace, [one for one in copies if one not in known], by=CONTRIBUTOR)
        leaks = _holds(given, word, value)
        single = lab.as_(OTHER).object(lab.workspace, str(stix["id"]))
        leaks += ["the object by its id"] if _holds(single.objects, word, value) else []
        lab.expect(not leaks, f"no object with the victim's {name} is shown", got=", ".join(leaks))


@probe("ISAO-LEG-002", statement="3790e9e9", needs=["member-a", "member-b", "writable"])
def the_address_of_a_phisher_is_shown_where_it_stands(lab: Lab) -> None:
    """An indicator without its value protects nobody, and a review that takes out too much is switched off.

    The sender's address of a phishing mail stands in a pattern and in the description beside it, as an observable, and
    a message comes from it. Another member is shown each with the address.
    """
    plain = lab.share(LABEL, by=CONTRIBUTOR)
    lab.control(reads(lab, OTHER, lab.workspace, plain["id"]) is not None, f"{OTHER} is shown a plain indicator")
    address = f"phisher-{lab.token(12)}@phish.example"
    sender = content.marked(
        {"type": "email-addr", "spec_version": "2.1", "id": f"email-addr--{lab.uuid()}", "value": address}, LABEL
    )
    message: Stix = {"type": "email-message", "spec_version": "2.1", "id": f"email-message--{lab.uuid()}"}
    message |= {"is_multipart": False, "from_ref": sender["id"], "subject": f"Drill {lab.run}"}
    indicator = lab.indicator(
        LABEL,
        pattern=f"[email-addr:value = '{address}']",
        description=f"Phishing mails to customers come from {address}.",
    )
    status = _added(lab, [sender, content.marked(message, LABEL), indicator])
    places = {
        "the value of the observable": (sender, "value"),
        "the pattern of the indicator": (indicator, "pattern"),
        "the description of the indicator": (indicator, "description"),
    }
    for name, (stix, property_) in places.items():
        shown = reads(lab, OTHER, lab.workspace, str(stix["id"]))
        if shown is None and status.resource.get("status") == "pending":
            lab.no_verdict(f"{stix['type']} waits for a person: {status.brief()}")
        kept = shown is not None and shown.get(property_) == stix[property_]
        last = lab.as_(OTHER).last
        # Not the look at a copy: it is no evidence of this, and another instance names its copy otherwise.
        seen = [status, *([last.answer] if last is not None and last.answer is not None else [])]
        got = shown or f"it is not shown: {status.brief()}"
        lab.expect(kept, f"{name} has the sender's address", got=got, seen=seen)


def _reviews(lab: Lab) -> Functions:
    """The function API as the contributor uses it. Untestable when no reviews are offered there."""
    if "privacy" not in function_api.offered(lab):
        lab.no_verdict("the capability document does not list the function privacy as offered")
    return functions_of(lab, CONTRIBUTOR)


def _review_of(member: Functions, stix: Stix) -> Mapping[str, Any] | None:
    """The review of an object that its contributor is listed."""
    for page in member.pages("reviews", limit=200):
        for one in page:
            if part(one, "document").get("object") == stix["id"]:
                return one
    return None


def _times(shown: Mapping[str, Any]) -> list[bool]:
    """For each line of a record's history, whether it has a moment."""
    told = []
    for line in shown.get("history", ()) if isinstance(shown.get("history"), list) else ():
        try:
            told.append(datetime.fromisoformat(str(line.get("time"))) is not None)
        except (AttributeError, ValueError):
            told.append(False)
    return told


@probe("ISAO-LEG-003", statement="c3768dc8", needs=["functions", "member-a", "member-b", "writable"])
def a_review_says_where_by_which_rule_what_and_when_and_not_what_was_found(lab: Lab) -> None:
    """A log that repeats what was taken out is the leak that it reports.

    An object with a payment-card number named as a victim's, and one without. Its contributor reads a review of the
    first that names the object, the property, a rule, an action and times, and does not hold the number; there is none
    of the second, and another member is shown none.
    """
    member, other = _reviews(lab), functions_of(lab, OTHER)
    named = lab.indicator(LABEL, description=f"Drill {lab.run}: the victim's payment card number is {CARD}.")
    clean = lab.indicator(LABEL, description=f"Drill {lab.run}: the victim's payment card number is not known.")
    _added(lab, [named, clean])
    if _is_shared_as_it_was(lab, named, CARD):
        lab.no_verdict("the object was shared as it was", blocked_by="ISAO-LEG-001")
    listed = lab.poll(lambda: _review_of(member, named))
    lab.expect(listed is not None, "the contributor is listed a review of the object", got="there is none")
    lab.control(_review_of(member, clean) is None, "there is no review of the object without the number")
    if listed is None:
        return
    single = member.get("reviews", str(listed.get("id")))
    shown = record(single, "the review")
    findings = part(shown, "document").get("findings")
    lines = [one for one in findings if isinstance(one, dict)] if isinstance(findings, list) else []
    there = [one for one in lines if one.get("pointer") == "/description"]
    lab.expect(bool(there), "a finding names the property", expected="/description", got=lines)
    told = [one for one in there or lines if one.get("rule") and one.get("action")]
    lab.expect(bool(told), "the finding names a rule and an action", got=lines)
    times = _times(shown)
    lab.expect(bool(times) and all(times), "every line of the history has a time", got=shown.get("history"))
    said = single.body.decode("utf-8", "replace")
    leaks = [text for text in (CARD, CARD.replace(" ", "")) if text in said]
    lab.expect(not leaks, "the record does not hold what was found", got=", ".join(leaks))
    hidden = withheld(other.get("reviews", str(listed["id"]))) and _review_of(other, named) is None
    lab.expect(hidden, "another member is not shown the review", got=f"{OTHER} is shown {listed['id']}")
    _put_away(member, shown)


@probe(
    "ISAO-LEG-004",
    statement="8dd98216",
    needs=["functions", "may-decide", "analyst", "member-a", "member-b", "writable"],
)
def what_is_held_waits_for_a_named_person_whose_decision_is_followed(lab: Lab) -> None:
    """Rules find numbers, not meanings; somebody has to be answerable for the rest, and in time.

    Of objects that name an unknown person and two addresses, those that are held are shown to no other member. An
    analyst releases one, which is then shown as it was contributed, and refuses another, which is not.
    """
    member, analyst = _reviews(lab), functions_of(lab, "analyst")
    sent = [lab.indicator(LABEL, description=_unclear(lab)) for _ in range(3)]
    clean = lab.indicator(LABEL)
    _added(lab, [*sent, clean])
    lab.control(reads(lab, OTHER, lab.workspace, clean["id"]) is not None, f"{OTHER} is shown the object without them")
    waiting = [(one, review) for one in sent if (review := _review_of(member, one)) and review.get("state") == "held"]
    if len(waiting) < 2:
        lab.no_verdict(f"{len(waiting)} of {len(sent)} objects are held, and two are needed")
    for stix, review in waiting:
        lab.expect(not _is_shown(lab, stix), "what is held is not shown to another member", got=stix["id"])
        lab.expect(bool(part(review, "due")), "the contributor reads by when a decision is promised", got=review)
    (free, first), (never, second), *left = waiting
    take(analyst, "reviews", str(first["id"]), "release", REASON)
    take(analyst, "reviews", str(second["id"]), "refuse", REASON)
    shown = reads(lab, OTHER, lab.workspace, str(free["id"]))
    same = shown is not None and same_content(free, shown)
    lab.expect(same, "what is released is shown as it was contributed", got=shown or "it is not shown")
    lab.expect(not _is_shown(lab, never), "what is refused is not shown to another member", got=never["id"])
    for name, review in (("release", first), ("refuse", second)):
        decided = record(analyst.get("reviews", str(review["id"])), "the review")
        by = [line.get("account") for line in history(decided, name)]
        lab.expect(bool(by) and all(by), f"the staff reads who took the step {name}", got=decided.get("history"))
    for _, review in left:
        _put_away(member, review)


def _unclear(lab: Lab) -> str:
    """Words of which nobody can tell whether the threat needs what they name."""
    unknown = f"quiet.person-{lab.token(8)}@isp.example"
    return f"Drill {lab.run}: ask {unknown}, or the victim Jane Example, 12 Sample Street, Exampletown."


def _is_shown(lab: Lab, stix: Stix) -> bool:
    """Whether another member gets an object, by its id or among those of that id."""
    session = lab.as_(OTHER)
    single = session.object(lab.workspace, str(stix["id"]))
    return bool(single.objects) or stix["id"] in session.objects(lab.workspace, match_id=str(stix["id"])).ids


def _put_away(member: Functions, review: Mapping[str, Any]) -> None:
    """Take back what still waits, so that nobody has to decide about a drill."""
    if review.get("state") == "held":
        member.step("reviews", str(review["id"]), "withdraw", REASON)


@probe("ISAO-LEG-005", statement="0ca50db7", needs=["member-a", "member-b", "writable"])
def the_contributor_is_told_that_an_object_was_not_shared_as_it_was_and_of_no_other(lab: Lab) -> None:
    """Who is not told sends the same again, and believes that all was shared.

    An object with a social security number named as a victim's and its twin without it go in one envelope. A message
    beside the first in the status, or a record that names it, tells its contributor; the twin has neither.
    """
    text = "Drill {run}: the victim's social security number is {value}."
    named = lab.indicator(LABEL, description=text.format(run=lab.run, value=SSN))
    twin = lab.indicator(LABEL, description=text.format(run=lab.run, value="not known"))
    status = _added(lab, [named, twin])
    lab.control(reads(lab, OTHER, lab.workspace, twin["id"]) is not None, f"{OTHER} is shown the twin")
    if _is_shared_as_it_was(lab, named, SSN):
        lab.no_verdict("the object was shared as it was", blocked_by="ISAO-LEG-001")
    told = _told_of(lab, status, named)
    lab.expect(bool(told), "the contributor is told of the object", got=told or status)
    wrongly = _told_of(lab, status, twin)
    lab.expect(not wrongly, "the contributor is told nothing of the twin", got=wrongly)


def _told_of(lab: Lab, status: Answer, stix: Stix) -> list[str]:
    """What tells the contributor that an object was not shared as it was: messages in the status, records."""
    entries = [one for name in STATUS_LISTS for one in status.list_of(name) if isinstance(one, dict)]
    said = [str(one.get("message", "")).strip() for one in entries if one.get("id") == stix["id"]]
    told = [one for one in said if one]
    if function_api.is_offered(lab) and "privacy" in function_api.offered(lab):
        review = _review_of(functions_of(lab, CONTRIBUTOR), stix)
        told += [f"the review {review.get('id')}"] if review is not None else []
    return told
