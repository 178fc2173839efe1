"""Faults of the versions list (TAXII 2.1, sections 3.4 and 5.8)."""

from __future__ import annotations

from typing import Any

from isao_reference.wire import timestamps
from tests.support.answering import on, refusal, taxii
from tests.support.mutation import Fault, mutant


@mutant(breaks="TAXII-5.8-1")
def only_the_latest_version_is_listed(fault: Fault) -> None:
    """The versions list holds the greatest version only."""

    def latest(body: dict[str, Any]) -> None:
        if body.get("versions"):
            body["versions"] = [max(body["versions"])]

    fault.change_json(lambda seen: on("versions")(seen) and not seen.names, latest)


@mutant(breaks="TAXII-5.8-1", size="subtle")
def a_version_that_was_never_added_is_listed(fault: Fault) -> None:
    """The versions list begins with the time at which the object was created in the database."""

    def invented(body: dict[str, Any]) -> None:
        if body.get("versions"):
            body["versions"].insert(0, "2025-01-01T00:00:00.000Z")

    fault.change_json(lambda seen: on("versions")(seen) and not seen.names, invented)


@mutant(
    breaks="TAXII-5.8.1-1",
    also={"TAXII-2-4": "A versions key with nothing in it is an empty list in a TAXII resource."},
)
def no_versions_are_an_empty_list(fault: Fault) -> None:
    """A versions answer without versions carries "versions": []."""

    def empty_list(body: dict[str, Any]) -> None:
        body.setdefault("versions", [])

    fault.change_json(on("versions"), empty_list)


@mutant(breaks="TAXII-5.8.1-1", size="subtle")
def no_versions_are_null(fault: Fault) -> None:
    """A versions answer without versions carries "versions": null."""

    def null_versions(body: dict[str, Any]) -> None:
        body.setdefault("versions", None)

    fault.change_json(on("versions"), null_versions)


@mutant(breaks="TAXII-3.4-31")
def the_versions_list_ignores_added_after(fault: Fault) -> None:
    """added_after is not looked at, except that a time after all versions gives an empty answer."""

    def ignored(text: str) -> str | None:
        return text if text > "2100" else None

    fault.change_query(on("versions"), "added_after", ignored)


@mutant(breaks="TAXII-3.4-31", size="subtle")
def the_versions_list_includes_the_given_time(fault: Fault) -> None:
    """added_after is inclusive on the versions list."""

    def earlier(text: str) -> str:
        value = timestamps.parse_taxii(text)
        return text if value is None else timestamps.format_micros(value - 1)

    fault.change_query(on("versions"), "added_after", earlier)


@mutant(breaks="TAXII-3.1-23")
def there_is_no_versions_endpoint(fault: Fault) -> None:
    """The versions endpoint is 404 for every object: it was not implemented."""
    fault.change_answers(on("versions"), lambda _, reply: refusal(404) if reply.ok else reply)


@mutant(breaks="TAXII-3.1-23", size="subtle")
def the_versions_of_one_object_are_not_allowed(fault: Fault) -> None:
    """The versions endpoint refuses GET with 405, though everything else of the object may be read."""
    fault.change_answers(on("versions"), lambda _, reply: refusal(405) if reply.ok else reply)


@mutant(breaks="TAXII-5.8-3")
def an_unknown_object_has_an_empty_list_of_versions(fault: Fault) -> None:
    """The versions of an object that is not there are 200 {}."""
    fault.change_answers(on("versions"), lambda _, reply: taxii({}) if reply.status == 404 else reply)


@mutant(breaks="TAXII-5.8-3", size="subtle")
def the_versions_of_an_unknown_object_are_a_bad_request(fault: Fault) -> None:
    """The versions of an object that is not there are 400."""
    fault.change_answers(on("versions"), lambda _, reply: refusal(400) if reply.status == 404 else reply)
