"""Exchanges on which one member speaks for another: over its items, in its name, past its labels."""

from __future__ import annotations

from typing import Any

from isao_reference.store import selection
from isao_reference.taxii.integrity import Guard
from isao_reference.wire.stix_object import StixFacts
from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant


def guarded_by(fault: Fault, kind: type[Guard]) -> None:
    """Let another guard stand at the intake."""
    fault.replace("isao_reference.taxii.intake.Guard", kind)


def contributes(seen: Seen) -> bool:
    """Whether a request adds objects."""
    return seen.method == "POST" and seen.endpoint == "objects"


class Anybody(Guard):
    """Takes what it is sent, whoever shared the object first."""

    def admit(self, facts: StixFacts, value: Any) -> bool:
        """Only the name that it is said in is looked at."""
        self.speaks_for_nobody_else(facts)
        return True


@mutant(
    "ISAO-TIF-011",
    also={
        "ISAO-MRK-005": "a version under a wider label is the newest of all, whoever sent it, so a rival widens",
        "ISAO-SHARE-014": "a live version later than the revocation is the newest of all, so a rival revives",
    },
)
def the_newest_version_of_all_is_shown_whoever_sent_it(fault: Fault) -> None:
    """Versions of several contributors are kept, and the latest that a reader may see is the object."""
    guarded_by(fault, Anybody)
    fault.replace("isao_reference.store.selection.of_its_source", lambda alias, scope: "1")
    same = selection._same_source

    def of_all(other: str, alias: str) -> list[str]:
        return same(other, alias) if other.endswith("_newest") else ["1"]

    fault.replace("isao_reference.store.selection._same_source", of_all)


@mutant("ISAO-TIF-011", size="subtle")
def a_revocation_is_taken_from_whoever_sends_it(fault: Fault) -> None:
    """Better safe than sorry: a revoked version counts as its contributor's, other changes are refused."""

    async def helpful(seen: Seen, forward: Forward) -> Reply:
        revoked = any(one.get("revoked") is True for one in seen.posted)
        return await forward(seen.by(fault.authorization_of("member-a")) if revoked else seen)

    fault.around(lambda seen: seen.principal == "member-b" and contributes(seen), helpful)


@mutant("ISAO-SHARE-013")
def a_creator_is_taken_at_its_word(fault: Fault) -> None:
    """Whoever says that it speaks for a member does."""
    fault.replace("isao_reference.policy.provenance.claim_fault", lambda claims, organization, owners: None)


@mutant("ISAO-SHARE-013", size="subtle")
def a_later_version_may_name_any_creator(fault: Fault) -> None:
    """The creator is looked at when an object comes first; who has shared it once may write what it likes."""

    class Once(Guard):
        def _claim_fault(self, facts: StixFacts) -> str | None:
            found = self._source(self.collection, facts.id)
            known = found is not None and found.organization == self.contributor.organization
            return None if known else super()._claim_fault(facts)

    guarded_by(fault, Once)


@mutant("ISAO-MRK-005")
def what_was_shared_before_goes_on_being_shown(fault: Fault) -> None:
    """A narrower label counts for the version that carries it; whom it leaves out keeps the version before."""
    fault.replace("isao_reference.store.selection.not_narrowed", lambda alias, scope: [])


@mutant("ISAO-MRK-005", size="subtle")
def a_version_with_only_another_label_is_taken_from_whoever_can_read_the_item(fault: Fault) -> None:
    """Labels are housekeeping: who corrects nothing else may correct them, in the contributor's name."""
    shared: dict[str, dict[str, Any]] = {}

    def plain(one: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in one.items() if name not in ("modified", "object_marking_refs")}

    async def housekeeping(seen: Seen, forward: Forward) -> Reply:
        if seen.principal == "member-a":
            shared.update({str(one.get("id")): plain(one) for one in seen.posted})
        same = any(shared.get(str(one.get("id"))) == plain(one) for one in seen.posted)
        relabelled = seen.principal == "member-b" and same
        return await forward(seen.by(fault.authorization_of("member-a")) if relabelled else seen)

    fault.around(contributes, housekeeping)


@mutant("ISAO-SHARE-014")
def a_revoked_item_is_revived_by_its_contributor(fault: Fault) -> None:
    """Whoever made an object may change its mind; a later version is a later version."""

    class Forgiving(Guard):
        def stays_revoked(self, facts: StixFacts) -> None:
            """Never mind."""

    guarded_by(fault, Forgiving)
    fault.replace("isao_reference.taxii.intake.check_chain", lambda *_: None)


@mutant("ISAO-SHARE-014", size="subtle")
def a_refused_revival_is_in_the_index_already(fault: Fault) -> None:
    """The version is refused, but the copy that other members read was brought up to date before that."""
    index: dict[str, dict[str, Any]] = {}

    async def eager(seen: Seen, forward: Forward) -> Reply:
        for one in seen.posted:
            if one.get("revoked") is not True:
                index[str(one.get("id"))] = one
        return await forward(seen)

    def stale(_: Seen, reply: Reply) -> Reply:
        def copied(one: Any) -> Any:
            newer = index.get(str(one.get("id"))) if isinstance(one, dict) and one.get("revoked") else None
            return newer if newer is not None and str(newer["modified"]) > str(one["modified"]) else one

        found = [copied(one) for one in reply.objects]
        return reply.with_objects(found) if found != reply.objects else reply

    fault.around(lambda seen: seen.principal == "member-a" and contributes(seen), eager)
    fault.change_answers(lambda seen: seen.principal == "member-b" and on("objects", "object")(seen), stale)


@mutant("ISAO-SHARE-015")
def a_name_is_a_name(fault: Fault) -> None:
    """Names of identities are text like any other."""

    class Nameless(Guard):
        def _no_members_name(self, facts: StixFacts) -> None:
            pass

    guarded_by(fault, Nameless)


@mutant("ISAO-SHARE-015", size="subtle")
def names_are_compared_without_looking_at_the_letters(fault: Fault) -> None:
    """Case and spaces are folded; an o is an o in every script, but not to this exchange."""
    fault.replace("isao_reference.policy.provenance.skeleton", lambda name: "".join(name.casefold().split()))
