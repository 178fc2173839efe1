"""Extensions and extension definitions (sections 3.2, 7.3 and 11.3)."""

from __future__ import annotations

import re
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding, shown, step

_SEMANTIC = re.compile(r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+][0-9A-Za-z.+-]+)?", re.ASCII)


def judge_extensions(item: dict[str, Any], kind: str, out: list[Finding]) -> None:
    """S-EXT-1 to S-EXT-4, S-EXT-9 and S-EXT-11 for the extensions of an object."""
    extensions = item.get("extensions")
    if type(extensions) is not dict:
        return
    for key, body in extensions.items():
        where = "/extensions" + step(key)
        if text_forms.EXTENSION_ID.fullmatch(key):
            if isinstance(body, dict) and body:
                _judge_body(body, kind, where, out)
        elif key not in vocabulary.PREDEFINED_EXTENSIONS.get(kind, ()):
            out.append(
                finding(
                    "S-EXT-1", where, f"{shown(key)} is neither an extension id nor a predefined extension of {kind}"
                )
            )
            if text_forms.CUSTOM_EXTENSION.fullmatch(key) is None:
                out.append(
                    finding("S-EXT-11", where, f"{shown(key)} does not have the form of a custom extension's name")
                )


def _judge_body(body: dict[str, Any], kind: str, where: str, out: list[Finding]) -> None:
    said = body.get("extension_type")
    for name in body:
        if text_forms.PROPERTY_NAME.fullmatch(name) is None or name == "id":
            out.append(finding("S-CMN-6", where + step(name), f"{shown(name)} is no name of a property", "7.3.2"))
    if "extension_type" not in body:
        out.append(finding("S-EXT-2", where, "the extension has no extension_type"))
    elif not isinstance(said, str) or said not in vocabulary.EXTENSION_TYPES:
        out.append(finding("S-EXT-3", where + "/extension_type", f"{shown(said)} is no extension type"))
    elif said == "toplevel-property-extension" and len(body) > 1:
        out.append(finding("S-EXT-4", where, "properties of a top-level extension stand at the top level"))
    elif said in vocabulary.NEW_TYPES and kind in vocabulary.KNOWN:
        out.append(
            finding("S-EXT-9", where + "/extension_type", f"{kind} is a type of the specification, not a {said}")
        )


def judge_extension_definition(item: dict[str, Any], out: list[Finding]) -> None:
    """S-EXT-5, S-EXT-6, S-EXT-7, S-EXT-12 and S-EXT-13."""
    if "created_by_ref" not in item:
        out.append(finding("S-EXT-7", "", "the extension definition has no created_by_ref"))
    version = item.get("version")
    if isinstance(version, str) and _SEMANTIC.fullmatch(version) is None:
        out.append(finding("S-EXT-5", "/version", f"{shown(version)} is not MAJOR.MINOR.PATCH"))
    types = item.get("extension_types")
    if not isinstance(types, list):
        return
    for index, said in enumerate(types):
        if isinstance(said, str) and said not in vocabulary.EXTENSION_TYPES:
            out.append(finding("S-EXT-13", f"/extension_types/{index}", f"{shown(said)} is no extension type"))
    at_top = "toplevel-property-extension" in types
    if at_top and "extension_properties" not in item:
        out.append(finding("S-EXT-6", "", "the properties of the top-level extension are not listed"))
    if not at_top and "extension_properties" in item:
        out.append(finding("S-EXT-12", "/extension_properties", "only a top-level extension lists properties"))
