"""The validator: one object, or many with what holds between them.

Nothing here raises for any JSON value; a value that cannot be judged is a finding.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from isao_reference.content import (
    chains,
    common_rules,
    containers,
    deterministic_ids,
    extension_rules,
    indicator_rules,
    marking_rules,
    reference_rules,
    schemas,
    stix20,
    text_forms,
    type_rules,
    vocabulary,
    walking,
)
from isao_reference.content.charsets import CHARSETS
from isao_reference.content.finding import Enough, Finding, Found, finding, shown, writable


def validate_object(value: Any) -> list[Finding]:
    """What is wrong with one object, in the order of the places; an empty list means nothing. Where more than
    MOST_FAULTS rules are broken only so many are told.

    A bundle is judged with all that stands in it and between its objects. An object of STIX 2.0 is judged
    lightly (S-20-1).
    """
    if isinstance(value, dict) and value.get("type") == "bundle":
        return _validated_bundle(value)
    return _validated(value, False)


def validate_objects(values: Iterable[Any]) -> list[Finding]:
    """What is wrong with objects of one collection: each alone, and between them.

    Pointers begin with the position of the object, `/0/id`. What stands in a bundle among them is judged
    with the rest.
    """
    found: list[Finding] = []
    placed: list[tuple[str, dict[str, Any]]] = []
    for index, value in enumerate(values):
        if isinstance(value, dict) and value.get("type") == "bundle":
            alone, inside = _alone_in_bundle(value)
            found += _moved(alone, f"/{index}")
            placed += [(f"/{index}{place}", item) for place, item in inside]
        else:
            alone = _validated(value, False)
            if alone:
                found += _moved(alone, f"/{index}")
            if isinstance(value, dict) and _is_bounded(alone):
                placed.append((f"/{index}", value))
    chains.judge_collection(placed, found)
    return found


def is_valid(findings: Iterable[Finding]) -> bool:
    """Whether no MUST and no MUST NOT is broken."""
    return not any(entry.binding for entry in findings)


def _moved(findings: Iterable[Finding], place: str) -> list[Finding]:
    return [replace(entry, pointer=place + entry.pointer) for entry in findings]


def _content_of(bundle: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    objects = bundle.get("objects")
    if not isinstance(objects, list):
        return []
    return [(f"/objects/{index}", item) for index, item in enumerate(objects) if isinstance(item, dict)]


def _validated_bundle(bundle: dict[str, Any]) -> list[Finding]:
    found, inside = _alone_in_bundle(bundle)
    chains.judge_collection(inside, found)
    return found


def _is_bounded(alone: list[Finding]) -> bool:
    """Whether an object is within the limits, so that it may be compared with others."""
    return not alone or not any(entry.rule == "S-LIM-1" for entry in alone)


def _alone_in_bundle(bundle: dict[str, Any]) -> tuple[list[Finding], list[tuple[str, dict[str, Any]]]]:
    """What is wrong with the bundle itself and each object in it alone, and the objects that may be compared
    with others. Bundles inside are refused, not opened."""
    found: list[Finding] = []
    inside: list[tuple[str, dict[str, Any]]] = []
    identifier = bundle.get("id")
    version = text_forms.uuid_version(identifier)
    containers.judge_bundle(bundle, version > 0 and vocabulary.type_of(identifier) == "bundle", found)
    if version not in (0, 4):
        found.append(finding("S-ID-3", "/id", f"the UUID is of version {version}, not 4"))
    found = [replace(entry, object_id=_id_of(bundle)) for entry in found]
    contents = _content_of(bundle)
    old = bundle.get("spec_version") == "2.0" and not any("spec_version" in item for _, item in contents)
    for place, item in contents:
        if item.get("type") != "bundle":
            alone = _validated(item, old)
            if alone:
                found += _moved(alone, place)
            if _is_bounded(alone):
                inside.append((place, item))
    return found, inside


def _id_of(value: Any) -> str:
    identifier = value.get("id") if isinstance(value, dict) else None
    return writable(identifier[:400]) if isinstance(identifier, str) else ""


def _validated(value: Any, old: bool) -> list[Finding]:
    """One object that is no bundle; `old` says that its container is of STIX 2.0."""
    kind = value.get("type") if type(value) is dict else None
    if type(kind) is not str:
        words = "an object has a text as type" if isinstance(value, dict) else f"{shown(value)} is no object"
        return [replace(finding("S-CMN-16", "", words), object_id=_id_of(value))]
    out = Found()
    with suppress(Enough):
        if stix20.is_stix_20(value, kind) or (old and "spec_version" not in value):
            stix20.judge_stix_20(value, kind, out)
        else:
            _judge(value, kind, out)
    if not out:
        return out
    identifier = _id_of(value)
    out.sort(key=lambda entry: (entry.pointer, entry.rule))
    return [replace(entry, object_id=identifier) for entry in dict.fromkeys(out)]


def _judge(item: dict[str, Any], kind: str, out: list[Finding]) -> None:
    walking.judge_everywhere(item, out)
    if not _is_bounded(out):
        return
    unreadable = bool(out) and any(entry.rule == "S-CMN-17" for entry in out)
    tables = schemas.compiled()
    observable = common_rules.is_observable(item, kind)
    name = schemas.name_for(kind, observable)
    formed = not unreadable and schemas.is_formed(item, name)
    common_rules.judge_type(item, kind, out)
    common_rules.judge_id(item, kind, formed, out)
    common_rules.judge_times(item, tables.timestamps[name], formed, out)
    common_rules.judge_names(item, tables.properties[name], out)
    if "external_references" in item:
        reference_rules.judge_external_references(item, formed, out)
    if "kill_chain_phases" in item:
        reference_rules.judge_kill_chain(item, out)
    if "object_marking_refs" in item:
        marking_rules.judge_object_markings(item, out)
    if "granular_markings" in item:
        marking_rules.judge_granular_markings(item, out)
    if "extensions" in item:
        extension_rules.judge_extensions(item, kind, out)
    if "extensions" in item or kind == "marking-definition":
        marking_rules.judge_marking_definition(item, kind, out)
    if "lang" in item:
        common_rules.judge_language(item, out)
    common_rules.judge_references(item, kind, out)
    for judge in type_rules.JUDGES.get(kind, ()):
        judge(item, out)
    if kind == "indicator":
        indicator_rules.judge_indicator(item, _observable_properties(), out)
    elif kind == "extension-definition":
        extension_rules.judge_extension_definition(item, out)
    elif kind == "observed-data":
        containers.judge_observable_container(item, out)
    if kind in ("file", "directory"):
        common_rules.judge_encodings(item, CHARSETS, out)
    if kind in vocabulary.CONTRIBUTING and not unreadable:
        deterministic_ids.judge_deterministic_id(item, kind, out)
    if not formed and not unreadable and walking.is_small(item, out):
        schemas.judge_by_schema(item, kind, name, out)


@functools.cache
def _observable_properties() -> dict[str, frozenset[str]]:
    tables = schemas.compiled().properties
    return {kind: tables[kind] for kind in vocabulary.SCO}


def collection_findings(placed: Sequence[tuple[str, dict[str, Any]]]) -> list[Finding]:
    """Only what holds between objects, for callers that judged each alone: (place, object) pairs."""
    found: list[Finding] = []
    chains.judge_collection(placed, found)
    return found
