"""Documents of the functions for tests: the schemas' examples, filled in, and the published faulty ones."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from isao_spec import schema_check, yaml_lines

FOLDER = files("isao_spec").joinpath("functions/vectors")
VALUES: Mapping[str, str] = {
    "now": "2026-01-01T00:00:00Z",
    "now+PT2H": "2026-01-01T02:00:00Z",
    "now+P365D": "2027-01-01T00:00:00Z",
    "run": "run-1",
    "object": "indicator--3a41e552-999b-4ad3-bedc-332b6d9ff80c",
    "sha256": "0" * 64,
}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


@dataclass(frozen=True)
class Vector:
    """One fault in a schema's first example: `pointer` is the place that is changed, and where the fault is seen.
    `remove` takes the place away, otherwise `value` is put there."""

    schema: str
    name: str
    pointer: str
    remove: bool
    value: Any

    @property
    def label(self) -> str:
        """A readable id for a test."""
        return f"{self.schema}/{self.name}"

    @property
    def parent(self) -> str:
        """The pointer of the object or list around the place."""
        return self.pointer.rpartition("/")[0]

    def is_at(self, pointer: str) -> bool:
        """Whether a finding's pointer names the fault: its place, what is around it, or something in what was put
        there."""
        return pointer in (self.pointer, self.parent) or (not self.remove and pointer.startswith(f"{self.pointer}/"))

    def applied(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with this fault. KeyError or IndexError when it has no such place to take away."""
        made: dict[str, Any] = copy.deepcopy(dict(document))
        *way, last = [int(part) if part.isdigit() else part for part in self.pointer.split("/")[1:]]
        inside: Any = made
        for part in way:
            inside = inside[part]
        if self.remove:
            del inside[last]
        else:
            inside[last] = self.value
        return made


def valid(schema: str, values: Mapping[str, str] = VALUES) -> dict[str, Any]:
    """The first example of a document schema with what it leaves open filled in. KeyError for an unknown opening."""
    found: dict[str, Any] = _filled(schema_check.schema(f"documents/{schema}")["examples"][0], values)
    return found


def parsed(name: str, text: str) -> tuple[list[Vector], list[str]]:
    """The vectors of one file and what is wrong with it: its form, its keys, a name that is no slug."""
    document = yaml_lines.read_text(name, text)
    faults, found = list(document.faults), []
    for item in document.value if isinstance(document.value, list) else []:
        keys = set(item) if isinstance(item, dict) else set()
        if (
            keys not in ({"name", "pointer", "remove"}, {"name", "pointer", "value"})
            or item.get("remove", True) is not True
        ):
            faults.append(f"{name}: {item!r} is no vector")
        elif not _NAME.fullmatch(str(item["name"])) or not str(item["pointer"]).startswith("/"):
            faults.append(f"{name}: {item['name']!r} at {item['pointer']!r} names nothing")
        else:
            schema = name.removesuffix(".yaml")
            found.append(Vector(schema, item["name"], item["pointer"], "remove" in item, item.get("value")))
    if len({one.name for one in found}) != len(found) or not found:
        faults.append(f"{name}: a name stands twice, or there is no vector")
    return found, faults


@cache
def vectors() -> tuple[Vector, ...]:
    """Every published vector. ValueError, naming every fault, when a file is wrong."""
    found: list[Vector] = []
    faults: list[str] = []
    for path in sorted(FOLDER.iterdir(), key=lambda one: one.name):
        more, wrong = parsed(path.name, path.read_text("utf-8"))
        found, faults = found + more, faults + wrong
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(found)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\{([a-z0-9]+(?:\+[A-Z0-9]+)?)\}", lambda found: values[found[1]], value)
    return value
