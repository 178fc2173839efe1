"""The facts of one STIX object the exchange acts on: identity, version, markings.

Checked here is what storing, filtering and marking depend on; whether an object is good STIX
beyond that is its producer's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from isao_reference.wire import timestamps

_SCO = (
    "artifact autonomous-system directory domain-name email-addr email-message file ipv4-addr ipv6-addr mac-addr"
    " mutex network-traffic process software url user-account windows-registry-key x509-certificate"
)
_WITH_MODIFIED = (
    "attack-pattern campaign course-of-action grouping identity incident indicator infrastructure intrusion-set"
    " location malware malware-analysis note observed-data opinion report threat-actor tool vulnerability"
    " relationship sighting language-content extension-definition"
)
SCO_TYPES = frozenset(_SCO.split())
MODIFIED_TYPES = frozenset(_WITH_MODIFIED.split())
CREATED_TYPES = MODIFIED_TYPES | {"marking-definition"}

# TAXII 2.1 section 3.4.1 leaves the version of an object without any timestamp to the server.
UNVERSIONED = "1970-01-01T00:00:00.000000Z"

_TYPE = re.compile(r"[a-z0-9][a-z0-9-]{2,249}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


class ObjectFault(ValueError):
    """One object cannot be taken; the message says why, in the sender's terms."""


@dataclass(frozen=True)
class StixFacts:
    """What the exchange knows of one object version. `version` is the object's own spelling,
    `version_key` sorts as its instant; markings are marking-definition ids. `claims` are the identities in whose
    names it speaks: itself where it is one, and its creator; `name` is what an identity calls itself."""

    id: str
    type: str
    spec_version: str
    version: str
    version_key: str
    object_markings: tuple[str, ...]
    granular_markings: tuple[str, ...]
    is_statement: bool
    claims: tuple[str, ...] = ()
    revoked: bool = False
    name: str | None = None


def check_type(value: dict[str, Any]) -> str:
    """The type property: a STIX type name (STIX 2.1 section 2.18), and no bundle: an envelope
    holds objects (TAXII 2.1 section 3.7)."""
    kind = value.get("type")
    if not isinstance(kind, str) or _TYPE.fullmatch(kind) is None:
        raise ObjectFault("the object has no valid type")
    if kind == "bundle":
        raise ObjectFault("a bundle is not a STIX object; send what is in it")
    return kind


def check_id(value: dict[str, Any], kind: str) -> str:
    """The id property: the object's own type, two hyphens, a UUID in lower case (STIX 2.1
    section 2.9). One spelling only, so that ids can be compared as strings."""
    identifier = value.get("id")
    if not isinstance(identifier, str):
        raise ObjectFault("the object has no id")
    prefix, separator, tail = identifier.partition("--")
    if prefix != kind or not separator or _UUID.fullmatch(tail) is None:
        raise ObjectFault("the id is not the object's type, two hyphens and a lower case UUID")
    return identifier


def check_spec_version(value: dict[str, Any], kind: str) -> str:
    """2.1 as said; without the property an object is in the 2.0 form if it has `created`, else a
    2.1 cyber-observable, which may leave it out (STIX 2.1 section 3.1)."""
    said = value.get("spec_version")
    if said == "2.1":
        return "2.1"
    if said is not None or "spec_version" in value:
        raise ObjectFault("spec_version is not 2.1; objects in the 2.0 form leave it out")
    if kind in SCO_TYPES or "created" not in value:
        return "2.1"
    return "2.0"


def check_version(value: dict[str, Any], kind: str) -> tuple[str, str]:
    """(version, sortable key): modified, else created, else one constant for all objects without
    either (TAXII 2.1 sections 3.4.1 and 5.3.1)."""
    stamps: dict[str, str] = {}
    for name in ("created", "modified"):
        if name not in value:
            continue
        stamp = value[name]
        key = timestamps.version_key(stamp) if isinstance(stamp, str) else None
        if key is None:
            raise ObjectFault(f"{name} is not a STIX timestamp")
        stamps[name] = key
    if kind in CREATED_TYPES and "created" not in stamps:
        raise ObjectFault("the object has no created timestamp")
    if kind in MODIFIED_TYPES and "modified" not in stamps:
        raise ObjectFault("the object has no modified timestamp")
    if stamps.get("modified", "~") < stamps.get("created", ""):
        raise ObjectFault("modified is earlier than created")
    for name in ("modified", "created"):
        if name in stamps:
            return value[name], stamps[name]
    key = timestamps.version_key(UNVERSIONED)
    assert key is not None
    return UNVERSIONED, key


