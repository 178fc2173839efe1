"""Exchanges whose recalls do not arrive, or arrive where nobody knew of the item."""

from __future__ import annotations

from typing import Any

from isao_reference.functions.effects import recalls
from isao_reference.functions.moment import Moment
from tests.mutants.marking import labelled
from tests.support.answering import Reply, Seen, on
from tests.support.function_faults import exchange_effect, nothing
from tests.support.mutation import Fault, mutant


@mutant(
    "ISAO-DIS-008",
    also={"ISAO-API-004": "those who had the item are the audience of its recall"},
)
def nobody_who_had_the_item_is_told(fault: Fault) -> None:
    """The item is revoked where it lies; who pulled it yesterday learns nothing."""
    exchange_effect(fault, "reach-its-recipients", nothing)


@mutant("ISAO-DIS-008", size="subtle")
def amber_items_stay_live_for_who_polls(fault: Fault) -> None:
    """The recall is sent to those who had the item; one cache goes on serving items of one label as they were."""

    def stale(_: Seen, reply: Reply) -> Reply:
        def live(item: Any) -> Any:
            if not labelled(item, "amber"):
                return item
            return {name: value for name, value in item.items() if name != "revoked"}

        if not any(labelled(item, "amber") and item.get("revoked") for item in reply.objects):
            return reply
        return reply.with_objects([live(item) for item in reply.objects])

    fault.change_answers(lambda seen: seen.principal == "member-b" and on("objects", "object")(seen), stale)


@mutant(
    "ISAO-DIS-008",
    size="subtle",
    also={
        "ISAO-API-004": "a recall has to be shown to those who had the item and to nobody else",
        "ISAO-API-002": "who is shown a recall is its recipient and may acknowledge it, which others may not",
    },
)
def a_recall_is_sent_to_peers_who_never_had_the_item(fault: Fault) -> None:
    """Recalls go to the recipients of record and, to be on the safe side, to every peer."""

    def loud(moment: Moment) -> None:
        recalls.reach_its_recipients(moment)
        moment.named.add("lakeside-isao")

    exchange_effect(fault, "reach-its-recipients", loud)
