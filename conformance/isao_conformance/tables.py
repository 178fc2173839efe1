"""The property tables of TAXII 2.1 (sections 3.6.1, 3.7, 4 and 5) as data, and the resources that one answer holds.

For watchers: an answer is taken apart into its resource and the resources listed in it, each with the names that its
table declares. `next` stands in the manifest and versions tables too: 5.3 and 5.8 take it as a parameter, so a server
has to hand it out. Bodies come from a target that may send anything: nothing here may raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from isao_conformance.exchange import Exchange
from isao_conformance.listings import instant
from isao_conformance.resources import (
    API_ROOT,
    COLLECTION,
    COLLECTIONS,
    DISCOVERY,
    ENVELOPE,
    MANIFEST,
    STATUS,
    VERSIONS,
    accepts_taxii,
    failed,
    items,
    kind_of,
    succeeded,
)

ERROR, MANIFEST_RECORD, STATUS_DETAILS = "error", "manifest-record", "status-details"
COUNTS = ("total_count", "success_count", "failure_count", "pending_count")
DETAILS = ("successes", "failures", "pendings")

TABLES: Mapping[str, frozenset[str]] = {
    DISCOVERY: frozenset({"title", "description", "contact", "default", "api_roots"}),
    API_ROOT: frozenset({"title", "description", "versions", "max_content_length"}),
    STATUS: frozenset({"id", "status", "request_timestamp", *COUNTS, *DETAILS}),
    STATUS_DETAILS: frozenset({"id", "version", "message"}),
    COLLECTIONS: frozenset({"collections"}),
    COLLECTION: frozenset({"id", "title", "description", "alias", "can_read", "can_write", "media_types"}),
    MANIFEST: frozenset({"more", "next", "objects"}),
    MANIFEST_RECORD: frozenset({"id", "date_added", "version", "media_type"}),
    ENVELOPE: frozenset({"more", "next", "objects"}),
    VERSIONS: frozenset({"more", "next", "versions"}),
    ERROR: frozenset({"title", "description", "error_id", "error_code", "http_status", "external_details", "details"}),
}
"""The declared names of each resource and type."""

LISTED = {COLLECTIONS: {"collections": COLLECTION}, MANIFEST: {"objects": MANIFEST_RECORD}} | {
    STATUS: dict.fromkeys(DETAILS, STATUS_DETAILS)
}
"""The lists of TAXII resources, and of what type their items are."""

CONTENT = {DISCOVERY: "api_roots", COLLECTIONS: "collections", MANIFEST: "objects", ENVELOPE: "objects"} | {
    VERSIONS: "versions"
}
"""Where the content of a resource stands."""

_SHARED = frozenset({"id", "title", "description"})
"""Names that do not tell one resource from another."""

_NEVER_EMPTY = (DISCOVERY, COLLECTION, STATUS)
"""Resources with required properties. An API root is known by its properties only, so it is no question there."""


@dataclass(frozen=True)
class Part:
    """A resource, or an item listed in one. `where` is for people; `kind` a key of TABLES."""

    kind: str
    where: str
    body: Mapping[str, Any]

    @cached_property
    def misspelt(self) -> list[str]:
        """Names that are declared ones but for letter case, hyphens and underscores (TAXII-3.8-1)."""
        if not self.undeclared:
            return []
        declared = {_folded(name) for name in TABLES[self.kind]}
        return [name for name in self.undeclared if _folded(name) in declared]

    @cached_property
    def undeclared(self) -> list[str]:
        """Names that the table does not have."""
        if self.body.keys() <= TABLES[self.kind]:
            return []
        return [name for name in self.body if name not in TABLES[self.kind]]

    @cached_property
    def custom(self) -> list[str]:
        """Names of custom properties: neither declared, nor a declared name or its content under another spelling."""
        if not self.undeclared:
            return []
        wrong = {*self.misspelt, misnamed(self)}
        return [name for name in self.undeclared if name not in wrong]


def asked_for(exchange: Exchange) -> str:
    """The resource that success at this request brings in TAXII 2.1, "" when that is not for this run to say.

    DELETE brings nothing in particular, and an answer labelled as another version of TAXII follows that one.
    """
    answer, request = exchange.answer, exchange.request
    if answer is None or request.method not in ("GET", "POST") or not (answer.is_taxii or accepts_taxii(exchange)):
        return ""
    name, parameters = answer.media_type
    if name.startswith("application/vnd.oasis.") or parameters.get("version", "2.1") != "2.1":
        return ""
    kind = kind_of(exchange)
    return kind if request.method == "GET" or kind == STATUS else ""


def resource(exchange: Exchange) -> Part | None:
    """The resource that an answer with a 2xx code holds; None when it holds none, or another one (TAXII-3.1-2)."""
    whole = parts(exchange)[:1]
    return whole[0] if whole and whole[0].kind != ERROR else None


def _resource(exchange: Exchange) -> Part | None:
    kind = asked_for(exchange) if succeeded(exchange) else ""
    if not kind or exchange.answer is None or not isinstance(exchange.answer.data, dict) or is_bundle(exchange):
        return None
    part = Part(kind, kind, exchange.answer.resource)
    return part if mistaken(part) is None else None


def is_bundle(exchange: Exchange) -> bool:
    """True for a STIX bundle in the place of an envelope (TAXII-3.7-1)."""
    return exchange.answer is not None and exchange.answer.resource.get("type") == "bundle"


def _error(exchange: Exchange) -> Part | None:
    answer = exchange.answer
    if answer is None or not answer.is_taxii or not failed(exchange) or not isinstance(answer.data, dict):
        return None
    return Part(ERROR, "an error message", answer.resource)


def parts(exchange: Exchange) -> tuple[Part, ...]:
    """The TAXII resources in an answer: its own one, then those that are listed in it; or its error message."""
    if "parts" not in exchange.memo:
        exchange.memo["parts"] = tuple(_parts(exchange))
    found: tuple[Part, ...] = exchange.memo["parts"]
    return found


def _parts(exchange: Exchange) -> Iterator[Part]:
    whole = _resource(exchange) or _error(exchange)
    if whole is not None:
        yield whole
        for key, kind in LISTED.get(whole.kind, {}).items():
            for item in items(whole.body, key):
                yield Part(kind, f"an item of {key} in {whole.where}", item)


def mistaken(part: Part) -> str | None:
    """What a body is instead of the resource that belongs there; None when it is that one as far as its names tell."""
    names = set(part.body)
    if part.kind in (MANIFEST, ENVELOPE) and "objects" in names:
        listed = items(part.body, "objects")
        records = [not {"type", "created", "pattern"} & set(item) and "date_added" in item for item in listed]
        stix = ["type" in item and not {"date_added", "version"} & set(item) for item in listed]
        if part.kind == MANIFEST and listed and all(stix):
            return "an envelope of STIX objects"
        return "a manifest" if part.kind == ENVELOPE and listed and all(records) else None
    if names & (TABLES[part.kind] - _SHARED):
        return None
    if isinstance(part.body.get("type"), str) and "id" in names:
        return "a STIX object or bundle"
    others = {name: kind for kind, table in TABLES.items() for name in table - _SHARED - TABLES[part.kind]}
    foreign = sorted(names & set(others))
    if foreign:
        return f"what looks like {others[foreign[0]]}, with {', '.join(foreign)}"
    if part.kind in _NEVER_EMPTY and not names & TABLES[part.kind]:
        return "nothing of it" if names else "an empty object"
    return None


def misnamed(part: Part) -> str:
    """The undeclared name under which the content of a resource stands that has nothing at its own place; "" if none.

    A name with x_ is that of a custom property, whatever it holds.
    """
    own = CONTENT.get(part.kind)
    if own is None or own in part.body:
        return ""
    for name in part.undeclared:
        value = part.body[name]
        listed = value if isinstance(value, list) and not name.startswith("x_") else []
        if listed and all(_is_content(part.kind, name, item) for item in listed):
            return name
    return ""


def _is_content(kind: str, name: str, item: Any) -> bool:
    if kind == DISCOVERY:
        return "root" in name.lower() and isinstance(item, str)
    if kind == VERSIONS:
        return instant(item) is not None
    marks = {COLLECTIONS: {"can_read"}, MANIFEST: {"id", "date_added"}, ENVELOPE: {"id", "type"}}
    return isinstance(item, dict) and marks[kind] <= set(item)


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
