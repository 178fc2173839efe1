"""The probe of tear lines: who is given the short version is not led to the full one."""

from __future__ import annotations

from isao_conformance import content
from isao_conformance.distribution import ORGANIZATION
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import contribute, declared_map, lent, relation, shown


@probe("ISAO-MRK-021", statement="e001f869", needs=["member-a", "member-b", "writable", "capability-document"])
def who_is_given_the_short_version_is_not_led_to_the_full_one(lab: Lab) -> None:
    """The link between two versions of a story is labelled like the short one more often than not.

    Each reader outside the contributor's organization is judged that is shown a link between two CLEAR items, and not
    shown the full version.
    """
    declared = declared_map(lab)
    full, short, other = lab.indicator("amber+strict"), lab.indicator("clear"), lab.indicator("clear")
    link, twin = (lab.new(content.derivation, str(short["id"]), str(source["id"]), "clear") for source in (full, other))
    items = {"full version": full, "short version": short, "link": link, "other": other, "twin of the link": twin}
    posted = contribute(lab, items)
    control = posted.id_of("twin of the link")
    full_id, short_id = posted.id_of("full version"), posted.id_of("short version")
    if "link" in posted.held:
        lab.no_verdict(f"still held: {posted.held}")
    judged = False
    for reader in lent(lab):
        who = relation(lab, reader)
        if who == ORGANIZATION or not declared.promises("clear", who):
            continue
        ids = shown(lab, reader, posted, control)
        if ids is None or short_id not in ids or full_id in ids:
            continue
        judged = True
        lab.expect(
            link["id"] not in ids,
            f"{reader} is not led to the full version",
            expected="no relationship that names an item which it is not given",
            got=f"shown: {', '.join(name for name, one in posted.ids.items() if one in ids)}",
            seen=lab.as_(reader).showing(str(link["id"])),
        )
    lab.control(judged, "a reader is shown a link between CLEAR items and not the full version", "ISAO-MRK-002")
