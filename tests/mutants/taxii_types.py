"""Faults of types, names and of the resource that an answer carries (TAXII 2.1, sections 2, 3.1, 3.7, 3.8, 8.2.1)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.mutants import ADVISORIES, DROPBOX, LIBRARY
from tests.support.answering import Reply, Seen, on
from tests.support.mutation import Fault, mutant


def _status_or_post(seen: Seen) -> bool:
    return on("status")(seen) or on("objects", method="POST")(seen)


@mutant(breaks="TAXII-2-2")
def status_ids_are_uuids_of_version_5(fault: Fault) -> None:
    """The id of a status is a UUID made from a name (version 5), not a random one, and works as such."""
    real: dict[str, str] = {}

    def under_its_name(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not reply.body:
            return reply
        named = str(uuid.uuid5(uuid.NAMESPACE_URL, reply.json["id"]))
        real[named] = reply.json["id"]
        return reply.with_json({**reply.json, "id": named})

    def by_its_real_id(seen: Seen) -> Seen:
        return replace(seen, path=seen.path.replace(seen.status, real.get(seen.status, seen.status)))

    fault.change_requests(on("status"), by_its_real_id)
    fault.change_answers(_status_or_post, under_its_name)


@mutant(breaks="TAXII-2-2", size="subtle")
def one_collection_has_an_id_of_version_1(fault: Fault) -> None:
    """One collection has a UUID of version 1 as its id, in the list and alone, and answers under it."""
    parts = DROPBOX.split("-")
    other = "-".join([*parts[:2], "1" + parts[2][1:], *parts[3:]])

    def renamed(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            if one.get("id") == DROPBOX:
                one["id"] = other

    fault.change_requests(lambda _: True, lambda seen: replace(seen, path=seen.path.replace(other, DROPBOX)))
    fault.change_json(on("collections", "collection"), renamed)


def _max_content_length(fault: Fault, value: int) -> None:
    """Of the second API root, where nothing is posted."""

    def said(root: dict[str, Any]) -> None:
        root["max_content_length"] = value

    fault.change_json(lambda seen: seen.path == "/archive/", said)


@mutant(breaks="TAXII-2-3", traffic=["TAXII-4.2-3"])
def max_content_length_is_the_largest_unsigned_number(fault: Fault) -> None:
    """max_content_length of one API root is 2 to the power of 64 less one, to say that there is no limit."""
    _max_content_length(fault, 2**64 - 1)


@mutant(breaks="TAXII-2-3", size="subtle", traffic=["TAXII-4.2-3"])
def max_content_length_is_one_beyond_the_safe_range(fault: Fault) -> None:
    """max_content_length of one API root is 2 to the power of 53: one more than I-JSON takes."""
    _max_content_length(fault, 2**53)


@mutant(
    breaks="TAXII-2-5",
    also={"TAXII-4.1.1-2": "An object in api_roots is neither an https URL nor a relative one."},
)
def an_api_root_is_an_object(fault: Fault) -> None:
    """The last item of api_roots is an object with the URL and a title."""

    def described(found: dict[str, Any]) -> None:
        found["api_roots"].append({"url": "/museum/", "title": "Museum"})

    fault.change_json(on("discovery"), described)


@mutant(breaks="TAXII-2-5", size="subtle")
def the_media_types_of_one_collection_end_with_null(fault: Fault) -> None:
    """In one collection a null follows the last of media_types, left by a split on commas."""

    def with_null(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            if one.get("id") == LIBRARY:
                one["media_types"].append(None)

    fault.change_json(on("collections", "collection"), with_null)


def _local_time(fault: Fault, when: Callable[[Seen], bool]) -> None:
    """The offset of the server's own zone instead of Z, on times that are right otherwise; added_after is
    understood in that form."""

    def local(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            record["date_added"] = record["date_added"].removesuffix("Z") + "-00:00"

    fault.change_query(lambda _: True, "added_after", lambda text: text.replace("-00:00", "Z"))
    fault.change_json(lambda seen: on("manifest")(seen) and when(seen), local)


@mutant(
    breaks="TAXII-2-7",
    also={"TAXII-2-6": "A timestamp that ends with an offset is not written as the pattern says, either."},
)
def date_added_has_an_offset_of_unknown_zone(fault: Fault) -> None:
    """date_added ends with -00:00, as RFC 3339 writes a time whose zone nobody knows."""
    _local_time(fault, lambda _: True)


@mutant(
    breaks="TAXII-2-7",
    size="subtle",
    also={"TAXII-2-6": "A timestamp that ends with an offset is not written as the pattern says, either."},
    traffic=["TAXII-5.3.1-4"],
)
def date_added_of_one_collection_has_an_offset(fault: Fault) -> None:
    """Only the records of one collection, which came from an older server, have an offset."""
    _local_time(fault, lambda seen: seen.collection == ADVISORIES)


def _no_body(_: Seen, reply: Reply) -> Reply:
    return replace(reply, body=b"") if reply.ok else reply


@mutant(
    breaks="TAXII-3.1-2",
    also={"TAXII-4.3-3": "An answer without a body has no id that could be the one asked for."},
)
def a_status_has_no_body(fault: Fault) -> None:
    """GET status is answered 200 with the right Content-Type and no body."""
    fault.change_answers(on("status"), _no_body)


@mutant(breaks="TAXII-3.1-2", size="subtle", traffic=["TAXII-5.3.1-1"])
def a_manifest_without_news_has_no_body(fault: Fault) -> None:
    """When nothing was added after the given time, the manifest is answered 200 without a body."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and "added_after" in seen.names,
        lambda seen, reply: _no_body(seen, reply) if reply.ok and not reply.objects else reply,
    )


