"""Markings to one label: TLP 2.0 (FIRST), its OASIS STIX extension, and the TLP 1.0 ids of STIX.

Deny by default: a marking nobody we trust has defined as a mere statement restricts in a
way we do not know, so the item is withheld from everyone but its contributor.
"""

from __future__ import annotations

from collections.abc import Iterable

CLEAR, GREEN, AMBER, AMBER_STRICT, RED = "clear", "green", "amber", "amber+strict", "red"
WITHHELD = "withheld"

# Ever stricter; what is withheld is stricter than everything.
ORDER = (CLEAR, GREEN, AMBER, AMBER_STRICT, RED, WITHHELD)
TLP_LABELS = ORDER[:5]

_PREFIX = "marking-definition--"
TLP_2 = {
    _PREFIX + "94868c89-83c2-464b-929b-a1a8aa3c8487": CLEAR,
    _PREFIX + "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": GREEN,
    _PREFIX + "55d920b0-5e8b-4f79-9ee9-91f868d9b421": AMBER,
    _PREFIX + "939a9414-2ddd-4d32-a0cd-375ea402b003": AMBER_STRICT,
    _PREFIX + "e828b379-4e03-4974-9ac4-e53a884c97c1": RED,
}
TLP_1 = {
    _PREFIX + "613f2e26-407d-48c7-9eca-b8e91df99dc9": CLEAR,
    _PREFIX + "34098fce-860f-48ae-8e50-ebd3cc5e41da": GREEN,
    _PREFIX + "f88d31f6-486f-44da-b317-01333bde0b82": AMBER,
    _PREFIX + "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": RED,
}


def tlp_label(marking_id: str) -> str | None:
    """The TLP label a published marking id stands for, or None for any other id.
    TLP 1.0 has no CLEAR: its WHITE is the same promise under the older name."""
    return TLP_2.get(marking_id) or TLP_1.get(marking_id)


def most_restrictive(labels: Iterable[str]) -> str:
    """The strictest of one or more labels; two labels that disagree bind by the stricter."""
    return max(labels, key=ORDER.index)


def is_tlp_definition(object_id: str) -> bool:
    """True for the ids of the published TLP marking definitions themselves. Their text is
    public, so without a marking of their own they are clear."""
    return tlp_label(object_id) is not None
