"""Deterministic ids of cyber-observables (sections 2.9 and 3.4): recomputed, and compared with the id given."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding

NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_NAMESPACE_BYTES = NAMESPACE.bytes
_KEPT = ~(0xF000 << 64 | 0xC000 << 48) & (2**128 - 1)
_VERSION_AND_VARIANT = 0x5000 << 64 | 0x8000 << 48
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
    given = int(item["id"][-36:].replace("-", ""), 16)
    tried: list[str] = []
    for name in islice(_names(item, vocabulary.CONTRIBUTING[kind]), _MOST_NAMES):
        if name in tried:
            continue
        if _version_5(_NAMESPACE_BYTES, name) == given:
            if any(version in item for version in _VERSIONED):
                out.append(finding("S-VER-8", "/id", "the versioned observable has an id of the default namespace"))
            return
        tried.append(name)
    if not tried:
        return
    if any(_version_5(space.bytes, name) == given for space in _WELL_KNOWN for name in tried):
        out.append(finding("S-ID-2", "/id", "the id is computed in another namespace than that of STIX"))
    else:
        out.append(finding("S-ID-1", "/id", "the id is not the one that the contributing properties give"))


def _version_5(namespace: bytes, name: str) -> int:
    """The UUID of version 5 (RFC 4122, 4.3) as a number; quicker than `uuid.uuid5`, which builds an object."""
    digest = hashlib.sha1(namespace + name.encode("utf-8"), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16], "big")
    return number & _KEPT | _VERSION_AND_VARIANT


def _names(item: dict[str, Any], contributing: tuple[str, ...]) -> Iterator[str]:
    """The canonical JSON of each choice of contributing properties that a producer may have made.

    Nothing when a number with a fraction is among them: its canonical form is not recomputed.
    """
    present = {name: item[name] for name in contributing if name in item}
    if not present or _has_fraction(present):
        return
    hashes = present.get("hashes")
    choices: list[dict[str, Any]] = [present]
    if isinstance(hashes, dict):
        order = [name for name in _PREFERRED_HASHES if name in hashes]
        order += [name for name in hashes if name not in _PREFERRED_HASHES]
        choices = [{**present, "hashes": {name: hashes[name]}} for name in order[:8]]
    for choice in choices:
        yield canonical(choice)
    if present.keys().isdisjoint(_SOMETIMES):
        return
    for choice in choices:
        for left_out in (("extensions",), _SOMETIMES):
            rest = {name: value for name, value in choice.items() if name not in left_out}
            if rest:
                yield canonical(rest)


def canonical(value: Any) -> str:
    """RFC 8785 for values without fractions: members by the UTF-16 units of their names, no space."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(content)}" for name, content in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(entry) for entry in value) + "]"
    return json.dumps(value)


def _has_fraction(value: Any) -> bool:
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, float):
            return True
        stack.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
    return False
