"""Faults of filtering (TAXII 2.1, sections 3.4 and 3.4.1)."""

from __future__ import annotations

import re
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_TYPES = ("malware", "malware-analysis", "file", "file-collection", "network", "network-traffic")


def _well_formed(text: str) -> bool:
    return _TIMESTAMP.fullmatch(text) is not None


def _only(seen: Seen, *names: str) -> bool:
    """True when exactly these parameters are sent."""
    return seen.names == frozenset(names)


@mutant(breaks="TAXII-3.4-1")
def an_added_after_that_is_no_timestamp_is_ignored(fault: Fault) -> None:
    """The manifest takes an added_after that is a word as none and answers with everything."""
    fault.change_query(on("manifest"), "added_after", lambda text: text if text[:1].isdigit() else None)


@mutant(breaks="TAXII-3.4-1", size="subtle")
def an_unreadable_added_after_is_answered_422(fault: Fault) -> None:
    """GET objects refuses an added_after that is a word with 422; section 3.4 names 400."""
    fault.change_answers(
        lambda seen: on("objects")(seen) and "added_after" in seen.names,
        lambda seen, reply: (
            refusal(422) if reply.status == 400 and (seen.value("added_after") or "")[:1].isalpha() else reply
        ),
    )


@mutant(breaks="TAXII-3.4-2")
def a_limit_that_is_no_number_is_ignored(fault: Fault) -> None:
    """GET objects takes a limit that is a word as none."""
    fault.change_query(on("objects"), "limit", lambda text: None if text.isalpha() else text)


@mutant(breaks="TAXII-3.4-2", size="subtle")
def a_limit_that_is_no_number_breaks_the_manifest(fault: Fault) -> None:
    """The manifest answers 500 to a limit that is a word."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and "limit" in seen.names,
        lambda seen, reply: refusal(500) if (seen.value("limit") or "").isalpha() else reply,
    )


@mutant(breaks="TAXII-3.4-3")
def a_limit_of_zero_means_no_limit(fault: Fault) -> None:
    """limit=0 is taken as no limit at all, on GET objects and GET manifest."""
    fault.change_query(on("objects", "manifest"), "limit", lambda text: None if text == "0" else text)


@mutant(breaks="TAXII-3.4-3", size="subtle")
def a_limit_of_zero_gives_an_empty_manifest(fault: Fault) -> None:
    """limit=0 on the manifest is answered 200 without records: no more than asked for, but no refusal."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and seen.value("limit") == "0",
        lambda _, reply: reply.with_status(200).with_json({}) if reply.status == 400 else reply,
    )


@mutant(breaks="TAXII-3.4-5")
def an_unknown_version_keyword_means_last(fault: Fault) -> None:
    """match[version] with an unknown word is taken as its default."""

    def known(text: str) -> str | None:
        return text if text in ("all", "first", "last") or "," in text or text[:1].isdigit() else None

    fault.change_query(on("objects", "manifest"), "match[version]", known)


def _earlier(text: str) -> str:
    """One microsecond before a TAXII timestamp, so that "later than" becomes "not earlier than"."""
    from isao_reference.wire import timestamps

    value = timestamps.parse_taxii(text)
    return text if value is None else timestamps.format_micros(value - 1)


@mutant(breaks="TAXII-3.4-13")
def added_after_includes_the_given_time(fault: Fault) -> None:
    """The manifest compares with "not earlier": the last record comes again at each poll (OpenCTI connectors, 7604)."""
    fault.change_query(lambda seen: on("manifest")(seen) and "match[id]" not in seen.names, "added_after", _earlier)


@mutant(breaks="TAXII-3.4-13", size="subtle")
def added_after_loses_the_first_later_record(fault: Fault) -> None:
    """The first record that is later than added_after is left out, as by an offset counted from one."""

    def without_first(_: Seen, reply: Reply) -> Reply:
        return reply.with_objects(reply.objects[1:]) if reply.ok and len(reply.objects) > 1 else reply

    fault.change_answers(
        lambda seen: on("manifest")(seen) and "added_after" in seen.names and not {"match[id]", "next"} & seen.names,
        without_first,
    )


@mutant(breaks="TAXII-3.4-15")
def added_after_is_cut_to_milliseconds(fault: Fault) -> None:
    """added_after loses its last three digits before it is compared, where one id is asked for."""

    def cut(text: str) -> str:
        return text[:-4] + "Z" if re.fullmatch(r".*\.\d{6}Z", text) else text

    fault.change_query(lambda seen: on("manifest")(seen) and "match[id]" in seen.names, "added_after", cut)


@mutant(breaks="TAXII-3.4-25")
def a_type_is_forgotten_when_an_id_is_given(fault: Fault) -> None:
    """With match[id] the server looks the object up and does not look at match[type] any more."""
    fault.change_query(lambda seen: on("objects")(seen) and "match[id]" in seen.names, "match[type]", lambda _: None)


