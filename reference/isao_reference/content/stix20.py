"""STIX 2.0 content: how it is recognised, and the little it is judged by (S-20-1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding, shown

_NEW_TYPES = frozenset(
    {
        "grouping", "incident", "infrastructure", "location", "malware-analysis", "note", "opinion",
        "language-content", "extension-definition",
    }
)  # fmt: skip
_NEW_EVERYWHERE = frozenset({"confidence", "lang", "extensions"})
# Properties that STIX 2.1 brought to types of STIX 2.0, and properties that STIX 2.0 requires of them.
_NEW: Mapping[str, frozenset[str]] = {
    "indicator": frozenset({"pattern_type", "pattern_version", "indicator_types"}),
    "malware": frozenset({"is_family", "malware_types", "sample_refs", "capabilities"}),
    "observed-data": frozenset({"object_refs"}),
    "relationship": frozenset({"start_time", "stop_time"}),
    "report": frozenset({"report_types"}),
    "threat-actor": frozenset({"threat_actor_types"}),
    "tool": frozenset({"tool_types"}),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "identity": ("identity_class",),
    "indicator": ("labels", "valid_from"),
    "malware": ("labels",),
    "observed-data": ("objects",),
    "report": ("labels",),
    "threat-actor": ("labels",),
    "tool": ("labels",),
}


def is_stix_20(item: dict[str, Any], kind: str) -> bool:
    """Whether an object is of STIX 2.0: without spec_version, with what STIX 2.0 requires of its type and
    without anything that STIX 2.1 brought. (A cyber-observable that stands alone is of STIX 2.1.)"""
    if "spec_version" in item or kind in vocabulary.SCO or kind in _NEW_TYPES:
        return False
    if kind not in vocabulary.KNOWN and "created" not in item and "modified" not in item:
        return False
    if not _NEW_EVERYWHERE.isdisjoint(item) or not _NEW.get(kind, frozenset()).isdisjoint(item):
        return False
    return all(name in item for name in _NEEDED.get(kind, ()))


def judge_stix_20(item: dict[str, Any], kind: str, out: list[Finding]) -> None:
    """S-20-1: type, id, created and modified of STIX 2.0 Part 1, section 3.1."""
    identifier = item.get("id")
    if text_forms.uuid_version(identifier) == 0 or vocabulary.type_of(identifier) != kind:
        out.append(finding("S-20-1", "/id", f"{shown(identifier)} is no identifier of type {kind}"))
    times = ("created",) if kind == "marking-definition" else ("created", "modified")
    for name in times:
        value = item.get(name)
        if not isinstance(value, str) or text_forms.timestamp_fault(value):
            out.append(finding("S-20-1", f"/{name}", f"{shown(value)} is no timestamp"))
    first, last = text_forms.instant(item.get("created")), text_forms.instant(item.get("modified"))
    if first is not None and last is not None and last < first:
        out.append(finding("S-20-1", "/modified", "modified is earlier than created"))
