"""Faults of Accept and Content-Type (TAXII 2.1, section 3.1)."""

from __future__ import annotations

from tests.support.answering import TAXII, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant


def _accept(seen: Seen) -> str:
    return seen.header("accept") or ""


@mutant(
    breaks="TAXII-3.1-6",
    also={"ISAO-GOV-016": "A service that the capability document names answers with a TAXII media type."},
)
def discovery_is_labelled_as_plain_json(fault: Fault) -> None:
    """Discovery comes as application/json."""
    fault.change_answers(
        on("discovery"), lambda _, reply: reply.with_header("Content-Type", "application/json") if reply.ok else reply
    )


@mutant(breaks="TAXII-3.1-6", size="subtle")
def the_api_root_is_labelled_as_plain_json(fault: Fault) -> None:
    """The API root comes as application/json."""
    fault.change_answers(
        on("api_root"), lambda _, reply: reply.with_header("Content-Type", "application/json") if reply.ok else reply
    )


@mutant(breaks="TAXII-3.1-6", size="subtle")
def the_versions_list_is_labelled_without_version(fault: Fault) -> None:
    """One endpoint leaves the version parameter out of its Content-Type."""
    fault.change_answers(
        on("versions"),
        lambda _, reply: reply.with_header("Content-Type", "application/taxii+json") if reply.ok else reply,
    )


@mutant(breaks="TAXII-3.1-9")
def the_versions_list_refuses_the_taxii_type(fault: Fault) -> None:
    """The versions endpoint answers 406 to the TAXII 2.1 media type."""
    fault.change_answers(
        lambda seen: on("versions")(seen) and _accept(seen) == TAXII, lambda _seen, _reply: refusal(406)
    )


@mutant(breaks="TAXII-3.1-9", size="subtle")
def the_manifest_refuses_the_taxii_type_with_a_space(fault: Fault) -> None:
    """The manifest answers 406 to the media type with a space after the semicolon."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and _accept(seen) == TAXII.replace(";", "; "),
        lambda _seen, _reply: refusal(406),
    )


@mutant(breaks="TAXII-3.1-11")
def a_list_of_types_is_refused_by_objects(fault: Fault) -> None:
    """GET objects compares the whole Accept with one type (medallion 3.0.0 does so)."""
    fault.change_answers(lambda seen: on("objects")(seen) and "," in _accept(seen), lambda _seen, _reply: refusal(406))


@mutant(breaks="TAXII-3.1-11", size="subtle")
def only_the_first_of_several_types_is_looked_at(fault: Fault) -> None:
    """Discovery answers 406 when the first type of Accept is none of its own."""
    fault.change_answers(
        lambda seen: on("discovery")(seen) and "," in _accept(seen),
        lambda seen, reply: reply if _accept(seen).startswith("application/taxii+json") else refusal(406),
    )


@mutant(breaks="TAXII-3.1-12")
def a_content_type_with_a_space_is_refused(fault: Fault) -> None:
    """POST objects answers 415 to the media type with a space after the semicolon."""
    fault.change_answers(
        lambda seen: on("objects", method="POST")(seen) and seen.header("content-type") == TAXII.replace(";", "; "),
        lambda _seen, _reply: refusal(415),
    )


@mutant(breaks="TAXII-3.1-22")
def a_version_in_quotation_marks_is_refused(fault: Fault) -> None:
    """Discovery answers 406 to the media type with its version in quotation marks."""
    fault.change_answers(
        lambda seen: on("discovery")(seen) and '"' in _accept(seen), lambda _seen, _reply: refusal(406)
    )


@mutant(breaks="TAXII-3.1-22", size="subtle")
def a_media_type_in_capitals_is_refused(fault: Fault) -> None:
    """Discovery answers 406 to the media type in another letter case."""
    fault.change_answers(
        lambda seen: on("discovery")(seen) and _accept(seen) != _accept(seen).lower(),
        lambda _seen, _reply: refusal(406),
    )


@mutant(breaks="TAXII-3.1-12", size="subtle")
def objects_are_taken_and_their_content_type_is_refused(fault: Fault) -> None:
    """With a space after the semicolon the objects are stored, and the answer is 415 all the same."""

    def refused_after(_: Seen, reply: Reply) -> Reply:
        return refusal(415) if reply.ok else reply

    fault.change_answers(
        lambda seen: on("objects", method="POST")(seen) and seen.header("content-type") == TAXII.replace(";", "; "),
        refused_after,
    )
