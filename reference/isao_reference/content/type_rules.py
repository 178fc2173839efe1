"""Rules of single types that a schema cannot say, or says without a rule of its own (sections 4 to 6)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.common_rules import order
from isao_reference.content.finding import Finding, finding, shown
from isao_reference.content.reference_rules import judge_hashes

Object = dict[str, Any]
Judge = Callable[[Object, list[Finding]], None]

_NOT_RELATED = ("relationship", "sighting", "language-content", "marking-definition")
_RELATED = vocabulary.SDO | vocabulary.SCO
_RELATIONSHIP_TYPE = re.compile(r"[a-z0-9-]+")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_MOST = 999_999_999


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _seen(clause: str) -> Judge:
    def judge(item: Object, out: list[Finding]) -> None:
        order(item, "last_seen", "first_seen", "S-TIME-1", out, clause)

    return judge


def judge_malware(item: Object, out: list[Finding]) -> None:
    """S-MAL-1 and S-MAL-2, and the data type of is_family."""
    _truth_value(item, "is_family", out)
    if item.get("is_family") is True and "name" not in item:
        out.append(finding("S-MAL-1", "", "the malware family has no name"))
    order(item, "last_seen", "first_seen", "S-MAL-2", out)


def _truth_value(item: Object, name: str, out: list[Finding]) -> None:
    """S-CMN-13 for a property whose type the schemas say only in a choice of schemas."""
    value = item.get(name)
    if value is not None and not isinstance(value, bool):
        clause = vocabulary.clause_of(str(item["type"]))
        out.append(finding("S-CMN-13", f"/{name}", f"{shown(value)} is neither true nor false", clause))


def judge_malware_analysis(item: Object, out: list[Finding]) -> None:
    """S-MA-1."""
    if "result" not in item and "analysis_sco_refs" not in item:
        out.append(finding("S-MA-1", "", "the analysis has neither result nor analysis_sco_refs"))


def judge_name(item: Object, out: list[Finding]) -> None:
    """S-LIST-2."""
    name = item.get("name")
    if isinstance(name, str) and not name.strip():
        out.append(finding("S-LIST-2", "/name", "the name is blank", vocabulary.clause_of(str(item["type"]))))


def judge_location(item: Object, out: list[Finding]) -> None:
    """S-LOC-1 to S-LOC-5."""
    north, east = "latitude" in item, "longitude" in item
    if north != east:
        out.append(finding("S-LOC-1", "", f"{'latitude' if north else 'longitude'} stands alone"))
    if "precision" in item and not (north and east):
        out.append(finding("S-LOC-2", "/precision", "precision stands without coordinates"))
    if "region" not in item and "country" not in item and not (north or east):
        out.append(finding("S-LOC-3", "", "the location has no region, no country and no coordinates"))
    for name, limit in (("latitude", 90), ("longitude", 180)):
        value = item.get(name)
        if isinstance(value, int | float) and not -limit <= value <= limit:
            out.append(finding("S-LOC-4", f"/{name}", f"{shown(value)} is not from -{limit} to {limit}"))
    country = item.get("country")
    if isinstance(country, str) and _COUNTRY.fullmatch(country) is None:
        out.append(finding("S-LOC-5", "/country", f"{shown(country)} is no two-letter code"))


def judge_observed_data(item: Object, out: list[Finding]) -> None:
    """S-OD-1 to S-OD-5. The container itself is judged by `containers`."""
    old, new = "objects" in item, "object_refs" in item
    if old and new:
        out.append(finding("S-OD-1", "/objects", "objects and object_refs stand together"))
    if not old and not new:
        out.append(finding("S-OD-2", "", "the observed data has neither objects nor object_refs"))
    order(item, "last_observed", "first_observed", "S-OD-3", out)
    _whole(item, "number_observed", 1, "S-OD-4", out)
    refs = item.get("object_refs")
    if isinstance(refs, list) and refs:
        kinds = [vocabulary.type_of(ref) for ref in refs]
        for index, kind in enumerate(kinds):
            if kind in vocabulary.SDO or kind in vocabulary.META or kind == "bundle":
                out.append(finding("S-OD-5", f"/object_refs/{index}", f"a {kind} is no observable and no relationship"))
        if all(kind in vocabulary.SRO for kind in kinds):
            out.append(finding("S-OD-5", "/object_refs", "no reference is to an observable"))


def _whole(item: Object, name: str, least: int, rule: str, out: list[Finding]) -> None:
    value = item.get(name, item)
    if value is item:
        return
    if isinstance(value, bool) or not _number(value) or value != value // 1 or not least <= value <= _MOST:
        out.append(finding(rule, f"/{name}", f"{shown(value)} is no integer from {least} to {_MOST:,}"))


def judge_opinion(item: Object, out: list[Finding]) -> None:
    """S-OP-1."""
    said = item.get("opinion", item)
    if said is not item and said not in ("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"):
        out.append(finding("S-OP-1", "/opinion", f"{shown(said)} is no opinion"))


def judge_relationship(item: Object, out: list[Finding]) -> None:
    """S-REL-1 to S-REL-6."""
    kinds: dict[str, str] = {}
    for name, rule in (("source_ref", "S-REL-1"), ("target_ref", "S-REL-2")):
        kind = kinds[name] = vocabulary.type_of(item.get(name))
        if kind == "bundle":
            out.append(finding("S-REL-3", f"/{name}", "a relationship leads to or from a bundle"))
        elif kind in _NOT_RELATED:
            out.append(finding(rule, f"/{name}", f"a relationship does not lead to or from a {kind}"))
    order(item, "stop_time", "start_time", "S-REL-5", out, strict=True)
    said = item.get("relationship_type")
    if not isinstance(said, str):
        return
    if _RELATIONSHIP_TYPE.fullmatch(said) is None:
        out.append(finding("S-REL-6", "/relationship_type", f"{shown(said)} holds more than a-z, 0-9 and hyphen"))
    source, target = kinds["source_ref"], kinds["target_ref"]
    if source not in _RELATED or target not in _RELATED:
        return
    if said in ("derived-from", "duplicate-of"):
        if source != target:
            out.append(finding("S-REL-4", "/relationship_type", f"{said} joins a {source} and a {target}", "3.7"))
    elif said in vocabulary.RELATIONSHIP_TYPES and (source, said, target) not in vocabulary.RELATIONSHIP_ENDS:
        out.append(finding("S-REL-4", "/relationship_type", f"{said} is not defined from {source} to {target}"))


def judge_sighting(item: Object, out: list[Finding]) -> None:
    """S-SIG-1 to S-SIG-6."""
    kind = vocabulary.type_of(item.get("sighting_of_ref"))
    if kind in vocabulary.SRO or kind in vocabulary.META or kind == "bundle":
        out.append(finding("S-SIG-1", "/sighting_of_ref", f"a {kind} is not sighted"))
    elif kind in vocabulary.SCO:
        out.append(finding("S-SIG-2", "/sighting_of_ref", f"a {kind} is an observable"))
    order(item, "last_seen", "first_seen", "S-SIG-3", out)
    for name, rule, allowed in (
        ("where_sighted_refs", "S-SIG-4", ("identity", "location")),
        ("observed_data_refs", "S-SIG-5", ("observed-data",)),
    ):
        refs = item.get(name)
        for index, ref in enumerate(refs if isinstance(refs, list) else ()):
            if isinstance(ref, str) and vocabulary.type_of(ref) not in allowed:
                out.append(finding(rule, f"/{name}/{index}", f"{shown(ref)} is not of type {' or '.join(allowed)}"))
    _whole(item, "count", 0, "S-SIG-6", out)


def judge_artifact(item: Object, out: list[Finding]) -> None:
    """S-AR-1 to S-AR-3, and hashes."""
    if "url" in item and "hashes" not in item:
        out.append(finding("S-AR-1", "/url", "the artifact has a url and no hashes"))
    if "url" in item and "payload_bin" in item:
        out.append(finding("S-AR-2", "/url", "url and payload_bin stand together"))
    if "url" not in item and "payload_bin" not in item:
        out.append(finding("S-AR-3", "", "the artifact has neither payload_bin nor url"))
    judge_hashes(item.get("hashes"), "/hashes", False, out)


def judge_hashed(item: Object, out: list[Finding]) -> None:
    """The hashes of files and certificates."""
    judge_hashes(item.get("hashes"), "/hashes", False, out)


def judge_email_message(item: Object, out: list[Finding]) -> None:
    """S-EM-1, and the data type of is_multipart."""
    _truth_value(item, "is_multipart", out)
    if item.get("is_multipart") is True and "body" in item:
        out.append(finding("S-EM-1", "/body", "a message of several parts has no body"))
    if item.get("is_multipart") is False and "body_multipart" in item:
        out.append(finding("S-EM-1", "/body_multipart", "a message of one part has no body_multipart"))


def is_address(text: str, version: int) -> bool:
    """Whether a text is an address or a network in CIDR notation of IP version 4 or 6."""
    address, slash, length = text.partition("/")
    try:
        if "%" in address or ipaddress.ip_address(address).version != version:
            return False
    except ValueError:
        return False
    return not slash or (
        length.isascii() and length.isdigit() and len(length) < 4 and int(length) <= (32, 128)[version == 6]
    )


def _address(version: int, clause: str) -> Judge:
    def judge(item: Object, out: list[Finding]) -> None:
        value = item.get("value")
        if isinstance(value, str) and not is_address(value, version):
            out.append(finding("S-IP-1", "/value", f"{shown(value)} is no IPv{version} address or network", clause))

    return judge


def judge_network_traffic(item: Object, out: list[Finding]) -> None:
    """S-NT-1 to S-NT-3, and the data type of is_active."""
    _truth_value(item, "is_active", out)
    if "src_ref" not in item and "dst_ref" not in item:
        out.append(finding("S-NT-1", "", "the traffic has neither src_ref nor dst_ref"))
    if item.get("is_active") is True and "end" in item:
        out.append(finding("S-NT-2", "/end", "active traffic has no end"))
    order(item, "end", "start", "S-NT-3", out)


def judge_language_content(item: Object, out: list[Finding]) -> None:
    """S-LC-1 and S-LC-5."""
    if vocabulary.type_of(item.get("object_ref")) == "bundle":
        out.append(finding("S-LC-5", "/object_ref", "a bundle is no STIX object"))
    contents = item.get("contents")
    for key in contents if isinstance(contents, dict) else ():
        if not text_forms.is_language_tag(key):
            out.append(finding("S-LC-1", "/contents", f"{shown(key)} is no language tag of RFC 5646"))


JUDGES: Mapping[str, tuple[Judge, ...]] = {
    "campaign": (judge_name, _seen("4.2.1")),
    "identity": (judge_name,),
    "infrastructure": (judge_name, _seen("4.8.1")),
    "intrusion-set": (judge_name, _seen("4.9.1")),
    "threat-actor": (judge_name, _seen("4.17.1")),
    "malware": (judge_malware,),
    "malware-analysis": (judge_malware_analysis,),
    "location": (judge_location,),
    "observed-data": (judge_observed_data,),
    "opinion": (judge_opinion,),
    "relationship": (judge_relationship,),
    "sighting": (judge_sighting,),
    "artifact": (judge_artifact,),
    "file": (judge_hashed,),
    "x509-certificate": (judge_hashed,),
    "email-message": (judge_email_message,),
    "ipv4-addr": (_address(4, "6.8.1"),),
    "ipv6-addr": (_address(6, "6.9.1"),),
    "network-traffic": (judge_network_traffic,),
    "language-content": (judge_language_content,),
} | dict.fromkeys(("attack-pattern", "course-of-action", "tool", "vulnerability"), (judge_name,))  # fmt: skip
