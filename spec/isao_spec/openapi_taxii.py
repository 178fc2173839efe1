"""The TAXII 2.1 endpoints for the OpenAPI document: their addresses, filters, resources and errors."""

from __future__ import annotations

from isao_spec.openapi_parts import (
    ACCOUNTS,
    ANYBODY,
    STAMP,
    TAXII,
    Json,
    answer,
    array,
    header,
    opened,
    operation,
    parameter,
    ref,
    refusals,
    text,
)

TAG = "taxii"
STIX_ID = r"^[a-z0-9][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
EXAMPLE_INDICATOR = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
    "created": "2026-01-01T00:00:00.000Z",
    "modified": "2026-01-01T00:00:00.000Z",
    "name": "Example",
    "indicator_types": ["malicious-activity"],
    "pattern": "[domain-name:value = 'host.drill.example']",
    "pattern_type": "stix",
    "valid_from": "2026-01-01T00:00:00Z",
}

_STAMP = {**STAMP, "pattern": "Z$"}
_MORE = {"type": "boolean", "description": "Whether there is a next page."}
_NEXT = text("The value of `next` that asks for the next page.", minLength=1)


def schemas() -> dict[str, Json]:
    """The TAXII 2.1 resources by the names of their sections. Custom properties are allowed (section 7)."""
    count = {"type": "integer", "minimum": 0}
    names = {"title": text("For people."), "description": text("For people.")}
    details = opened({"id": text("Of the object."), "version": _STAMP, "message": text("Why it failed.")}, ["id"])
    entry = {"id": text("Of the object."), "date_added": _STAMP, "version": _STAMP, "media_type": text("Of it.")}
    may = {"can_read": {"type": "boolean"}, "can_write": {"type": "boolean"}}
    lists = array({"type": "string"}, minItems=1)
    counts = {f"{name}_count": count for name in ("total", "success", "failure", "pending")}
    outcomes = {name: array(ref("taxii-status-details"), minItems=1) for name in ("successes", "failures", "pendings")}
    status = {"id": text("Of the status."), "status": {"enum": ["pending", "complete"]}, "request_timestamp": _STAMP}
    error = {"title": text("What is wrong."), "http_status": text("The code."), "error_id": text("To quote.")}
    size = {"type": "integer", "minimum": 1}
    return {
        "taxii-discovery": opened(
            {**names, "contact": text("Whom to ask."), "default": text("An API root."), "api_roots": lists}, ["title"]
        ),
        "taxii-api-root": opened(
            {**names, "versions": lists, "max_content_length": size}, ["title", "versions", "max_content_length"]
        ),
        "taxii-status-details": details,
        "taxii-status": opened(
            {**status, **counts, **outcomes},
            ["id", "status", "total_count", "success_count", "failure_count", "pending_count"],
        ),
        "taxii-collection": opened(
            {"id": text("Of the collection."), **names, "alias": text("Another id."), **may, "media_types": lists},
            ["id", "title", "can_read", "can_write"],
        ),
        "taxii-collections": opened({"collections": array(ref("taxii-collection"), minItems=1)}, []),
        "taxii-manifest": opened(
            {
                "more": _MORE,
                "next": _NEXT,
                "objects": array(opened(entry, ["id", "date_added", "version"]), minItems=1),
            },
            [],
        ),
        "taxii-versions": opened({"more": _MORE, "next": _NEXT, "versions": array(_STAMP, minItems=1)}, []),
        "taxii-envelope": opened({"more": _MORE, "next": _NEXT, "objects": array(ref("stix-object"), minItems=1)}, []),
        "taxii-contribution": opened(
            # Each item is judged on its own: what is no STIX object stands among the failures of a 202.
            {"objects": array({"description": "A STIX object."}, minItems=1)},
            ["objects"],
            examples=[{"objects": [EXAMPLE_INDICATOR]}],
            description="An envelope as it is posted.",
        ),
        "taxii-error": opened(
            {**error, "description": text("For people."), "external_details": text("Where to read more.")}, ["title"]
        ),
        "stix-object": opened({"type": text("STIX type."), "id": text("STIX id.", pattern=STIX_ID)}, ["type", "id"]),
    }


