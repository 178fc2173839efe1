"""Shared content for TAXII probes, made once a run by `lab.fixture(function)` and only ever read.

What a probe changes or deletes it creates itself. Objects that must differ in date_added go in POSTs of their
own, since a server may give one date to everything of one request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isao_conformance import content
from isao_conformance.errors import NoAnswer, OriginNotDeclared, Untestable
from isao_conformance.lab import Lab
from isao_conformance.listings import instant, pages

LABEL = "green"
"""Everything written here is marked TLP:GREEN, so that an exchange need not guess or hold it back."""

VERSIONS = ("2026-01-05T08:00:00.000Z", "2026-02-05T08:00:00.000Z", "2026-03-05T08:00:00.000Z")
"""The modified times of `three_versions`, oldest first."""

Stix = dict[str, Any]


@dataclass(frozen=True)
class Shelf:
    """Objects known to stand in a collection, one version each. `own` when this run put them there."""

    collection: str
    objects: tuple[Stix, ...]
    own: bool

    def of(self, kind: str) -> list[str]:
        """Ids of the objects of a type."""
        return [stix["id"] for stix in self.objects if stix.get("type") == kind]

    @property
    def ids(self) -> list[str]:
        """Ids in the order of addition, or of the list they were read from."""
        return [stix["id"] for stix in self.objects]

    @property
    def types(self) -> list[str]:
        """The types in order of first appearance."""
        return list(dict.fromkeys(stix["type"] for stix in self.objects))


@dataclass(frozen=True)
class Versioned:
    """An object held in several versions. `held` as match[version]=all returned them, oldest modified first."""

    collection: str
    id: str
    held: tuple[Stix, ...]
    own: bool

    @property
    def modified(self) -> list[str]:
        """Their modified times in their own spelling, oldest first."""
        return [str(stix["modified"]) for stix in self.held]


def reading_place(lab: Lab) -> str:
    """URL of a collection that the primary actor may read: the writable one if it can be read, else the first."""
    readable = lab.survey.readable
    if not readable:
        raise Untestable("no collection says can_read true to the accounts lent", blocked_by="a readable collection")
    return next((url for url in lab.target.write if url in readable), readable[0])


def tool(lab: Lab) -> Stix:
    """A new tool object."""
    uuid = lab.uuid()
    return content.sdo("tool", uuid, lab.run, LABEL, name=f"drill tool {uuid[:8]}")


def infrastructure(lab: Lab) -> Stix:
    """A new infrastructure object."""
    uuid = lab.uuid()
    return content.sdo("infrastructure", uuid, lab.run, LABEL, name=f"drill infrastructure {uuid[:8]}")


def malware_analysis(lab: Lab) -> Stix:
    """A new malware-analysis object: its type begins with the name of another type."""
    return content.sdo("malware-analysis", lab.uuid(), lab.run, LABEL, product="drill", result="benign")


def statement_marking(lab: Lab) -> Stix:
    """A new statement marking: an object that has created and no modified."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{lab.uuid()}",
        "created": content.STAMP,
        "definition_type": "statement",
        "definition": {"statement": f"conformance drill {lab.run}"},
    }


def mixed_types(lab: Lab) -> Shelf:
    """Malware, tools and indicators in turn, each in a POST of its own; malware-analysis too where it is taken.

    The turns make a filter that is dropped on page two visible, and the type names that begin alike a
    filter that compares only the beginning.
    """
    makers: tuple[Callable[[], Stix], ...] = (
        lambda: lab.new(content.malware, LABEL),
        lambda: tool(lab),
        lambda: lab.indicator(LABEL),
    )
    made: list[Stix] = []
    for make in (*makers, *makers, makers[0]):
        stix = make()
        lab.publish([stix])
        made.append(stix)
    optional = malware_analysis(lab)
    try:
        lab.publish([optional])
        made.append(optional)
    except Untestable:
        pass  # a server may refuse a type; one object fewer to judge by
    return Shelf(lab.workspace, tuple(made), own=True)


def some_objects(lab: Lab) -> Shelf:
    """`mixed_types` where writing is possible, else what a readable collection holds, the most varied first page."""
    try:
        return lab.fixture(mixed_types)
    except Untestable as fault:
        found = lab.fixture(held_by_others)
        if found is None:
            raise Untestable(f"no readable collection lists an object, and: {fault.why}", fault.blocked_by) from None
        return found


