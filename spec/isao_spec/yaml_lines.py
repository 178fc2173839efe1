"""YAML to plain values, strictly, remembering the line of everything.

Stricter than YAML itself: a repeated key, an anchor, an alias, a merge key or a key that is not a text
is a fault. Dates stay texts (`2026-11-22`), so that one JSON Schema judges the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"

Pointer = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML file: its plain value, the line of each place in it, and what is wrong with its form.

    `lines` maps a path of keys and positions to a 1-based line; a mapping entry's line is its key's.
    """

    name: str
    value: Any
    lines: Mapping[Pointer, int]
    faults: tuple[str, ...] = ()

    def line(self, pointer: Pointer) -> int:
        """The line of the place, or of the nearest enclosing one when the place is not there."""
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return self.lines.get(pointer, 1)

    def fault(self, pointer: Pointer, message: str) -> str:
        """`file:line: message` for the place."""
        return f"{self.name}:{self.line(pointer)}: {message}"


@dataclass
class _Reader:
    name: str
    lines: dict[Pointer, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def fault(self, node: yaml.Node, message: str) -> None:
        self.faults.append(f"{self.name}:{node.start_mark.line + 1}: {message}")

    def read(self, node: yaml.Node, at: Pointer) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if id(node) in self.seen:
            self.fault(node, "anchors and aliases are not used in these files; write the value out")
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*at, index)) for index, item in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, at: Pointer) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{_TAG}str":
                self.fault(key_node, f"the key {key!r} is not a plain text; put it in quotes")
            elif key in values:
                self.fault(key_node, f"the key {key!r} stands twice")
            else:
                self.lines[(*at, key)] = key_node.start_mark.line + 1
                values[key] = self.read(value_node, (*at, key))
        return values

    def scalar(self, node: yaml.Node) -> Any:
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind in ("str", "timestamp"):
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("true", "yes", "on")
        try:
            if kind == "int":
                return int(text)
            if kind == "float":
                return float(text)
        except ValueError:
            pass
        self.fault(node, f"{text!r} is neither text, number, yes/no nor date; put it in quotes")
        return None


def read_text(name: str, text: str) -> Document:
    """Parses one YAML document. Never raises: what is wrong with the form is in `faults`, with lines."""
    reader = _Reader(name)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Document(name, None, {}, (f"{name}:{line}: not YAML: {error.problem or error.context}",))
    except yaml.YAMLError as error:
        return Document(name, None, {}, (f"{name}:1: not YAML: {' '.join(str(error).split())}",))
    if node is None:
        return Document(name, None, {}, (f"{name}:1: the file is empty",))
    value = reader.read(node, ())
    return Document(name, value, reader.lines, tuple(reader.faults))


def read_file(path: Path, name: str) -> Document:
    """Parses one YAML file; `name` stands in fault lines. A missing or unreadable file is a fault."""
    try:
        return read_text(name, path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return Document(name, None, {}, (f"{name}:1: the file is missing",))
    except (OSError, UnicodeDecodeError) as error:
        return Document(name, None, {}, (f"{name}:1: cannot be read: {error}",))
