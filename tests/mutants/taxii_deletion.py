"""Faults of deleting objects and versions (TAXII 2.1, section 5.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.mutants import DROPBOX, LIBRARY
from tests.support.answering import Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant

VERSION, SPEC = "match[version]", "match[spec_version]"
_SEALED = "7d1f4c52-9f0b-4a35-8c6e-2b1d0e3f4a56"

_deleting = on("object", method="DELETE")
_posting = on("objects", method="POST")


def _instead(fault: Fault, when: Callable[[Seen], bool], of: tuple[int, ...], status: int) -> None:
    """Answer one code where the server answers one of others."""
    fault.change_answers(when, lambda _, reply: refusal(status) if reply.status in of else reply)


@mutant(breaks="TAXII-5.7-4")
def deleting_one_version_deletes_all(fault: Fault) -> None:
    """DELETE does not look at match[version] and deletes the object in all its versions."""
    fault.change_query(_deleting, VERSION, lambda _: None)


@mutant(breaks="TAXII-5.7-4", size="subtle")
def deleting_one_version_deletes_the_latest_too(fault: Fault) -> None:
    """DELETE with a time in match[version] deletes that version and the latest one, which it moves up."""
    fault.change_query(_deleting, VERSION, lambda text: f"{text},last" if text[:1].isdigit() else text)


def _kept_of_several(fault: Fault, when: Callable[[Seen], bool], place: Callable[[Seen], Seen]) -> None:
    """An endpoint goes on to answer about an object with several versions as before its deletion."""
    before: dict[tuple[str, str], Reply] = {}

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        every = await forward(seen.at(seen.path, query=[(VERSION, "all")]))
        known = await forward(place(seen))
        reply = await forward(seen)
        if reply.ok and len(every.objects) > 1:
            before[seen.collection, seen.object] = known
        return reply

    async def reading(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        kept = before.get((seen.collection, seen.object or seen.value("match[id]") or ""))
        gone = reply.status == 404 or (reply.ok and not {"objects", "versions"} & set(reply.json))
        return kept if kept is not None and gone else reply

    fault.around(lambda seen: _deleting(seen) and not seen.names, deleting)
    fault.around(when, reading)


@mutant(breaks="TAXII-5.7-5")
def deleted_versions_are_still_listed(fault: Fault) -> None:
    """After an object with several versions was deleted, the versions endpoint still lists them."""
    _kept_of_several(fault, on("versions"), lambda seen: seen.at(seen.path.rstrip("/") + "/versions/"))


@mutant(breaks="TAXII-5.7-5", size="subtle")
def the_manifest_still_has_deleted_versions(fault: Fault) -> None:
    """After an object with several versions was deleted, the manifest still has a record for each of them."""

    def records(seen: Seen) -> Seen:
        root = seen.path.partition("/objects/")[0]
        return seen.at(f"{root}/manifest/", query=[("match[id]", seen.object), (VERSION, "all")])

    _kept_of_several(
        fault,
        lambda seen: on("manifest")(seen) and seen.value(VERSION) == "all" and "match[id]" in seen.names,
        records,
    )


def _sealed(fault: Fault, status: int) -> None:
    """Show the members a collection that they may neither read nor write; DELETE in it gives this code."""
    entry = {"id": _SEALED, "title": "Sealed", "can_read": False, "can_write": False}

    def listed(body: dict[str, Any]) -> None:
        body.setdefault("collections", []).append(entry)

    def member(seen: Seen) -> bool:
        return seen.principal.startswith("member")

    async def sealed(seen: Seen, forward: Forward) -> Reply:
        if seen.endpoint == "collection" and seen.method == "GET":
            return taxii(entry)
        return refusal(status if seen.method == "DELETE" else 403)

    fault.change_json(lambda seen: on("collections")(seen) and member(seen), listed)
    fault.around(lambda seen: seen.collection == _SEALED and member(seen), sealed)


@mutant(breaks="TAXII-5.7-6")
def deleting_in_a_sealed_collection_is_forbidden(fault: Fault) -> None:
    """DELETE where the client may neither read nor write is 403; the table of section 5.7 has 404 for it."""
    _sealed(fault, 403)


@mutant(breaks="TAXII-5.7-6", size="subtle")
def deleting_in_a_sealed_collection_asks_to_log_in(fault: Fault) -> None:
    """DELETE where a known client may neither read nor write is 401, as if nobody had logged in."""
    _sealed(fault, 401)


def _in(collection: str) -> Callable[[Seen], bool]:
    return lambda seen: _deleting(seen) and seen.collection == collection and seen.principal.startswith("member")


@mutant(breaks="TAXII-5.7-7")
def deleting_in_a_read_only_collection_is_not_found(fault: Fault) -> None:
    """DELETE of an object that the client may read and not write is 404."""
    _instead(fault, _in(LIBRARY), (403,), 404)


@mutant(breaks="TAXII-5.7-7", size="subtle")
def deleting_in_a_read_only_collection_asks_to_log_in(fault: Fault) -> None:
    """DELETE of an object that a known client may read and not write is 401."""
    _instead(fault, _in(LIBRARY), (403,), 401)


@mutant(breaks="TAXII-5.7-8")
def deleting_in_a_write_only_collection_is_done(fault: Fault) -> None:
    """DELETE in a collection that the client may write and not read is 200."""
    fault.change_answers(
        _in(DROPBOX), lambda _, reply: replace(taxii({}), body=b"") if reply.status in (403, 404) else reply
    )


@mutant(breaks="TAXII-5.7-8", size="subtle")
def deleting_in_a_write_only_collection_is_not_found(fault: Fault) -> None:
    """DELETE in a collection that the client may write and not read is 404: what cannot be read is not there."""
    _instead(fault, _in(DROPBOX), (403,), 404)


def _unknown_deleted(fault: Fault, status: int) -> None:
    """DELETE of an object that is not there, in a collection that the client knows, gives this code."""

    async def content(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        there = await forward(seen.at(seen.path.partition("objects/")[0]))
        return replace(taxii({}, status), body=b"") if reply.status == 404 and there.ok else reply

    fault.around(_deleting, content)


@mutant(breaks="TAXII-5.7-9")
def deleting_an_unknown_object_succeeds(fault: Fault) -> None:
    """DELETE of an object that is not there is 200: the end is the same."""
    _unknown_deleted(fault, 200)


@mutant(breaks="TAXII-5.7-9", size="subtle")
def deleting_an_unknown_object_is_accepted_for_later(fault: Fault) -> None:
    """DELETE of an object that is not there is 202, as it is looked for later."""
    _unknown_deleted(fault, 202)


def _after_deletion(fault: Fault, posting: Callable[[Seen, Forward, set[tuple[str, str]]], Any]) -> None:
    """Let a POST know what was deleted before, as (collection, id)."""
    deleted: set[tuple[str, str]] = set()

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.ok:
            deleted.add((seen.collection, seen.object))
        return reply

    async def adding(seen: Seen, forward: Forward) -> Reply:
        reply: Reply = await posting(seen, forward, deleted)
        return reply

    fault.around(_deleting, deleting)
    fault.around(_posting, adding)


@mutant(breaks="TAXII-5.7-11")
def a_deleted_object_counts_as_there_when_it_is_posted_again(fault: Fault) -> None:
    """The check for duplicates still knows a deleted object: posting it again succeeds and stores nothing."""

    async def adding(seen: Seen, forward: Forward, deleted: set[tuple[str, str]]) -> Reply:
        reply = await forward(seen)
        root = seen.path if seen.path.endswith("/") else seen.path + "/"
        for stix in seen.posted if reply.status == 202 else []:
            if (seen.collection, stix.get("id")) in deleted:
                await forward(seen.at(f"{root}{stix['id']}/", "DELETE"))
        return reply

    _after_deletion(fault, adding)


@mutant(breaks="TAXII-5.7-11", size="subtle")
def a_deleted_object_is_refused_when_it_is_posted_again(fault: Fault) -> None:
    """An id that was deleted once is blocked: posting it again is listed as a failure."""

    async def adding(seen: Seen, forward: Forward, deleted: set[tuple[str, str]]) -> Reply:
        blocked = [(seen.collection, stix.get("id")) in deleted for stix in seen.posted]
        if not any(blocked):
            return await forward(seen)
        objects = [{**stix, "id": "deleted"} if gone else stix for stix, gone in zip(seen.posted, blocked, strict=True)]
        return await forward(replace(seen, body=json.dumps({"objects": objects}).encode()))

    _after_deletion(fault, adding)


@mutant(breaks="TAXII-5.7-12", traffic=("TAXII-5.7-1",))
def a_deletion_has_no_content_type(fault: Fault) -> None:
    """The 200 of DELETE carries no Content-Type."""
    fault.change_answers(_deleting, lambda _, reply: reply.with_header("Content-Type", None) if reply.ok else reply)


@mutant(breaks="TAXII-5.7-12", size="subtle", traffic=("TAXII-5.7-1",))
def a_deletion_is_labelled_as_plain_json(fault: Fault) -> None:
    """The 200 of DELETE says application/json."""
    fault.change_answers(
        _deleting, lambda _, reply: reply.with_header("Content-Type", "application/json") if reply.ok else reply
    )


def _once_deleted(fault: Fault, answer: Reply) -> None:
    """Give this answer about a deleted object instead of 404."""
    deleted: set[tuple[str, str]] = set()

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.ok:
            deleted.add((seen.collection, seen.object))
        return reply

    fault.around(_deleting, deleting)
    fault.change_answers(
        on("object"),
        lambda seen, reply: answer if reply.status == 404 and (seen.collection, seen.object) in deleted else reply,
    )


@mutant(breaks="TAXII-5.7-13")
def a_deleted_object_is_an_empty_envelope(fault: Fault) -> None:
    """GET object of what was deleted is 200 {}."""
    _once_deleted(fault, taxii({}))


@mutant(breaks="TAXII-5.7-13", size="subtle")
def a_deleted_object_is_gone(fault: Fault) -> None:
    """GET object of what was deleted is 410; section 5.7 names 404."""
    _once_deleted(fault, refusal(410))


@mutant(breaks="TAXII-5.7-14")
def a_deletion_ignores_match_spec_version(fault: Fault) -> None:
    """DELETE does not look at match[spec_version] and deletes what is in another version of STIX."""
    fault.change_query(_deleting, SPEC, lambda _: None)


@mutant(breaks="TAXII-5.7-14", size="subtle")
def a_deletion_that_finds_no_spec_version_deletes_all_the_same(fault: Fault) -> None:
    """DELETE for a version of STIX that the object does not have is 404, and the object is gone."""

    async def deleted_too(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 404:
            await forward(seen.asking(**{SPEC: None}))
        return reply

    fault.around(lambda seen: _deleting(seen) and SPEC in seen.names, deleted_too)


@mutant(breaks="TAXII-3.1-24")
def nothing_can_be_deleted(fault: Fault) -> None:
    """DELETE is 405 in every collection: it was not implemented."""
    fault.change_answers(_deleting, lambda _, reply: refusal(405) if reply.status != 401 else reply)


@mutant(breaks="TAXII-3.1-24", size="subtle")
def what_may_be_deleted_is_not_implemented(fault: Fault) -> None:
    """DELETE is refused properly where it is not allowed, and is 501 where it is."""
    _instead(fault, _deleting, (200,), 501)
