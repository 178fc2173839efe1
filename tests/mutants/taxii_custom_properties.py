"""Faults of custom properties (TAXII 2.1, section 7.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant


def _own(fault: Fault, when: Callable[[Seen], bool], name: str, value: Any = 1) -> None:
    """A custom property at the top of a resource."""

    def added(body: dict[str, Any]) -> None:
        body[name] = value

    fault.change_json(when, added)


def _in_the_last(fault: Fault, when: Callable[[Seen], bool], listing: str, name: str) -> None:
    """A custom property in the last entry of a list."""

    def added(body: dict[str, Any]) -> None:
        for entry in body.get(listing, [])[-1:]:
            entry[name] = "feed"

    fault.change_json(when, added)


def _status_or_post(seen: Seen) -> bool:
    return on("status")(seen) or on("objects", method="POST")(seen)


@mutant(breaks="TAXII-7.1-1")
def a_custom_name_has_capitals_and_a_hyphen(fault: Fault) -> None:
    """The API root has a property x_acme_Region-code."""
    _own(fault, on("api_root"), "x_acme_Region-code", "north")


@mutant(breaks="TAXII-7.1-1", size="subtle")
def a_custom_name_of_the_last_record_has_an_accent(fault: Fault) -> None:
    """The last record of a manifest has a property whose name has a letter outside a to z."""
    _in_the_last(fault, on("manifest"), "objects", "x_acme_qualité")


@mutant(breaks="TAXII-7.1-2")
def a_custom_name_is_the_prefix_alone(fault: Fault) -> None:
    """Discovery has a property x_: two characters."""
    _own(fault, on("discovery"), "x_", "v2")


@mutant(breaks="TAXII-7.1-2", size="subtle")
def a_custom_name_has_251_characters(fault: Fault) -> None:
    """The last collection of the list has a property whose name is one character too long."""
    _in_the_last(fault, on("collections"), "collections", "x_acme_" + "a" * 244)


@mutant(
    breaks="TAXII-7.1-3",
    also={"TAXII-7.1-7": "A name without x_ is not fit for later versions of TAXII, either."},
)
def collections_have_a_custom_name_without_prefix(fault: Fault) -> None:
    """Each collection, alone, has a property tenant."""
    _own(fault, on("collection"), "tenant", "north")


@mutant(breaks="TAXII-7.1-3", size="subtle")
def a_custom_name_of_the_last_success_has_no_source(fault: Fault) -> None:
    """The last of the successes of a status has a property x_feed: a prefix, and no word for its source."""
    _in_the_last(fault, _status_or_post, "successes", "x_feed")


def _unknown_property(seen: Seen) -> bool:
    try:
        body = Reply(200, (), seen.body).json
    except RecursionError:
        return False
    return (
        on("objects", method="POST")(seen) and isinstance(body, dict) and not body.keys() <= {"objects", "more", "next"}
    )


@mutant(breaks="TAXII-7.1-4")
def a_custom_property_in_a_request_is_a_bad_request(fault: Fault) -> None:
    """An envelope with a custom property is answered 400."""
    _refused_with(fault, 400)


@mutant(breaks="TAXII-7.1-4", size="subtle")
def a_custom_property_in_a_request_is_not_permitted(fault: Fault) -> None:
    """An envelope with a custom property is answered 403, though the account may write."""
    _refused_with(fault, 403)


def _refused_with(fault: Fault, code: int) -> None:
    """Only what would be taken is refused: what is wrong or too large keeps its own answer. Nothing is stored."""

    async def handler(seen: Seen, forward: Forward) -> Reply:
        asked = await forward(replace(seen.at(seen.path), method="GET"))
        allowed = asked.status not in (401, 403, 404)
        taken = allowed and seen.posted and seen.authorization and len(seen.body) < 100_000
        return refusal(code) if taken else await forward(seen)

    fault.around(_unknown_property, handler)


@mutant(breaks="TAXII-7.1-6", traffic=["TAXII-3.5-1"])
def the_continuation_is_called_x_acme_next(fault: Fault) -> None:
    """Cut envelopes carry x_acme_next in place of next."""

    def renamed(body: dict[str, Any]) -> None:
        if "next" in body:
            body["x_acme_next"] = body.pop("next")

    fault.change_json(on("objects"), renamed)


@mutant(breaks="TAXII-7.1-6", size="subtle", traffic=["TAXII-3.3-2"])
def the_manifest_says_x_acme_more_beside_more(fault: Fault) -> None:
    """A cut manifest says x_acme_more as well as more, for clients of the server's older days."""

    def doubled(body: dict[str, Any]) -> None:
        if "more" in body:
            body["x_acme_more"] = body["more"]

    fault.change_json(on("manifest"), doubled)


@mutant(
    breaks="TAXII-7.1-7",
    also={"TAXII-7.1-3": "A name without x_ lacks the prefix that custom names are to have."},
)
def objects_are_counted_under_a_plain_name(fault: Fault) -> None:
    """Every envelope has a property total_objects."""
    _own(fault, on("objects"), "total_objects")


@mutant(
    breaks="TAXII-7.1-7",
    size="subtle",
    also={"TAXII-7.1-3": "A name without x_ lacks the prefix that custom names are to have."},
)
def the_last_collection_has_a_plain_custom_name(fault: Fault) -> None:
    """The last entry of the list of collections has a property acme_region."""
    _in_the_last(fault, on("collections"), "collections", "acme_region")
