"""Exchanges that do not notice that somebody is no member, or no longer one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from isao_reference.functions import engine
from isao_reference.functions.effects import memberships
from isao_reference.functions.moment import Moment
from isao_spec import schema_check
from tests.support.answering import Forward, Reply, Seen, on
from tests.support.function_faults import about, change_records, exchange_effect, nothing, refuse
from tests.support.mutation import Fault, mutant

TERMS = tuple(schema_check.schema("documents/agreement")["properties"]["terms"]["required"])


def _as_a_member(fault: Fault, when: Callable[[Seen], bool]) -> None:
    """Requests are taken for those of a member of another organization."""
    fault.change_requests(when, lambda seen: seen.by(fault.authorization_of("member-b")))


@mutant("ISAO-MEM-005", size="subtle")
def a_former_member_still_reads_the_manifest(fault: Fault) -> None:
    """Standing is looked up on every path but one."""
    _as_a_member(fault, lambda seen: seen.principal == "ex-member" and on("manifest")(seen))


@mutant(
    "ISAO-MEM-005",
    also={
        "ISAO-MEM-014": "an account that is let in at all may contribute wherever members may",
        "ISAO-DIS-001": "an account that is let in as a member's is shown the alerts of members",
    },
)
def who_has_left_is_let_in_as_before(fault: Fault) -> None:
    """A suspension is looked up; of who has left, a right password is enough."""
    fault.replace("isao_reference.auth.in_good_standing", lambda account: account.standing != "suspended")


@mutant("ISAO-MEM-014", size="subtle")
def a_former_member_still_contributes(fault: Fault) -> None:
    """Standing is looked up for reading only."""
    _as_a_member(fault, lambda seen: seen.principal == "ex-member" and seen.method == "POST")


@mutant("ISAO-MEM-015", size="subtle")
def a_stranger_reads_the_manifest_of_the_members(fault: Fault) -> None:
    """The objects ask for an account, the list of their ids and dates does not."""
    _as_a_member(fault, lambda seen: seen.principal == "" and on("manifest")(seen))


@mutant("ISAO-MEM-001")
def the_operator_lets_in_whom_it_likes(fault: Fault) -> None:
    """The criteria are published, and the decision is free."""
    exchange_effect(fault, "every-criterion-is-met", nothing)


@mutant("ISAO-MEM-001", size="subtle")
def a_criterion_that_is_answered_counts_as_met(fault: Fault) -> None:
    """Every criterion has to be in the decision; what the decision says of it is not read."""

    def lenient(moment: Moment) -> None:
        judged = [{**one, "met": True} for one in (moment.document or {}).get("criteria", ())]
        memberships.every_criterion_is_met(replace(moment, document={"criteria": judged}))

    exchange_effect(fault, "every-criterion-is-met", lenient)


@mutant(
    "ISAO-MEM-002",
    also={
        "ISAO-MEM-016": "an account that is taken for a member's before its time is taken for one when it is suspended"
    },
)
def an_applicant_is_a_member_from_the_start(fault: Fault) -> None:
    """Whoever has filed an application reads and writes like a member while it waits."""
    _as_a_member(fault, lambda seen: seen.principal == "applicant" and seen.endpoint != "")


@mutant(
    "ISAO-MEM-002",
    size="subtle",
    also={
        "ISAO-MEM-016": "the manifest asks for no standing, so a suspended organization reads it as an applicant does"
    },
)
def an_applicant_reads_the_manifest(fault: Fault) -> None:
    """Only the index of what members share is open to those who wait."""
    _as_a_member(fault, lambda seen: seen.principal == "applicant" and on("manifest")(seen))


@mutant("ISAO-MEM-003")
def any_digest_is_a_signature(fault: Fault) -> None:
    """A signature is on record whatever text it was under."""
    exchange_effect(fault, "the-signed-text-is-this-one", nothing)


@mutant("ISAO-MEM-003", size="subtle")
def signatures_are_kept_without_a_name(fault: Fault) -> None:
    """Which organization accepted which text, and when, is on record; who signed for it is not."""

    def nameless(record: dict[str, Any]) -> None:
        for line in record.get("history", ()):
            if line["step"] == "sign":
                line.get("document", {}).pop("signer", None)

    change_records(fault, about("agreements", by=("operator",)), nameless)


def fill_in(fault: Fault, terms: Iterable[str]) -> None:
    """Let agreements leave these terms out."""
    original = engine.require_valid

    def lenient(contract: Any, wanted: Any, document: Any) -> None:
        if wanted.takes == "agreement" and isinstance(document, dict) and isinstance(document.get("terms"), dict):
            for name in terms:
                document["terms"].setdefault(name, "As usual.")
        original(contract, wanted, document)

    fault.replace("isao_reference.functions.engine.require_valid", lenient)


@mutant(
    "ISAO-MEM-004",
    also={"ISAO-API-003": "an agreement without one of its terms is an invalid document"},
)
def no_term_is_needed(fault: Fault) -> None:
    """An agreement is whatever its author wrote down."""
    fill_in(fault, TERMS)


@mutant(
    "ISAO-MEM-004",
    size="subtle",
    also={"ISAO-API-003": "an agreement without one of its terms is an invalid document"},
)
def an_agreement_may_be_silent_on_leaving(fault: Fault) -> None:
    """Eight of the nine terms are asked for."""
    fill_in(fault, ("exit",))


@mutant("ISAO-MEM-012")
def contacts_are_as_they_were_vetted(fault: Fault) -> None:
    """A member that wants other contacts has to apply again."""
    refuse(fault, about("memberships", "POST", by=("applicant",), step="update"), 403)


@mutant("ISAO-MEM-012", size="subtle")
def the_operator_calls_the_old_contacts(fault: Fault) -> None:
    """Members see what they changed; the operator sees what was vetted."""
    vetted: dict[str, Any] = {}

    def old(record: dict[str, Any]) -> None:
        document = record.get("document", {})
        document["contacts"] = vetted.setdefault(str(record.get("id")), document.get("contacts"))

    change_records(fault, about("memberships", by=("operator",), step=""), old)


def _writes(seen: Seen) -> bool:
    return seen.principal == "member-a-read-only" and seen.method != "GET"


@mutant("ISAO-MEM-007")
def the_scope_of_a_key_is_for_information(fault: Fault) -> None:
    """A key says that it is for reading, and nobody asks it."""
    fault.change_requests(_writes, lambda seen: seen.by(fault.authorization_of("member-a")))


@mutant("ISAO-MEM-007", size="subtle")
def a_reading_key_deletes(fault: Fault) -> None:
    """The scope is looked at where something is added."""
    fault.change_requests(
        lambda seen: _writes(seen) and seen.method == "DELETE", lambda seen: seen.by(fault.authorization_of("member-a"))
    )


@mutant("ISAO-MEM-007", size="subtle")
def a_reading_key_takes_steps_in_functions(fault: Fault) -> None:
    """The scope is looked at in TAXII, and the function API was written by somebody else."""
    fault.change_requests(
        lambda seen: _writes(seen) and seen.path.startswith("/functions/"),
        lambda seen: seen.by(fault.authorization_of("member-a")),
    )


@mutant("ISAO-MEM-016")
def a_suspension_is_only_on_record(fault: Fault) -> None:
    """The record says suspended; who logs in is asked whether it has left, and nothing else."""
    fault.replace("isao_reference.auth.in_good_standing", lambda account: account.standing != "former")


@mutant("ISAO-MEM-016", size="subtle")
def a_list_that_was_begun_is_read_to_its_end(fault: Fault) -> None:
    """Who holds a cursor has been looked at before."""

    async def going_on(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return reply if reply.ok else await forward(seen.by(fault.authorization_of("member-b")).asking(next=None))

    fault.around(lambda seen: seen.principal == "applicant" and on("objects")(seen) and "next" in seen.names, going_on)


@mutant("ISAO-MEM-016", size="subtle")
def an_open_stream_is_never_asked_again(fault: Fault) -> None:
    """Who may listen is asked when it begins to."""
    fault.replace("isao_reference.auth.still", lambda db, principal, clock: principal)
