"""Deterministic ids of cyber-observables (sections 2.9 and 3.4): recomputed, and compared with the id given."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from itertools import islice
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding

NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_WELL_KNOWN = (uuid.NAMESPACE_DNS, uuid.NAMESPACE_URL, uuid.NAMESPACE_OID, uuid.NAMESPACE_X500)
_PREFERRED_HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-512")
_VERSIONED = ("created", "modified", "created_by_ref", "revoked")
# Left out by some producers' tables of contributing properties.
_SOMETIMES = ("extensions", "swid", "start", "end", "src_port", "dst_port")
_MOST_NAMES = 40


def judge_deterministic_id(item: dict[str, Any], kind: str, out: list[Finding]) -> None:
    """S-ID-1, S-ID-2 and S-VER-8 for a cyber-observable of the specification with a UUID of version 5."""
    if text_forms.uuid_version(item.get("id")) != 5 or kind not in vocabulary.CONTRIBUTING:
        return
    given = uuid.UUID(item["id"][-36:])
    tried: list[str] = []
    for name in islice(_names(item, vocabulary.CONTRIBUTING[kind]), _MOST_NAMES):
        if name in tried:
            continue
        if uuid.uuid5(NAMESPACE, name) == given:
            if any(version in item for version in _VERSIONED):
                out.append(finding("S-VER-8", "/id", "the versioned observable has an id of the default namespace"))
            return
        tried.append(name)
    if not tried:
        return
    if any(uuid.uuid5(space, name) == given for space in _WELL_KNOWN for name in tried):
        out.append(finding("S-ID-2", "/id", "the id is computed in another namespace than that of STIX"))
    else:
        out.append(finding("S-ID-1", "/id", "the id is not the one that the contributing properties give"))


def _names(item: dict[str, Any], contributing: tuple[str, ...]) -> Iterator[str]:
    """The canonical JSON of each choice of contributing properties that a producer may have made.

    Nothing when a number with a fraction is among them: its canonical form is not recomputed.
    """
    present = {name: item[name] for name in contributing if name in item}
    hashes = present.get("hashes")
    choices: list[dict[str, Any]] = [present]
    if isinstance(hashes, dict):
        order = [name for name in _PREFERRED_HASHES if name in hashes]
        order += [name for name in hashes if name not in _PREFERRED_HASHES]
        choices = [{**present, "hashes": {name: hashes[name]}} for name in order[:8]]
    for choice in choices:
        without = {name: value for name, value in choice.items() if name not in _SOMETIMES}
        partly = {name: value for name, value in choice.items() if name != "extensions"}
        for candidate in (choice, partly, without):
            if candidate and not _has_fraction(candidate):
                yield canonical(candidate)


def canonical(value: Any) -> str:
    """RFC 8785 for values without fractions: members by the UTF-16 units of their names, no space."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(content)}" for name, content in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _has_fraction(value: Any) -> bool:
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, float):
            return True
        stack.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
    return False
