"""Probes of feedback: what others think of an item reaches whoever contributed it, in the language of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isao_conformance import content
from isao_conformance.exchange import Answer
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
    lab.measure("feedback to its originator by poll", (lab.now() - started).total_seconds(), "s")
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
