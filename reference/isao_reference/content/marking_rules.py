"""Data markings: TLP of both editions, marking definitions, granular markings (section 7.2; TLP 2.0 extension)."""

from __future__ import annotations

import re
from typing import Any

from isao_reference.content import text_forms
from isao_reference.content.finding import Finding, finding, shown
from isao_reference.content.vocabulary import TLP_1, TLP_2, TLP_2_EXTENSION

Object = dict[str, Any]

_SELECTOR = re.compile(r"[a-zA-Z0-9_-]{1,250}(?:\.(?:\[\d+\]|[a-zA-Z0-9_-]{1,250}))*", re.ASCII)
_LEVELS = frozenset(TLP_2.values())
_COLOURS = {**TLP_2, **{identifier: level.replace("white", "clear") for identifier, level in TLP_1.items()}}


def judge_object_markings(item: Object, out: list[Finding]) -> None:
    """S-MK-8 and S-MK-9 for object_marking_refs."""
    refs = item.get("object_marking_refs")
    if type(refs) is not list:
        return
    for index, ref in enumerate(refs):
        if isinstance(ref, str) and not ref.startswith("marking-definition--"):
            out.append(finding("S-MK-8", f"/object_marking_refs/{index}", f"{shown(ref)} is no marking definition"))
    if len(refs) > 1:
        levels = sorted({_COLOURS[ref] for ref in refs if isinstance(ref, str) and ref in _COLOURS})
        if len(levels) > 1:
            out.append(
                finding("S-MK-9", "/object_marking_refs", f"the TLP levels {', '.join(levels)} stand on one object")
            )


def judge_granular_markings(item: Object, out: list[Finding]) -> None:
    """S-GM-1 to S-GM-6, S-CMN-5 and S-MK-8 for granular_markings."""
    markings = item.get("granular_markings")
    if type(markings) is not list:
        return
    for index, marking in enumerate(markings):
        if type(marking) is not dict:
            continue
        where = f"/granular_markings/{index}"
        lang, ref = marking.get("lang"), marking.get("marking_ref")
        if "lang" in marking and "marking_ref" in marking:
            out.append(finding("S-GM-4", where, "lang and marking_ref stand together"))
        if "lang" not in marking and "marking_ref" not in marking:
            out.append(finding("S-GM-5", where, "the marking has neither lang nor marking_ref"))
        if isinstance(lang, str) and not text_forms.is_language_tag(lang):
            out.append(finding("S-CMN-5", f"{where}/lang", f"{shown(lang)} is no language tag of RFC 5646", "7.2.3"))
        if isinstance(ref, str) and not ref.startswith("marking-definition--"):
            out.append(finding("S-MK-8", f"{where}/marking_ref", f"{shown(ref)} is no marking definition", "7.2.3"))
        selectors = marking.get("selectors")
        if isinstance(selectors, list):
            for position, selector in enumerate(selectors):
                if isinstance(selector, str):
                    _judge_selector(item, selector, f"{where}/selectors/{position}", out)


def _judge_selector(item: Object, selector: str, where: str, out: list[Finding]) -> None:
    if _SELECTOR.fullmatch(selector) is None:
        out.append(finding("S-GM-3", where, f"{shown(selector)} is no selector"))
        return
    if selector.partition(".")[0] in ("granular_markings", "object_marking_refs"):
        out.append(finding("S-GM-6", where, f"{shown(selector)} selects the markings themselves"))
    node: Any = item
    for part in selector.split("."):
        if part.startswith("["):
            digits = part[1:-1]
            if not isinstance(node, list):
                out.append(finding("S-GM-1", where, f"{shown(selector)}: what stands before {part[:40]} is no list"))
                out.append(finding("S-GM-2", where, f"{shown(selector)}: what stands before {part[:40]} is no list"))
                return
            if len(digits) > 9 or int(digits) >= len(node):
                out.append(finding("S-GM-2", where, f"{shown(selector)}: there is no item {part[:40]}"))
                return
            node = node[int(digits)]
        elif isinstance(node, dict) and part in node:
            node = node[part]
        else:
            out.append(finding("S-GM-1", where, f"{shown(selector)}: there is no property {part[:40]}"))
            return


