"""The published JSON Schemas of STIX 2.1, compiled once, and their findings under rules of the specification.

The schemas are used as they were published. `_contradicts_the_text` lists where the text of STIX 2.1 says
otherwise; there the text decides.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding, shown
from isao_reference.content.walking import Path, pointer
from isao_spec import stix

_Kind = jsonschema_rs.ValidationErrorKind
# The custom types' schemas, told apart as in section 11.2 by having a created time or not.
_CUSTOM_OBJECT, _CUSTOM_OBSERVABLE = "core", "cyber-observable-core"


@dataclass(frozen=True)
class Compiled:
    """Validators, names of properties and names of timestamps by type; under `core` and
    `cyber-observable-core` those of custom types."""

    validators: Mapping[str, jsonschema_rs.Validator]
    properties: Mapping[str, frozenset[str]]
    timestamps: Mapping[str, tuple[str, ...]]


@functools.cache
def compiled() -> Compiled:
    """All schemas of STIX 2.1, compiled; about a tenth of a second, once a process."""
    documents = {file.stem: json.loads(file.read_bytes()) for file in sorted(stix.SCHEMAS.rglob("*.json"))}
    registry = jsonschema_rs.Registry([(document["$id"], document) for document in documents.values()])
    names = [*vocabulary.KNOWN, _CUSTOM_OBJECT, _CUSTOM_OBSERVABLE]
    validators = {
        name: jsonschema_rs.validator_for(documents[name], registry=registry, validate_formats=True, offline=True)
        for name in names
    }
    found = {name: _top_level(documents[name], documents) for name in names}
    return Compiled(
        validators,
        {name: frozenset(properties) | _MISSING.get(name, frozenset()) for name, properties in found.items()},
        {
            name: tuple(sorted(key for key, is_time in properties.items() if is_time))
            for name, properties in found.items()
        },
    )


# Properties that the schemas mention nowhere.
_MISSING: Mapping[str, frozenset[str]] = {
    "network-traffic": frozenset({"is_active"}),
    "extension-definition": frozenset({"description"}),
}


def _top_level(schema: Any, documents: Mapping[str, Any]) -> dict[str, bool]:
    """Names of the properties a schema mentions at its top level, and whether each is a timestamp."""
    found: dict[str, bool] = {}
    for name, content in schema.get("properties", {}).items():
        found[name] = found.get(name, False) or "timestamp.json" in json.dumps(content)
    for part in (schema, *schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        reference = part.get("$ref", "")
        if reference.endswith(".json"):
            name = reference.rpartition("/")[2].removesuffix(".json")
            inner = _top_level(documents[name], documents)
        else:
            inner = _top_level(part, documents) if part is not schema else {}
        for name, is_time in inner.items():
            found[name] = found.get(name, False) or is_time
    return found


def name_for(kind: str, observable: bool) -> str:
    """The schema of a type: its own, or one of the two for custom types."""
    return kind if kind in vocabulary.KNOWN else _CUSTOM_OBSERVABLE if observable else _CUSTOM_OBJECT


def is_formed(item: dict[str, Any], name: str) -> bool:
    """Whether the schema has nothing to say, so that identifiers, times and references have the right form.

    The object is within the limits of `walking` and all its texts can be written as UTF-8.
    """
    return compiled().validators[name].is_valid(item)


def judge_by_schema(item: dict[str, Any], kind: str, name: str, out: list[Finding]) -> None:
    """What the schema finds that no rule found before, each under the rule that it falls under; for an object
    that is not `is_formed`."""
    validator = compiled().validators[name]
    before = Places(entry.pointer for entry in out if entry.binding)
    found: dict[tuple[str, str], str] = {}
    for error in validator.iter_errors(item):
        path = tuple(error.instance_path)
        where = pointer(path)
        if _contradicts_the_text(item, kind, path, error) or _covered(where, error, before):
            continue
        rule, words = _translated(path, error, kind)
        names: list[Any] = [""]
        if isinstance(error.kind, _Kind.AdditionalProperties):
            names = list(error.kind.unexpected)
        for name in names:
            found.setdefault((where + pointer((name,)) if name else where, rule), words or error.message[:300])
    named = {place for place, rule in found if rule != "S-SCHEMA-1"}
    for (place, rule), words in found.items():
        if rule != "S-SCHEMA-1" or place not in named:
            out.append(finding(rule, place, words, _clause(rule, kind)))


def _clause(rule: str, kind: str) -> str:
    """Rules for every type name the section of the type at hand."""
    general = ("S-SCHEMA-1", "S-CMN-12", "S-CMN-13", "S-CMN-14", "S-CMN-15")
    return vocabulary.clause_of(kind) if rule in general else ""


class Places:
    """Places in an object, as JSON Pointers, and those that they stand in."""

    def __init__(self, pointers: Iterable[str]) -> None:
        self.exact = frozenset(pointers)
        self.around = {place[:end] for place in self.exact for end in range(len(place)) if place[end] == "/"}


def _covered(where: str, error: jsonschema_rs.ValidationError, before: Places) -> bool:
    """Whether a rule of ours already spoke about this place; for a choice of schemas, about a place inside."""
    if isinstance(error.kind, _Kind.Required) and not where:
        return error.kind.property in _OWN_RULES
    if isinstance(error.kind, _Kind.AdditionalProperties):
        return all(where + pointer((str(name),)) in before.exact for name in error.kind.unexpected)
    return where in before.exact or (isinstance(error.kind, _CHOICES) and where in before.around)


def _contradicts_the_text(item: dict[str, Any], kind: str, path: Path, error: jsonschema_rs.ValidationError) -> bool:
    """Where the published schema refuses what the text allows."""
    if len(path) == 2 and path[0] == "granular_markings" and isinstance(error.kind, _Kind.Required):
        # 7.2.3: lang or marking_ref; the schema always asks for marking_ref.
        return error.kind.property == "marking_ref" and isinstance(error.instance, dict) and "lang" in error.instance
    if kind == "observed-data" and path[:1] == ("objects",) and len(path) > 1:
        return True  # 2.13: judged by `containers`, for the objects there may be of STIX 2.0
    if path[:1] == ("additional_header_fields",) and len(path) == 2 and isinstance(error.instance, list):
        return all(isinstance(entry, str) for entry in error.instance)  # 6.6.1: a list of texts, always
    if not path and isinstance(error.kind, _Kind.AnyOf):
        # 6.13, 6.17: one property of the type; the schema's list has names of STIX 2.0 for created_time, modified_time.
        return ("created_time" if kind == "process" else "modified_time") in item and kind in (
            "process",
            "windows-registry-key",
        )
    if path == ("extensions", "windows-process-ext") and isinstance(error.kind, _Kind.AnyOf):
        # 6.13.2: any property of the extension will do; the schema's list lacks one.
        return isinstance(error.instance, dict) and "integrity_level" in error.instance
    return False


_CHOICES = (_Kind.OneOfNotValid, _Kind.OneOfMultipleValid, _Kind.AnyOf, _Kind.Not, _Kind.PropertyNames)
# Missing at the top level these have rules of ours: S-CMN-2, S-MK-6 and S-MK-7, S-MK-2.
_OWN_RULES = frozenset({"spec_version", "definition", "definition_type"})
_REQUIRED = {
    "pattern_type": "S-IND-3",
    "valid_from": "S-IND-9",
    "published": "S-REP-1",
}


def _translated(path: Path, error: jsonschema_rs.ValidationError, kind: str) -> tuple[str, str]:
    """The rule an error of a schema falls under, and words for it; no words means the schema's own."""
    last = path[-1] if path else ""
    what = error.kind
    if isinstance(what, _Kind.Required):
        rule = _REQUIRED.get(what.property, "S-CMN-12") if not path else "S-CMN-12"
        return rule, f"{kind if not path else 'the object'} has no {what.property}"
    if isinstance(what, _Kind.AdditionalProperties):
        if not path:
            return "S-CMN-6", "the name is no name of a property"
        return ("S-EXT-11" if path == ("extensions",) else "S-DICT-2"), "the key is not allowed here"
    if isinstance(what, _Kind.MinItems):
        return "S-LIST-1", "the list is empty"
    if isinstance(what, _Kind.MinProperties):
        return "S-DICT-1", "the object is empty"
    if isinstance(what, _Kind.Type):
        return "S-CMN-13", f"{shown(error.instance)} is not of the data type {' or '.join(what.types)}"
    if isinstance(what, _Kind.Format):
        return (
            "S-IP-1" if what.format in ("ipv4", "ipv6") else "S-XR-3"
        ), f"{shown(error.instance)} is no {what.format}"
    if isinstance(what, _Kind.Enum):
        return "S-CMN-14", f"{shown(error.instance)} is no term of the enumeration"
    if isinstance(what, _Kind.Minimum | _Kind.Maximum):
        return ("S-CMN-3" if last == "confidence" else "S-SCHEMA-1"), ""
    if isinstance(what, _Kind.AnyOf) and not path:
        return "S-CMN-12", f"{kind} has none of the properties of which it needs one"
    if isinstance(what, _Kind.Pattern):
        return _by_place(path, error), ""
    return "S-SCHEMA-1", ""


def _by_place(path: Path, error: jsonschema_rs.ValidationError) -> str:
    """The rule for a text without the form its place asks for."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    schema = "/".join(str(part) for part in error.schema_path)
    location = str(error.absolute_keyword_location or "")
    if "timestamp" in location or "timestamp" in schema:
        fault = text_forms.timestamp_fault(error.instance) if isinstance(error.instance, str) else ""
        return fault or "S-TS-3"
    if "selectors" in path:
        return "S-GM-3"
    if "identifier.json" in location:
        return "S-ID-6"
    if name.endswith(("_ref", "_refs")):
        return "S-CMN-15"
    if name == "id":
        return "S-ID-4"
    if name.endswith("_bin"):
        return "S-BIN-1"
    if name.endswith("_hex"):
        return "S-HEX-1"
    if "hashes" in path:
        return "S-HASH-1"
    return {"languages": "S-SW-1", "cpe": "S-SW-2", "type": "S-CMN-8"}.get(name, "S-SCHEMA-1")
