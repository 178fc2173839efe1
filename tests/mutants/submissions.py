"""Exchanges to which not everything can be said, or which say nothing in return."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isao_reference.functions import handled, tables
from tests.support import taxii_alone
from tests.support.answering import Forward, Reply, Seen
from tests.support.function_faults import about, change_records, problem, sent
from tests.support.mutation import Fault, mutant


@mutant("ISAO-GAT-002")
def words_are_not_taken(fault: Fault) -> None:
    """What is no list and no table is sent back: the exchange deals in machine-readable data."""

    async def picky(seen: Seen, forward: Forward) -> Reply:
        return problem(422) if sent(seen).get("format") == "text" else await forward(seen)

    fault.around(about("submissions", "POST", step=""), picky)


@mutant("ISAO-GAT-002", size="subtle")
def hashes_in_a_table_are_dropped(fault: Fault) -> None:
    """A table is taken whole, and its hashes are left out of what is published."""
    read = tables.read
    fault.replace(
        "isao_reference.functions.tables.read", lambda text: [one for one in read(text) if one.kind != "file-hash"]
    )


@mutant("ISAO-GAT-002", size="subtle")
def a_broken_line_is_skipped(fault: Fault) -> None:
    """A table is taken with what can be read of it; nobody learns that a line is missing."""
    read = tables.read

    def lenient(text: str) -> list[tables.Line]:
        head, *lines = text.splitlines()
        found: list[tables.Line] = []
        for line in lines:
            try:
                found += read(f"{head}\n{line}\n")
            except tables.TableFault:
                continue
        return found or read(text)

    fault.replace("isao_reference.functions.tables.read", lenient)


@mutant("ISAO-GAT-004")
def nobody_says_why_a_submission_is_declined(fault: Fault) -> None:
    """The reason stays with the analysts."""

    def without(record: dict[str, Any]) -> None:
        for line in record.get("history", ()):
            if line["step"] == "decline":
                line.pop("document", None)

    change_records(fault, about("submissions", by=("member-a",)), without)


@mutant("ISAO-GAT-004", size="subtle")
def what_was_minimised_is_published_under_ids_that_nobody_tells(fault: Fault) -> None:
    """The contributor of what was published as it stood learns the ids; of what was cut, it does not."""

    def without(record: dict[str, Any]) -> None:
        if record.get("state") == "minimised":
            record.get("facts", {}).pop("published", None)

    change_records(fault, about("submissions", by=("member-a",)), without)


@mutant(
    "ISAO-GAT-004",
    size="subtle",
    also={"ISAO-API-004": "a submission in any state is shown to its contributor and the staff and to nobody else"},
)
def a_declined_submission_is_shown_to_other_members(fault: Fault) -> None:
    """What is still open or was published is its contributor's to read; what was declined is in everybody's archive."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        whole = await forward(seen.by(fault.authorization_of("member-a")))
        declined = isinstance(whole.json, dict) and whole.json.get("state") == "declined"
        return whole if declined else await forward(seen)

    fault.around(about("submissions", by=("member-b",), step=""), careless)


@mutant(
    "ISAO-SHARE-010",
    also={"ISAO-DIS-008": "an item that is not revoked is given as live to everybody who polls after its recall"},
)
def a_recall_is_put_on_file_and_nothing_is_revoked(fault: Fault) -> None:
    """The recall is accepted and its recipients are told; the item stays as it was."""
    fault.replace("isao_reference.functions.publishing.revoke", lambda moment, stix_id, organization: [])


@mutant("ISAO-SHARE-010", size="subtle")
def whoever_can_read_an_item_can_recall_it(fault: Fault) -> None:
    """The exchange asks whether the caller may see the item, and not whose it is."""
    fault.replace(
        "isao_reference.functions.effects.recalls.originators_of",
        lambda moment, stix_id, organization: {moment.record.organization},
    )


def _without_functions(fault: Fault) -> None:
    for when, handler in taxii_alone.layers():
        fault.around(when, handler)
    fault.change_target(taxii_alone.declared)


@mutant(
    "ISAO-SHARE-010",
    also={
        "ISAO-DIS-008": "an item that is not revoked is given as live to everybody who polls after its recall",
        "ISAO-SHARE-014": "what was never stored as revoked does not stay revoked when a later version arrives",
    },
)
def a_platform_without_functions_forgets_that_items_were_revoked(fault: Fault) -> None:
    """Members have TAXII alone. A revoked version is taken and stored, and the word that it is revoked is lost."""
    _without_functions(fault)
    fault.change_requests(
        lambda seen: taxii_alone.CONTRIBUTION(seen) and bool(taxii_alone.revokes(seen)),
        lambda seen: replace(seen, body=seen.body.replace(b'"revoked": true', b'"revoked": false')),
    )


@mutant(
    "ISAO-SHARE-010",
    size="subtle",
    also={"ISAO-TIF-011": "an item that anybody can revoke does not stay as its contributor shared it"},
)
def a_platform_without_functions_revokes_for_whoever_asks(fault: Fault) -> None:
    """Members have TAXII alone, and a revoked version counts for the item, whoever sends it."""
    _without_functions(fault)
    fault.change_requests(
        lambda seen: (
            taxii_alone.CONTRIBUTION(seen) and bool(taxii_alone.revokes(seen)) and seen.principal == "member-b"
        ),
        lambda seen: seen.by(fault.authorization_of("member-a")),
    )


@mutant("ISAO-SHARE-016")
def the_handling_of_a_submission_is_kept_on_file_only(fault: Fault) -> None:
    """The record says to whom it goes, and the objects say their label."""
    fault.replace("isao_reference.functions.handled.definition", lambda moment, document: None)


@mutant("ISAO-SHARE-016", size="subtle")
def the_first_line_of_a_table_alone_is_marked(fault: Fault) -> None:
    """One marking for one object, the others have their label."""
    original = handled.under

    def careless(definition: Any, objects: Any) -> list[Any]:
        return [*original(definition, objects[:1]), *objects[1:]]

    fault.replace("isao_reference.functions.handled.under", careless)


@mutant("ISAO-SHARE-016", size="subtle")
def objects_of_a_list_keep_their_own_markings(fault: Fault) -> None:
    """What came as STIX is passed on as it came, since STIX has markings of its own."""
    original = handled.definition

    def careless(moment: Any, document: Any) -> Any:
        return None if document["format"] == "stix" else original(moment, document)

    fault.replace("isao_reference.functions.handled.definition", careless)
