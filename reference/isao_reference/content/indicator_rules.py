"""Indicators: validity, pattern language, and what a STIX pattern says (sections 4.7 and 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isao_reference.content import patterns, text_forms
from isao_reference.content.finding import Finding, finding, shown
from isao_reference.content.patterns import Comparison
from isao_reference.content.type_rules import is_address

_ADDRESS_VERSIONS = {"ipv4-addr": 4, "ipv6-addr": 6}


def judge_indicator(item: dict[str, Any], properties: Mapping[str, frozenset[str]], out: list[Finding]) -> None:
    """S-IND-1, S-IND-2, S-IND-10, S-IND-11 and the pattern; `properties` are those of the observable types."""
    first, last = text_forms.instant(item.get("valid_from")), text_forms.instant(item.get("valid_until"))
    if first is not None and last is not None and last <= first:
        rule, words = ("S-IND-2", "is") if last == first else ("S-IND-1", "is earlier than")
        said = f"valid_until {item['valid_until']} {words} valid_from {item['valid_from']}"
        out.append(finding(rule, "/valid_until", said))
    pattern, language = item.get("pattern"), item.get("pattern_type")
    if isinstance(pattern, str) and not pattern.strip():
        out.append(finding("S-IND-11", "/pattern", "the pattern is blank"))
    if language != "stix":
        return
    version = item.get("pattern_version")
    if isinstance(version, str) and version not in ("2.0", "2.1"):
        out.append(finding("S-IND-10", "/pattern_version", f"there is no STIX Patterning {shown(version)}"))
    if isinstance(pattern, str):
        judge_pattern(pattern, properties, out)


def judge_pattern(pattern: str, properties: Mapping[str, frozenset[str]], out: list[Finding]) -> None:
    """What the reading of a STIX pattern found, and S-IND-5, S-IND-15 and S-HASH-1 for its comparisons."""
    reading = patterns.read(pattern)
    for rule, clause, words in reading.faults:
        out.append(finding(rule, "/pattern", words, clause))
    for comparison in reading.comparisons:
        first = comparison.path[0]
        known = properties.get(comparison.object_type)
        if known is not None and first not in known and not first.startswith("x_"):
            out.append(finding("S-IND-5", "/pattern", f"{comparison.object_type} has no property {shown(first)}"))
        if comparison.operator in ("ISSUBSET", "ISSUPERSET"):
            _judge_network(comparison, out)
        if "hashes" in comparison.path:
            _judge_hash(comparison, out)


def _judge_network(comparison: Comparison, out: list[Finding]) -> None:
    version = _ADDRESS_VERSIONS.get(comparison.object_type)
    leads_on = any(step.endswith(("_ref", "_refs")) for step in comparison.path)
    if comparison.path[-1] != "value" or (version is None and not leads_on):
        path = f"{comparison.object_type}:{'.'.join(comparison.path)}"
        out.append(finding("S-IND-15", "/pattern", f"{comparison.operator} on {shown(path)}, which is no address"))
        return
    versions = (version,) if version is not None and not leads_on else (4, 6)
    for text in comparison.constants:
        if not any(is_address(text, allowed) for allowed in versions):
            out.append(finding("S-IND-15", "/pattern", f"{shown(text)} is no address or network of that kind"))


def _judge_hash(comparison: Comparison, out: list[Finding]) -> None:
    """Equality with a constant that no hash of the algorithm could be, as in the shipped grammar's own check."""
    if comparison.operator not in ("=", "==", "!=", "<>", "IN"):
        return
    for text in comparison.constants:
        name = comparison.path[-1].upper()
        if name in _ALGORITHMS and not text_forms.hash_is_formed(_ALGORITHMS[name], text):
            out.append(finding("S-HASH-1", "/pattern", f"{shown(text)} is no {comparison.path[-1]} hash"))


_ALGORITHMS: Mapping[str, str] = {
    **{name: name for name in text_forms.HASHES},
    "SHA1": "SHA-1",
    "SHA256": "SHA-256",
    "SHA512": "SHA-512",
}
