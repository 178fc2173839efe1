"""The published vectors of STIX content: objects that keep a rule and objects that break it, one file a rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Vector:
    """Objects with one verdict. `breaks` is empty for objects that keep all rules; `pointer` starts with the
    position of the object at fault and goes on to the place inside it."""

    rule: str
    name: str
    objects: tuple[Any, ...]
    breaks: tuple[str, ...] = ()
    pointer: str = ""

    @property
    def label(self) -> str:
        """A readable id for a test."""
        return f"{self.rule}/{'invalid' if self.breaks else 'valid'}/{self.name}"


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Every vector file as it stands, by its name without ending."""
    folder = files("isao_spec").joinpath("stix/vectors")
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".json"): json.loads(entry.read_text("utf-8")) for entry in entries}


@cache
def vectors() -> tuple[Vector, ...]:
    """Every vector of every file, in the order of the files."""
    return tuple(
        Vector(
            document["rule"],
            item["name"],
            tuple(item["objects"]),
            tuple(item.get("breaks", ())),
            item.get("pointer", ""),
        )
        for document in documents().values()
        for item in (*document["valid"], *document["invalid"])
    )
