"""Probes of recalls: what is taken back is taken back from everybody who had it."""

from __future__ import annotations

from collections.abc import Callable

from isao_conformance import function_api
from isao_conformance.drills import record
from isao_conformance.function_api import functions_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.probes.submissions import shown_live, take_back
from isao_conformance.readers import CONTRIBUTOR, reads

HOLDER = "member-b"
OUTSIDE = ("peer", "outsider")
SAMPLES = 3


@probe("ISAO-DIS-008", statement="19d71c30", needs=["member-a", "member-b", "writable"])
def a_recall_reaches_who_had_the_item_and_tells_nobody_who_may_not_read_it(lab: Lab) -> None:
    """A wrong indicator blocks hospitals and payrolls until the last one who holds it is told.

    AMBER items that another member read as live are recalled by their contributor: the member is shown the recall and
    is no longer given the item as live. Who is not shown an AMBER item is not shown its recall either; whoever is shown
    the item, by its own rules, is left out of that.
    """
    where = lab.workspace
    over_the_api = function_api.is_offered(lab)
    outside = [name for name in OUTSIDE if name in lab.target.actors]
    seconds = []
    for _ in range(SAMPLES):
        item = lab.share("amber", by=CONTRIBUTOR)
        seen = reads(lab, HOLDER, where, item["id"])
        lab.control(seen is not None and not seen.get("revoked"), f"{HOLDER} is shown the item as live")
        strangers = [
            name for name in outside if item["id"] not in lab.as_(name).objects(where, match_id=item["id"]).ids
        ]
        started = lab.now()
        answer = take_back(lab, CONTRIBUTOR, item)
        lab.control(answer.status < 300, f"the contributor's recall is taken: {answer.brief()}", "ISAO-SHARE-010")
        # Over TAXII the revoked version is the recall; its receipt has no record.
        recall = str(record(answer, "the recall")["id"]) if over_the_api else ""
        told = lab.poll(_told(lab, recall)) if over_the_api else not shown_live(lab, HOLDER, where, item["id"])
        took = (lab.now() - started).total_seconds()
        lab.expect(bool(told), "who was given the item is shown its recall", got=f"nothing after {took:.0f} s")
        live = shown_live(lab, HOLDER, where, item["id"])
        lab.expect(not live, "the item is not given as live any more", got=f"{item['id']} is still given as live")
        for name in strangers:
            leaks = _leaks(lab, name, where, item["id"], recall)
            lab.expect(not leaks, f"{name}, who may not read the item, is not shown its recall", got=", ".join(leaks))
        if live or not told:
            return
        seconds.append(took)
    lab.measure_all("recall to its recipient by poll", seconds, of="recall-propagation")


def _leaks(lab: Lab, name: str, where: str, item: str, recall: str) -> list[str]:
    """Where an account is told of the recall: by TAXII, by its id, in the list of recalls."""
    found = ["it is among the objects"] if item in lab.as_(name).objects(where, match_id=item).ids else []
    if recall:
        functions = functions_of(lab, name)
        single = functions.get("recalls", recall)
        found += ["it is shown by its id"] if single.status == 200 and item.encode() in single.body else []
        found += ["it is listed"] if recall in functions.ids("recalls", limit=200) else []
    return found


def _told(lab: Lab, identifier: str) -> Callable[[], bool | None]:
    functions = functions_of(lab, HOLDER)
    return lambda: True if functions.get("recalls", identifier).status == 200 else None
