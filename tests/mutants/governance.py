"""Exchanges that describe themselves wrongly."""

from __future__ import annotations

from typing import Any

from tests.support.answering import Reply, Seen
from tests.support.mutation import Fault, mutant


def describes_itself(seen: Seen) -> bool:
    """Requests for the capability document."""
    return seen.method == "GET" and seen.path == "/.well-known/isao.json"


@mutant("ISAO-GOV-001", size="subtle")
def the_capability_document_was_last_reviewed_three_years_ago(fault: Fault) -> None:
    """A complete, well-formed document that nobody looks after any more."""

    def change(document: dict[str, Any]) -> None:
        document["last_reviewed"] = "2023-02-01"

    fault.change_json(describes_itself, change)


@mutant("ISAO-GOV-001")
def the_capability_document_names_no_organization(fault: Fault) -> None:
    """A document that breaks its own schema."""

    def change(document: dict[str, Any]) -> None:
        del document["organization"]

    fault.change_json(describes_itself, change)


@mutant("ISAO-GOV-003", size="subtle")
def the_security_contact_does_not_say_when_it_answers(fault: Fault) -> None:
    """The schema lets hours out, the requirement does not; the other contacts are complete."""

    def change(document: dict[str, Any]) -> None:
        for contact in document["contacts"]:
            if contact["role"] == "security":
                contact.pop("hours", None)

    fault.change_json(describes_itself, change)


@mutant("ISAO-GOV-009", size="subtle")
def a_policy_was_edited_after_its_digest_was_published(fault: Fault) -> None:
    """One line more at the end of every policy: still the same words, no longer what was approved."""
    fault.change_answers(
        lambda seen: seen.path.startswith("/policies/"),
        lambda _, reply: Reply(reply.status, reply.headers, reply.body + b"\n") if reply.ok else reply,
    )


@mutant("ISAO-GOV-009", size="subtle")
def the_last_policy_listed_is_overdue_for_review(fault: Fault) -> None:
    """Every digest is right; one review date has passed."""

    def change(document: dict[str, Any]) -> None:
        document["policies"][-1].update(approved="2023-01-10", review_by="2024-01-10")

    fault.change_json(describes_itself, change)


@mutant("ISAO-GOV-016")
def the_capability_document_names_a_taxii_address_that_is_gone(fault: Fault) -> None:
    """Discovery moved and nobody told the document."""

    def change(document: dict[str, Any]) -> None:
        taxii = document["services"]["taxii"]
        taxii["discovery"] = taxii["discovery"].replace("/taxii2/", "/old/taxii2/")

    fault.change_json(describes_itself, change)


@mutant("ISAO-GOV-017", size="subtle")
def a_protection_is_claimed_as_of_a_day_long_past(fault: Fault) -> None:
    """The legal basis is named; whether it still holds was last looked at years ago."""

    def change(document: dict[str, Any]) -> None:
        document["protections"] = [
            {"name": "no regulatory use", "legal_basis": "a law", "in_force": True, "as_of": "2019-10-01"}
        ]

    fault.change_json(describes_itself, change)


@mutant("ISAO-GOV-017", size="subtle")
def a_protection_is_said_to_be_in_force_after_the_day_on_which_it_lapsed(fault: Fault) -> None:
    """Somebody looked it up this year, before its last day; nobody took it out on the day after."""

    def change(document: dict[str, Any]) -> None:
        for protection in document["protections"]:
            protection["lapses"] = "2026-01-31"

    fault.change_json(describes_itself, change)
