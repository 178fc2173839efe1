"""Faults of order (TAXII 2.1, sections 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant

Listed = list[dict[str, Any]]


def _version(stix: dict[str, Any]) -> str:
    return str(stix.get("modified") or stix.get("created") or "")


async def _dates(seen: Seen, forward: Forward) -> dict[tuple[str, str], str]:
    """The date of addition of each version in the collection; what has no version of its own by its id alone."""
    every = [("match[version]", "all"), ("limit", "1000")]
    whole = await forward(seen.at(f"/exchange/collections/{seen.collection}/manifest/", query=every))
    return {
        key: record["date_added"]
        for record in whole.objects
        for key in ((record["id"], record["version"]), (record["id"], ""))
    }


def _reordered(fault: Fault, when: Callable[[Seen], bool], reorder: Callable[[Listed], Listed]) -> None:
    """Another order of the objects; the date headers tell those that then stand first and last."""

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or len(reply.objects) < 2:
            return reply
        dates = await _dates(seen, forward)
        listed = reorder(list(reply.objects))
        reply = reply.with_objects(listed)
        for name, stix in (("First", listed[0]), ("Last", listed[-1])):
            reply = reply.with_header(f"X-TAXII-Date-Added-{name}", dates.get((stix["id"], _version(stix))))
        return reply

    fault.around(when, handler)


def _all_versions(*endpoints: str) -> Callable[[Seen], bool]:
    return lambda seen: on(*endpoints)(seen) and seen.value("match[version]") == "all"


def _last_two_swapped(listed: Listed) -> Listed:
    return [*listed[:-2], listed[-1], listed[-2]]


@mutant(breaks="TAXII-3.3-1")
def objects_are_sorted_by_their_version(fault: Fault) -> None:
    """GET objects in all versions is sorted by modified, not by the time of addition."""
    _reordered(fault, _all_versions("objects"), lambda listed: sorted(listed, key=_version))


@mutant(breaks="TAXII-3.3-1", size="subtle")
def objects_without_limit_are_grouped_by_type(fault: Fault) -> None:
    """An answer in all versions without a limit has the objects of each type together, in order among themselves."""
    _reordered(
        fault,
        lambda seen: _all_versions("objects")(seen) and "limit" not in seen.names,
        lambda listed: sorted(listed, key=lambda stix: str(stix.get("type"))),
    )


@mutant(breaks="TAXII-3.3-3")
def the_versions_of_an_object_are_sorted_by_modified(fault: Fault) -> None:
    """GET object in all versions is sorted by modified, not by the time of addition."""
    _reordered(fault, _all_versions("object"), lambda listed: sorted(listed, key=_version))


@mutant(breaks="TAXII-3.3-3", size="subtle")
def the_last_two_versions_of_an_object_are_swapped(fault: Fault) -> None:
    """The two versions of an object that were added last come in the wrong order."""
    _reordered(fault, _all_versions("object"), _last_two_swapped)


def _collections_differ(fault: Fault, reorder: Callable[[int, Listed], Listed]) -> None:
    """The list of collections in another order from request to request; `reorder` gets the number of the request."""
    asked = 0

    def other(_: Seen, reply: Reply) -> Reply:
        nonlocal asked
        asked += 1
        listed = reply.json.get("collections", []) if reply.ok else []
        return reply.with_json({**reply.json, "collections": reorder(asked, listed)}) if len(listed) > 1 else reply

    fault.change_answers(on("collections"), other)


@mutant(breaks="TAXII-3.3-4")
def collections_begin_elsewhere_at_each_request(fault: Fault) -> None:
    """The list of collections begins with another collection each time, as from a set."""
    _collections_differ(fault, lambda asked, listed: listed[asked % len(listed) :] + listed[: asked % len(listed)])


@mutant(breaks="TAXII-3.3-4", size="subtle")
def two_collections_change_places_at_every_second_request(fault: Fault) -> None:
    """The last two collections change places at every second request: one of two replicas sorts otherwise."""
    _collections_differ(fault, lambda asked, listed: _last_two_swapped(listed) if asked % 2 else listed)


def _unfiltered(seen: Seen) -> bool:
    all_or_latest = seen.value("match[version]") in (None, "all")
    return all_or_latest and seen.names <= {"match[version]", "limit", "next"}


@mutant(breaks="TAXII-3.3-5")
def the_manifest_lacks_relationships(fault: Fault) -> None:
    """Without filters the manifest leaves out relationships; GET objects returns them."""
    _without_records(fault, _unfiltered, lambda record: record["id"].startswith("relationship--"))


@mutant(
    breaks="TAXII-3.3-5",
    size="subtle",
    also={"TAXII-3.4-26": "Records of the last of the types that were asked for are missing."},
)
def the_manifest_of_several_types_lacks_the_last_one(fault: Fault) -> None:
    """With the same filter by several types the manifest lacks the records of the last type."""

    def last_type(seen: Seen, record: dict[str, Any]) -> bool:
        return record["id"].startswith((seen.value("match[type]") or "").split(",")[-1] + "--")

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        kept = [record for record in reply.objects if not last_type(seen, record)]
        return reply.with_objects(kept) if reply.ok and reply.objects else reply

    fault.around(lambda seen: on("manifest")(seen) and "," in (seen.value("match[type]") or ""), handler)


def _without_records(fault: Fault, when: Callable[[Seen], bool], lost: Callable[[dict[str, Any]], bool]) -> None:
    def without(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not reply.objects:
            return reply
        kept = [record for record in reply.objects if not lost(record)]
        reply = reply.with_objects(kept)
        if not kept:
            return reply.with_header("X-TAXII-Date-Added-First", None).with_header("X-TAXII-Date-Added-Last", None)
        first, last = kept[0]["date_added"], kept[-1]["date_added"]
        return reply.with_header("X-TAXII-Date-Added-First", first).with_header("X-TAXII-Date-Added-Last", last)

    fault.change_answers(lambda seen: on("manifest")(seen) and when(seen), without)


def _other_page(fault: Fault, when: Callable[[Seen], bool], cut: Callable[[Listed, int], Listed]) -> None:
    """A first page is not cut from the beginning: `cut` gets all that have a version, and how many are to be given."""

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or not reply.json.get("more"):
            return reply
        every = await forward(seen.asking(limit="1000"))
        listed = cut([stix for stix in every.objects if _version(stix)], len(reply.objects))
        dates = await _dates(seen, forward)
        reply = reply.with_objects(listed)
        for name, stix in (("First", listed[0]), ("Last", listed[-1])):
            reply = reply.with_header(f"X-TAXII-Date-Added-{name}", dates.get((stix["id"], _version(stix))))
        return reply

    fault.around(lambda seen: when(seen) and not {"next", "added_after"} & seen.names, handler)


@mutant(
    breaks="TAXII-3.4-16",
    also={"TAXII-3.5-1": "A walk that begins with the newest objects meets them again at its end."},
)
def the_first_page_holds_the_newest_objects(fault: Fault) -> None:
    """GET objects with a limit begins with the newest objects that match."""
    _other_page(
        fault,
        lambda seen: on("objects")(seen) and seen.names <= {"limit", "match[version]"},
        lambda listed, size: listed[-size:],
    )


@mutant(breaks="TAXII-3.4-16", size="subtle")
def a_page_of_one_holds_the_second_object(fault: Fault) -> None:
    """Only limit=1 begins with the object that was added second: places are counted from one."""
    _other_page(
        fault,
        lambda seen: on("objects")(seen) and seen.value("limit") == "1" and seen.names <= {"limit", "match[version]"},
        lambda listed, _: listed[1:2],
    )
