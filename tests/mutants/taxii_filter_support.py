"""Faults in which endpoint offers which filter (TAXII 2.1, sections 3.1, 3.4, 5.3, 5.6 and 5.8)."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.mutants.taxii_version_filters import ID, SPEC, TYPE, VERSION
from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

_KNOWN = {"added_after", "limit", "next", ID, TYPE, VERSION, SPEC}


def _far(text: str) -> bool:
    """A time that no clock shows for centuries."""
    return re.match(r"(29|[3-9]\d)\d\d-", text) is not None


def _drop_unknown_spec(fault: Fault, *endpoints: str) -> None:
    """match[spec_version] counts where it names a version of STIX; another value is left out."""
    fault.change_query(on(*endpoints), SPEC, lambda text: text if {"2.0", "2.1"} & set(text.split(",")) else None)


@mutant(breaks="TAXII-3.1-19")
def an_added_after_in_the_future_is_ignored(fault: Fault) -> None:
    """The manifest takes an added_after that is far ahead for a wrong clock and answers with everything."""
    fault.change_query(on("manifest"), "added_after", lambda text: None if _far(text) else text)


@mutant(breaks="TAXII-3.1-19", size="subtle")
def the_versions_list_ignores_an_added_after_in_the_future(fault: Fault) -> None:
    """The versions list takes an added_after that is far ahead for a wrong clock and answers with everything."""
    fault.change_query(on("versions"), "added_after", lambda text: None if _far(text) else text)


def _later_than(text: str) -> Callable[[Reply], Reply]:
    def filtered(reply: Reply) -> Reply:
        return reply.with_objects(
            [stix for stix in reply.objects if stix.get("modified", stix.get("created", "9")) > text]
        )

    return filtered


@mutant(breaks="TAXII-3.4-14")
def added_after_is_compared_with_modified(fault: Fault) -> None:
    """For one object that was never revised GET objects compares added_after with its own modified time."""

    async def by_content(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(added_after=None))
        right = await forward(seen)
        every = await forward(seen.asking(added_after=None, **{VERSION: "all"}))
        revised = len(every.objects) > 1
        return right if revised or not right.ok else _later_than(seen.value("added_after") or "")(reply)

    def for_one(seen: Seen) -> bool:
        return on("objects")(seen) and seen.names == {ID, "added_after"} and "," not in (seen.value(ID) or "")

    fault.around(for_one, by_content)


@mutant(breaks="TAXII-3.4-14", size="subtle")
def old_content_that_was_added_lately_is_left_out(fault: Fault) -> None:
    """With added_after GET objects leaves out what was modified ten years before that time, as too old for news."""

    def fresh(seen: Seen, reply: Reply) -> Reply:
        since = seen.value("added_after") or ""
        if not reply.ok or not re.match(r"\d{4}-", since):
            return reply
        return _later_than(f"{int(since[:4]) - 10:04}{since[4:]}")(reply)

    fault.change_answers(lambda seen: on("objects")(seen) and {ID, "added_after"} <= seen.names, fresh)


def _unknown_field(seen: Seen) -> bool:
    return any(name.startswith("match[") and name not in _KNOWN for name in seen.names)


@mutant(breaks="TAXII-3.4-27")
def an_unknown_match_field_breaks_the_server(fault: Fault) -> None:
    """GET objects answers 500 to a match field it does not know."""
    fault.change_answers(lambda seen: on("objects")(seen) and _unknown_field(seen), lambda _seen, _reply: refusal(500))


@mutant(breaks="TAXII-3.4-28")
def objects_refuse_match_spec_version(fault: Fault) -> None:
    """GET objects answers 400 to match[spec_version] (OpenCTI, 3765)."""
    fault.change_answers(lambda seen: on("objects")(seen) and SPEC in seen.names, lambda _seen, _reply: refusal(400))


@mutant(breaks="TAXII-3.4-28", size="subtle")
def objects_ignore_a_spec_version_that_does_not_exist(fault: Fault) -> None:
    """GET objects answers match[spec_version]=9.9 with everything."""
    _drop_unknown_spec(fault, "objects")


@mutant(breaks="TAXII-3.4-29")
def the_manifest_ignores_match_version(fault: Fault) -> None:
    """The manifest lists the latest versions whatever time match[version] asks for."""
    fault.change_query(on("manifest"), VERSION, lambda text: None if text[:1].isdigit() else text)


@mutant(breaks="TAXII-3.4-29", size="subtle")
def the_manifest_ignores_a_spec_version_that_does_not_exist(fault: Fault) -> None:
    """The manifest answers match[spec_version]=9.9 with everything."""
    _drop_unknown_spec(fault, "manifest")


@mutant(
    breaks="TAXII-3.4-30",
    also={
        "TAXII-3.1-19": "An endpoint whose table lists added_after has to apply it; a time far ahead leaves nothing."
    },
)
def get_object_ignores_added_after(fault: Fault) -> None:
    """GET object returns the object however late added_after is."""
    fault.change_query(on("object"), "added_after", lambda _: None)


@mutant(
    breaks="TAXII-3.4-30",
    size="subtle",
    also={
        "TAXII-3.4.1-13": "A time in match[version] asks for exactly that version, on this endpoint too.",
        "TAXII-5.6-5": "The same request: match[version] on GET object.",
    },
)
def get_object_returns_the_latest_beside_the_version_asked_for(fault: Fault) -> None:
    """GET object with a time in match[version] returns that version and the latest one."""
    fault.change_query(on("object"), VERSION, lambda text: f"{text},last" if re.fullmatch(r"\d[^,]*", text) else text)


def _written(fault: Fault, spelling: bytes) -> None:
    """A match[type] whose bracket is written in this way is no parameter of GET objects and GET manifest."""
    fault.change_requests(
        lambda seen: on("objects", "manifest")(seen) and TYPE in seen.names and spelling in seen.scope["query_string"],
        lambda seen: seen.asking(**{TYPE: None}),
    )


@mutant(breaks="TAXII-3.4-33")
def brackets_are_understood_in_one_form_only(fault: Fault) -> None:
    """match[type] is no parameter where its brackets come as they are; match%5Btype%5D is one."""
    _written(fault, b"match[")


@mutant(breaks="TAXII-3.4-34")
def the_versions_list_ignores_match_spec_version(fault: Fault) -> None:
    """The versions list holds all versions whatever STIX version is asked for."""
    fault.change_query(on("versions"), SPEC, lambda _: None)


@mutant(breaks="TAXII-3.4-34", size="subtle")
def the_versions_list_always_has_the_latest_version(fault: Fault) -> None:
    """match[spec_version] is applied to the older versions only; the latest is always listed."""

    async def with_latest(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        everything = await forward(seen.asking(**{SPEC: None}))
        if not reply.ok or reply.json.get("versions") or not everything.json.get("versions"):
            return reply
        return everything.with_json({"versions": [max(everything.json["versions"])]})

    fault.around(lambda seen: on("versions")(seen) and SPEC in seen.names, with_latest)


@mutant(breaks="TAXII-3.4-36")
def get_object_ignores_match_spec_version(fault: Fault) -> None:
    """GET object returns the object whatever STIX version is asked for."""
    fault.change_query(on("object"), SPEC, lambda _: None)


@mutant(breaks="TAXII-3.4-36", size="subtle")
def get_object_takes_a_spec_version_as_an_upper_bound(fault: Fault) -> None:
    """GET object with match[spec_version]=9.9 returns whatever is in 9.9 or an earlier version of STIX."""
    _drop_unknown_spec(fault, "object")


@mutant(
    breaks="TAXII-5.3-2",
    also={
        "TAXII-3.4.1-4": "A type that objects of the collection have lists their records.",
        "TAXII-3.4-29": "match[type] is one of the four fields that the manifest has to support.",
    },
)
def the_manifest_looks_for_the_type_in_its_records(fault: Fault) -> None:
    """match[type] lists nothing on the manifest, because a record has no type of its own."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and seen.names == {TYPE},
        lambda _, reply: reply.with_objects([]) if reply.ok and reply.objects else reply,
    )


@mutant(
    breaks="TAXII-5.3-2",
    size="subtle",
    also={"TAXII-3.4-29": "The manifest does not support match[spec_version]."},
)
def the_manifest_looks_for_the_spec_version_in_its_records(fault: Fault) -> None:
    """match[spec_version] lists nothing on the manifest, because a record has no spec_version of its own."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and SPEC in seen.names,
        lambda _, reply: reply.with_objects([]) if reply.ok and reply.objects else reply,
    )
