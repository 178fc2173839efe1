"""Exchanges that let an item past its label, each on one path, for one label or for one reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isao_reference.policy import marking, tlp
from tests.mutants.governance import describes_itself
from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

TLP2 = {label: marking for marking, label in tlp.TLP_2.items()}
EVERYTHING_CHANGES = "a hidden item changes what this reader sees, which is what noninterference forbids on every path"


def labelled(item: Any, label: str) -> bool:
    """Whether a STIX object carries that TLP 2.0 marking."""
    return isinstance(item, dict) and TLP2[label] in item.get("object_marking_refs", [])


def leak(fault: Fault, reader: str, owner: str, when: Callable[[Seen], bool]) -> None:
    """Answer a reader's request as if its owner had asked."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of(owner)))

    fault.around(lambda seen: seen.principal == reader and when(seen), careless)


@mutant("ISAO-MRK-001", size="subtle")
def an_unlabelled_item_is_taken_for_green(fault: Fault) -> None:
    """Members read it as they should; peers read it too, which the published default does not allow."""
    original = marking.restriction_of

    def careless(object_markings: Any, granular: Any, definitions: Any, _: str, inherited: Any = ()) -> Any:
        return original(object_markings, granular, definitions, tlp.GREEN, inherited)

    fault.replace("isao_reference.policy.marking.restriction_of", careless)


@mutant("ISAO-MRK-002", size="subtle")
def green_items_do_not_reach_the_peers(fault: Fault) -> None:
    """The declared map gives GREEN to peers; the exchange holds it back from them."""
    fault.change_answers(
        lambda seen: seen.principal == "peer" and on("objects", "object")(seen),
        lambda _, reply: (
            reply.with_objects([item for item in reply.objects if not labelled(item, "green")])
            if any(labelled(item, "green") for item in reply.objects)
            else reply
        ),
    )


@mutant(
    "ISAO-MRK-003",
    size="subtle",
    also={"ISAO-SHARE-004": "an AMBER item that was not released is among them"},
)
def amber_items_are_listed_for_the_government(fault: Fault) -> None:
    """One label, one reader, one path: a government account finds AMBER among the objects."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        reply, full = await forward(seen), await forward(seen.by(fault.authorization_of("member-b")))
        found = [item for item in full.objects if labelled(item, "amber")]
        return full.with_objects([*reply.objects, *found]) if found else reply

    fault.around(lambda seen: seen.principal == "government" and on("objects")(seen), careless)


@mutant("ISAO-MRK-003", size="subtle")
def red_items_are_listed_for_colleagues(fault: Fault) -> None:
    """RED is for the named recipient; here the whole organization finds it among the objects."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        reply, full = await forward(seen), await forward(seen.by(fault.authorization_of("member-a")))
        found = [item for item in full.objects if labelled(item, "red")]
        return reply.with_objects([*reply.objects, *found]) if found else reply

    fault.around(lambda seen: seen.principal == "member-a2" and on("objects")(seen), careless)


@mutant("ISAO-MRK-008")
def a_marking_nobody_knows_restricts_nobody(fault: Fault) -> None:
    """What is not understood is ignored, so the item falls back to the default label."""
    original = marking.restriction_of

    def careless(object_markings: Any, granular: Any, definitions: Any, default: str, inherited: Any = ()) -> Any:
        known = [one for one in object_markings if tlp.tlp_label(one) is not None or one in definitions]
        return original(known, granular, definitions, default, inherited)

    fault.replace("isao_reference.policy.marking.restriction_of", careless)


@mutant("ISAO-MRK-013", size="subtle")
def the_declared_map_gives_amber_to_the_government(fault: Fault) -> None:
    """The declaration goes past what TLP 2.0 allows for one label; the exchange itself does not."""

    def change(document: dict[str, Any]) -> None:
        document["distribution"]["labels"]["amber"] = ["members", "government"]

    fault.change_json(describes_itself, change)


@mutant("ISAO-MRK-014", size="subtle", also={"ISAO-SEC-003": EVERYTHING_CHANGES})
def the_manifest_lists_what_the_objects_withhold(fault: Fault) -> None:
    """The manifest was never taught the policy, as long as no single id is asked for."""
    leak(fault, "member-b", "member-a", lambda seen: on("manifest")(seen) and "match[id]" not in seen.names)


@mutant("ISAO-MRK-015", size="subtle", also={"ISAO-SEC-003": EVERYTHING_CHANGES})
def a_hidden_item_is_forbidden_where_an_absent_one_is_not_found(fault: Fault) -> None:
    """403 for what is there and 404 for what is not: the answer says which ids exist."""

    async def telling(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status != 404:
            return reply
        there = await forward(seen.by(fault.authorization_of("operator")))
        return refusal(403) if there.objects else reply

    fault.around(lambda seen: seen.principal == "member-b" and on("object")(seen), telling)


@mutant("ISAO-MRK-015", size="subtle", also={"ISAO-SEC-003": EVERYTHING_CHANGES})
def a_refusal_says_what_it_keeps_back(fault: Fault) -> None:
    """The same 404 for what is hidden and for what is absent, and a title that has the name of the item in it."""

    async def telling(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status != 404:
            return reply
        kept = (await forward(seen.by(fault.authorization_of("operator")))).objects
        return (
            reply.rewritten(lambda told: {**told, "title": f"{kept[0].get('name')} is not for you"}) if kept else reply
        )

    fault.around(lambda seen: seen.principal == "member-b" and on("object")(seen), telling)


@mutant(
    "ISAO-MRK-015",
    also={
        "ISAO-SEC-003": EVERYTHING_CHANGES,
        "ISAO-MRK-007": "what is withheld whole for the sake of one property is such an item",
    },
)
def a_restricted_item_is_served_by_its_id(fault: Fault) -> None:
    """Whoever knows the id gets the item: lists are filtered, the item itself is not."""
    leak(fault, "member-b", "member-a", on("object"))


@mutant("ISAO-MRK-016", size="subtle", also={"ISAO-SEC-003": EVERYTHING_CHANGES})
def the_versions_of_a_hidden_item_are_listed(fault: Fault) -> None:
    """The versions endpoint was never taught the policy."""
    leak(fault, "member-b", "member-a", on("versions"))


@mutant(
    "ISAO-MRK-017",
    size="subtle",
    also={"ISAO-MRK-005": "what was narrowed is still given to whoever asks for all its versions"},
)
def asking_for_all_versions_of_an_id_skips_the_policy(fault: Fault) -> None:
    """A fast path for one combination of filters forgot whom it serves."""
    leak(
        fault,
        "member-b",
        "member-a",
        lambda seen: on("objects")(seen) and "match[id]" in seen.names and seen.value("match[version]") == "all",
    )


@mutant("ISAO-MRK-018", size="subtle")
def tlp_1_amber_is_taken_for_green(fault: Fault) -> None:
    """A table of the old markings with one wrong line."""
    original = tlp.tlp_label
    amber = next(marking for marking, label in tlp.TLP_1.items() if label == tlp.AMBER)
    fault.replace(
        "isao_reference.policy.tlp.tlp_label", lambda marking: tlp.GREEN if marking == amber else original(marking)
    )
