"""STIX files judged: every document of every file, and what holds between all their objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isao_reference.content import validate
from isao_reference.content.finding import Finding
from isao_reference.stix_files import UnreadableFile, read_documents


@dataclass(frozen=True)
class Located:
    """A finding and where its document stands: the file, and `line N` in a file of one document a line."""

    file: Path
    place: str
    finding: Finding


@dataclass(frozen=True)
class Judgement:
    """What was found in some files, in their order, and how many objects they hold."""

    objects: int
    found: tuple[Located, ...]

    @property
    def valid(self) -> bool:
        """Whether no MUST and no MUST NOT is broken."""
        return validate.is_valid(entry.finding for entry in self.found)


def judge_files(paths: Iterable[Path]) -> Judgement:
    """Judge all objects of all files, each alone and all together.

    A document is a bundle, a TAXII envelope (`objects` without a type) or one object. Pointers lead into the
    document. Raises UnreadableFile for a file that cannot be read, a document that is no JSON, and a JSON
    object in which a name occurs twice: readers would differ on which one counts.
    """
    documents = [(path, place, _value(path, place, text)) for path in paths for place, text in read_documents(path)]
    members = [(number, *member) for number, (_, _, value) in enumerate(documents) for member in _members(value)]
    found = validate.validate_objects(value for _, _, value in members)
    located: list[tuple[int, Located]] = []
    for entry in found:
        position, _, rest = entry.pointer[1:].partition("/")
        number, prefix, _ = members[int(position)]
        path, place, _ = documents[number]
        moved = replace(entry, pointer=prefix + (f"/{rest}" if rest else ""))
        located.append((int(position), Located(path, place, moved)))
    located.sort(key=lambda entry: entry[0])
    count = sum(_count(value) for _, _, value in members)
    return Judgement(count, tuple(entry for _, entry in located))


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """(pointer, value) of what is judged in a document: of an envelope its members, else the document."""
    objects = value.get("objects") if isinstance(value, dict) and "type" not in value else None
    if isinstance(objects, list):
        yield from ((f"/objects/{index}", member) for index, member in enumerate(objects))
    else:
        yield "", value


def _count(value: Any) -> int:
    objects = value.get("objects", []) if isinstance(value, dict) and value.get("type") == "bundle" else None
    return len(objects) if isinstance(objects, list) else 1


def _value(path: Path, place: str, text: bytes) -> Any:
    where = f"{path}: {place}: " if place else f"{path}: "
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise UnreadableFile(f"{where}nested far too deep; export the file again") from None
    except ValueError as fault:
        raise UnreadableFile(f"{where}not JSON to rely on ({fault}); export the file again") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the name {name[:100]!a} occurs twice in one object")
            seen.add(name)
    return members
