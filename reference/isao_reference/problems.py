"""Error bodies: TAXII errors under TAXII paths, RFC 9457 problems elsewhere.

Only an unexpected fault carries an `error_id`: a random value in every refusal would make
two equal refusals differ, and what is hidden must answer byte for byte like what is absent.
"""

from __future__ import annotations

import json

from isao_reference.errors import Refusal
from isao_reference.wire import media_types

PROBLEM_TYPE = "application/problem+json"


def taxii_error(refusal: Refusal, error_id: str | None = None) -> bytes:
    """The error resource of TAXII 2.1 section 3.6.1; http_status is a string there."""
    body = {"title": refusal.title, "http_status": str(refusal.status)}
    if refusal.description:
        body["description"] = refusal.description
    if error_id is not None:
        body["error_id"] = error_id
    return json.dumps(body, ensure_ascii=False).encode()


def problem(refusal: Refusal, error_id: str | None = None) -> bytes:
    """The problem details object of RFC 9457."""
    body: dict[str, object] = {"type": "about:blank", "title": refusal.title, "status": refusal.status}
    if refusal.description:
        body["detail"] = refusal.description
    body |= refusal.members
    if error_id is not None:
        body["instance"] = f"urn:uuid:{error_id}"
    return json.dumps(body, ensure_ascii=False).encode()


def render(refusal: Refusal, *, taxii: bool, error_id: str | None = None) -> tuple[str, bytes]:
    """(content type, body) of one refusal in the form its path calls for."""
    if taxii:
        return media_types.TAXII_21, taxii_error(refusal, error_id)
    return PROBLEM_TYPE, problem(refusal, error_id)
