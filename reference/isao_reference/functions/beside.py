"""What the exchange says beside what it publishes for a submission: who handed it in, and what else is like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isao_reference.functions import knowledge, publishing, sight
from isao_reference.functions.knowledge import Known
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from isao_reference.policy import tlp
from isao_reference.policy.audience import Contributor
from isao_reference.store import parties

MOST_LINKS = 100
"""Links that one publication makes at most: a table of everybody's favourites would make thousands."""


def label_for_members(marking: str) -> str | None:
    """AMBER, under which members alone are given something; None for a submission under a narrower label."""
    return tlp.AMBER if tlp.most_restrictive([marking, tlp.AMBER]) == tlp.AMBER else None


def tell_members(moment: Moment, document: Mapping[str, Any]) -> list[str]:
    """The ids of a note of the exchange that tells members, and nobody else, who handed it in, where its contributor
    wants that. Not for what is handled in some way of its own: that can go to others than members under any label."""
    if document["attribution"] != "members" or "handling" in document:
        return []
    exchange, owner = moment.exchange(), moment.record.organization
    label = label_for_members(str(document["marking"]))
    if label is None:
        return []
    name = parties.organization_name(moment.db, owner) or owner
    subjects = [*moment.facts["published"], publishing.identity_of(owner)]
    content = f"Handed in by {name}."
    note = publishing.new_object(
        moment, "note", label, exchange.organization, content=content, authors=[name], object_refs=subjects
    )
    publishing.publish(moment, [], moment.contributor(), label, [owner])
    return publishing.publish(moment, [note], exchange, label, [exchange.organization])


def link(moment: Moment, objects: Sequence[Stix], author: Contributor) -> list[str]:
    """The ids of relationships of the exchange, each between an indicator and one with the same pattern in another
    name, under a label that lets nobody see the link who does not see both. Whether one contributor stands behind both
    names it does not say, and cannot: its absence would tell that an anonymous one is the same."""
    exchange, place, seen = moment.exchange(), publishing.publication(moment), sight.look(moment.db)
    new = {stix["id"] for stix in objects}
    same: dict[str, list[Known]] = {}
    for one in knowledge.same_patterns(moment.db, {str(stix["pattern"]) for stix in objects if "pattern" in stix}):
        same.setdefault(str(one.stix["pattern"]), []).append(one)
    made: list[tuple[str, str, str]] = []
    for group in same.values():
        for mine in (one for one in group if one.id in new and one.organization == author.organization):
            for other in (one for one in group if one.organization != author.organization and one.id != mine.id):
                readers = [seen.of(one.audience, one.collection) for one in (mine, other)]
                strictest = tlp.most_restrictive([mine.label, other.label])
                label = seen.label(readers, exchange, place, strictest) if len(made) < MOST_LINKS else None
                if label is not None:
                    made.append((label, mine.id, other.id))
    ids: list[str] = []
    for label, source, target in made:
        relation = publishing.new_object(
            moment,
            "relationship",
            label,
            exchange.organization,
            relationship_type="related-to",
            source_ref=source,
            target_ref=target,
            description="Two indicators with the same pattern.",
        )
        ids += publishing.publish(moment, [relation], exchange, label, [exchange.organization])
    return ids
