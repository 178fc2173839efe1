"""Faults of reading, adding and deleting objects (TAXII 2.1, sections 3.7, 5.4, 5.5, 5.6 and 5.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.mutants import DROPBOX, LIBRARY
from tests.support.answering import Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-5.4-1")
def a_cut_page_is_answered_206(fault: Fault) -> None:
    """GET objects with limit=1 answers 206 Partial Content when there is more."""
    fault.change_answers(
        lambda seen: on("objects")(seen) and seen.query == (("limit", "1"),),
        lambda _, reply: reply.with_status(206) if reply.ok and reply.json.get("more") else reply,
    )


@mutant(breaks="TAXII-5.4-1", size="subtle", also={"TAXII-3.7-4": "null is no string."})
def the_last_page_says_that_next_is_null(fault: Fault) -> None:
    """An envelope that is complete carries "next": null, where next is a string or left out."""

    def null_next(body: dict[str, Any]) -> None:
        body.setdefault("next", None)

    fault.change_json(on("objects"), null_next)


@mutant(
    breaks="TAXII-5.4-2",
    also={"TAXII-3.4.1-1": "An id that nothing has must be answered 200 without entries; it is the same request."},
)
def no_objects_are_answered_404(fault: Fault) -> None:
    """GET objects answers 404 when nothing matches (cti-taxii-server, issue 98)."""
    fault.change_answers(
        lambda seen: on("objects")(seen) and seen.names == {"match[id]"},
        lambda _, reply: refusal(404) if reply.ok and not reply.objects else reply,
    )


@mutant(breaks="TAXII-5.5-1", also={"TAXII-3.1-2": "A success without a body lacks the resource of its endpoint."})
def an_accepted_post_says_nothing(fault: Fault) -> None:
    """POST objects is answered 202 without a body."""
    fault.change_answers(on("objects", method="POST"), lambda _, reply: replace(reply, body=b"") if reply.ok else reply)


@mutant(breaks="TAXII-5.5-1", size="subtle", also={"TAXII-3.1-2": "A list is not the resource of the endpoint."})
def the_status_of_a_post_comes_in_a_list(fault: Fault) -> None:
    """POST objects is answered 202 with a list that holds the status resource."""
    fault.change_json(on("objects", method="POST"), lambda status: [status])


@mutant(breaks="TAXII-5.6-1")
def no_object_is_found_by_its_id(fault: Fault) -> None:
    """objects/ID is 404 for every STIX id: the path takes database keys."""
    fault.change_answers(on("object"), lambda _, reply: refusal(404) if reply.ok else reply)


@mutant(breaks="TAXII-5.6-1", size="subtle")
def objects_of_one_type_are_not_found_by_id(fault: Fault) -> None:
    """objects/ID is 404 for malware and tools, which are kept in another table."""
    fault.change_answers(
        lambda seen: on("object")(seen) and seen.object.startswith(("malware--", "tool--")),
        lambda _, reply: refusal(404) if reply.ok else reply,
    )


def _bundle(body: dict[str, Any]) -> dict[str, Any]:
    return {"type": "bundle", "id": "bundle--2d9a1b3c-52f4-4a3c-8a4e-4f5f0c1f7a11", **body}


@mutant(breaks="TAXII-3.7-1")
def objects_come_in_a_bundle(fault: Fault) -> None:
    """GET objects and GET object answer with a STIX bundle, as TAXII 2.0 did."""
    fault.change_json(on("objects", "object"), _bundle)


@mutant(breaks="TAXII-3.7-1", size="subtle")
def one_object_comes_in_a_bundle(fault: Fault) -> None:
    """Only GET object answers with a bundle."""
    fault.change_json(on("object"), _bundle)


@mutant(
    breaks="TAXII-3.7-3",
    also={"TAXII-2-4": "An empty objects key that is a list is an empty list in a TAXII resource."},
)
def an_empty_envelope_has_an_empty_list(fault: Fault) -> None:
    """An envelope without result carries "objects": []."""

    def empty_list(body: dict[str, Any]) -> None:
        body.setdefault("objects", [])

    fault.change_json(on("objects"), empty_list)


@mutant(breaks="TAXII-3.7-3", size="subtle")
def an_empty_envelope_has_null_objects(fault: Fault) -> None:
    """An envelope without result carries "objects": null."""

    def null_objects(body: dict[str, Any]) -> None:
        body.setdefault("objects", None)

    fault.change_json(lambda seen: on("objects")(seen) and "match[id]" in seen.names, null_objects)


@mutant(breaks="TAXII-5.4-noread")
def a_write_only_collection_is_read_by_its_writers(fault: Fault) -> None:
    """GET objects of a collection with can_read false returns its content to those who may write there."""

    async def read(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return await forward(seen.by(fault.authorization_of("analyst"))) if reply.status == 403 else reply

    fault.around(lambda seen: on("objects")(seen) and seen.collection == DROPBOX, read)


@mutant(breaks="TAXII-5.4-noread", size="subtle")
def a_write_only_collection_looks_empty(fault: Fault) -> None:
    """GET objects of a collection with can_read false is 200 with an empty envelope."""
    fault.change_answers(
        lambda seen: on("objects")(seen) and seen.collection == DROPBOX,
        lambda _, reply: taxii({}) if reply.status == 403 else reply,
    )


@mutant(breaks="TAXII-5.5-nowrite")
def a_read_only_collection_takes_a_post(fault: Fault) -> None:
    """POST to a collection with can_write false is accepted and stored."""
    _stored_in_the_library(fault, silently=False)


@mutant(breaks="TAXII-5.5-nowrite", size="subtle")
def a_refused_post_to_a_read_only_collection_is_stored(fault: Fault) -> None:
    """POST to a collection with can_write false is answered 403, and its objects are stored all the same."""
    _stored_in_the_library(fault, silently=True)


def _stored_in_the_library(fault: Fault, silently: bool) -> None:
    async def store(seen: Seen, forward: Forward) -> Reply:
        refused = await forward(seen)
        if refused.status != 403:
            return refused
        accepted = await forward(seen.by(fault.authorization_of("analyst")))
        return refused if silently else accepted

    fault.around(lambda seen: on("objects", method="POST")(seen) and seen.collection == LIBRARY, store)


@mutant(breaks="TAXII-3.7-5")
def an_object_comes_back_with_an_internal_property(fault: Fault) -> None:
    """GET object shows a property _date_added of the database beside the posted ones."""

    def leaked(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            stix["_date_added"] = "2026-11-22T12:00:00Z"

    fault.change_json(on("object"), leaked)


@mutant(breaks="TAXII-3.7-5", size="subtle")
def an_object_comes_back_without_unknown_properties(fault: Fault) -> None:
    """GET object leaves out extensions, which the server's data model does not have."""

    def known(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            for name in [name for name in stix if name == "extensions" or name.startswith("x_")]:
                del stix[name]

    fault.change_json(on("object"), known)


@mutant(breaks="TAXII-5.7-1")
def a_deletion_is_answered_204(fault: Fault) -> None:
    """DELETE that is carried out is answered 204."""
    fault.change_answers(
        on("object", method="DELETE"),
        lambda _, reply: replace(reply.with_header("Content-Type", None), status=204, body=b"") if reply.ok else reply,
    )


@mutant(
    breaks="TAXII-5.7-2",
    also={"TAXII-5.7-3": "What is not deleted at all stays in the lists as well as under its id."},
)
def a_deletion_does_nothing(fault: Fault) -> None:
    """DELETE is answered 200 and the object stays."""

    async def nothing(seen: Seen, forward: Forward) -> Reply:
        known = await forward(seen.at(seen.path))
        return replace(known, body=b"") if known.ok else await forward(seen)

    fault.around(on("object", method="DELETE"), nothing)


def _kept(fault: Fault, endpoint: str) -> None:
    """Keep the answer about an object at one endpoint from just before its deletion, and give it ever after."""
    before: dict[tuple[str, str], Reply] = {}

    def asked_id(seen: Seen) -> str:
        return seen.object or seen.value("match[id]") or ""

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        root = seen.path.partition("/objects/")[0]
        place = seen.at(f"{root}/{endpoint}/", query=[("match[id]", seen.object)])
        known = await forward(place if endpoint == "manifest" else seen.at(seen.path))
        reply = await forward(seen)
        if reply.ok:
            before[seen.collection, seen.object] = known
        return reply

    async def reading(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        gone = before.get((seen.collection, asked_id(seen)))
        return gone if gone is not None and not reply.objects else reply

    fault.around(on("object", method="DELETE"), deleting)
    fault.around(on(endpoint), reading)


@mutant(breaks="TAXII-5.7-2", size="subtle")
def a_deleted_object_is_still_served_by_its_id(fault: Fault) -> None:
    """Deletion hides an object from the lists; objects/ID still returns it."""
    _kept(fault, "object")


@mutant(breaks="TAXII-5.7-3", size="subtle")
def a_deleted_object_keeps_its_manifest_record(fault: Fault) -> None:
    """The manifest still has the record when it is asked for the id of a deleted object."""
    _kept(fault, "manifest")


@mutant(
    breaks="TAXII-5.4-2",
    size="subtle",
    also={"TAXII-3.4.1-1": "An id that nothing has must be answered 200 without entries; it is the same request."},
)
def no_objects_are_answered_204(fault: Fault) -> None:
    """GET objects answers 204 No Content when nothing matches an id."""
    fault.change_answers(
        lambda seen: on("objects")(seen) and seen.names == {"match[id]"},
        lambda _, reply: Reply(204, (), b"") if reply.ok and not reply.objects else reply,
    )


@mutant(breaks="TAXII-5.7-1", size="subtle")
def a_deletion_is_answered_202(fault: Fault) -> None:
    """DELETE is answered 202, as where it is put in a queue, though it is carried out at once."""
    fault.change_answers(on("object", method="DELETE"), lambda _, reply: reply.with_status(202) if reply.ok else reply)


@mutant(breaks="TAXII-5.7-3")
def the_manifest_still_lists_deleted_objects(fault: Fault) -> None:
    """The manifest in all versions keeps the records of deleted objects at their places."""
    kept: dict[str, list[dict[str, Any]]] = {}

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        root = seen.path.partition("/objects/")[0]
        query = [("match[id]", seen.object), ("match[version]", "all")]
        known = await forward(seen.at(f"{root}/manifest/", query=query))
        reply = await forward(seen)
        if reply.ok:
            kept.setdefault(seen.collection, []).extend(known.objects)
        return reply

    async def listing(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or not reply.objects:
            return reply
        after = seen.value("added_after") or reply.objects[0]["date_added"]
        until = reply.objects[-1]["date_added"]
        ghosts = [record for record in kept.get(seen.collection, []) if after < record["date_added"] < until]
        for again in {record["id"] for record in ghosts}:  # what was added again has its one record
            live = await forward(seen.at(seen.path, query=[("match[id]", again), ("match[version]", "all")]))
            ghosts = [record for record in ghosts if record["version"] not in {one["version"] for one in live.objects}]
        return reply.with_objects(sorted([*reply.objects, *ghosts], key=lambda record: str(record["date_added"])))

    fault.around(on("object", method="DELETE"), deleting)
    fault.around(
        lambda seen: (
            on("manifest")(seen) and seen.value("match[version]") == "all" and not {"match[id]", "limit"} & seen.names
        ),
        listing,
    )


def _of_unknown_objects(fault: Fault, answer: Reply) -> None:
    """Give this answer about one object that is not there, unless it was deleted (section 5.7 names 404 then)."""
    deleted: set[str] = set()

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        deleted.update([seen.object] if reply.ok else [])
        return reply

    fault.around(on("object", method="DELETE"), deleting)
    fault.change_answers(
        on("object"), lambda seen, reply: answer if reply.status == 404 and seen.object not in deleted else reply
    )


@mutant(breaks="TAXII-5.6-2")
def an_unknown_object_is_an_empty_envelope(fault: Fault) -> None:
    """GET object for an unknown id is 200 {}."""
    _of_unknown_objects(fault, taxii({}))


@mutant(breaks="TAXII-5.6-2", size="subtle")
def an_unknown_object_is_a_bad_request(fault: Fault) -> None:
    """GET object for an unknown id is 400, as if the id were malformed."""
    _of_unknown_objects(fault, refusal(400))
