"""Which TAXII resource an exchange is about, told from its URL, for watchers that see every exchange of a run.

URLs of collections and statuses have fixed endings below any API root (TAXII 2.1, sections 4 and 5); an API
root itself can have any path, so its resource is known by its own properties.
"""

from __future__ import annotations

import re
from typing import Any

from isao_conformance.exchange import Answer, Exchange, parse_media_type

DISCOVERY, API_ROOT, COLLECTIONS, COLLECTION = "discovery", "api-root", "collections", "collection"
MANIFEST, ENVELOPE, VERSIONS, STATUS = "manifest", "envelope", "versions", "status"

_ENDINGS = (
    (re.compile(r"/taxii2/$"), DISCOVERY),
    (re.compile(r"/collections/$"), COLLECTIONS),
    (re.compile(r"/collections/[^/]+/$"), COLLECTION),
    (re.compile(r"/collections/[^/]+/manifest/$"), MANIFEST),
    (re.compile(r"/collections/[^/]+/objects/$"), ENVELOPE),
    (re.compile(r"/collections/[^/]+/objects/[^/]+/$"), ENVELOPE),
    (re.compile(r"/collections/[^/]+/objects/[^/]+/versions/$"), VERSIONS),
    (re.compile(r"/status/[^/]+/$"), STATUS),
)

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
"""A TAXII timestamp (section 2): UTC, exactly six fraction digits. Whether the day exists is another question."""


def kind_of(exchange: Exchange) -> str:
    """The resource that success at this URL brings, or "" when the URL is no TAXII endpoint as far as one can tell."""
    if "kind" not in exchange.memo:
        exchange.memo["kind"] = _kind_of(exchange)
    return str(exchange.memo["kind"])


def _kind_of(exchange: Exchange) -> str:
    path = exchange.request.path.split("?")[0].split("#")[0]
    found = next((kind for ending, kind in _ENDINGS if ending.search(path)), "")
    if found == ENVELOPE and exchange.request.method == "POST":
        return STATUS
    if not found and exchange.answer is not None and accepts_taxii(exchange):
        return _by_content(exchange.answer)
    return found


def _by_content(answer: Answer) -> str:
    """Told by property names that no other page has, so that a wrong label does not hide the resource."""
    body = answer.resource
    if not 200 <= answer.status < 300:
        return ""
    if "api_roots" in body:
        return DISCOVERY
    is_root = "max_content_length" in body or (isinstance(body.get("versions"), list) and "title" in body)
    return API_ROOT if is_root else ""


def accepts_taxii(exchange: Exchange) -> bool:
    """True when the request asked for the TAXII media type."""
    asked = next((value for name, value in exchange.request.headers if name.lower() == "accept"), "")
    return any(parse_media_type(part)[0] == "application/taxii+json" for part in asked.split(","))


def succeeded(exchange: Exchange) -> bool:
    """True for an answer with a 2xx code."""
    return exchange.answer is not None and 200 <= exchange.answer.status < 300


def failed(exchange: Exchange) -> bool:
    """True for an error answer of a TAXII endpoint."""
    answer = exchange.answer
    return answer is not None and answer.status >= 400 and (kind_of(exchange) != "" or answer.is_taxii)


def items(body: Any, key: str) -> list[dict[str, Any]]:
    """The JSON objects in a list property of a body, whatever the body is."""
    listed = body.get(key) if isinstance(body, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
