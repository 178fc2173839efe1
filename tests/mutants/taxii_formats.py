"""Faults of data types and encodings in any answer (TAXII 2.1, sections 1.6.7, 2, 3.2 and 3.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.mutants import DROPBOX
from tests.support.answering import TAXII, Reply, Seen, on
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-2-1")
def can_read_is_a_string(fault: Fault) -> None:
    """can_read of one collection is the string "false", in the list and alone."""

    def as_text(body: dict[str, Any]) -> None:
        for one in body.get("collections", [body]):
            if one.get("id") == DROPBOX:
                one["can_read"] = str(one["can_read"]).lower()

    fault.change_json(on("collections", "collection"), as_text)


@mutant(breaks="TAXII-2-1", size="subtle")
def more_is_null_on_the_last_page(fault: Fault) -> None:
    """A manifest that is complete says "more": null instead of false or nothing."""

    def null_more(body: dict[str, Any]) -> None:
        body.setdefault("more", None)

    fault.change_json(on("manifest"), null_more)


@mutant(breaks="TAXII-2-4")
def a_status_lists_no_failures(fault: Fault) -> None:
    """Every status carries "failures": []."""

    def empty_list(body: dict[str, Any]) -> None:
        body.setdefault("failures", [])

    fault.change_json(lambda seen: on("status")(seen) or on("objects", method="POST")(seen), empty_list)


@mutant(
    breaks="TAXII-2-4",
    size="subtle",
    traffic=["TAXII-3.4.1-1"],
    also={"TAXII-5.3.1-1": "Where a manifest has no records its key objects is left out."},
)
def an_empty_manifest_lists_no_objects(fault: Fault) -> None:
    """A manifest without records carries "objects": []."""

    def empty_list(body: dict[str, Any]) -> None:
        body.setdefault("objects", [])

    fault.change_json(on("manifest"), empty_list)


def _with_offsets(fault: Fault, later_pages_only: bool) -> None:
    """Offsets in date_added; added_after is understood in the same form, so that the server is of one mind."""

    def with_offset(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            record["date_added"] = record["date_added"].removesuffix("Z") + "+00:00"

    fault.change_query(lambda _: True, "added_after", lambda text: text.replace(" ", "+").replace("+00:00", "Z"))
    fault.change_json(lambda seen: on("manifest")(seen) and (not later_pages_only or "next" in seen.names), with_offset)


@mutant(breaks="TAXII-2-6", also={"TAXII-2-7": "A time with an offset is not marked as UTC by Z."})
def date_added_ends_with_an_offset(fault: Fault) -> None:
    """date_added ends with +00:00 instead of Z, as isoformat() of Python writes it."""
    _with_offsets(fault, later_pages_only=False)


@mutant(
    breaks="TAXII-2-6",
    size="subtle",
    traffic=["TAXII-3.3-2"],
    also={"TAXII-2-7": "A time with an offset is not marked as UTC by Z."},
)
def date_added_ends_with_an_offset_on_later_pages(fault: Fault) -> None:
    """Only the pages that are asked for with next write +00:00: they come from another code path."""
    _with_offsets(fault, later_pages_only=True)


@mutant(breaks="TAXII-2-9", traffic=["TAXII-5.7-1"])
def the_answer_to_a_deletion_is_latin_1(fault: Fault) -> None:
    """DELETE is answered with a message in the server's own language and in Latin-1."""

    def told(_: Seen, reply: Reply) -> Reply:
        if not reply.ok:
            return reply
        said = replace(reply, body='{"description": "gelöscht"}'.encode("latin-1"))
        return said.with_header("Content-Type", TAXII)

    fault.change_answers(on("object", method="DELETE"), told)


@mutant(breaks="TAXII-1.6.7-1")
def bodies_begin_with_a_byte_order_mark(fault: Fault) -> None:
    """Every success body begins with the byte order mark of UTF-8, as some frameworks of Windows write it."""
    fault.change_answers(
        lambda seen: bool(seen.endpoint),
        lambda _, reply: replace(reply, body=b"\xef\xbb\xbf" + reply.body) if reply.ok and reply.body else reply,
    )


@mutant(breaks="TAXII-1.6.7-1", size="subtle")
def a_manifest_record_repeats_a_name(fault: Fault) -> None:
    """The first record of a manifest has the member version twice; the last one is right."""
    fault.change_answers(
        on("manifest"),
        lambda _, reply: replace(reply, body=reply.body.replace(b'"version":', b'"version":null,"version":', 1)),
    )


@mutant(breaks="TAXII-3.8-2")
def the_api_root_lacks_max_content_length(fault: Fault) -> None:
    """The API root does not say how much it takes."""

    def without(root: dict[str, Any]) -> None:
        root.pop("max_content_length", None)

    fault.change_json(on("api_root"), without)


@mutant(
    breaks="TAXII-3.8-2",
    size="subtle",
    traffic=["TAXII-4.3-3"],
    also={"TAXII-4.3.1-6": "A pending_count that is left out is one that section 4.3.1 requires."},
)
def a_status_leaves_out_counts_of_zero(fault: Fault) -> None:
    """A status that is asked for again has no pending_count when nothing is pending."""

    def without_zeros(status: dict[str, Any]) -> None:
        if status.get("pending_count") == 0:
            del status["pending_count"]

    fault.change_json(on("status"), without_zeros)


@mutant(breaks="TAXII-3.2-9")
def a_date_header_of_objects_is_an_http_date(fault: Fault) -> None:
    """X-TAXII-Date-Added-Last of GET objects has the form of Date (ATT&CK Workbench TAXII server, issue 32)."""
    _last_header(fault, "objects", "Thu, 01 Jan 2026 08:00:00 GMT")


@mutant(breaks="TAXII-3.2-9", size="subtle")
def a_date_header_of_one_object_has_milliseconds(fault: Fault) -> None:
    """X-TAXII-Date-Added-Last of GET object has three fraction digits."""
    _last_header(fault, "object", "2026-01-01T08:00:00.000Z")


def _last_header(fault: Fault, endpoint: str, value: str) -> None:
    name = "X-TAXII-Date-Added-Last"
    fault.change_answers(on(endpoint), lambda _, reply: reply.with_header(name, value) if reply.header(name) else reply)


@mutant(breaks="TAXII-2-9", size="subtle", traffic=["TAXII-3.7-5"])
def text_of_one_object_is_latin_1(fault: Fault) -> None:
    """GET object sends its text in Latin-1, with a question mark for what that does not have."""

    def recoded(_: Seen, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.decode().encode("latin-1", "replace")) if reply.ok else reply

    fault.change_answers(on("object"), recoded)