def paths() -> dict[str, Json]:
    """Discovery and everything below an API root (TAXII 2.1 sections 4 and 5)."""
    root, collection, item = "/{api_root}/", "/{api_root}/collections/{collection}/", "objects/{object}/"
    all_four = ("id", "type", "version", "spec_version")
    page = {"404"}
    return {
        "/taxii2/": {"get": _read("discovery", "What this server is, and its API roots.", "taxii-discovery", ())},
        root: {"get": _read("api_root", "What an API root is.", "taxii-api-root", _ROOT, page)},
        f"{root}status/{{status}}/": {
            "get": _read("status", "What became of posted objects.", "taxii-status", _STATUS, page, ACCOUNTS)
        },
        f"{root}collections/": {
            "get": _read("collections", "Collections for this account.", "taxii-collections", _ROOT, page)
        },
        collection: {"get": _read("collection", "One collection.", "taxii-collection", _COLLECTION, page)},
        f"{collection}manifest/": {
            "get": _paged("manifest", "What is in a collection.", "taxii-manifest", _COLLECTION, all_four)
        },
        f"{collection}objects/": {
            "get": _paged("objects", "Objects of a collection.", "taxii-envelope", _COLLECTION, all_four),
            "post": _add(),
        },
        f"{collection}{item}": {
            "get": _paged("object", "Versions of one object.", "taxii-envelope", _OBJECT, ("version", "spec_version")),
            "delete": _delete(),
        },
        f"{collection}{item}versions/": {
            "get": _paged("versions", "Which versions there are.", "taxii-versions", _OBJECT, ("spec_version",))
        },
    }


def _place(name: str, words: str, **more: str) -> Json:
    return parameter("path", name, {"type": "string", "pattern": "^[^/]+$", **more}, words)


_ROOT = (_place("api_root", "The path of an API root, as discovery names it."),)
_STATUS = (*_ROOT, _place("status", "Id of a status.", format="uuid"))
_COLLECTION = (*_ROOT, _place("collection", "Id or alias of a collection."))
_OBJECT = (*_COLLECTION, _place("object", "STIX id.", pattern=STIX_ID))
_DATES = {
    f"X-TAXII-Date-Added-{end}": header(_STAMP, f"date_added of the {end.lower()} object of this answer.")
    for end in ("First", "Last")
}


def _matches(names: tuple[str, ...]) -> list[Json]:
    """The filters `match[NAME]` (section 3.4.1), each a list with commas."""
    words = {
        "id": "Ids of objects.",
        "type": "Types of objects.",
        "version": "first, last, all, or timestamps of versions.",
        "spec_version": "STIX versions.",
    }
    return [
        parameter(
            "query",
            f"match[{name}]",
            array({"type": "string", "pattern": "^[^,]+$"}, minItems=1),
            words[name],
            style="form",
            explode=False,
        )
        for name in names
    ]


def _refused(codes: set[str]) -> Json:
    return refusals(codes | {"401", "406"}, "taxii-error")


def _read(
    name: str,
    summary: str,
    schema: str,
    places: tuple[Json, ...],
    codes: frozenset[str] | set[str] = frozenset(),
    security: tuple[Json, ...] = (*ANYBODY, *ACCOUNTS),
) -> Json:
    responses = {"200": answer(summary, {TAXII: ref(schema)}), **_refused(set(codes))}
    return operation(f"taxii_{name}", TAG, summary, responses, places, security)


def _follow(name: str, kept: tuple[str, ...], **found: str) -> Json:
    """A link to an operation: parameters of the path that are kept, and others that are found in the answer."""
    given = {one: f"$request.path.{one}" for one in kept}
    given |= {one: f"$response.body#{pointer}" for one, pointer in found.items()}
    return {name: {"operationId": f"taxii_{name}", "parameters": given}}


def _paged(name: str, summary: str, schema: str, places: tuple[Json, ...], matched: tuple[str, ...]) -> Json:
    given = [
        *places,
        parameter("query", "added_after", _STAMP, "Only what was added later."),
        parameter("query", "limit", {"type": "integer", "minimum": 1}, "At most so many in one answer."),
        parameter("query", "next", _NEXT, "Of the page before."),
        *_matches(matched),
    ]
    more = {}
    if "id" in matched:
        kept = ("api_root", "collection")
        more = {"links": {one: _follow(one, kept, object="/objects/0/id")[one] for one in ("object", "versions")}}
    responses = {"200": answer(summary, {TAXII: ref(schema)}, _DATES, **more), **_refused({"400", "403", "404"})}
    return operation(f"taxii_{name}", TAG, summary, responses, given, (*ANYBODY, *ACCOUNTS))


def _add() -> Json:
    body = {"required": True, "content": {TAXII: {"schema": ref("taxii-contribution")}}}
    follow = _follow("status", ("api_root",), status="/id")
    taken = {"202": answer("What becomes of each object.", {TAXII: ref("taxii-status")}, links=follow)}
    refused = refusals(("400", "401", "403", "404", "406", "408", "413", "415", "422"), "taxii-error")
    return operation("taxii_add_objects", TAG, "Add objects.", {**taken, **refused}, _COLLECTION, requestBody=body)


def _delete() -> Json:
    given = [*_OBJECT, *_matches(("version", "spec_version"))]
    gone = {"200": {"description": "What this account's organization contributed is gone."}}
    return operation("taxii_delete_object", TAG, "Delete.", {**gone, **_refused({"400", "403", "404"})}, given)
