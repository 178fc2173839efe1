"""Faults of collections (TAXII 2.1, sections 5.1 and 5.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.mutants import ADVISORIES, LIBRARY
from tests.support.answering import Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-5.1-1")
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


@mutant(breaks="TAXII-5.2-1", size="subtle")
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
