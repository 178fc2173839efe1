"""Types, sections, references and relationships of STIX 2.1, as tables."""

from __future__ import annotations

from collections.abc import Mapping

# Section of each type in STIX 2.1.
CLAUSES: Mapping[str, str] = {
    "attack-pattern": "4.1",
    "campaign": "4.2",
    "course-of-action": "4.3",
    "grouping": "4.4",
    "identity": "4.5",
    "incident": "4.6",
    "indicator": "4.7",
    "infrastructure": "4.8",
    "intrusion-set": "4.9",
    "location": "4.10",
    "malware": "4.11",
    "malware-analysis": "4.12",
    "note": "4.13",
    "observed-data": "4.14",
    "opinion": "4.15",
    "report": "4.16",
    "threat-actor": "4.17",
    "tool": "4.18",
    "vulnerability": "4.19",
    "relationship": "5.1",
    "sighting": "5.2",
    "artifact": "6.1",
    "autonomous-system": "6.2",
    "directory": "6.3",
    "domain-name": "6.4",
    "email-addr": "6.5",
    "email-message": "6.6",
    "file": "6.7",
    "ipv4-addr": "6.8",
    "ipv6-addr": "6.9",
    "mac-addr": "6.10",
    "mutex": "6.11",
    "network-traffic": "6.12",
    "process": "6.13",
    "software": "6.14",
    "url": "6.15",
    "user-account": "6.16",
    "windows-registry-key": "6.17",
    "x509-certificate": "6.18",
    "language-content": "7.1",
    "marking-definition": "7.2.1",
    "extension-definition": "7.3",
    "bundle": "8",
}
SDO = frozenset(kind for kind, clause in CLAUSES.items() if clause.startswith("4."))
SRO = frozenset({"relationship", "sighting"})
SCO = frozenset(kind for kind, clause in CLAUSES.items() if clause.startswith("6."))
META = frozenset({"language-content", "marking-definition", "extension-definition"})
KNOWN = SDO | SRO | SCO | META

# Properties that contribute to a deterministic id (2.9 and the type's section).
CONTRIBUTING: Mapping[str, tuple[str, ...]] = {
    "artifact": ("hashes", "payload_bin"),
    "autonomous-system": ("number",),
    "directory": ("path",),
    "domain-name": ("value",),
    "email-addr": ("value",),
    "email-message": ("from_ref", "subject", "body"),
    "file": ("hashes", "name", "extensions", "parent_directory_ref"),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "mac-addr": ("value",),
    "mutex": ("name",),
    "network-traffic": (
        "start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions",
    ),
    "software": ("name", "cpe", "swid", "vendor", "version"),
    "url": ("value",),
    "user-account": ("account_type", "user_id", "account_login"),
    "windows-registry-key": ("key", "values"),
    "x509-certificate": ("hashes", "serial_number"),
}  # fmt: skip

# Where an embedded reference may lead (sections 4 to 6); a type that is not there is not restricted.
_ADDRESSES = ("ipv4-addr", "ipv6-addr", "mac-addr", "domain-name")
REFERENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "directory": {"contains_refs": ("file", "directory")},
    "domain-name": {"resolves_to_refs": ("ipv4-addr", "ipv6-addr", "domain-name")},
    "email-addr": {"belongs_to_ref": ("user-account",)},
    "email-message": {
        "from_ref": ("email-addr",),
        "sender_ref": ("email-addr",),
        "to_refs": ("email-addr",),
        "cc_refs": ("email-addr",),
        "bcc_refs": ("email-addr",),
        "raw_email_ref": ("artifact",),
        "body_multipart.body_raw_ref": ("artifact", "file"),
    },
    "file": {
        "parent_directory_ref": ("directory",),
        "content_ref": ("artifact",),
        "extensions.archive-ext.contains_refs": ("file", "directory"),
    },
    "ipv4-addr": {"resolves_to_refs": ("mac-addr",), "belongs_to_refs": ("autonomous-system",)},
    "ipv6-addr": {"resolves_to_refs": ("mac-addr",), "belongs_to_refs": ("autonomous-system",)},
    "network-traffic": {
        "src_ref": _ADDRESSES,
        "dst_ref": _ADDRESSES,
        "src_payload_ref": ("artifact",),
        "dst_payload_ref": ("artifact",),
        "encapsulates_refs": ("network-traffic",),
        "encapsulated_by_ref": ("network-traffic",),
        "extensions.http-request-ext.message_body_data_ref": ("artifact",),
    },
    "process": {
        "opened_connection_refs": ("network-traffic",),
        "creator_user_ref": ("user-account",),
        "image_ref": ("file",),
        "parent_ref": ("process",),
        "child_refs": ("process",),
        "extensions.windows-service-ext.service_dll_refs": ("file",),
    },
    "windows-registry-key": {"creator_user_ref": ("user-account",)},
    "malware": {"operating_system_refs": ("software",), "sample_refs": ("file", "artifact")},
    "malware-analysis": {
        "host_vm_ref": ("software",),
        "operating_system_ref": ("software",),
        "installed_software_refs": ("software",),
        "sample_ref": ("file", "network-traffic", "artifact"),
        "analysis_sco_refs": tuple(sorted(SCO)),
    },
}

