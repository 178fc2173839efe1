"""Probes of sharing: members give and receive, all classes of content travel, and they travel fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isao_conformance import content
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, reads, same_content

VISIBLE_SECONDS = 60.0
"""How soon a contribution has to be visible to another member."""

SAMPLES = 5


@probe("ISAO-SHARE-001", statement="8abbe86a", needs=["member-a", "member-b", "writable"])
def two_members_share_both_ways(lab: Lab) -> None:
    """Two-way sharing is what an ISAO is for: nobody only gives, and nobody only takes.

    One member contributes a GREEN indicator and a member of another organization receives it equal to what was sent;
    then the same the other way round. An id that was never contributed is shown to nobody, so a server that echoes
    or serves everything does not pass.
    """
    where = lab.workspace
    absent = lab.as_("member-b").objects(where, match_id=f"indicator--{lab.uuid()}")
    lab.control(not absent.ids, "an id that was never contributed is shown to nobody")
    for giver, taker in (("member-a", "member-b"), ("member-b", "member-a")):
        sent = lab.share("green", by=giver)
        got = reads(lab, taker, where, sent["id"])
        lab.expect(got is not None, f"{taker} receives what {giver} contributed", got=got or "it does not appear")
        if got is not None:
            same = same_content(sent, got)
            lab.expect(same, f"{taker} receives it as {giver} sent it", expected=str(sent), got=got)


@probe("ISAO-SHARE-003", statement="a3202449", needs=["member-a", "member-b", "writable"])
def all_four_classes_of_content_can_be_shared(lab: Lab) -> None:
    """Effective sharing is alerts, response actions, situational awareness and mitigation analysis.

    One STIX object of each class goes from one member to another and reads back as it was sent; a filter for its
    type gives it and none of the others.
    """
    where, member = lab.workspace, lab.as_("member-b")
    session, alert = lab.as_(CONTRIBUTOR), lab.indicator("green")
    classes: dict[str, dict[str, Any]] = {
        "an alert": alert,
        "a response action": lab.new(content.course_of_action, "green"),
        "situational awareness": lab.new(content.report, alert["id"], "green"),
        "a mitigation analysis": lab.new(content.note, alert["id"], "green"),
    }
    every = ",".join(stix["id"] for stix in classes.values())
    for words, sent in classes.items():
        lab.created(where, [sent["id"]], by=CONTRIBUTOR)
        answer = session.add(where, [sent])
        taken = answer.status == 202 and not lab.completed(session, answer).list_of("failures")
        lab.expect(taken, f"{words} can be contributed", expected="202 without failures", got=answer)
        if not taken:
            continue
        got = reads(lab, "member-b", where, sent["id"])
        same = got is not None and same_content(sent, got)
        lab.expect(same, f"{words} arrives as it was sent", expected=str(sent), got=got or "it does not appear")
        typed = member.objects(where, match_id=every, match_type=sent["type"])
        lab.control(got is None or typed.ids == [sent["id"]], f"a filter for {sent['type']} tells the classes apart")


@probe("ISAO-SHARE-012", statement="b01edf1c", needs=["member-a", "member-b", "writable"])
def a_contribution_is_visible_to_another_member_within_a_minute(lab: Lab) -> None:
    """Threat information ages in minutes; the founding documents ask for real-time sharing.

    For each of a few items: the time from sending it until another member, polling, is first given it. The same poll
    does not give it before. An item that is refused or kept pending is no slow item: it leaves no verdict.
    """
    where, member = lab.workspace, lab.as_("member-b")
    seconds = []
    for _ in range(SAMPLES):
        stix = lab.indicator("green")
        before = member.objects(where, match_id=stix["id"])
        lab.control(not before.ids, "the item is not there before it is sent")
        started = lab.now()
        lab.publish([stix], by=CONTRIBUTOR)
        seen = lab.poll(_given(lab, where, stix["id"]), VISIBLE_SECONDS)
        took = (lab.now() - started).total_seconds()
        if seen is None or took > VISIBLE_SECONDS:
            lab.expect(False, "each item is visible within 60 s", got=f"one was not after {took:.0f} s")
            return
        seconds.append(took)
    lab.measure_all("submission to first visibility by poll", seconds, of="time-to-first-visibility")
    lab.expect(True, "each item is visible within 60 s", got=f"at most {max(seconds):.2f} s in {SAMPLES} items")


def _given(lab: Lab, where: str, stix_id: str) -> Callable[[], bool | None]:
    return lambda: True if stix_id in lab.as_("member-b").objects(where, match_id=stix_id).ids else None
