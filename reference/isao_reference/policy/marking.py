"""All markings of an item to what restricts it: one label, and one handling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from isao_reference.policy import handling, tlp
from isao_reference.policy.handling import Handling


@dataclass(frozen=True)
class Restriction:
    """What restricts an item: its label (one of tlp.ORDER) and what its contributor said besides."""

    label: str
    handling: Handling = handling.NONE


Definitions = Mapping[str, Handling]
"""The marking definitions that are understood, by id: a mere statement restricts nobody."""


def restriction_of(
    object_markings: Iterable[str],
    granular_markings: Iterable[str],
    definitions: Definitions,
    default_label: str,
    inherited: Iterable[str] = (),
) -> Restriction:
    """The restriction of a whole object.

    Granular markings count as if they stood on the object: the exchange never trims content, so one restricted property
    restricts the object. `inherited` are labels of what it lies in. An object without any label gets `default_label`,
    kept beside it and never written into it. A marking that is neither TLP nor understood withholds it.
    """
    labels, said = list(inherited), []
    for marking in (*object_markings, *granular_markings):
        known = tlp.tlp_label(marking)
        if known is None and marking in definitions:
            said.append(definitions[marking])
        else:
            labels.append(known or tlp.WITHHELD)
    return Restriction(tlp.most_restrictive(labels) if labels else default_label, handling.together(said))


def joined(own: Restriction, sources: Iterable[Restriction]) -> Restriction:
    """The restriction of what tells of other items: its own, and no less than theirs."""
    several = [own, *sources]
    return Restriction(
        tlp.most_restrictive([one.label for one in several]), handling.together(one.handling for one in several)
    )