@mutant(breaks="TAXII-3.4-25", size="subtle")
def the_last_match_field_replaces_a_type_before_it(fault: Fault) -> None:
    """Fields overwrite each other: a type that comes before an id is lost, one that comes after counts."""

    def type_first(seen: Seen) -> bool:
        names = [name for name, _ in seen.query]
        wanted = on("objects")(seen) and {"match[id]", "match[type]"} <= seen.names
        return wanted and names.index("match[type]") < names.index("match[id]")

    fault.change_query(type_first, "match[type]", lambda _: None)


@mutant(
    breaks="TAXII-3.4-26",
    also={"TAXII-3.3-5": "Objects and manifest do not list the same where several types are asked."},
)
def only_the_first_of_several_types_counts(fault: Fault) -> None:
    """match[type]=a,b is read as match[type]=a."""
    fault.change_query(on("objects"), "match[type]", lambda text: text.split(",")[0])


@mutant(breaks="TAXII-3.4-26", size="subtle")
def several_types_match_everything(fault: Fault) -> None:
    """A list of types is compared as a whole, is no type, and is dropped as unknown."""
    fault.change_query(on("objects"), "match[type]", lambda text: None if "," in text else text)


@mutant(breaks="TAXII-3.4.1-1", size="subtle")
def an_id_that_is_not_there_matches_everything(fault: Fault) -> None:
    """The manifest drops a match[id] that finds nothing, so that the answer lists the whole collection."""

    async def dropped(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return reply if reply.objects or not reply.ok else await forward(seen.asking(**{"match[id]": None}))

    fault.around(lambda seen: on("manifest")(seen) and _only(seen, "match[id]"), dropped)


@mutant(
    breaks="TAXII-3.4.1-1",
    also={"ISAO-GAT-002": "The objects of one table are looked for by their ids, all in one request."},
)
def of_two_ids_the_second_is_forgotten(fault: Fault) -> None:
    """GET objects reads only the first of several ids (lists of ids: OpenCTI, 14517)."""
    fault.change_query(
        lambda seen: on("objects")(seen) and _only(seen, "match[id]"), "match[id]", lambda text: text.split(",")[0]
    )


@mutant(
    breaks="TAXII-3.4.1-4",
    also={
        "TAXII-3.1-19": "The manifest does not apply a filter that its table lists.",
        "TAXII-3.4-29": "The manifest does not support match[type].",
    },
)
def the_manifest_ignores_match_type(fault: Fault) -> None:
    """match[type] by itself works on GET objects and is not looked at on the manifest."""
    fault.change_query(
        lambda seen: on("manifest")(seen) and _only(seen, "match[type]"),
        "match[type]",
        lambda text: text if "," in text else None,
    )


@mutant(breaks="TAXII-3.4.1-4", size="subtle")
def a_type_matches_every_type_that_begins_alike(fault: Fault) -> None:
    """match[type]=malware returns malware-analysis too: the names are compared by their beginning."""

    def longer(text: str) -> str:
        return ",".join([text, *(kind for kind in _TYPES if kind.startswith(text) and kind != text)])

    fault.change_query(lambda seen: on("objects")(seen) and _only(seen, "match[type]"), "match[type]", longer)


def _one_object(seen: Seen, version: str | None) -> bool:
    """GET objects for one id in the versions named (None: in the default one)."""
    if not on("objects")(seen) or seen.value("match[version]") != version:
        return False
    return _only(seen, "match[id]", *([] if version is None else ["match[version]"]))


@mutant(
    breaks="TAXII-3.4.1-7",
    also={"TAXII-3.4.1-9": "Where all versions come by default, the newest does not stand alone as the latest."},
)
def every_version_is_returned_by_default(fault: Fault) -> None:
    """Without match[version] an object comes in all its versions, until one of them says that it is revoked."""

    async def everything(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{"match[version]": "all"}))
        return await forward(seen) if any(stix.get("revoked") for stix in reply.objects) else reply

    fault.around(lambda seen: _one_object(seen, None), everything)


@mutant(breaks="TAXII-3.4.1-7", size="subtle")
def a_version_stays_latest_when_a_newer_one_arrives(fault: Fault) -> None:
    """Each version that is the newest when it arrives is marked as latest, and the mark is never taken back, until one
    version says that it is revoked."""
    newest: dict[tuple[str, str], str] = {}
    latest: set[tuple[str, str, str]] = set()

    async def marking(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        for stix in seen.posted if reply.status == 202 else []:
            place, version = (seen.collection, str(stix.get("id"))), str(stix.get("modified", ""))
            if version > newest.get(place, ""):
                newest[place] = version
                latest.add((*place, version))
        return reply

    async def marked(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{"match[version]": "all"}))
        known = [
            stix for stix in reply.objects if (seen.collection, stix["id"], str(stix.get("modified", ""))) in latest
        ]
        revoked = any(stix.get("revoked") for stix in reply.objects)
        return reply.with_objects(known) if known and not revoked else await forward(seen)

    fault.around(on("objects", method="POST"), marking)
    fault.around(lambda seen: _one_object(seen, None), marked)


