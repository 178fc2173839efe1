"""The noninterference probe: what is hidden from a reader changes nothing that the reader can see."""

from __future__ import annotations

from isao_conformance import likeness
from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import (
    CONTRIBUTOR,
    Posted,
    can_read,
    contribute,
    declared_map,
    lent,
    reads,
    relation,
)

CALIBRATION_SECONDS = 1.1
"""Between two calibrating questions, so that what follows the clock in whole seconds shows itself; and before the
first item, so that walks from a second before it do not meet what other probes posted."""


@probe(
    "ISAO-SEC-003",
    statement="e0cf6e8f",
    needs=["member-a", "member-b", "writable", "capability-document"],
    exclusive=True,
)
def a_restricted_item_changes_nothing_that_other_readers_are_answered(lab: Lab) -> None:
    """Rivals share one exchange; counts, cursors, headers and errors can tell what the objects do not.

    Each reader asks the same questions twice, then once more after member-a posted an item labelled RED: status,
    headers, body and number of pages are equal, but for what differed in the calibrating answers already; a header
    that did so for one question is left out of all. The status of that contribution does not name the item. An item
    that member-b may see does change its answers, so the questions are able to notice. Runs while no other probe does.
    """
    declared = declared_map(lab)
    lab.wait(CALIBRATION_SECONDS)
    anchors = contribute(lab, {"one": lab.indicator("clear"), "two": lab.indicator("clear")})
    readers = [r for r in lent(lab, ("member-b", "peer", "outsider")) if can_read(lab, r, anchors.where)]
    lab.control("member-b" in readers, "member-b may read the collection")
    member, hidden = relation(lab, "member-b"), lab.indicator("red")
    before = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    lab.wait(CALIBRATION_SECONDS)
    again = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    receipt = lab.publish([hidden], by=CONTRIBUTOR, collection=anchors.where)
    found = reads(lab, CONTRIBUTOR, anchors.where, hidden["id"])
    lab.control(found is not None, "the contributor reads its restricted item")
    after = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    unsteady, noise = [], _noisy_headers(before, again)
    for reader in readers:
        status = _status(lab, reader, receipt)
        if status is not None:
            named = hidden["id"].encode() in status.body
            lab.expect(not named, f"the status of the contribution does not name it to {reader}", got=status)
        for words, one in before[reader].items():
            two, three = again[reader][words], after[reader][words]
            if _unsteady(one, two, three, hidden["id"]):
                unsteady.append(f"{words} to {reader}")
                continue
            leaks = _leaks(one, two, three, noise)
            name, shows = f"{words} are answered alike to {reader}", lab.as_(reader).showing(hidden["id"])
            equal = f"equal; left out: {', '.join(sorted(noise)) or 'nothing'}"
            lab.expect(
                not leaks,
                name,
                expected="the same answers before and after",
                got="; ".join(leaks) or equal,
                seen=shows or three[-1:],
            )
    open_item = lab.indicator(next((x for x in ("green", "clear", "amber") if declared.promises(x, member)), "clear"))
    lab.publish([open_item], by=CONTRIBUTOR, collection=anchors.where)
    lab.control(reads(lab, "member-b", anchors.where, open_item["id"]) is not None, "member-b reads an open item")
    changed = _questions(lab, "member-b", anchors, hidden["id"])
    first, second = before["member-b"]["objects"], again["member-b"]["objects"]
    lab.control(bool(_leaks(first, second, changed["objects"], noise)), "an open item changes member-b's answers")
    if unsteady:
        lab.no_verdict(f"these differ by themselves: {', '.join(unsteady)}")


Questions = dict[str, dict[str, list[Answer]]]
"""Pages by reader and question."""


def _questions(lab: Lab, reader: str, around: Posted, hidden: str) -> dict[str, list[Answer]]:
    """What a curious reader asks; the restricted item's id is asked for before it exists, too."""
    session, where, since = lab.as_(reader), around.where, around.since
    asked = {
        "objects": lab.walk(session.objects, where, added_after=since),
        "objects in pages of one": lab.walk(session.objects, where, added_after=since, limit=1),
        "objects of its type": lab.walk(session.objects, where, added_after=since, match_type="indicator"),
        "objects in all versions": lab.walk(session.objects, where, added_after=since, match_version="all"),
        "objects by its id": [session.objects(where, match_id=hidden)],
        "manifest records": lab.walk(session.manifest, where, added_after=since),
        "manifest pages of one": lab.walk(session.manifest, where, added_after=since, limit=1),
        "manifest records by its id": [session.manifest(where, match_id=hidden)],
        "questions for the object": [session.object(where, hidden)],
        "questions for its versions": [session.versions(where, hidden)],
        "questions for the collection": [session.collection(where)],
    }
    if lab.survey.api_root:
        asked["lists of collections"] = [session.collections(lab.survey.api_root)]
    return asked


def _status(lab: Lab, reader: str, receipt: Answer) -> Answer | None:
    """What a reader is answered that asks for somebody else's status; None where the run knows no address of one."""
    status_id = receipt.resource.get("id")
    if not lab.survey.api_root or not isinstance(status_id, str):
        return None
    return lab.as_(reader).status(lab.survey.api_root, status_id)


def _unsteady(one: list[Answer], two: list[Answer], three: list[Answer], hidden: str) -> bool:
    """True when the answers differ by themselves, or somebody else's item came in between."""
    if len(one) != len(two):
        return True
    noise = (likeness.differences(likeness.facets(a), likeness.facets(b)) for a, b in zip(one, two, strict=True))
    if any(likeness.unjudgeable(differing) for differing in noise):
        return True
    known = {i for page in two for i in page.ids} | {hidden}
    return any(i not in known for page in three for i in page.ids)


def _noisy_headers(before: Questions, again: Questions) -> frozenset[str]:
    """Headers that differ by themselves for any question: two samples of a random number may be equal by chance."""
    pairs = (
        (one, two)
        for reader, asked in before.items()
        for words, pages in asked.items()
        for one, two in zip(pages, again[reader][words], strict=False)
    )
    noise = (likeness.differences(likeness.facets(one), likeness.facets(two)) for one, two in pairs)
    return frozenset(name for differing in noise for name in differing if name.startswith("header "))


def _leaks(one: list[Answer], two: list[Answer], three: list[Answer], noise: frozenset[str]) -> list[str]:
    if len(two) != len(three):
        return [f"{len(two)} pages then {len(three)}"]
    leaks = []
    for before, again, after in zip(one, two, three, strict=True):
        first, second, third = map(likeness.facets, (before, again, after))
        if differing := likeness.leaks(first, second, third) - noise:
            leaks.append(likeness.told(differing, first, third))
    return leaks
