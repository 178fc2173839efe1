"""What a reader has to know besides the label, in words for formats that have no place for markings.

The conditions of an item stay with it wherever it goes (ISAO-LEG-014); in STIX they are its marking definitions.
"""

from __future__ import annotations

from isao_reference.policy.handling import Handling
from isao_reference.wire import timestamps

LONGEST = 200
"""Characters of a legal basis that are told."""


def in_words(handling: Handling) -> str:
    """The conditions in one line of text, always in the same order; "" when there are none."""
    told = []
    if handling.addressed is not None:
        told.append("only for " + ", ".join(sorted(handling.addressed)))
    if handling.government is not None:
        told.append("released to the government" if handling.government else "not for the government")
    if handling.embargo:
        told.append("not before " + timestamps.format_micros(handling.embargo))
    if handling.refused:
        told.append("not for " + ", ".join(sorted(handling.refused)))
    if handling.bases:
        told.append("protected by " + ", ".join(sorted(map(_one_line, handling.bases))))
    return "; ".join(told)


def _one_line(text: str) -> str:
    # A line break would add lines of its author's choice to everybody's lists.
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