def is_marking_id(text: object) -> bool:
    """Whether a value is the id of a marking definition."""
    return (
        isinstance(text, str)
        and text.startswith("marking-definition--")
        and _UUID.fullmatch(text.removeprefix("marking-definition--")) is not None
    )


def check_object_markings(value: dict[str, Any]) -> tuple[str, ...]:
    """object_marking_refs: a list of marking-definition ids (STIX 2.1 section 7.2.1)."""
    if "object_marking_refs" not in value:
        return ()
    refs = value["object_marking_refs"]
    if not isinstance(refs, list) or not refs or not all(is_marking_id(ref) for ref in refs):
        raise ObjectFault("object_marking_refs is not a list of marking-definition ids")
    return tuple(refs)


def check_granular_markings(value: dict[str, Any]) -> tuple[str, ...]:
    """granular_markings: each has selectors and either a marking_ref or a lang (STIX 2.1
    section 7.2.3); a language restricts nobody."""
    if "granular_markings" not in value:
        return ()
    marks = value["granular_markings"]
    if not isinstance(marks, list) or not marks:
        raise ObjectFault("granular_markings is not a list of markings")
    refs: list[str] = []
    for mark in marks:
        if not isinstance(mark, dict):
            raise ObjectFault("a granular marking is not an object")
        selectors = mark.get("selectors")
        if not isinstance(selectors, list) or not selectors or not all(isinstance(s, str) for s in selectors):
            raise ObjectFault("a granular marking has no list of selectors")
        if "marking_ref" in mark:
            if not is_marking_id(mark["marking_ref"]):
                raise ObjectFault("a granular marking_ref is not a marking-definition id")
            refs.append(mark["marking_ref"])
        elif not isinstance(mark.get("lang"), str):
            raise ObjectFault("a granular marking has neither marking_ref nor lang")
    return tuple(refs)


def is_statement(value: dict[str, Any]) -> bool:
    """Whether an object defines a mere statement (copyright, attribution): it may carry no
    extension, whose meaning we would not know (STIX 2.1 section 7.2.1.3)."""
    return (
        value.get("type") == "marking-definition"
        and value.get("definition_type") == "statement"
        and "extensions" not in value
    )


def facts_of(value: Any) -> StixFacts:
    """All facts of one parsed object; raises ObjectFault for the first thing that is wrong."""
    if not isinstance(value, dict):
        raise ObjectFault("the item is not a JSON object")
    kind = check_type(value)
    identifier = check_id(value, kind)
    spec_version = check_spec_version(value, kind)
    version, key = check_version(value, kind)
    return StixFacts(
        id=identifier,
        type=kind,
        spec_version=spec_version,
        version=version,
        version_key=key,
        object_markings=check_object_markings(value),
        granular_markings=check_granular_markings(value),
        is_statement=is_statement(value),
        claims=claims(value, identifier),
        revoked=value.get("revoked") is True,
        name=str(value["name"]) if kind == "identity" and "name" in value else None,
    )


def derived_from(value: dict[str, Any]) -> str | None:
    """What a relationship says that its source was derived from (STIX 2.1 section 3.7); None for everything else."""
    if value["type"] != "relationship" or value.get("relationship_type") != "derived-from":
        return None
    target = value.get("target_ref")
    return target if isinstance(target, str) else None


def claims(value: dict[str, Any], identifier: str) -> tuple[str, ...]:
    """The identities in whose names an object speaks (STIX 2.1 section 3.2, created_by_ref)."""
    said = (identifier, value.get("created_by_ref"))
    return tuple(one for one in said if isinstance(one, str) and one.startswith("identity--"))


def claimed_version(value: Any) -> str:
    """What to call the version of an object that was refused: its own word if it has one."""
    if isinstance(value, dict):
        for name in ("modified", "created"):
            stamp = value.get(name)
            if isinstance(stamp, str) and 0 < len(stamp) <= 64:
                return stamp
    return UNVERSIONED


def claimed_id(value: Any, position: int) -> str:
    """What to call an object that was refused: its own id, else its place in the envelope."""
    if isinstance(value, dict):
        identifier = value.get("id")
        if isinstance(identifier, str) and 0 < len(identifier) <= 400:
            return identifier
    return f"objects[{position}]"
