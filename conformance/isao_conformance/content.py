"""STIX 2.1 objects that probes write: small, valid, and marked as belonging to the run.

Ids of TLP 2.0 are those of the OASIS marking definitions (extension-definition
60a3c5c5-0d10-413e-aab3-9e08dde9e88d); those of TLP 1 are fixed by STIX 2.1, section 7.2.1.4.
"""

from __future__ import annotations

from typing import Any

TLP2 = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}

TLP1 = {
    "white": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}

RUN_LABEL = "isao-conformance-run"
STAMP = "2026-01-05T08:00:00.000Z"
"""The created and modified of objects whose dates do not matter: fixed, so that a seed repeats them."""


HANDLING = "extension-definition--5a0d1f5e-8f0f-4e0d-9d0c-1f7c2a7d6b31"
"""The extension of marking definitions for handling; see the schema handling-marking of the specification."""


def marked(stix: dict[str, Any], label: str | None) -> dict[str, Any]:
    """The object with the TLP 2.0 marking of that label, or as it is when label is None."""
    return stix if label is None else {**stix, "object_marking_refs": [TLP2[label]]}


def indicator(uuid: str, run: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """An indicator on a documentation address (RFC 5737), so that nobody blocks anything real by it."""
    octet = int(uuid[:2], 16)
    base = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid}",
        "created": STAMP,
        "modified": STAMP,
        "name": f"conformance drill {uuid[:8]}",
        "labels": [RUN_LABEL, run],
        "indicator_types": ["benign"],
        "pattern": f"[ipv4-addr:value = '192.0.2.{octet}']",
        "pattern_type": "stix",
        "valid_from": STAMP,
    }
    return marked({**base, **properties}, label)


def handling(uuid: str, run: str, label: str, **said: Any) -> dict[str, Any]:
    """A marking definition that says how to handle what it marks; it carries the label of that."""
    base = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid}",
        "created": STAMP,
        "name": f"conformance drill {run} {uuid[:8]}",
        "extensions": {HANDLING: {"extension_type": "property-extension", **said}},
    }
    return marked(base, label)


def sdo(kind: str, uuid: str, run: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A domain or relationship object of any type with the common properties; the rest comes in `properties`."""
    base = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid}",
        "created": STAMP,
        "modified": STAMP,
        "labels": [RUN_LABEL, run],
    }
    return marked({**base, **properties}, label)


def malware(uuid: str, run: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A malware object."""
    return sdo("malware", uuid, run, label, **{"name": f"drill {uuid[:8]}", "is_family": False, **properties})


def derivation(uuid: str, run: str, derived: str, source: str, label: str, **properties: Any) -> dict[str, Any]:
    """A relationship that says what an object was derived from (STIX 2.1, 3.7)."""
    said = {"relationship_type": "derived-from", "source_ref": derived, "target_ref": source}
    return sdo("relationship", uuid, run, label, **said, **properties)


def sighting(uuid: str, run: str, of: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A sighting of another object."""
    return sdo("sighting", uuid, run, label, sighting_of_ref=of, count=3, **properties)


def opinion(uuid: str, run: str, of: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """An opinion on another object."""
    return sdo("opinion", uuid, run, label, **{"opinion": "disagree", "object_refs": [of], **properties})


def note(uuid: str, run: str, of: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A note on another object."""
    text = {"content": "seen in a conformance drill", "object_refs": [of]}
    return sdo("note", uuid, run, label, **{**text, **properties})


def course_of_action(uuid: str, run: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A course of action."""
    return sdo("course-of-action", uuid, run, label, **{"name": f"drill response {uuid[:8]}", **properties})


def report(uuid: str, run: str, of: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A report about another object."""
    told = {"name": f"drill report {uuid[:8]}", "published": STAMP, "object_refs": [of]}
    return sdo("report", uuid, run, label, **{**told, **properties})