def judge_marking_definition(item: Object, kind: str, out: list[Finding]) -> None:
    """S-VER-6, S-VER-7, S-MK-1 to S-MK-7, S-MK-11, S-MK-13 and S-MK-14; S-MK-10 for other types."""
    extensions = item.get("extensions")
    tlp_2 = extensions.get(TLP_2_EXTENSION) if isinstance(extensions, dict) else None
    if kind != "marking-definition":
        if tlp_2 is not None:
            out.append(finding("S-MK-10", f"/extensions/{TLP_2_EXTENSION}", f"a {kind} carries the TLP 2.0 extension"))
        return
    for name, rule in (("modified", "S-VER-6"), ("revoked", "S-VER-7")):
        if name in item:
            out.append(finding(rule, f"/{name}", f"a marking definition has no {name}"))
    identifier = item.get("id") if isinstance(item.get("id"), str) else ""
    _judge_definition(item, str(identifier), out)
    if tlp_2 is not None or identifier in TLP_2:
        _judge_tlp_2(item, str(identifier), tlp_2, out)
    _judge_self_reference(item, str(identifier), out)


def _judge_definition(item: Object, identifier: str, out: list[Finding]) -> None:
    kind, definition = item.get("definition_type"), item.get("definition")
    if "extensions" not in item:
        missing = [name for name in ("definition_type", "definition") if name not in item]
        if len(missing) == 2:
            out.append(finding("S-MK-6", "", "the marking definition has neither extensions nor a definition"))
        elif missing:
            out.append(finding("S-MK-7", "", f"the marking definition has no {missing[0]}"))
    stated = isinstance(definition, dict) and isinstance(definition.get("statement"), str)
    if kind == "statement" and "definition" in item and not stated:
        out.append(finding("S-MK-13", "/definition", "the statement marking has no statement"))
    if identifier in TLP_1:
        level = TLP_1[identifier]
        wanted: Object = {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": identifier,
            "created": "2017-01-20T00:00:00.000Z",
            "definition_type": "tlp",
            "name": f"TLP:{level.upper()}",
            "definition": {"tlp": level},
        }
        for name in sorted(item.keys() | wanted.keys()):
            if item.get(name) != wanted.get(name):
                inner = "/tlp" if name == "definition" and isinstance(definition, dict) and "tlp" in definition else ""
                where = f"/{name}{inner}" if name in item else ""
                out.append(finding("S-MK-2", where, f"{name} of TLP:{level.upper()} is not as published"))
                return
    elif kind == "tlp":
        out.append(
            finding("S-MK-1", "/id", f"{shown(identifier)} is none of the four published TLP marking definitions")
        )


def _judge_tlp_2(item: Object, identifier: str, body: object, out: list[Finding]) -> None:
    where = f"/extensions/{TLP_2_EXTENSION}"
    said = body.get("tlp_2_0") if isinstance(body, dict) else None
    level = said if isinstance(said, str) else ""
    inside = f"{where}/tlp_2_0" if isinstance(body, dict) and "tlp_2_0" in body else where
    if body is not None and level not in _LEVELS:
        out.append(finding("S-MK-5", inside, f"{shown(said)} is no TLP 2.0 level"))
    if identifier not in TLP_2:
        out.append(
            finding("S-MK-3", "/id", f"{shown(identifier)} is none of the five published TLP 2.0 marking definitions")
        )
        return
    wanted, named = TLP_2[identifier], item.get("name")
    if level != wanted and (body is None or level in _LEVELS):
        out.append(finding("S-MK-4", "" if body is None else inside, f"the marking of this id has the level {wanted}"))
    if named != f"TLP:{wanted.upper()}" and named != f"TLP:{level.upper()}":
        out.append(finding("S-MK-14", "/name" if "name" in item else "", f"its published name is TLP:{wanted.upper()}"))
    fixed = {"extension_type", "tlp_2_0"}
    if isinstance(body, dict) and (body.get("extension_type") != "property-extension" or body.keys() - fixed):
        words = "the extension holds extension_type property-extension and tlp_2_0, nothing else"
        out.append(finding("S-MK-14", where, words))
    if isinstance(item.get("extensions"), dict) and len(item["extensions"]) > 1:
        out.append(finding("S-MK-14", "/extensions", "a TLP 2.0 marking definition has no other extension"))


def _judge_self_reference(item: Object, identifier: str, out: list[Finding]) -> None:
    if identifier:
        for where, ref in marking_references(item):
            if ref == identifier:
                out.append(finding("S-MK-11", where, "the marking definition marks itself"))


def marking_references(item: Object) -> list[tuple[str, str]]:
    """(pointer, id) of every marking an object names, as a whole and in parts."""
    found: list[tuple[str, str]] = []
    refs, parts = item.get("object_marking_refs"), item.get("granular_markings")
    if isinstance(refs, list):
        found += [(f"/object_marking_refs/{i}", ref) for i, ref in enumerate(refs) if isinstance(ref, str)]
    if isinstance(parts, list):
        for index, part in enumerate(parts):
            ref = part.get("marking_ref") if isinstance(part, dict) else None
            if isinstance(ref, str):
                found.append((f"/granular_markings/{index}/marking_ref", ref))
    return found
