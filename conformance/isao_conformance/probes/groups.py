"""The probe of sharing groups: what is for a circle inside the community stays in it."""

from __future__ import annotations

from isao_conformance.errors import Untestable
from isao_conformance.handled import follows_handling, names_shown, shown_by_reader, taken, under_handling
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import contribute, lent

LABELS = ("clear", "amber+strict")
MOST = 3
"""Groups that are tried; each costs two items, and a definition for each."""


@probe("ISAO-MEM-009", statement="f912c2ce", needs=["member-a", "member-b", "writable", "capability-document"])
def an_item_for_a_group_reaches_those_in_it_and_nobody_else(lab: Lab) -> None:
    """A circle inside the community can say more, because it knows who listens.

    For each group that the target file names, a CLEAR and an AMBER+STRICT item. Each reader outside the contributor's
    organization is judged once it is shown a CLEAR twin without an address.
    """
    follows_handling(lab)
    groups_of = {reader: lab.as_(reader).actor.groups for reader in lent(lab)}
    groups = sorted({group for named in groups_of.values() for group in named})[:MOST]
    if not groups:
        raise Untestable(
            "the target file says of no reader in which groups it is (groups = [...]); a target without groups declares"
            " the capability sharing-groups absent"
        )
    items: dict[str, dict[str, object]] = {}
    for group in groups:
        for label in LABELS:
            under_handling(lab, items, f"{label} for {group}", label, addressed_to=[f"group:{group}"])
    posted = contribute(lab, items | {"twin": lab.indicator("clear")})
    there = taken(lab, posted, [f"{label} for {group}" for group in groups for label in LABELS])
    readers = shown_by_reader(lab, posted)
    belongs = {(reader, group): group in groups_of[reader] for reader in readers for group in groups}
    lab.control(any(belongs.values()), "a reader outside the contributor's organization is in a group")
    lab.control(not all(belongs.values()), "a reader outside the contributor's organization is not in a group")
    for (reader, group), inside in belongs.items():
        for name in (f"{label} for {group}" for label in LABELS):
            if name not in there:
                continue
            if inside:
                lab.expect(
                    posted.ids[name] in readers[reader],
                    f"{name} reaches {reader}, who is in it",
                    got=names_shown(posted, readers[reader]),
                )
            else:
                lab.expect(
                    posted.ids[name] not in readers[reader],
                    f"{name} is not shown to {reader}",
                    got=names_shown(posted, readers[reader]),
                    seen=lab.as_(reader).showing(posted.ids[name]),
                )
