"""What a submission says about its handling becomes a marking definition beside what is published."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from isao_reference.functions import publishing
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from isao_reference.policy import handling, tlp
from isao_reference.policy.handling import Handling


def definition(moment: Moment, document: Mapping[str, Any]) -> Stix | None:
    """The definition, labelled as what it marks, and without the name of who made it: it goes where that goes. None
    where nothing is said."""
    if "handling" not in document:
        return None
    made = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": publishing.stamp(moment.now),
        "extensions": {handling.EXTENSION: _extension(document["handling"])},
    }
    return publishing.labelled_as(made, str(document["marking"]))


def said(document: Mapping[str, Any]) -> Handling:
    """What a submission says about its handling, as policy sees it."""
    extension = {handling.EXTENSION: _extension(document.get("handling", {}))}
    return handling.of_marking({"type": "marking-definition", "extensions": extension}) or handling.NONE


def under(definition: Stix | None, objects: Sequence[Stix]) -> list[Stix]:
    """The objects, each marked with the definition; those that define a level of TLP mean what they always mean."""
    if definition is None:
        return list(objects)
    return [one if tlp.is_tlp_definition(one["id"]) else _marked(one, definition["id"]) for one in objects]


def _marked(one: Stix, marking: str) -> Stix:
    return {**one, "object_marking_refs": [*one.get("object_marking_refs", ()), marking]}


def _extension(words: Mapping[str, Any]) -> dict[str, Any]:
    return {"extension_type": "property-extension", **words}
