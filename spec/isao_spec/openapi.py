"""The HTTP API as an OpenAPI 3.1 document, drawn from the function contracts and the TAXII 2.1 endpoints.

`openapi.json` beside this module is what `text()` gives, committed, so that it can be read and served without
generating anything; a test compares the two.
"""

from __future__ import annotations

import json
from typing import Any

from isao_spec import openapi_functions, openapi_schemas, openapi_taxii
from isao_spec.model import Catalogue
from isao_spec.openapi_parts import ANYBODY, JSON, Json, all_refusals, answer, operation, ref, refusals

FILE = "openapi.json"
"""Name of the committed document in the folder of this package."""


def text(catalogue: Catalogue) -> str:
    """The document as it is committed: sorted names, two spaces, one newline at the end."""
    return json.dumps(document(catalogue), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document(catalogue: Catalogue) -> Json:
    """The whole document. KeyError when an example in a schema has a placeholder that is not known here."""
    contracts = tuple(catalogue.contracts.values())
    paths = {**_public(), **openapi_functions.paths(contracts), **openapi_taxii.paths()}
    written = json.dumps(paths)
    tags = [{"name": one.resource, "description": one.summary} for one in contracts]
    more = {"functions": "All functions.", "taxii": "TAXII 2.1.", "public": "Documents for everybody."}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ISAO exchange",
            "version": catalogue.version,
            "summary": "Functions of an information sharing organization, and TAXII 2.1.",
            "description": "Generated from the function contracts of the specification. `x-isao-requirement` names the "
            "requirement that an operation serves, `x-isao-roles` who may use it.",
        },
        "servers": [{"url": "/"}],
        "tags": [*tags, *({"name": name, "description": words} for name, words in more.items())],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "Name and password of an account."},
                "bearer": {"type": "http", "scheme": "bearer", "description": "The API key of an account."},
            },
            "responses": {name: one for name, one in all_refusals().items() if f'responses/{name}"' in written},
            "schemas": {**openapi_schemas.schemas(contracts), **openapi_taxii.schemas()},
        },
    }


def _public() -> dict[str, Any]:
    """What everybody may read without an account."""
    plain = {"type": "string"}
    absent = refusals(("404",), "problem")
    told = {
        "/.well-known/isao.json": ("capability_document", "What the organization says of itself.", JSON),
        "/.well-known/security.txt": ("security_txt", "Whom to tell of a weakness (RFC 9116).", "text/plain"),
        "/functions/openapi.json": ("openapi", "This document.", JSON),
    }
    schemas = {"capability_document": ref("capability-document"), "openapi": {"type": "object"}}
    return {
        path: {
            "get": operation(
                name,
                "public",
                words,
                {"200": answer(words, {kind: schemas.get(name, plain)}), **absent},
                security=ANYBODY,
            )
        }
        for path, (name, words, kind) in told.items()
    }