def _with_a_stranger(
    fault: Fault, when: Callable[[Seen], bool], strange: Callable[[list[Any]], dict[str, Any]]
) -> None:
    """The last page of a list of objects ends with something that is no STIX Object."""

    def added(_: Seen, reply: Reply) -> Reply:
        last = reply.ok and reply.objects and not reply.json.get("more")
        return reply.with_objects([*reply.objects, strange(reply.objects)]) if last else reply

    fault.change_answers(lambda seen: on("objects")(seen) and when(seen), added)


@mutant(breaks="TAXII-3.7-2")
def a_bundle_lies_in_the_envelope(fault: Fault) -> None:
    """The objects of a collection are followed by a bundle of some of them."""
    bundle = "bundle--7f3d9c2a-51c4-4b0e-8d6f-1a2b3c4d5e6f"
    _with_a_stranger(
        fault,
        lambda seen: seen.names <= {"next", "match[version]"},
        lambda objects: {"type": "bundle", "id": bundle, "objects": objects[:1]},
    )


@mutant(breaks="TAXII-3.7-2", size="subtle", traffic=["TAXII-3.3-5"])
def a_count_lies_in_the_envelope(fault: Fault) -> None:
    """The objects of one collection are followed by an object that says how many they are: no id, no type."""
    _with_a_stranger(
        fault,
        lambda seen: seen.collection == LIBRARY and seen.names <= {"limit", "next", "match[version]"},
        lambda objects: {"x_acme_count": len(objects)},
    )


def _numbered_next(fault: Fault, when: Callable[[Seen], bool]) -> None:
    """The continuation value is a number, and works as such."""
    tokens: list[str] = []

    def number(_: Seen, reply: Reply) -> Reply:
        token = reply.json.get("next") if reply.ok and isinstance(reply.json, dict) else None
        if not isinstance(token, str):
            return reply
        tokens.append(token)
        return reply.with_json({**reply.json, "next": len(tokens)})

    fault.change_query(
        on("objects"),
        "next",
        lambda text: tokens[int(text) - 1] if text.isdigit() and 0 < int(text) <= len(tokens) else text,
    )
    fault.change_answers(lambda seen: on("objects")(seen) and when(seen), number)


@mutant(
    breaks="TAXII-3.7-4",
    also={"TAXII-5.4-1": "A body whose next is a number is no envelope of section 3.7."},
)
def next_is_a_number(fault: Fault) -> None:
    """next of an envelope is a number."""
    _numbered_next(fault, lambda _: True)


@mutant(breaks="TAXII-3.7-4", size="subtle", traffic=["TAXII-3.5-1"])
def next_is_a_number_from_the_second_page_on(fault: Fault) -> None:
    """The first page has a string; every further one has a number as its next."""
    _numbered_next(fault, lambda seen: "next" in seen.names)


def _respelled(body: dict[str, Any], name: str, other: str) -> None:
    if name in body:
        body[other] = body.pop(name)


@mutant(breaks="TAXII-3.8-1", also={"TAXII-5.8-1": "Versions that stand under another name are not listed."})
def versions_are_called_items(fault: Fault) -> None:
    """The list of several versions of an object is called items (so does one server with its envelopes)."""

    def items(body: dict[str, Any]) -> None:
        if len(body.get("versions", [])) > 1:
            _respelled(body, "versions", "items")

    fault.change_json(on("versions"), items)


@mutant(breaks="TAXII-3.8-1", size="subtle")
def request_timestamp_has_a_hyphen(fault: Fault) -> None:
    """The optional request_timestamp of a status is spelled request-timestamp."""
    fault.change_json(_status_or_post, lambda body: _respelled(body, "request_timestamp", "request-timestamp"))


@mutant(breaks="TAXII-8.2.1-3")
def descriptions_of_collections_are_null(fault: Fault) -> None:
    """A description that was never written is null."""

    def null_description(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            one["description"] = None

    fault.change_json(on("collections", "collection"), null_description)


@mutant(breaks="TAXII-8.2.1-3", size="subtle")
def the_contact_is_a_list(fault: Fault) -> None:
    """The contact of discovery is a list with one address."""

    def listed(found: dict[str, Any]) -> None:
        found["contact"] = [found.get("contact", "desk@isao.example")]

    fault.change_json(on("discovery"), listed)


@mutant(breaks="TAXII-8.2.1-5")
def created_of_malware_has_a_space(fault: Fault) -> None:
    """Malware comes back with a space where its created time has a T, as a database prints it."""

    def spaced(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            if stix.get("type") == "malware" and "created" in stix:
                stix["created"] = stix["created"].replace("T", " ")

    fault.change_json(on("objects", "object"), spaced)


@mutant(breaks="TAXII-8.2.1-5", size="subtle")
def a_tool_gets_an_empty_list(fault: Fault) -> None:
    """GET object gives a tool an empty list of aliases, which STIX does not permit; GET objects does not."""

    def listed(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            if stix.get("type") == "tool":
                stix.setdefault("aliases", [])

    fault.change_json(on("object"), listed)