# Relationship types of the specification and the ends they are defined for (Appendix B and the types' sections).
_USES = ("attack-pattern", "infrastructure", "malware", "tool")
_RELATIONSHIPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("attack-pattern", "delivers", ("malware",)),
    ("attack-pattern", "targets", ("identity", "location", "vulnerability")),
    ("attack-pattern", "uses", ("malware", "tool")),
    ("campaign", "attributed-to", ("intrusion-set", "threat-actor")),
    ("campaign", "compromises", ("infrastructure",)),
    ("campaign", "originates-from", ("location",)),
    ("campaign", "targets", ("identity", "location", "vulnerability")),
    ("campaign", "uses", _USES),
    ("course-of-action", "investigates", ("indicator",)),
    ("course-of-action", "mitigates", ("attack-pattern", "indicator", "malware", "tool", "vulnerability")),
    ("course-of-action", "remediates", ("malware", "vulnerability")),
    ("identity", "located-at", ("location",)),
    ("indicator", "indicates", (*_USES, "campaign", "intrusion-set", "threat-actor")),
    ("indicator", "based-on", ("observed-data",)),
    ("infrastructure", "communicates-with", ("infrastructure", "ipv4-addr", "ipv6-addr", "domain-name", "url")),
    ("infrastructure", "consists-of", ("infrastructure", "observed-data", *sorted(SCO))),
    ("infrastructure", "controls", ("infrastructure", "malware")),
    ("infrastructure", "delivers", ("malware",)),
    ("infrastructure", "has", ("vulnerability",)),
    ("infrastructure", "hosts", ("tool", "malware")),
    ("infrastructure", "located-at", ("location",)),
    ("infrastructure", "uses", ("infrastructure",)),
    ("intrusion-set", "attributed-to", ("threat-actor",)),
    ("intrusion-set", "compromises", ("infrastructure",)),
    ("intrusion-set", "hosts", ("infrastructure",)),
    ("intrusion-set", "owns", ("infrastructure",)),
    ("intrusion-set", "originates-from", ("location",)),
    ("intrusion-set", "targets", ("identity", "location", "vulnerability")),
    ("intrusion-set", "uses", _USES),
    ("malware", "authored-by", ("threat-actor", "intrusion-set")),
    ("malware", "beacons-to", ("infrastructure",)),
    ("malware", "exfiltrates-to", ("infrastructure",)),
    ("malware", "communicates-with", ("ipv4-addr", "ipv6-addr", "domain-name", "url")),
    ("malware", "controls", ("malware",)),
    ("malware", "downloads", ("malware", "tool", "file")),
    ("malware", "drops", ("malware", "tool", "file")),
    ("malware", "exploits", ("vulnerability",)),
    ("malware", "originates-from", ("location",)),
    ("malware", "targets", ("identity", "infrastructure", "location", "vulnerability")),
    ("malware", "uses", _USES),
    ("malware", "variant-of", ("malware",)),
    ("malware-analysis", "characterizes", ("malware",)),
    ("malware-analysis", "av-analysis-of", ("malware",)),
    ("malware-analysis", "analysis-of", ("malware",)),
    ("malware-analysis", "static-analysis-of", ("malware",)),
    ("malware-analysis", "dynamic-analysis-of", ("malware",)),
    ("threat-actor", "attributed-to", ("identity",)),
    ("threat-actor", "compromises", ("infrastructure",)),
    ("threat-actor", "hosts", ("infrastructure",)),
    ("threat-actor", "owns", ("infrastructure",)),
    ("threat-actor", "impersonates", ("identity",)),
    ("threat-actor", "located-at", ("location",)),
    ("threat-actor", "targets", ("identity", "location", "vulnerability")),
    ("threat-actor", "uses", _USES),
    ("tool", "delivers", ("malware",)),
    ("tool", "drops", ("malware",)),
    ("tool", "has", ("vulnerability",)),
    ("tool", "targets", ("identity", "infrastructure", "location", "vulnerability")),
    ("tool", "uses", ("infrastructure",)),
    ("domain-name", "resolves-to", ("domain-name", "ipv4-addr", "ipv6-addr")),
    ("ipv4-addr", "resolves-to", ("mac-addr",)),
    ("ipv4-addr", "belongs-to", ("autonomous-system",)),
    ("ipv6-addr", "resolves-to", ("mac-addr",)),
    ("ipv6-addr", "belongs-to", ("autonomous-system",)),
)
RELATIONSHIP_TYPES = frozenset(name for _, name, _ in _RELATIONSHIPS)
RELATIONSHIP_ENDS = frozenset((source, name, target) for source, name, targets in _RELATIONSHIPS for target in targets)

EXTENSION_TYPES = frozenset({"new-sdo", "new-sco", "new-sro", "property-extension", "toplevel-property-extension"})
NEW_TYPES = frozenset({"new-sdo", "new-sco", "new-sro"})
PREDEFINED_EXTENSIONS: Mapping[str, frozenset[str]] = {
    "file": frozenset({"archive-ext", "ntfs-ext", "pdf-ext", "raster-image-ext", "windows-pebinary-ext"}),
    "network-traffic": frozenset({"http-request-ext", "icmp-ext", "socket-ext", "tcp-ext"}),
    "process": frozenset({"windows-process-ext", "windows-service-ext"}),
    "user-account": frozenset({"unix-account-ext"}),
}
LOCKHEED_MARTIN_PHASES = frozenset(
    {
        "reconnaissance", "weaponization", "weaponize", "delivery", "exploitation", "installation",
        "command-and-control", "command-control", "actions-on-objectives", "actions-on-objective",
    }
)  # fmt: skip

_M = "marking-definition--"
TLP_1: Mapping[str, str] = {
    _M + "613f2e26-407d-48c7-9eca-b8e91df99dc9": "white",
    _M + "34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    _M + "f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    _M + "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}
TLP_2: Mapping[str, str] = {
    _M + "94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    _M + "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    _M + "55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    _M + "939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    _M + "e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
TLP_2_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


def clause_of(kind: str) -> str:
    """The section a type stands in; types outside the specification are custom objects (11.2)."""
    return CLAUSES.get(kind, "11.2")


def type_of(reference: object) -> str:
    """The type a reference says it leads to; empty when it is no text."""
    return reference.partition("--")[0] if isinstance(reference, str) else ""
