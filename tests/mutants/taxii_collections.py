"""Faults of collections (TAXII 2.1, sections 5.1 and 5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.mutants import ADVISORIES, COLLECTIONS, COMMUNITY, DROPBOX, LIBRARY
from tests.support.answering import Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-5.1-1", also={"TAXII-3.1-2": "A list is not the resource of the endpoint."})
def the_collections_come_as_a_bare_list(fault: Fault) -> None:
    """The collections are a JSON array instead of an object with the key collections."""
    fault.change_json(on("collections"), lambda body: body.get("collections", []))


@mutant(breaks="TAXII-5.1-1", size="subtle")
def the_list_of_collections_ends_with_null(fault: Fault) -> None:
    """A null follows the last collection, left by a template that writes a comma after each."""

    def with_null(body: dict[str, Any]) -> None:
        if "collections" in body:
            body["collections"].append(None)

    fault.change_json(on("collections"), with_null)


@mutant(breaks="TAXII-5.2-1")
def every_collection_answers_as_the_first_one(fault: Fault) -> None:
    """GET of any collection returns the first one of the list, whatever id is asked for."""

    async def first(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok:
            return reply
        listed = await forward(seen.at("/exchange/collections/"))
        return taxii(listed.json["collections"][0])

    fault.around(on("collection"), first)


@mutant(breaks="TAXII-5.2-1", size="subtle", also={"TAXII-2-2": "An alias is no UUID."})
def a_collection_answers_with_its_alias_as_id(fault: Fault) -> None:
    """Asked for by itself, one collection gives its alias where its id belongs; the list has the id."""

    def alias_as_id(body: dict[str, Any]) -> None:
        body["id"] = body["alias"]

    fault.change_json(lambda seen: on("collection")(seen) and seen.collection == ADVISORIES, alias_as_id)


@mutant(breaks="TAXII-5.2-2")
def the_objects_of_an_unknown_collection_are_none(fault: Fault) -> None:
    """GET objects of a collection that is not there is 200 with an empty envelope."""
    _unknown_is_empty(fault, "objects")


@mutant(breaks="TAXII-5.2-2", size="subtle")
def the_manifest_of_an_unknown_collection_is_empty(fault: Fault) -> None:
    """Only the manifest forgets to look whether there is such a collection; the others say 404."""
    _unknown_is_empty(fault, "manifest")


def _unknown_is_empty(fault: Fault, endpoint: str) -> None:
    """A collection that is hidden from the client is unknown to it, and answers alike."""

    async def empty(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return taxii({}) if reply.status == 404 else reply

    fault.around(on(endpoint), empty)


@mutant(breaks="TAXII-5.2.1-1")
def one_collection_is_listed_twice(fault: Fault) -> None:
    """The last collection stands in the list twice, as after a join that repeats rows."""

    def twice(body: dict[str, Any]) -> None:
        if body.get("collections"):
            body["collections"].append(dict(body["collections"][-1]))

    fault.change_json(on("collections"), twice)


@mutant(breaks="TAXII-5.2.1-4", size="subtle")
def can_write_is_true_for_a_peer_that_may_not(fault: Fault) -> None:
    """The library says can_write true to an account whose posts it answers 403."""

    def promised(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            if one.get("id") == LIBRARY:
                one["can_write"] = True

    fault.change_json(lambda seen: on("collections", "collection")(seen) and seen.principal == "peer", promised)


@mutant(breaks="TAXII-5.2.1-4")
def the_manifest_of_a_readable_collection_is_refused(fault: Fault) -> None:
    """The manifest asks for the right to write: where an account only reads, it is 403 in spite of can_read."""

    async def for_writers(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return refusal(403) if reply.ok and seen.principal == "peer" else reply

    fault.around(lambda seen: on("manifest")(seen) and seen.collection == LIBRARY, for_writers)


@mutant(breaks="TAXII-5.2.1-1", size="subtle")
def one_collection_is_listed_again_in_capitals(fault: Fault) -> None:
    """The last collection stands in the list a second time with its UUID in capitals, and answers under both."""

    def again(body: dict[str, Any]) -> None:
        if body.get("collections"):
            last = body["collections"][-1]
            body["collections"].append({**last, "id": last["id"].upper()})

    def lowered(seen: Seen) -> Seen:
        return replace(seen, path=seen.path.replace(seen.collection, seen.collection.lower()))

    fault.change_json(on("collections"), again)
    fault.change_requests(lambda seen: seen.collection != seen.collection.lower(), lowered)


def _nothing_listed(fault: Fault, when: Callable[[Seen], bool], value: Any) -> None:
    """An account without collections is told so; the list is there, but holds nothing."""

    def listed(_: Seen, reply: Reply) -> Reply:
        nothing = reply.status == 404 or (reply.ok and not reply.json.get("collections"))
        return taxii({"collections": value}) if nothing else reply

    def collections_of_any_root(seen: Seen) -> bool:
        return seen.method == "GET" and re.fullmatch(r"/(exchange|archive)/collections/", seen.path) is not None

    fault.change_answers(lambda seen: collections_of_any_root(seen) and when(seen), listed)


@mutant(
    breaks="TAXII-5.1.1-1",
    also={"TAXII-2-4": "The list without collections is an empty list."},
)
def no_collections_are_an_empty_list(fault: Fault) -> None:
    """An account that may use no collection of an API root gets "collections": []."""
    _nothing_listed(fault, lambda _: True, [])


@mutant(breaks="TAXII-5.1.1-1", size="subtle")
def no_collections_are_null(fault: Fault) -> None:
    """An account that may use no collection of an API root gets "collections": null."""
    _nothing_listed(fault, lambda _: True, None)


def _also_listed(fault: Fault, when: Callable[[Seen], bool], entry: dict[str, Any]) -> None:
    """One more collection in the list, which this client can neither read nor write, nor get."""

    def added(body: dict[str, Any]) -> None:
        if body.get("collections"):
            body["collections"].append({"can_read": False, "can_write": False, **entry})

    fault.change_json(lambda seen: on("collections")(seen) and when(seen), added)


@mutant(
    breaks="TAXII-5.1-2",
    also={"TAXII-5.2-1": "A listed collection is not served under its id."},
)
def a_collection_that_is_gone_is_still_listed(fault: Fault) -> None:
    """The list ends with a collection that was removed and is 404 now."""
    gone = "5c1b8c1e-6a0e-4d0a-9b57-0d8a1c8f1aff"
    _also_listed(fault, lambda _: True, {"id": gone, "title": "Collection of last year"})


@mutant(breaks="TAXII-5.1-2", size="subtle")
def a_peer_is_listed_a_collection_it_cannot_get(fault: Fault) -> None:
    """The list of a peer ends with the drop box, which is 404 to it."""
    _also_listed(fault, lambda seen: seen.principal == "peer", {"id": DROPBOX, "title": "Drop box"})


def _alias_of(fault: Fault, when: Callable[[Seen], bool], identifier: str, alias: str) -> None:
    def renamed(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            if one.get("id") == identifier:
                one["alias"] = alias

    fault.change_json(lambda seen: on("collections", "collection")(seen) and when(seen), renamed)


@mutant(breaks="TAXII-5.2.1-2")
def two_collections_have_one_alias(fault: Fault) -> None:
    """The advisories have the alias of the library."""
    _alias_of(fault, lambda _: True, ADVISORIES, "library")


@mutant(breaks="TAXII-5.2.1-2", size="subtle")
def the_drop_box_has_the_alias_of_another_collection(fault: Fault) -> None:
    """The collection that its writers cannot read has the alias of the workbench: aliases are checked among the
    readable ones only."""
    _alias_of(fault, lambda _: True, DROPBOX, "workbench")


@mutant(breaks="TAXII-5.2.1-3")
def an_alias_opens_another_collection(fault: Fault) -> None:
    """Asked for by its alias, each collection answers with the resource of the library."""

    def library(seen: Seen) -> Seen:
        return seen.at(f"/exchange/collections/{LIBRARY}/")

    fault.change_requests(lambda seen: on("collection")(seen) and seen.collection in COLLECTIONS, library)


@mutant(breaks="TAXII-5.2.1-3", size="subtle")
def the_objects_below_an_alias_are_those_of_another_collection(fault: Fault) -> None:
    """Each collection answers under its alias as itself; the objects below any alias are those of the library."""

    def library(seen: Seen) -> Seen:
        return seen.at(f"/exchange/collections/{LIBRARY}/objects/", query=seen.query)

    fault.change_requests(lambda seen: on("objects")(seen) and seen.collection in COLLECTIONS, library)


def _media_types(fault: Fault, which: str, types: list[str]) -> None:
    """Other media_types of one collection, whose manifest leaves the optional media type of its records out."""

    def other_types(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            if one.get("id") == which:
                one["media_types"] = types

    def without_type(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            record.pop("media_type", None)

    fault.change_json(on("collections", "collection"), other_types)
    fault.change_json(lambda seen: on("manifest")(seen) and seen.collection == which, without_type)


@mutant(breaks="TAXII-5.2.1-5")
def media_types_lack_stix_altogether(fault: Fault) -> None:
    """media_types of a collection with STIX objects names a type of another format."""
    _media_types(fault, COMMUNITY, ["application/vnd.misp+json"])


@mutant(breaks="TAXII-5.2.1-5", size="subtle")
def media_types_name_the_old_version_of_stix_only(fault: Fault) -> None:
    """media_types of a collection with objects of STIX 2.1 names STIX 2.0."""
    _media_types(fault, LIBRARY, ["application/stix+json;version=2.0"])
