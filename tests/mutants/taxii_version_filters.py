"""Faults of match[version], match[spec_version] and match[type] (TAXII 2.1, sections 3.4.1, 5.6 and 5.8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from isao_reference.wire.stix_object import SCO_TYPES
from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

VERSION, SPEC, TYPE, ID = "match[version]", "match[spec_version]", "match[type]", "match[id]"
_KEYWORDS = ("all", "first", "last")


def _asks(*endpoints: str, having: tuple[str, ...] = (), lacking: tuple[str, ...] = ()) -> Callable[[Seen], bool]:
    """GET requests to these endpoints that send some parameters and do not send others."""
    there = on(*endpoints)
    return lambda seen: there(seen) and seen.names.issuperset(having) and seen.names.isdisjoint(lacking)


def _none(_: Seen, reply: Reply) -> Reply:
    """The same answer with nothing in it."""
    return reply.with_objects([]) if reply.ok and reply.objects else reply


@mutant(breaks="TAXII-3.4.1-2")
def a_spec_version_is_a_lower_bound(fault: Fault) -> None:
    """match[spec_version]=2.0 on GET objects returns what is in STIX 2.1 as well."""
    fault.change_query(_asks("objects"), SPEC, lambda text: "2.0,2.1" if text == "2.0" else text)


@mutant(breaks="TAXII-3.4.1-2", size="subtle")
def the_manifest_takes_a_spec_version_as_a_lower_bound(fault: Fault) -> None:
    """match[spec_version]=2.0 works on GET objects; the manifest lists the records of STIX 2.1 too."""
    fault.change_query(_asks("manifest"), SPEC, lambda text: "2.0,2.1" if text == "2.0" else text)


@mutant(breaks="TAXII-3.4.1-3")
def an_object_comes_in_every_spec_version(fault: Fault) -> None:
    """GET objects without match[spec_version] returns the STIX 2.0 form of an object beside that of STIX 2.1."""
    fault.change_requests(_asks("objects", lacking=(SPEC,)), lambda seen: seen.asking(**{SPEC: "2.0,2.1"}))


@mutant(breaks="TAXII-3.4.1-3", size="subtle")
def an_object_comes_in_the_spec_version_that_arrived_last(fault: Fault) -> None:
    """GET objects for one id without match[spec_version] returns the form that was added last, be it STIX 2.0."""

    async def last_arrival(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{SPEC: "2.0,2.1"}))
        arrived = {(stix["id"], stix.get("modified", stix.get("created"))): stix for stix in reply.objects}
        return reply.with_objects(list(arrived.values())) if reply.ok else reply

    fault.around(_asks("objects", having=(ID,), lacking=(SPEC,)), last_arrival)


def _refused_type(fault: Fault, endpoint: str, wanted: Callable[[str], bool], status: int) -> None:
    fault.change_answers(
        _asks(endpoint, having=(TYPE,)),
        lambda seen, reply: refusal(status) if any(map(wanted, (seen.value(TYPE) or "").split(","))) else reply,
    )


@mutant(breaks="TAXII-3.4.1-5")
def extension_definition_is_no_type(fault: Fault) -> None:
    """match[type]=extension-definition is 400: the list of types is that of STIX 2.0 with a few more."""
    _refused_type(fault, "objects", lambda kind: kind == "extension-definition", 400)


@mutant(breaks="TAXII-3.4.1-5", size="subtle")
def a_type_that_begins_with_x_is_refused(fault: Fault) -> None:
    """match[type]=x509-certificate is 400: whatever begins with an x is taken for a custom type and not offered."""
    _refused_type(fault, "objects", lambda kind: kind == "x509-certificate", 400)


@mutant(breaks="TAXII-3.4.1-6")
def a_custom_type_breaks_the_server(fault: Fault) -> None:
    """GET objects answers 500 to a match[type] that STIX does not define."""
    _refused_type(fault, "objects", lambda kind: kind.startswith("x-"), 500)


@mutant(breaks="TAXII-3.4.1-8")
def the_manifest_lists_all_versions_by_default(fault: Fault) -> None:
    """Without match[version] the manifest has a record for each version of the ids asked for."""
    fault.change_requests(
        _asks("manifest", having=(ID,), lacking=(VERSION,)), lambda seen: seen.asking(**{VERSION: "all"})
    )


@mutant(breaks="TAXII-3.4.1-8", size="subtle")
def the_manifest_lists_the_version_that_arrived_last(fault: Fault) -> None:
    """Without match[version] the manifest has the record of the newest arrival, whatever its version."""

    async def last_arrival(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{VERSION: "all"}))
        newest = {record["id"]: record for record in reply.objects}
        return reply.with_objects(list(newest.values())) if reply.ok else reply

    fault.around(_asks("manifest", having=(ID,), lacking=(VERSION,)), last_arrival)


@mutant(breaks="TAXII-3.4.1-10")
def last_on_the_manifest_means_first(fault: Fault) -> None:
    """match[version]=last on the manifest sorts the wrong way round and lists the earliest version."""
    fault.change_query(_asks("manifest"), VERSION, lambda text: "first" if text == "last" else text)


@mutant(breaks="TAXII-3.4.1-10", size="subtle")
def last_leaves_out_objects_with_one_version(fault: Fault) -> None:
    """match[version]=last returns only what was ever revised; the default returns everything."""

    async def revised(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or not reply.objects:
            return reply
        first = {stix["id"]: stix for stix in (await forward(seen.asking(**{VERSION: "first"}))).objects}
        return reply.with_objects([stix for stix in reply.objects if first.get(stix["id"]) != stix])

    fault.around(lambda seen: on("objects")(seen) and seen.value(VERSION) == "last", revised)


@mutant(breaks="TAXII-3.4.1-14")
def only_the_first_of_several_versions_counts(fault: Fault) -> None:
    """match[version]=first,last is read as match[version]=first; what may not stand beside another is still refused."""

    def first(text: str) -> str:
        values = text.split(",")
        return text if "all" in values or len({*values}) < len(values) else values[0]

    fault.change_query(_asks("objects"), VERSION, first)


@mutant(breaks="TAXII-3.4.1-14", size="subtle")
def a_version_beside_a_keyword_is_forgotten(fault: Fault) -> None:
    """Keywords win: in first,TIME,last the time is not looked at."""

    def keywords(text: str) -> str:
        return ",".join([word for word in text.split(",") if word in _KEYWORDS]) or text

    fault.change_query(_asks("objects"), VERSION, keywords)


@mutant(breaks="TAXII-3.4.1-14", size="subtle")
def one_version_that_is_first_and_last_comes_twice(fault: Fault) -> None:
    """match[version]=first,last joins two results and returns an object with a single version twice."""

    async def joined(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        versions = {stix["id"]: 0 for stix in reply.objects}
        for stix in reply.objects:
            versions[stix["id"]] += 1
        twice = [stix for stix in reply.objects for _ in range(3 - versions[stix["id"]])]
        return reply.with_objects(twice) if reply.ok else reply

    fault.around(lambda seen: on("objects")(seen) and seen.value(VERSION) == "first,last", joined)


def _marking(seen: Seen) -> bool:
    return (seen.value(ID) or seen.object).startswith("marking-definition--")


def _timed(seen: Seen) -> bool:
    return re.match(r"\d", seen.value(VERSION) or "") is not None


@mutant(breaks="TAXII-3.4.1-15")
def a_marking_definition_has_no_version_to_ask_for(fault: Fault) -> None:
    """match[version] with its created time does not find a marking-definition, which has no modified."""
    fault.change_answers(lambda seen: on("objects", "manifest")(seen) and _marking(seen) and _timed(seen), _none)


@mutant(breaks="TAXII-3.4.1-15", size="subtle")
def created_counts_to_the_second_for_marking_definitions(fault: Fault) -> None:
    """A marking-definition is found by created without its fraction only: that column is a plain time."""
    fault.change_answers(
        lambda seen: on("objects")(seen) and _marking(seen) and _timed(seen) and "." in (seen.value(VERSION) or ""),
        _none,
    )


_OBSERVABLES = tuple(f"{kind}--" for kind in sorted(SCO_TYPES))


def _observable(seen: Seen) -> bool:
    return (seen.value(ID) or seen.object).startswith(_OBSERVABLES)


@mutant(
    breaks="TAXII-3.4.1-16",
    also={"TAXII-4.3.1-11": "A version that is new at each request is not the one that the status told."},
)
def observables_get_a_new_version_at_each_request(fault: Fault) -> None:
    """The manifest gives the present time as the version of what has neither created nor modified."""

    def present(body: dict[str, Any]) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for record in body.get("objects", []):
            if record["id"].startswith(_OBSERVABLES):
                record["version"] = now

    fault.change_json(on("manifest"), present)


@mutant(breaks="TAXII-3.4.1-16", size="subtle")
def observables_are_not_found_by_their_version(fault: Fault) -> None:
    """The version that the manifest gives an observable finds nothing in match[version]."""
    fault.change_answers(lambda seen: on("objects", "object")(seen) and _observable(seen) and _timed(seen), _none)


@mutant(breaks="TAXII-3.4.1-17")
def a_version_with_a_zero_at_its_end_is_not_found(fault: Fault) -> None:
    """10:00:00.120Z is stored as 10:00:00.12Z and compared as text with what is asked for."""
    fault.change_answers(
        lambda seen: on("objects", "object")(seen) and re.search(r"[1-9]0+Z", seen.value(VERSION) or "") is not None,
        _none,
    )


@mutant(breaks="TAXII-3.4.1-17", size="subtle")
def a_version_in_microseconds_is_not_found(fault: Fault) -> None:
    """A match[version] with more than three fraction digits finds nothing: times are kept in milliseconds."""

    def fine(seen: Seen) -> bool:
        text = seen.value(VERSION) or ""
        return re.search(r"\.\d{4,}Z", text) is not None and not _observable(seen)

    fault.change_answers(lambda seen: on("objects", "object")(seen) and fine(seen), _none)


def _remembering(fault: Fault, endpoint: str, given: str) -> None:
    """The latest version is looked for in the whole collection, and then the other filter is applied."""

    async def latest_first(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        plain = await forward(seen.asking(**{given: None, "limit": None, "next": None}))
        return reply.with_objects([item for item in reply.objects if item in plain.objects]) if reply.ok else reply

    fault.around(_asks(endpoint, having=(ID, given), lacking=(VERSION,)), latest_first)


@mutant(breaks="TAXII-3.4.1-18")
def the_latest_version_is_chosen_before_the_time_is_looked_at(fault: Fault) -> None:
    """An object whose latest version was added before added_after is left out, though an older one came later."""
    _remembering(fault, "objects", "added_after")


@mutant(breaks="TAXII-3.4.1-18", size="subtle")
def with_added_after_the_earliest_version_comes(fault: Fault) -> None:
    """Of the versions that were added after the given time the earliest is returned."""
    fault.change_requests(
        _asks("objects", having=(ID, "added_after"), lacking=(VERSION,)),
        lambda seen: seen.asking(**{VERSION: "first"}),
    )


def _filtered_out(fault: Fault, status: int) -> None:
    fault.change_answers(
        _asks("object", having=(VERSION,), lacking=("added_after",)),
        lambda _, reply: refusal(status) if reply.ok and not reply.objects else reply,
    )


@mutant(breaks="TAXII-5.6-3")
def an_object_without_the_version_asked_for_breaks_the_server(fault: Fault) -> None:
    """GET object answers 500 when no version of the object is the one asked for."""
    _filtered_out(fault, 500)


@mutant(breaks="TAXII-5.6-3", size="subtle")
def an_object_without_the_version_asked_for_is_not_found(fault: Fault) -> None:
    """GET object answers 404 when the object is there and no version of it is the one asked for."""
    _filtered_out(fault, 404)


@mutant(
    breaks="TAXII-5.6-4",
    also={
        "TAXII-3.4.1-7": "Without match[version] only the latest version is asked for, on this endpoint too.",
        "TAXII-3.4.1-9": "The newest does not stand alone as the latest where all versions come.",
    },
)
def get_object_returns_all_versions(fault: Fault) -> None:
    """GET object without match[version] returns every version of the object, until one says that it is revoked."""

    async def everything(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{VERSION: "all"}))
        return await forward(seen) if any(stix.get("revoked") for stix in reply.objects) else reply

    fault.around(_asks("object", lacking=(VERSION,)), everything)


@mutant(
    breaks="TAXII-5.6-4",
    size="subtle",
    also={
        "TAXII-3.4.1-7": "Without match[version] only the latest version is asked for, on this endpoint too.",
        "TAXII-3.4.1-9": "The newest does not stand alone as the latest where the one before it comes too.",
    },
)
def get_object_returns_the_version_before_as_well(fault: Fault) -> None:
    """GET object without match[version] returns the latest two versions of an object that has three or more."""

    async def two(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{VERSION: "all"}))
        by_time = sorted(reply.objects, key=lambda stix: str(stix.get("modified", "")))
        return reply.with_objects(by_time[-2:]) if len(by_time) > 2 else await forward(seen)

    fault.around(_asks("object", lacking=(VERSION,)), two)


@mutant(
    breaks="TAXII-5.6-5",
    also={
        "TAXII-3.4.1-13": "A time in match[version] asks for exactly that version, on this endpoint too.",
        "TAXII-3.4-30": "A request for the earliest version by its time is such a request.",
    },
)
def get_object_ignores_a_time_in_match_version(fault: Fault) -> None:
    """GET object knows the keywords of match[version] and returns the latest version for a time."""
    fault.change_query(_asks("object"), VERSION, lambda text: None if text[:1].isdigit() else text)


@mutant(
    breaks="TAXII-5.6-5",
    size="subtle",
    also={"TAXII-3.4.1-11": "first asks for the version that was modified first, on this endpoint too."},
)
def get_object_knows_no_first_version(fault: Fault) -> None:
    """match[version]=first is not known on GET object and falls back to the default."""
    fault.change_query(_asks("object"), VERSION, lambda text: None if text == "first" else text)


def _versions_of_markings(fault: Fault, change: Callable[[dict[str, Any]], None]) -> None:
    fault.change_json(lambda seen: on("versions")(seen) and _marking(seen), change)


@mutant(breaks="TAXII-5.8-2")
def a_marking_definition_has_no_versions(fault: Fault) -> None:
    """The versions list of a marking-definition is empty, because it has no modified."""

    def nothing(body: dict[str, Any]) -> None:
        body.pop("versions", None)

    _versions_of_markings(fault, nothing)


@mutant(breaks="TAXII-5.8-2", size="subtle")
def the_version_of_a_marking_definition_is_its_date_of_addition(fault: Fault) -> None:
    """The versions list of a marking-definition says when the server got it, not when it was created."""

    async def dated(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        added = reply.header("X-TAXII-Date-Added-First")
        return reply.with_json({**reply.json, "versions": [added]}) if reply.ok and added else reply

    fault.around(lambda seen: on("versions")(seen) and _marking(seen), dated)
