"""The privacy review: personal information in free text that the threat does not need. Pure.

What is certain is taken out of a copy; what is doubtful is for a person to judge. Patterns, values of
cyber-observables, hashes, references and external ids are never touched: they are what is shared for.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isao_reference.content import privacy_places as places
from isao_reference.content import privacy_rules as rules
from isao_reference.content import walking
from isao_reference.content.privacy_hits import Budget, TooMuch

COPIED = "privacy-minimised"
"""The label of a copy that the exchange made, so that its readers know that words are missing."""


@dataclass(frozen=True, slots=True)
class Found:
    """Personal information in one of the objects: the object's place among them and its own id, where in the object
    (`path`, and from `start` to `end` in that text), by which rule, and whether it is certain."""

    position: int
    object_id: str
    path: tuple[str | int, ...]
    start: int
    end: int
    rule: str
    certain: bool

    @property
    def pointer(self) -> str:
        """The property as a JSON Pointer (RFC 6901)."""
        return walking.pointer(self.path)

    @property
    def certainty(self) -> str:
        """`certain` or `doubtful`."""
        return "certain" if self.certain else "doubtful"

    @property
    def action(self) -> str:
        """What it asks for: `minimise` what is certain, `hold` what is not."""
        return "minimise" if self.certain else "hold"


MOST_CANDIDATES = 20_000
"""Candidates that one review looks at closely; about a second's work. Objects beyond are left to a person."""
TOO_MUCH = "too-much-to-review"


def review(objects: Sequence[Any], most: int = MOST_CANDIDATES) -> list[Found]:
    """What is found in objects that were sent together, in their order. What is no JSON object has no findings. A value
    that stands in a pattern or a cyber-observable of any of them belongs to the threat and is none. An object that is
    reached when `most` candidates were looked at is doubtful as a whole."""
    threat, budget = places.Threat(objects), Budget(most)
    found: list[Found] = []
    for position, item in enumerate(objects):
        if isinstance(item, dict):
            try:
                found += [*_reviewed(position, item, threat, budget)]
            except TooMuch:
                found.append(Found(position, str(item.get("id", "")), (), 0, 0, TOO_MUCH, False))
    return found


def _reviewed(position: int, item: Mapping[str, Any], threat: places.Threat, budget: Budget) -> Iterator[Found]:
    identifier = item["id"] if isinstance(item.get("id"), str) else ""
    identity = item.get("type") == "identity"
    if identity and places.is_person_concerned(item) and isinstance(item.get("name"), str):
        yield Found(position, identifier, ("name",), 0, len(item["name"]), "person-name", False)
    if item.get("type") == "email-addr" and identifier in threat.receiving and isinstance(item.get("value"), str):
        yield Found(position, identifier, ("value",), 0, len(item["value"]), "recipient-address", False)
    texts = [*places.texts_of(item, skip_contact=identity and threat.is_contact_point(item))]
    if not rules.may_hold(rules.plain("\n".join([title + text for _, title, text in texts]))):
        return
    for path, title, text in texts:
        for hit in rules.hits(rules.plain(title + text), budget):
            start, end = hit.start - len(title), hit.end - len(title)
            # References name the authors of what they cite.
            cited = path[0] == "external_references" and hit.rule == "person-name"
            if start >= 0 and not cited and not threat.holds(text[start:end]):
                certain = hit.certain or threat.receives(text[start:end])
                yield Found(position, identifier, path, start, end, hit.rule, certain)


def placeholder(rule: str) -> str:
    """What stands where a value was taken out: it names the rule and nothing else."""
    return f"[removed: {rule}]"


def without(item: Mapping[str, Any], found: Iterable[Found]) -> dict[str, Any]:
    """The object with each of these findings replaced by its placeholder; the object itself is not changed."""
    made: dict[str, Any] = copy.deepcopy(dict(item))
    by_path: dict[tuple[str | int, ...], list[Found]] = {}
    for one in sorted(found, key=lambda entry: (entry.start, entry.end)):
        if one.path:
            by_path.setdefault(one.path, []).append(one)
    for path, entries in by_path.items():
        inside: Any = made
        for step in path[:-1]:
            inside = inside[step]
        text, parts, last = str(inside[path[-1]]), list[str](), 0
        for one in entries:
            parts += [text[last : one.start], placeholder(one.rule)]
            last = one.end
        inside[path[-1]] = "".join([*parts, text[last:]])
    return made


def referring(item: Any, path: tuple[str | int, ...] = ()) -> set[str]:
    """The ids that an object refers to, but for who made it and its markings."""
    refs: set[str] = set()
    if isinstance(item, dict):
        for name, value in item.items():
            if name in ("created_by_ref", "object_marking_refs", "granular_markings"):
                continue
            if name.endswith(("_ref", "_refs")):
                refs |= {one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)}
            else:
                refs |= referring(value, path)
    elif isinstance(item, list):
        for value in item:
            refs |= referring(value, path)
    return refs


def copied(
    item: Mapping[str, Any], identifier: str, author: str, now: str, follow: Mapping[str, str]
) -> dict[str, Any]:
    """The object as one of the exchange's own: another id, the exchange's identity, now as its time; references to ids
    in `follow` lead to what stands for them. Markings stay as they are."""
    made: dict[str, Any] = _followed(dict(item), follow) | {"id": identifier}
    if "created" in made:
        made |= {"created": now, "created_by_ref": author}
        made |= {"modified": now} if "modified" in made else {}
        labels = made.get("labels")
        made["labels"] = [*(labels if isinstance(labels, list) else []), COPIED]
    return made


def _followed(value: Any, follow: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _exchanged(inner, follow) if name.endswith(("_ref", "_refs")) else _followed(inner, follow)
            for name, inner in value.items()
        }
    return [_followed(one, follow) for one in value] if isinstance(value, list) else value


def _exchanged(value: Any, follow: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_exchanged(one, follow) for one in value]
    return follow.get(value, value) if isinstance(value, str) else value