def held_by_others(lab: Lab) -> Shelf | None:
    """The readable collection whose first page shows most types and objects; None when all look empty."""
    shelves = []
    for url in lab.survey.readable:
        try:
            listed = lab.reader.objects(url)
        except (NoAnswer, OriginNotDeclared):
            continue
        named = [s for s in listed.objects if isinstance(s.get("id"), str) and isinstance(s.get("type"), str)]
        once = {stix["id"]: stix for stix in named}
        if listed.status == 200 and once:
            shelves.append(Shelf(url, tuple(once.values()), own=False))
    return max(shelves, key=lambda s: (min(len(s.types), 3), min(len(s.objects), 10)), default=None)


def two_types(shelf: Shelf) -> tuple[str, str]:
    """Two types of the shelf. Untestable when it holds only one."""
    if len(shelf.types) < 2:
        raise Untestable(f"only objects of one type ({', '.join(shelf.types)}) are in reach")
    return shelf.types[0], shelf.types[1]


def three_versions(lab: Lab) -> Versioned:
    """One indicator in three versions, posted out of order: the third, the first, the second.

    Whether the target keeps them all is for the probe to find out. Untestable where a later version is refused.
    """
    return _versions(lab, (2, 0, 1))


def versions_in_order(lab: Lab) -> Versioned:
    """One indicator in three versions, posted as they were modified."""
    return _versions(lab, (0, 1, 2))


def _versions(lab: Lab, order: Iterable[int]) -> Versioned:
    first = lab.indicator(LABEL)
    posted = [{**first, "modified": when, "name": f"{first['name']}, {when[:7]}"} for when in VERSIONS]
    for index in order:
        lab.publish([posted[index]])
    return Versioned(lab.workspace, first["id"], tuple(posted), own=True)


def candidates_with_versions(lab: Lab) -> Versioned:
    """`three_versions`, or an object of others that match[version]=all shows more than once."""
    try:
        return lab.fixture(three_versions)
    except Untestable as fault:
        found = lab.fixture(versions_of_others)
        if found is None:
            raise Untestable(f"no object in several versions is in reach; {fault.why}", fault.blocked_by) from None
        return found


def versions_of_others(lab: Lab) -> Versioned | None:
    """An object that the first page of objects?match[version]=all of a readable collection shows more than once."""
    for url in lab.survey.readable:
        listed = lab.reader.objects(url, match_version="all")
        for stix_id in dict.fromkeys(listed.ids):
            held = _by_modified(stix for stix in listed.objects if stix.get("id") == stix_id)
            if listed.status == 200 and len(held) > 1:
                return Versioned(url, stix_id, held, own=False)
    return None


def several_versions(lab: Lab) -> Versioned:
    """An object with the versions that the target holds. Untestable when they are fewer than two."""
    return held_versions(lab, candidates_with_versions(lab))


def held_versions(lab: Lab, candidate: Versioned) -> Versioned:
    """The object with those versions only that the target still holds. Untestable when they are fewer than two.

    Held are those that match[version]=all returns and, of own objects, those that answer individually.
    """
    fetch = lab.reader.objects
    listed = list(pages(fetch, candidate.collection, match_id=candidate.id, match_version="all").entries)
    shown = {instant(stix.get("modified")) for stix in listed if stix.get("id") == candidate.id}
    if candidate.own:
        for modified in candidate.modified:
            if instant(modified) not in shown:
                listed += fetch(candidate.collection, match_id=candidate.id, match_version=modified).objects
    held = _by_modified(stix for stix in listed if stix.get("id") == candidate.id)
    if len(held) < 2:
        raise Untestable(
            f"the target shows {len(held)} version(s) of {candidate.id}", blocked_by="capability old-versions"
        )
    return Versioned(candidate.collection, candidate.id, held, candidate.own)


def with_modified(lab: Lab) -> Versioned:
    """An object in several versions where they are kept, else any object that has a modified time."""
    try:
        return several_versions(lab)
    except Untestable:
        shelf = some_objects(lab)
    stix = next((s for s in shelf.objects if instant(s.get("modified")) is not None), None)
    if stix is None:
        raise Untestable("no readable object has a modified time")
    return Versioned(shelf.collection, stix["id"], (stix,), shelf.own)


def _by_modified(listed: Iterable[Mapping[str, Any]]) -> tuple[Stix, ...]:
    """Versions, one of each modified time, oldest first; objects without a readable one are left out."""
    once = {moment: dict(stix) for stix in listed if (moment := instant(stix.get("modified"))) is not None}
    return tuple(once[moment] for moment in sorted(once))


def to_page_through(lab: Lab) -> Shelf:
    """Nine infrastructure objects, five of them in one POST, so that they may share one date_added."""
    together = [infrastructure(lab) for _ in range(5)]
    single = [infrastructure(lab) for _ in range(4)]
    lab.publish(single[:1])
    lab.publish(together)
    for stix in single[1:]:
        lab.publish([stix])
    return Shelf(lab.workspace, (single[0], *together, *single[1:]), own=True)
