"""Faults of API roots (TAXII 2.1, sections 4.2 and 4.2.1)."""

from __future__ import annotations

import re
from typing import Any

from tests.support.answering import TAXII, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-4.2-3")
def the_api_root_is_not_found_while_its_collections_are(fault: Fault) -> None:
    """GET of the API root is 404, though collections below it work (a router without a rule for the root)."""
    fault.change_answers(on("api_root"), lambda _seen, _reply: refusal(404))


@mutant(breaks="TAXII-4.2-3", size="subtle")
def the_api_root_is_answered_203(fault: Fault) -> None:
    """The API root comes with 203, as from a proxy that rewrites answers; section 4.2 names 200 only."""
    fault.change_answers(on("api_root"), lambda _, reply: reply.with_status(203) if reply.status == 200 else reply)


@mutant(breaks="TAXII-4.2.1-1", also={"TAXII-4.2.1-2": "The old word is no media type."})
def versions_holds_the_old_word(fault: Fault) -> None:
    """versions says taxii-2.1, after the pattern of the TAXII 2.0 drafts, instead of the media type."""

    def old_word(root: dict[str, Any]) -> None:
        root["versions"] = ["taxii-2.1"]

    fault.change_json(on("api_root"), old_word)


@mutant(breaks="TAXII-4.2.1-1", size="subtle")
def versions_holds_the_media_type_with_a_space(fault: Fault) -> None:
    """versions holds the media type with a space after the semicolon (the form printed in TAXII 2.0)."""

    def spaced(root: dict[str, Any]) -> None:
        root["versions"] = [TAXII.replace(";", "; ")]

    fault.change_json(on("api_root"), spaced)


@mutant(breaks="TAXII-4.2.1-3")
def max_content_length_is_negative(fault: Fault) -> None:
    """max_content_length is -1, to say that there is no limit."""

    def unlimited(root: dict[str, Any]) -> None:
        root["max_content_length"] = -1

    fault.change_json(on("api_root"), unlimited)


@mutant(breaks="TAXII-4.2.1-3", size="subtle", also={"TAXII-2-3": "A string is no integer."})
def max_content_length_is_a_string(fault: Fault) -> None:
    """max_content_length is the right number as a string, as it comes out of a settings file."""

    def as_text(root: dict[str, Any]) -> None:
        root["max_content_length"] = str(root["max_content_length"])

    fault.change_json(on("api_root"), as_text)


def _unknown_root(seen: Seen) -> bool:
    return (
        seen.method == "GET"
        and seen.endpoint == ""
        and re.fullmatch(r"/[^/.]+/", seen.path) is not None
        and not seen.path.startswith("/policies")
    )


@mutant(breaks="TAXII-4.2-2")
def an_unknown_api_root_is_an_empty_resource(fault: Fault) -> None:
    """Any path of one segment is answered 200 with an empty TAXII object."""
    fault.change_answers(_unknown_root, lambda _, reply: taxii({}) if reply.status == 404 else reply)


@mutant(breaks="TAXII-4.2-2", size="subtle")
def an_unknown_api_root_is_an_error_with_code_200(fault: Fault) -> None:
    """The error for an unknown root is a proper error message, but its status line says 200."""
    error = {"title": "There is no such API root", "http_status": "404"}
    fault.change_answers(_unknown_root, lambda _, reply: taxii(error) if reply.status == 404 else reply)


def _one_more_version(fault: Fault, path: str, entry: str) -> None:
    def listed(root: dict[str, Any]) -> None:
        root["versions"].append(entry)

    fault.change_json(lambda seen: seen.method == "GET" and seen.path == path, listed)


@mutant(breaks="TAXII-4.2.1-2")
def versions_hold_the_media_type_without_version(fault: Fault) -> None:
    """versions lists application/taxii+json without a version beside the right one."""
    _one_more_version(fault, "/exchange/", "application/taxii+json")


@mutant(breaks="TAXII-4.2.1-2", size="subtle")
def versions_hold_an_entry_with_another_parameter(fault: Fault) -> None:
    """The last entry of versions names its version in a parameter v."""
    _one_more_version(fault, "/exchange/", "application/taxii+json;v=2.1")


def _roots(fault: Fault, more: str) -> None:
    def listed(found: dict[str, Any]) -> None:
        found["api_roots"].append(more)

    fault.change_json(on("discovery"), listed)


@mutant(breaks="TAXII-4.2-1")
def one_api_root_is_listed_twice(fault: Fault) -> None:
    """Two API roots have one URL: it stands twice in the list."""
    _roots(fault, "/exchange/")