@mutant(breaks="TAXII-3.4.1-9", also={"TAXII-3.4.1-10": "The word last and no filter bring different versions."})
def last_is_the_version_that_arrived_last(fault: Fault) -> None:
    """match[version]=last returns the newest arrival, whatever its modified time."""

    async def last_arrival(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{"match[version]": "all"}))
        return reply.with_objects(reply.objects[-1:]) if reply.ok else reply

    fault.around(lambda seen: _one_object(seen, "last"), last_arrival)


@mutant(breaks="TAXII-3.4.1-11", size="subtle")
def first_is_the_version_that_arrived_first(fault: Fault) -> None:
    """match[version]=first returns the oldest arrival, whatever its modified time."""

    async def first_arrival(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{"match[version]": "all"}))
        return reply.with_objects(reply.objects[:1]) if reply.ok else reply

    fault.around(lambda seen: _one_object(seen, "first"), first_arrival)


@mutant(breaks="TAXII-3.4.1-11")
def first_is_answered_as_last(fault: Fault) -> None:
    """match[version]=first is not known and falls back to the default."""
    fault.change_query(on("objects"), "match[version]", lambda text: None if text == "first" else text)


@mutant(breaks="TAXII-3.4.1-12")
def all_means_the_first_and_the_last(fault: Fault) -> None:
    """match[version]=all returns the earliest and the latest version and none between."""

    def ends(_: Seen, reply: Reply) -> Reply:
        by_time = sorted(reply.objects, key=lambda stix: str(stix.get("modified", "")))
        return reply.with_objects([by_time[0], by_time[-1]]) if reply.ok and len(by_time) > 2 else reply

    fault.change_answers(lambda seen: _one_object(seen, "all"), ends)


@mutant(breaks="TAXII-3.4.1-13")
def a_time_between_versions_returns_a_version(fault: Fault) -> None:
    """match[version] with a time no version has returns the latest one instead of nothing."""

    async def nearest(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or reply.objects:
            return reply
        return await forward(seen.asking(**{"match[version]": "last"}))

    def timed(seen: Seen) -> bool:
        given: Any = seen.value("match[version]")
        return on("objects")(seen) and "match[id]" in seen.names and isinstance(given, str) and _well_formed(given)

    fault.around(timed, nearest)


@mutant(breaks="TAXII-3.4-5", size="subtle")
def an_unknown_version_keyword_breaks_the_server(fault: Fault) -> None:
    """GET objects answers 500 to a match[version] that is neither a keyword nor a time."""

    def unknown(seen: Seen) -> bool:
        text = seen.value("match[version]") or ""
        return on("objects")(seen) and text.isalpha() and text not in ("all", "first", "last")

    fault.change_answers(unknown, lambda _seen, _reply: refusal(500))


@mutant(breaks="TAXII-3.4-15", size="subtle")
def added_after_is_a_microsecond_off(fault: Fault) -> None:
    """A record that was added one microsecond after the given time is not listed, where one id is asked for."""
    from isao_reference.wire import timestamps

    def later(text: str) -> str:
        value = timestamps.parse_taxii(text)
        return text if value is None else timestamps.format_micros(value + 1)

    fault.change_query(lambda seen: on("manifest")(seen) and "match[id]" in seen.names, "added_after", later)


@mutant(
    breaks="TAXII-3.4.1-9",
    size="subtle",
    also={
        "TAXII-3.4.1-7": "What comes without match[version] is not the version with the greatest modified time.",
        "TAXII-5.6-4": "The object comes in another version than the latest.",
    },
)
def one_object_comes_in_the_version_that_arrived_last(fault: Fault) -> None:
    """GET object without match[version] returns the newest arrival; GET objects is right."""

    async def last_arrival(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{"match[version]": "all"}))
        return reply.with_objects(reply.objects[-1:]) if reply.ok else reply

    fault.around(lambda seen: on("object")(seen) and not seen.names, last_arrival)


@mutant(breaks="TAXII-3.4.1-12", size="subtle")
def all_leaves_out_the_earliest_version(fault: Fault) -> None:
    """match[version]=all counts its versions from one and loses the earliest."""

    def without_first(_: Seen, reply: Reply) -> Reply:
        by_time = sorted(reply.objects, key=lambda stix: str(stix.get("modified", "")))
        return reply.with_objects(by_time[1:]) if reply.ok and len(by_time) > 2 else reply

    fault.change_answers(lambda seen: _one_object(seen, "all"), without_first)


@mutant(breaks="TAXII-3.4.1-13", size="subtle")
def a_version_is_compared_to_the_second(fault: Fault) -> None:
    """match[version] finds every version of the same second."""

    async def same_second(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(**{"match[version]": "all"}))
        second = (seen.value("match[version]") or "")[:19]
        return reply.with_objects([stix for stix in reply.objects if stix.get("modified", "")[:19] == second])

    def timed(seen: Seen) -> bool:
        return on("objects")(seen) and "match[id]" in seen.names and _well_formed(seen.value("match[version]") or "")

    fault.around(timed, same_second)
