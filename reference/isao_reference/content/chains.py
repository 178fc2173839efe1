"""Rules between objects of one collection: version chains, one content a version, translations, markings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from isao_reference.content import text_forms
from isao_reference.content.finding import Finding, finding, shown, step, writable
from isao_reference.content.marking_rules import marking_references

Object = dict[str, Any]
Placed = tuple[str, Object]
Key = tuple[str, str, str]

# Properties whose default may be left out of a representation (3.2, 5.2.1, 3.6).
_DEFAULTS: Object = {"revoked": False, "defanged": False, "lang": "en", "summary": False}


def judge_collection(items: Sequence[Placed], out: list[Finding]) -> None:
    """S-VER-2 to S-VER-5, S-MK-12, S-MK-15, S-LC-2, S-LC-3, S-LC-4 and S-LC-6 over (place, object) pairs.

    The order of the objects does not matter. A finding stands at the later version of a pair.
    """
    known = _Known()
    others: list[Placed] = []
    for entry in items:
        known.add(entry)
        if entry[1].get("type") in ("language-content", "marking-definition"):
            others.append(entry)
    for placed in known.several.values():
        _judge_versions(placed, out)
    for place, item in others:
        if item["type"] == "language-content":
            _judge_translation(place, item, known, out)
        else:
            _judge_circle(place, item, known, out)


class _Known:
    """The objects of a collection by their ids; only ids that stand several times cost a list."""

    def __init__(self) -> None:
        self.first: dict[str, Placed] = {}
        self.several: dict[str, list[Placed]] = {}

    def add(self, entry: Placed) -> None:
        identifier = entry[1].get("id")
        if type(identifier) is str:
            first = self.first.setdefault(identifier, entry)
            if first is not entry:
                self.several.setdefault(identifier, [first]).append(entry)

    def get(self, identifier: object) -> list[Object]:
        """All objects with the id, in their order."""
        if not isinstance(identifier, str) or identifier not in self.first:
            return []
        return [item for _, item in self.several.get(identifier, [self.first[identifier]])]


def _found(rule: str, place: str, item: Object, message: str) -> Finding:
    identifier = item.get("id")
    object_id = writable(identifier[:400]) if isinstance(identifier, str) else ""
    return replace(finding(rule, place, message), object_id=object_id)


def _judge_versions(placed: list[Placed], out: list[Finding]) -> None:
    dated: list[tuple[Key, str, Object]] = []
    for place, item in placed:
        key = text_forms.instant(item.get("modified"))
        if key is not None:
            dated.append((key, place, item))
    dated.sort(key=lambda entry: entry[0])
    if not dated:
        if placed[0][1].get("type") == "marking-definition":
            _judge_unversioned(placed, out)
        return
    _, _, first = dated[0]
    creator = first.get("created_by_ref")
    revoked: Key | None = None
    same: dict[Key, Object] = {}
    for key, place, item in dated:
        if text_forms.instant(item.get("created")) != text_forms.instant(first.get("created")):
            words = f"created is {shown(item.get('created'))}; an earlier version has {shown(first.get('created'))}"
            out.append(_found("S-VER-2", f"{place}/created", item, words))
        said = item.get("created_by_ref")
        if creator is None:
            creator = said
        elif said is not None and said != creator:
            words = f"the creator is {shown(said)}; an earlier version has {shown(creator)}"
            out.append(_found("S-VER-4", f"{place}/created_by_ref", item, words))
        if revoked is not None and key > revoked:
            out.append(_found("S-VER-5", f"{place}/modified", item, "an earlier version is revoked"))
        if item.get("revoked") is True and revoked is None:
            revoked = key
        other = same.setdefault(key, item)
        if other is not item and _content(other) != _content(item):
            words = f"another object with the modified time {shown(item.get('modified'))} has another content"
            out.append(_found("S-VER-3", place, item, words))


def _content(item: Object) -> Object:
    return {
        name: value for name, value in item.items() if name not in _DEFAULTS or value is not _DEFAULTS[name] != value
    }


def _judge_unversioned(placed: list[Placed], out: list[Finding]) -> None:
    _, first = placed[0]
    for place, item in placed[1:]:
        if item != first:
            out.append(_found("S-MK-15", place, item, "another marking definition with this id has another content"))


def _judge_translation(place: str, item: Object, known: _Known, out: list[Finding]) -> None:
    versions = known.get(item.get("object_ref"))
    if not versions:
        return
    wanted = item.get("object_modified")
    targets = versions
    if isinstance(wanted, str):
        targets = [version for version in versions if version.get("modified") == wanted]
        if not targets:
            words = f"no version of {shown(item.get('object_ref'))} here has the modified time {shown(wanted)}"
            out.append(_found("S-LC-2", f"{place}/object_modified", item, words))
            return
    target = max(targets, key=lambda version: text_forms.instant(version.get("modified")) or ("", "", ""))
    contents = item.get("contents")
    for language, words in contents.items() if isinstance(contents, dict) else ():
        if not isinstance(words, dict):
            continue
        for name, translated in words.items():
            at = f"{place}/contents{step(language)}{step(name)}"
            if name not in target:
                out.append(_found("S-LC-3", at, item, f"the object translated has no {shown(name)}"))
            else:
                _judge_mirror(at, item, target[name], translated, out)


def _judge_mirror(at: str, item: Object, original: Any, translated: Any, out: list[Finding]) -> None:
    stack = [(at, original, translated)]
    while stack:
        where, source, target = stack.pop()
        if isinstance(source, list) and isinstance(target, list):
            if len(source) != len(target):
                words = f"the list has {len(target)} items, that of the object translated {len(source)}"
                out.append(_found("S-LC-4", where, item, words))
            else:
                stack += [(f"{where}/{i}", source[i], target[i]) for i in range(len(source))]
        elif isinstance(source, dict) and isinstance(target, dict):
            stack += [(where + step(name), source[name], target[name]) for name in target if name in source]
        elif isinstance(source, str | list | dict) and type(source) is not type(target) and target != "":
            out.append(_found("S-LC-6", where, item, f"{shown(target)} stands for {shown(source)}"))


def _judge_circle(place: str, item: Object, known: _Known, out: list[Finding]) -> None:
    start = item.get("id")
    todo = [ref for _, ref in marking_references(item) if ref != start]
    seen: set[str] = set()
    while todo:
        current = todo.pop()
        if current == start:
            out.append(_found("S-MK-12", place, item, "its markings lead back to it"))
            return
        if current not in seen:
            seen.add(current)
            todo += [ref for other in known.get(current) for _, ref in marking_references(other)]
