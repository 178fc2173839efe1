"""The media types of a collection and of what it holds (TAXII 2.1, 5.2.1 and 5.3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from isao_conformance.exchange import parse_media_type

STIX = "application/stix+json"
COLLECTIONS_READ = 10
"""Readable collections whose content is compared with their lists."""


def listed_types(collection: Mapping[str, Any]) -> list[str] | None:
    """What media_types of a collection resource lists; STIX alone when it is absent, None when it is no list."""
    if "media_types" not in collection:
        return [STIX]
    listed = collection["media_types"]
    return [entry for entry in listed if isinstance(entry, str)] if isinstance(listed, list) else None


def covers(listed: Iterable[str], media_type: str) -> bool:
    """True when an entry names this media type: the same type, and the same version or none on either side."""
    name, parameters = parse_media_type(media_type)
    version = parameters.get("version")
    for entry in listed:
        other, others = parse_media_type(entry)
        if other == name and (version is None or others.get("version", version) == version):
            return True
    return False


def stored_type(stix: Mapping[str, Any]) -> str:
    """The media type of a STIX object by its spec_version, which objects of 2.0 and observables may lack."""
    version = stix.get("spec_version")
    return f"{STIX};version={version}" if isinstance(version, str) else STIX
