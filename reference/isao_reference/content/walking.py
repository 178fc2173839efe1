"""One pass over a whole object for what holds everywhere: no null, nothing empty, exact numbers, limits."""

from __future__ import annotations

import math
from typing import Any

from isao_reference.content.finding import Finding, finding, shown, step

MAX_NESTING = 64
MAX_REFUSED_VALUES = 10_000
_MAX_INTEGER = 2**53 - 1

Path = tuple[str | int, ...]


def pointer(path: Path) -> str:
    """A path of keys and positions as a JSON Pointer."""
    return "".join(step(part) for part in path)


def judge_everywhere(item: dict[str, Any], out: list[Finding]) -> None:
    """S-CMN-7, S-CMN-11, S-CMN-17, S-LIST-1, S-DICT-1, S-EXT-10, S-HEX-2 and S-LIM-1 wherever they occur.

    After S-LIM-1 nothing more is looked at.
    """
    stack: list[tuple[Path, Any]] = [((), item)]
    for path, node in stack:  # grows while it is read
        key: Any
        named = type(node) is dict
        if named and not "".join(node).isascii():
            for key in node:
                _judge_text((*path, key), key, out)
        for key, value in node.items() if named else enumerate(node):
            kind = type(value)
            if kind is str:
                if not value.isascii():
                    _judge_text((*path, key), value, out)
                elif named and key[-4:] == "_hex" and not value.islower() and value.upper() != value.lower():
                    out.append(finding("S-HEX-2", pointer((*path, key)), f"{shown(value)} is not in lower case"))
            elif kind is dict or kind is list:
                if not value:
                    _empty((*path, key), kind is list, out)
                elif len(path) >= MAX_NESTING:
                    out.append(finding("S-LIM-1", pointer(path[:8]), f"nested deeper than {MAX_NESTING}"))
                    return
                else:
                    stack.append(((*path, key), value))
            elif value is None:
                out.append(
                    finding("S-CMN-7", pointer((*path, key)), "null is no value of STIX; leave the property out")
                )
            elif kind is int:
                if not -_MAX_INTEGER <= value <= _MAX_INTEGER:
                    words = "the integer is outside plus and minus 2**53-1"
                    out.append(finding("S-CMN-11", pointer((*path, key)), words))
            elif kind is float and not math.isfinite(value):
                out.append(finding("S-CMN-11", pointer((*path, key)), "the number is not finite"))


def is_small(item: dict[str, Any], out: list[Finding]) -> bool:
    """Whether an object that its schema refuses holds few enough values to be told where; otherwise S-LIM-1. A schema
    finds every fault before it tells the first."""
    if holds_at_most(MAX_REFUSED_VALUES, item):
        return True
    words = f"the schema of its type refuses it, and of more than {MAX_REFUSED_VALUES} values it is not told where"
    out.append(finding("S-LIM-1", "", words))
    return False


def holds_at_most(most: int, value: Any) -> bool:
    """Whether there are at most so many values in a JSON value, those in its containers counted."""
    stack, count = [value], 1
    for node in stack:  # grows while it is read
        if isinstance(node, dict | list):
            count += len(node)
            if count > most:
                return False
            stack += [one for one in (node.values() if isinstance(node, dict) else node) if type(one) in (dict, list)]
    return True


def _judge_text(path: Path, text: str, out: list[Finding]) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        out.append(finding("S-CMN-17", pointer(path), "a lone surrogate is no character"))


def _empty(path: Path, is_list: bool, out: list[Finding]) -> None:
    if is_list:
        out.append(finding("S-LIST-1", pointer(path), "the list is empty; leave the property out"))
    elif len(path) == 2 and path[0] == "extensions":
        out.append(finding("S-EXT-10", pointer(path), "the extension is empty"))
    else:
        out.append(finding("S-DICT-1", pointer(path), "the object is empty; leave the property out"))
