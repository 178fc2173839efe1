"""Probes of sharing: members give and receive, all classes of content travel, and they travel fast."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from isao_conformance import content
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, Posted, contribute, listed, reads, same_content

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

    The STIX objects made for each class go from one member to another and read back as they were sent. Asking for
    the id of one gives that one and none of the others.
    """
    where, member = lab.workspace, lab.as_("member-b")
    indicator, action = lab.indicator("green"), lab.new(content.course_of_action, "green")
    classes: dict[str, list[dict[str, Any]]] = {
        "an alert": [indicator, lab.new(content.report, indicator["id"], "green", report_types=["indicator"])],
        "a response action": [action],
        "situational awareness": [lab.new(content.report, indicator["id"], "green", report_types=["observed-data"])],
        "a mitigation analysis": [lab.new(content.note, action["id"], "green")],
    }
    for words, sent in classes.items():
        lab.created(where, [stix["id"] for stix in sent], by=CONTRIBUTOR)
        session = lab.as_(CONTRIBUTOR)
        answer = session.add(where, sent)
        taken = answer.status == 202 and not lab.completed(session, answer).list_of("failures")
        lab.expect(taken, f"{words} can be contributed", expected="202 without failures", got=answer)
        if not taken:
            continue
        for stix in sent:
            kind, got = stix["type"], reads(lab, "member-b", where, stix["id"])
            same = got is not None and same_content(stix, got)
            name = f"{words} arrives as it was sent, its {kind}"
            lab.expect(same, name, expected=str(stix), got=got or "it does not appear")
            only = got is None or member.objects(where, match_id=stix["id"]).ids == [stix["id"]]
            lab.control(only, f"asking for the id of this {kind} gives nothing else")


@probe("ISAO-SHARE-012", statement="b01edf1c", needs=["member-a", "member-b", "writable"])
def a_contribution_is_visible_to_another_member_within_a_minute(lab: Lab) -> None:
    """Threat information ages in minutes; the founding documents ask for real-time sharing.

    For each of a few items: the time from the answer to its POST until another member, polling by added_after, is
    first given it. The contributor is shown it too, so an item that is held or lost is not counted as a slow one.
    """
    window = contribute(lab, {"first": lab.indicator("green")})
    seconds = []
    for _ in range(SAMPLES):
        stix = lab.share("green", by=CONTRIBUTOR, collection=window.where)
        started = lab.now()
        seen = lab.poll(_given(lab, window, stix["id"]), VISIBLE_SECONDS)
        took = (lab.now() - started).total_seconds()
        own = reads(lab, CONTRIBUTOR, window.where, stix["id"])
        lab.control(own is not None, "the contributor is shown its item")
        if seen is None or took > VISIBLE_SECONDS:
            lab.expect(False, "each item is visible within 60 s", got=f"one was not after {took:.0f} s")
            return
        seconds.append(took)
    lab.measure("submission to first visibility by poll, p50", median(seconds), "s")
    lab.measure("submission to first visibility by poll, max", max(seconds), "s")
    lab.expect(True, "each item is visible within 60 s", got=f"at most {max(seconds):.2f} s in {SAMPLES} items")


def _given(lab: Lab, window: Posted, stix_id: str) -> Callable[[], bool | None]:
    return lambda: True if stix_id in listed(lab, "member-b", window)[0] else None
