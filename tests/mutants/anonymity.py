"""Exchanges that give an anonymous contributor away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from isao_reference.functions import anonymity, publishing
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from tests.support.answering import on
from tests.support.mutation import Fault, mutant


def publishes(fault: Fault, change: Callable[[Moment, Stix, Stix], None]) -> None:
    """Change what is published of each object that was handed in anonymously; both are given."""
    original = anonymity.without_author

    def careless(moment: Moment, given: Sequence[Stix]) -> list[Stix]:
        made = original(moment, given)
        named = [one for one in given if one["type"] == "indicator"]
        for before, after in zip(named, (one for one in made if one["type"] == "indicator"), strict=False):
            change(moment, before, after)
        return made

    fault.replace("isao_reference.functions.anonymity.without_author", careless)


@mutant("ISAO-LEG-019", size="gross")
def an_anonymous_item_refers_to_its_contributor(fault: Fault) -> None:
    """Everything is copied under new ids, and the copies are given as made by the organization that sent them."""
    authors: dict[str, str] = {}

    def noted(moment: Moment, _: Stix, after: Stix) -> None:
        authors[after["id"]] = publishing.identity_of(moment.record.organization)

    def named(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            stix |= {"created_by_ref": authors[stix["id"]]} if stix.get("id") in authors else {}

    publishes(fault, noted)
    fault.change_json(on("objects", "object"), named)


@mutant("ISAO-LEG-019", size="subtle")
def peers_are_told_who_stayed_anonymous(fault: Fault) -> None:
    """Partners find the sender in a property beside the others, asked for by the id alone."""
    anonymous: dict[str, str] = {}

    def noted(moment: Moment, _: Stix, after: Stix) -> None:
        anonymous[after["id"]] = moment.record.organization

    def told(body: dict[str, Any]) -> None:
        for stix in body.get("objects", []):
            if stix.get("id") in anonymous:
                stix["x_sent_by"] = anonymous[stix["id"]]

    publishes(fault, noted)
    fault.change_json(lambda seen: seen.principal == "peer" and on("object")(seen), told)


@mutant("ISAO-LEG-020", size="gross")
def the_reports_of_an_anonymous_contributor_are_referred_to(fault: Fault) -> None:
    """The copy keeps the references, whosever they are."""

    def kept(_: Moment, before: Stix, after: Stix) -> None:
        after |= {"external_references": before["external_references"]} if "external_references" in before else {}

    publishes(fault, kept)


@mutant("ISAO-LEG-020", size="subtle")
def the_labels_of_an_anonymous_contributor_are_kept(fault: Fault) -> None:
    """Labels are no names, so nobody looked at them."""

    def kept(_: Moment, before: Stix, after: Stix) -> None:
        after |= {"labels": before["labels"]} if "labels" in before else {}

    publishes(fault, kept)


@mutant("ISAO-LEG-020", size="subtle")
def an_anonymous_item_was_made_when_its_original_was(fault: Fault) -> None:
    """New ids, a new author, and the very second at which somebody wrote it."""

    def kept(_: Moment, before: Stix, after: Stix) -> None:
        after["created"] = before["created"]

    publishes(fault, kept)


@mutant("ISAO-LEG-027", size="gross")
def who_wants_to_be_known_to_members_is_known_to_all(fault: Fault) -> None:
    """Two choices are enough: anonymous, or not."""
    fault.replace(
        "isao_reference.functions.effects.submissions._is_attributed",
        lambda document: document["attribution"] != "anonymous",
    )


@mutant("ISAO-LEG-027", size="subtle")
def the_note_to_members_has_the_label_of_the_item(fault: Fault) -> None:
    """Who handed it in stands under GREEN, as what was handed in, and partners read it too."""
    fault.replace("isao_reference.functions.beside.label_for_members", lambda marking: marking)


@mutant("ISAO-LEG-027", size="subtle")
def members_are_not_told_either(fault: Fault) -> None:
    """What is not for everybody is kept from everybody."""
    fault.replace("isao_reference.functions.beside.tell_members", lambda moment, document: [])
