"""TAXII resources as JSON. Lists are left out when empty (TAXII 2.1 section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from isao_reference.wire import media_types, timestamps


def encode(value: Mapping[str, Any]) -> bytes:
    """One resource as UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    """The members that say something: no empty list, empty text or null."""
    return {name: member for name, member in value.items() if member not in (None, "", [], ())}


def discovery(title: str, description: str, contact: str, api_roots: Sequence[str]) -> dict[str, Any]:
    """Discovery (TAXII 2.1 section 4.1.1); the default root is one of api_roots."""
    return without_empty(
        {
            "title": title,
            "description": description,
            "contact": contact,
            "default": api_roots[0],
            "api_roots": list(api_roots),
        }
    )


def api_root(title: str, description: str, max_content_length: int) -> dict[str, Any]:
    """API root (TAXII 2.1 section 4.2.1)."""
    return without_empty(
        {
            "title": title,
            "description": description,
            "versions": [media_types.TAXII_21],
            "max_content_length": max_content_length,
        }
    )


def collection(
    identifier: str,
    title: str,
    description: str,
    alias: str | None,
    *,
    can_read: bool,
    can_write: bool,
    types: Sequence[str],
) -> dict[str, Any]:
    """One collection as this caller may use it (TAXII 2.1 section 5.2.1)."""
    return without_empty(
        {
            "id": identifier,
            "title": title,
            "description": description,
            "alias": alias,
            "can_read": can_read,
            "can_write": can_write,
            "media_types": list(types),
        }
    )


def collections(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The list of collections (TAXII 2.1 section 5.1.1)."""
    return without_empty({"collections": list(entries)})


def manifest_record(object_id: str, date_added: int, version: str, spec_version: str) -> dict[str, Any]:
    """One manifest record (TAXII 2.1 section 5.3.1); date_added in microseconds."""
    return {
        "id": object_id,
        "date_added": timestamps.format_micros(date_added),
        "version": version,
        "media_type": media_types.stix_type(spec_version),
    }


def page(name: str, entries: Sequence[Any], next_token: str | None) -> dict[str, Any]:
    """A manifest or versions page. `more` and `next` appear only when there is more; the
    tables of 5.3.1 and 5.8.1 do not print `next`, though both endpoints take it as a parameter."""
    paging = {} if next_token is None else {"more": True, "next": next_token}
    return {**paging, **without_empty({name: list(entries)})}


def status_details(object_id: str, version: str, message: str | None = None) -> dict[str, Any]:
    """One line of a status (TAXII 2.1 section 4.3.1)."""
    return without_empty({"id": object_id, "version": version, "message": message})


def status(
    identifier: str,
    request_timestamp: str,
    successes: Sequence[Any],
    failures: Sequence[Any],
    pendings: Sequence[Any] = (),
) -> dict[str, Any]:
    """The status of a request (TAXII 2.1 section 4.3.1): complete as soon as nothing is pending."""
    counts = {
        "id": identifier,
        "status": "pending" if pendings else "complete",
        "request_timestamp": request_timestamp,
        "total_count": len(successes) + len(failures) + len(pendings),
        "success_count": len(successes),
        "failure_count": len(failures),
        "pending_count": len(pendings),
    }
    lists = {"successes": list(successes), "failures": list(failures), "pendings": list(pendings)}
    return {**counts, **without_empty(lists)}


def status_decided(before: Mapping[str, Any], object_id: str, version: str, failure: str | None) -> dict[str, Any]:
    """The status after a pending object was decided: it is a success, or a failure with these words."""
    lines = {name: list(before.get(name, ())) for name in ("successes", "failures", "pendings")}
    waiting = [one for one in lines["pendings"] if (one["id"], one["version"]) == (object_id, version)]
    lines["pendings"] = [one for one in lines["pendings"] if one not in waiting]
    lines["successes" if failure is None else "failures"] += [
        status_details(object_id, version, failure) for _ in waiting
    ]
    return status(str(before["id"]), str(before["request_timestamp"]), **lines)
