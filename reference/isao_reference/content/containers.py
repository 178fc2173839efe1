"""The deprecated observable container of observed data (section 2.13), and bundles (section 8)."""

from __future__ import annotations

from typing import Any

from isao_reference.content import vocabulary
from isao_reference.content.common_rules import references_at
from isao_reference.content.finding import Finding, finding, shown, step

_NOT_ON_BUNDLES = (
    "created", "modified", "created_by_ref", "revoked", "labels", "confidence", "lang", "external_references",
    "object_marking_refs", "granular_markings", "extensions", "defanged",
)  # fmt: skip


def judge_observable_container(item: dict[str, Any], out: list[Finding]) -> None:
    """S-OD-6, S-OD-7, and that what is in the container are observables."""
    objects = item.get("objects")
    if not isinstance(objects, dict):
        return
    for key, content in objects.items():
        where = "/objects" + step(key)
        if not isinstance(content, dict) or not isinstance(content.get("type"), str):
            out.append(finding("S-CMN-16", where, "what stands in objects is an object with a type"))
            continue
        for path, allowed in vocabulary.REFERENCES.get(content["type"], {}).items():
            for at, reference in references_at(content, path):
                target = objects.get(reference)
                if target is None:
                    out.append(finding("S-OD-6", where + at, f"{shown(reference)} is no key of this container"))
                elif isinstance(target, dict) and target.get("type") not in allowed:
                    words = f"{shown(reference)} is not of type {' or '.join(allowed)}"
                    out.append(finding("S-OD-7", where + at, words))


def judge_bundle(bundle: dict[str, Any], is_identifier: bool, out: list[Finding]) -> None:
    """S-BUN-1 to S-BUN-6 for the bundle itself; `is_identifier` tells whether its id is one of type bundle."""
    if not is_identifier:
        out.append(
            finding("S-BUN-5", "/id" if "id" in bundle else "", f"{shown(bundle.get('id'))} is no id of a bundle")
        )
    if "spec_version" in bundle and not (bundle["spec_version"] == "2.0" and _holds_stix_20(bundle)):
        out.append(finding("S-BUN-1", "/spec_version", "a bundle of STIX 2.1 has no spec_version"))
    for name in _NOT_ON_BUNDLES:
        if name in bundle:
            out.append(finding("S-BUN-3", f"/{name}", f"a bundle has no {name}"))
    objects = bundle.get("objects", ())
    if isinstance(objects, list) and not objects:
        out.append(finding("S-BUN-2", "/objects", "the list is empty; leave objects out"))
    elif not isinstance(objects, list | tuple):
        out.append(finding("S-BUN-6", "/objects", f"objects is {shown(objects)}, not a list"))
    else:
        for index, content in enumerate(objects):
            if isinstance(content, dict) and content.get("type") == "bundle":
                out.append(finding("S-BUN-4", f"/objects/{index}", "a bundle stands in a bundle"))
            elif not isinstance(content, dict):
                out.append(finding("S-BUN-6", f"/objects/{index}", f"{shown(content)} is no object"))


def _holds_stix_20(bundle: dict[str, Any]) -> bool:
    """Whether nothing in the bundle says that it is of STIX 2.1; a bundle of STIX 2.0 has spec_version."""
    objects = bundle.get("objects", ())
    contents = objects if isinstance(objects, list) else ()
    return not any(isinstance(content, dict) and "spec_version" in content for content in contents)
