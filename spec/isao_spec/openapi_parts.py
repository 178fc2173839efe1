"""Pieces that every part of the OpenAPI document is put together from: parameters, contents, answers, references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

JSON, PROBLEM, TAXII = "application/json", "application/problem+json", "application/taxii+json;version=2.1"
ANYBODY: tuple[Json, ...] = ({},)
ACCOUNTS: tuple[Json, ...] = ({"basic": []}, {"bearer": []})

STAMP: Json = {"type": "string", "format": "date-time"}
ID: Json = {"type": "string", "format": "uuid"}

MEANING: Mapping[str, str] = {
    "400": "The request was not understood.",
    "401": "Credentials of an account in good standing are needed.",
    "403": "This account may know of it, and may not do this.",
    "404": "There is nothing here that this account may see: absent and hidden answer the same.",
    "406": "Accept allows nothing that this address serves.",
    "408": "The body did not arrive in time.",
    "409": "Not possible in the state it is in; `state` and `allowed` say what is.",
    "412": "It has changed since it was read: read it again.",
    "413": "The body is longer than the exchange takes.",
    "415": "The body is of a media type that is not taken here.",
    "422": "The document is not valid; each fault has its place in `errors`.",
    "428": "What replaces a document names in If-Match which one.",
    "429": "Too many requests, or too many wrong credentials: ask again after the time in Retry-After.",
}


def ref(name: str) -> Json:
    """A schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(words: str, **more: Any) -> Json:
    """The schema of a text, with what it means."""
    return {"type": "string", "description": words, **more}


def one_of(values: Iterable[str]) -> Json:
    """The schema of one of these texts."""
    return {"enum": list(values)}


def array(items: Json, **more: Any) -> Json:
    """The schema of a list."""
    return {"type": "array", "items": items, **more}


def closed(properties: Mapping[str, Json], required: Iterable[str], **more: Any) -> Json:
    """The schema of an object with these properties and no others."""
    return {**opened(properties, required), "additionalProperties": False, **more}


def opened(properties: Mapping[str, Json], required: Iterable[str], **more: Any) -> Json:
    """The schema of an object that may have more properties than these."""
    found: Json = {"type": "object", "properties": dict(properties), **more}
    needed = sorted(required)
    return {**found, "required": needed} if needed else found


def parameter(place: str, name: str, schema: Json, words: str, **more: Any) -> Json:
    """A parameter in the query or a header; one in the path is always required."""
    always = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "schema": schema, "description": words, **always, **more}


def header(schema: Json, words: str, *, required: bool = False) -> Json:
    """A header of an answer."""
    return {"schema": schema, "description": words, **({"required": True} if required else {})}


def answer(words: str, content: Mapping[str, Json], headers: Mapping[str, Json] | None = None, **more: Any) -> Json:
    """An answer with a schema for each media type."""
    told: Json = {"description": words, "content": {kind: {"schema": schema} for kind, schema in content.items()}}
    return {**told, **({"headers": dict(headers)} if headers else {}), **more}


def refusals(codes: Iterable[str], form: str) -> Json:
    """The answers for what is refused, as references; `form` is the schema of the body, `problem` or `taxii-error`.
    Where credentials are looked at, whoever sends too many wrong ones is told to wait."""
    told = set(codes)
    told |= {"429"} if "401" in told else set()
    return {code: {"$ref": f"#/components/responses/{form}-{code}"} for code in sorted(told)}


def all_refusals() -> Json:
    """Every answer that `refusals` refers to; 401 says how to log in, 429 may say how long to wait."""
    special = {
        "401": {"WWW-Authenticate": header({"type": "string"}, "A challenge (RFC 9110).", required=True)},
        "429": {"Retry-After": header({"type": "string"}, "Seconds, or a date (RFC 9110, 10.2.3).")},
    }
    return {
        f"{form}-{code}": answer(words, {kind: ref(form)}, special.get(code))
        for form, kind in (("problem", PROBLEM), ("taxii-error", TAXII))
        for code, words in MEANING.items()
    }


def operation(
    name: str,
    tag: str,
    summary: str,
    responses: Json,
    parameters: Iterable[Json] = (),
    security: Iterable[Json] = ACCOUNTS,
    **more: Any,
) -> Json:
    """One method of one address."""
    told: Json = {"operationId": name, "tags": [tag], "summary": summary, "responses": responses, **more}
    given = list(parameters)
    return {**told, "security": list(security), **({"parameters": given} if given else {})}
