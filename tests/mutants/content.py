"""Faults with invalid, custom and old content."""

from __future__ import annotations

from typing import Any

from isao_reference.content import admission
from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant


@mutant(breaks="ISAO-GAT-005")
def anything_with_an_id_is_taken(fault: Fault) -> None:
    """Content is not validated: indicators without a beginning or with a broken pattern are passed on."""
    fault.replace("isao_reference.content.admission.object_fault", lambda _: None)


@mutant(breaks="ISAO-GAT-005", size="subtle")
def a_refusal_of_invalid_content_does_not_say_why(fault: Fault) -> None:
    """Refused objects are listed as failures with the words "invalid content" and nothing else."""
    object_fault = admission.object_fault
    fault.replace(
        "isao_reference.content.admission.object_fault", lambda value: object_fault(value) and "invalid content"
    )


def _without(stix: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {name: value for name, value in stix.items() if not name.startswith(prefix)}


@mutant(breaks="ISAO-TIF-009")
def custom_properties_are_dropped_from_the_list(fault: Fault) -> None:
    """GET objects shows what the data model of the server knows: properties that begin with x_ are gone."""

    def known(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or not any(name.startswith("x_") for stix in reply.objects for name in stix):
            return reply
        return reply.with_objects([_without(stix, "x_") for stix in reply.objects])

    fault.change_answers(on("objects"), known)


@mutant(breaks="ISAO-TIF-009", size="subtle")
def objects_of_custom_types_are_taken_and_vanish(fault: Fault) -> None:
    """A new object of a type that STIX does not know is answered as a success and never stored."""

    async def swallowed(seen: Seen, forward: Forward) -> Reply:
        if not any("drill-case" in str(stix.get("type")) for stix in seen.posted):
            return await forward(seen)
        reply = await forward(seen)
        for stix in seen.posted if reply.ok else ():
            await forward(seen.at(f"{seen.path}{stix['id']}/", method="DELETE"))
        return reply

    fault.around(on("objects", method="POST"), swallowed)


@mutant(breaks="ISAO-TIF-016")
def old_objects_are_given_out_as_stix_2_1(fault: Fault) -> None:
    """GET objects adds spec_version 2.1 to identities that came without it."""

    def dated(stix: dict[str, Any]) -> dict[str, Any]:
        old = stix.get("type") == "identity" and "spec_version" not in stix
        return {**stix, "spec_version": "2.1"} if old else stix

    def new(_: Seen, reply: Reply) -> Reply:
        changed = [dated(stix) for stix in reply.objects] if reply.ok else []
        return reply.with_objects(changed) if changed != reply.objects else reply

    fault.change_answers(on("objects"), new)


@mutant(breaks="ISAO-TIF-016", size="subtle")
def old_objects_are_recorded_as_stix_2_1(fault: Fault) -> None:
    """The manifest gives identities in the form of STIX 2.0 the media type of 2.1."""

    def relabelled(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            if str(record.get("id", "")).startswith("identity--") and "media_type" in record:
                record["media_type"] = record["media_type"].replace("2.0", "2.1")

    fault.change_json(on("manifest"), relabelled)
