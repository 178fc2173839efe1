"""Exchanges that do not keep what a contributor said besides the label, or see the label of the whole object alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from isao_reference.policy import audience, handling, marking
from isao_reference.policy.handling import Handling
from isao_reference.wire import stix_object
from tests.support.answering import Seen, on
from tests.support.mutation import Fault, mutant


def forgets(fault: Fault, **forgotten: Any) -> None:
    """Take these words of a handling marking for never said."""
    original = handling.of_marking

    def careless(value: Any) -> Handling | None:
        said = original(value)
        return None if said is None else replace(said, **forgotten)

    fault.replace("isao_reference.policy.handling.of_marking", careless)


@mutant(
    "ISAO-MRK-019",
    size="gross",
    also={
        "ISAO-MEM-009": "A group is an address, and what is for it goes to everybody.",
        "ISAO-SHARE-016": "An address that a submission gives is one in a marking definition.",
    },
)
def an_address_is_ignored(fault: Fault) -> None:
    """The label alone decides, whoever is named."""
    forgets(fault, addressed=None)


@mutant(
    "ISAO-MRK-019",
    size="subtle",
    also={
        "ISAO-MEM-009": "A group is an address, and peers are put on all of them.",
        "ISAO-SHARE-016": "So is what a submission names.",
    },
)
def what_is_addressed_to_a_member_goes_to_the_peers_too(fault: Fault) -> None:
    """Partners are put on every address, up to the label that lets them."""
    original = handling.of_marking

    def careless(value: Any) -> Handling | None:
        said = original(value)
        return replace(said, addressed=said.addressed | {"peers"}) if said and said.addressed else said

    fault.replace("isao_reference.policy.handling.of_marking", careless)


@mutant("ISAO-SHARE-004", size="gross")
def what_is_said_about_the_government_is_ignored(fault: Fault) -> None:
    """Nothing is released and nothing is kept back."""
    forgets(fault, government=None)


@mutant("ISAO-SHARE-004", size="subtle")
def what_is_kept_from_the_government_stays_public(fault: Fault) -> None:
    """Government accounts are turned away, and read it without their account."""
    original = audience.limited

    def careless(given: Any, said: Handling) -> Any:
        limits = original(given, said)
        return limits | {"public"} if said.government is False and "public" in given else limits

    fault.replace("isao_reference.policy.audience.limited", careless)


@mutant("ISAO-MRK-020", size="gross")
def an_embargo_is_ignored(fault: Fault) -> None:
    """An item goes out as soon as it is there."""
    forgets(fault, embargo=0)


@mutant("ISAO-MRK-020", size="subtle")
def peers_read_ahead_of_an_embargo(fault: Fault) -> None:
    """Partners are let in early, which is not what the contributor said."""
    original = audience.audience_of

    def careless(*given: Any, embargoed: bool = False) -> Any:
        readers = original(*given, embargoed=embargoed)
        return readers | {"peers"} if embargoed else readers

    fault.replace("isao_reference.policy.audience.audience_of", careless)


@mutant("ISAO-MRK-007", size="gross")
def markings_of_properties_are_ignored(fault: Fault) -> None:
    """The label of the object is all that counts."""
    original = marking.restriction_of

    def careless(objects: Any, granular: Any, definitions: Any, default: str, inherited: Any = ()) -> Any:
        return original(objects, (), definitions, default, inherited)

    fault.replace("isao_reference.policy.marking.restriction_of", careless)


@mutant("ISAO-MRK-007", size="subtle")
def markings_of_properties_inside_others_are_ignored(fault: Fault) -> None:
    """Selectors are looked up among the properties of the object itself, and nested ones are found nowhere."""
    original = stix_object.check_granular_markings

    def careless(value: dict[str, Any]) -> tuple[str, ...]:
        original(value)
        marks = [one for one in value.get("granular_markings", ()) if any("." not in s for s in one["selectors"])]
        return original({"granular_markings": marks}) if marks else ()

    fault.replace("isao_reference.wire.stix_object.check_granular_markings", careless)


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            stix.get("extensions", {}).get(handling.EXTENSION, {}).pop(name, None)

    return change


@mutant("ISAO-LEG-014", size="gross")
def the_purposes_that_an_item_refuses_are_not_told(fault: Fault) -> None:
    """The exchange keeps to them itself, and hands out definitions without them."""
    fault.change_json(on("objects", "object"), _without("refused_purposes"))


@mutant("ISAO-LEG-014", size="subtle")
def the_table_has_no_conditions(fault: Fault) -> None:
    """What goes to machines is complete; what goes to people has the label alone."""
    fault.replace("isao_reference.policy.conditions.in_words", lambda _: "")


@mutant("ISAO-LEG-014", size="subtle")
def the_legal_basis_is_not_told(fault: Fault) -> None:
    """Whoever is given a protected item is told what it may not do, and not why."""
    fault.change_json(on("objects", "object"), _without("legal_basis"))


def forgets_the_purpose(seen: Seen) -> Seen:
    """The request as if it named no purpose."""
    return replace(seen, headers=tuple(pair for pair in seen.headers if pair[0] != "isao-purpose"))


@mutant("ISAO-LEG-015", size="gross")
def the_purpose_of_a_request_is_ignored(fault: Fault) -> None:
    """Everybody is taken to ask for cybersecurity."""
    fault.change_requests(lambda seen: seen.header("isao-purpose") is not None, forgets_the_purpose)


@mutant("ISAO-LEG-015", size="subtle")
def an_item_asked_for_by_its_id_is_given_for_any_purpose(fault: Fault) -> None:
    """Lists are filtered by purpose; the item by its id is not."""
    fault.change_requests(lambda seen: on("object")(seen), forgets_the_purpose)
