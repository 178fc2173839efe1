"""What probes about the handling extension share: items with their definitions, and who is shown them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isao_conformance import content
from isao_conformance.content import TLP2
from isao_conformance.distribution import ORGANIZATION, Distribution
from isao_conformance.errors import Untestable
from isao_conformance.lab import Lab
from isao_conformance.readers import Posted, declared_map, lent, relation, shown

READER = "member-b"


def follows_handling(lab: Lab) -> Distribution:
    """The map of a target that declares the extension. Untestable for one that does not."""
    declared = declared_map(lab)
    told = lab.survey.capability_document.get("distribution")
    if not isinstance(told, Mapping) or told.get("handling") != content.HANDLING:
        raise Untestable(
            "the capability document does not name the handling extension (distribution.handling); a target without it"
            " declares the capability handling-extension absent"
        )
    return declared


def under_handling(lab: Lab, items: dict[str, dict[str, object]], name: str, label: str, **said: Any) -> None:
    """Adds an item of that label and, before it, the definition of how it is to be handled."""
    definition = lab.new(content.handling, label, **said)
    items[f"definition of {name}"] = definition
    items[name] = lab.indicator(object_marking_refs=[TLP2[label], definition["id"]])


def taken(lab: Lab, posted: Posted, names: list[str]) -> list[str]:
    """Those of the items that were taken with their definitions; a declared extension has to be taken."""
    if posted.held:
        lab.no_verdict(f"still held: {posted.held}")
    whole = []
    for name in names:
        parts = [part for part in (name, f"definition of {name}") if part in posted.refused]
        lab.expect(not parts, f"{name} is taken", got={part: posted.refused[part] for part in parts} or "taken")
        if not parts and name not in posted.held and f"definition of {name}" not in posted.held:
            whole.append(name)
    return whole


def shown_by_reader(lab: Lab, posted: Posted) -> dict[str, frozenset[str]]:
    """What each reader outside the organization of the contributor is shown, where it is shown the twin; READER among
    them."""
    seen = {
        reader: ids
        for reader in lent(lab)
        if relation(lab, reader) != ORGANIZATION
        and (ids := shown(lab, reader, posted, posted.id_of("twin"))) is not None
    }
    lab.control(READER in seen, f"{READER} is shown the twin", "ISAO-MRK-002")
    return seen


def names_shown(posted: Posted, seen: frozenset[str]) -> str:
    """Which of the items those are, for people to read."""
    return f"shown: {', '.join(name for name, one in posted.ids.items() if one in seen) or 'none of them'}"
