"""Probes of feedback: what others think of an item reaches whoever contributed it, in the language of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isao_conformance import content
from isao_conformance.drills import create, history, part, record, refused
from isao_conformance.exchange import Answer
from isao_conformance.function_api import Functions, functions_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, reads, same_content
from isao_conformance.session import Session

RATER = "member-b"


def _feedback(lab: Lab, target: str) -> dict[str, dict[str, Any]]:
    return {
        "an opinion": lab.new(content.opinion, target, "green"),
        "a sighting": lab.new(content.sighting, target, "green"),
        "a note": lab.new(content.note, target, "green"),
    }


@probe("ISAO-FBK-002", statement="c5d40d5d", needs=["member-a", "member-b", "writable"])
def opinions_sightings_and_notes_of_others_stand_beside_an_unaltered_item(lab: Lab) -> None:
    """Machine feedback is in the same language as the data (STIX 2.1: opinion, sighting, note) and never edits it.

    Another member, who was shown an item, posts one of each on it; each is taken and reads back as it was posted, its
    reference included, and the item still reads back equal to what its contributor sent.
    """
    where = lab.workspace
    item = lab.share("green", by=CONTRIBUTOR)
    lab.control(reads(lab, RATER, where, item["id"]) is not None, f"{RATER} reads the item")
    session = lab.as_(RATER)
    for words, stix in _feedback(lab, item["id"]).items():
        lab.created(where, [stix["id"]], by=RATER)
        answer = session.add(where, [stix])
        taken = answer.status == 202 and not lab.completed(session, answer).list_of("failures")
        lab.expect(taken, f"{words} of another member is accepted", expected="202 without failures", got=answer)
        if taken:
            got = reads(lab, RATER, where, stix["id"])
            same = got is not None and same_content(stix, got)
            lab.expect(same, f"{words} reads back as it was posted", expected=str(stix), got=got or "nothing")
    left = reads(lab, CONTRIBUTOR, where, item["id"])
    lab.expect(
        left is not None and same_content(item, left),
        "the item itself stays unaltered",
        expected=str(item),
        got=left or "the item is gone",
    )


@probe("ISAO-FBK-003", statement="a0dfc9ce", needs=["member-a", "member-b", "writable"])
def feedback_reaches_the_originator_and_no_outsider(lab: Lab) -> None:
    """Feedback that never arrives changes nothing, and it is as confidential as the item that it is about.

    Another member posts feedback under the item's own label; the originator finds it, an outsider does not find it
    among the objects, in the manifest or by its id. Whoever gave it does, by the same requests. Where the item that it
    is about leaks on a path, the path is to blame and nothing is said about feedback there.
    """
    where = lab.workspace
    item = lab.share("green", by=CONTRIBUTOR)
    feedback = _feedback(lab, item["id"])
    every = ",".join(stix["id"] for stix in feedback.values())
    lab.control(not lab.as_(CONTRIBUTOR).objects(where, match_id=every).ids, "nothing is there before it is posted")
    started = lab.now()
    for stix in feedback.values():
        lab.publish([stix], by=RATER)
    for words, stix in feedback.items():
        got = reads(lab, CONTRIBUTOR, where, stix["id"])
        lab.expect(got is not None, f"{words} reaches the originator", got=f"{stix['id']} does not appear")
        if got is None:
            return
    lab.measure("feedback to its originator by poll", (lab.now() - started).total_seconds(), "s", "feedback-round-trip")
    rater, outsider = lab.as_(RATER), lab.outsider
    paths: dict[str, Callable[[Session, str], Answer]] = {
        "objects": lambda session, stix_id: session.objects(where, match_id=stix_id),
        "manifest": lambda session, stix_id: session.manifest(where, match_id=stix_id),
        "its id": lambda session, stix_id: session.object(where, stix_id),
    }
    leaking = [path for path, ask in paths.items() if item["id"] in ask(outsider, item["id"]).ids]
    for words, stix in feedback.items():
        for path in (path for path in paths if path not in leaking):
            own, seen = paths[path](rater, stix["id"]), paths[path](outsider, stix["id"])
            lab.control(stix["id"] in own.ids, f"{words} is shown by {path} to whoever gave it")
            lab.expect(stix["id"] not in seen.ids, f"{words} is not shown by {path} to an outsider", got=seen)
    if leaking:
        lab.no_verdict(f"the item itself is shown to an outsider by {', '.join(leaking)}", blocked_by="ISAO-MEM-015")


ANSWERS: dict[str, Any] = {
    "timely": "yes",
    "actionable": "partly",
    "effective": "unknown",
    "consequence": "Drill: nothing came of it.",
}


@probe("ISAO-FBK-001", statement="ff1f0cd1", needs=["functions", "member-a", "member-b", "writable"])
def feedback_says_whether_an_item_was_timely_actionable_and_effective_and_what_came_of_it(lab: Lab) -> None:
    """These are the four things that companies promised to report; an exchange that does not ask never learns them.

    Of an item that it is shown, another member gives all four answers, and each of them alone; the originator is shown
    each as it was given. Feedback without an answer is refused, and so is an answer by a word that nobody knows.
    """
    where = lab.workspace
    item = lab.share("green", by=CONTRIBUTOR)
    lab.control(reads(lab, RATER, where, item["id"]) is not None, f"{RATER} reads the item")
    rater, originator = functions_of(lab, RATER), functions_of(lab, CONTRIBUTOR)
    alone = {f"{name} alone": {name: value} for name, value in ANSWERS.items()}
    for words, answers in {"all four answers": ANSWERS, **alone}.items():
        answer = rater.create("feedback", {"subject": item["id"], **answers})
        lab.expect(answer.status == 201, f"feedback with {words} is taken", expected="201", got=answer)
        if answer.status != 201:
            continue
        shown = originator.get("feedback", str(answer.resource.get("id")))
        told = part(shown.resource, "document")
        same = {name: told.get(name) for name in ANSWERS if name in told} == answers
        lab.expect(same, f"the originator is shown {words} as given", expected=str(answers), got=shown)
    for words, document in (("no answer", {}), ("an unknown word", {"timely": f"drill-{lab.token(8)}"})):
        answer = rater.create("feedback", {"subject": item["id"], **document})
        lab.expect(refused(answer), f"feedback with {words} is refused", expected="4xx", got=answer)


SAMPLES = 3


@probe("ISAO-FBK-004", statement="916862a7", needs=["functions", "member-a", "member-b", "analyst", "writable"])
def a_report_of_a_false_positive_is_answered(lab: Lab) -> None:
    """A wrong indicator that nobody looks at again blocks real business every day.

    Another member calls an item wrong: its originator and the analysts are shown that, with the time by which an answer
    is promised; the originator answers, and whoever gave the feedback is shown the answer. Neither is shown to a third
    organization. The times until the originator and until the giver is shown it are reported.
    """
    rater, originator, analyst = (functions_of(lab, name) for name in (RATER, CONTRIBUTOR, "analyst"))
    there, back = [], []
    for _ in range(SAMPLES):
        item = lab.share("green", by=CONTRIBUTOR)
        lab.control(reads(lab, RATER, lab.workspace, item["id"]) is not None, f"{RATER} reads the item")
        started = lab.now()
        made = create(rater, "feedback", {"subject": item["id"], "false_positive": True})
        given = record(rater.get("feedback", made), "the feedback as its giver is shown it")
        lab.control(not history(given, "answer"), "no answer is there before it is given")
        seen = lab.poll(_shown(originator, made))
        lab.expect(seen is not None, "its originator is shown the report", got=f"{made} does not appear")
        if seen is None:
            return
        there.append((lab.now() - started).total_seconds())
        for words, shown in (("its originator", seen), ("an analyst", analyst.get("feedback", made))):
            told = part(shown.resource, "document").get("false_positive") is True
            lab.expect(told, f"{words} is shown that the item is called wrong", got=shown)
            lab.expect(bool(part(shown.resource, "due")), f"{words} is shown by when an answer is promised", got=shown)
        text = f"Drill: looked at again {lab.token(8)}."
        answered = originator.step("feedback", made, "answer", {"text": text, "outcome": "kept"})
        lab.expect(answered.status == 200, "its originator can answer", expected="200", got=answered)
        got = lab.poll(_saying(rater, made, text))
        lab.expect(got is not None, "whoever gave it is shown the answer", got=rater.get("feedback", made))
        if got is None:
            return
        back.append((lab.now() - started).total_seconds())
        for name in (one for one in ("peer", "government", "outsider") if one in lab.target.actors):
            third = functions_of(lab, name)
            single = third.get("feedback", made)
            hidden = single.status != 200 and made not in third.ids("feedback")
            lab.expect(hidden, f"{name} is shown neither report nor answer", got=single)
    lab.measure_all("feedback to its originator by function API", there, of="feedback-round-trip")
    lab.measure_all("feedback to its answer, answered at once", back, of="time-to-answer")


def _shown(functions: Functions, identifier: str) -> Callable[[], Answer | None]:
    def ask() -> Answer | None:
        answer = functions.get("feedback", identifier)
        return answer if answer.status == 200 else None

    return ask


def _saying(functions: Functions, identifier: str, text: str) -> Callable[[], bool | None]:
    def ask() -> bool | None:
        lines = history(functions.get("feedback", identifier).resource, "answer")
        return True if any(part(line, "document").get("text") == text for line in lines) else None

    return ask
