"""One pass over a whole object for what holds everywhere: no null, nothing empty, exact numbers, limits."""

from __future__ import annotations

import math
from typing import Any

from isao_reference.content.finding import Finding, finding, shown, step

MAX_NESTING = 64
_MAX_INTEGER = 2**53 - 1

Path = tuple[str | int, ...]


def pointer(path: Path) -> str:
    """A path of keys and positions as a JSON Pointer."""
    return "".join(step(part) for part in path)


def judge_everywhere(item: dict[str, Any], out: list[Finding]) -> None:
    """S-CMN-7, S-LIST-1, S-DICT-1, S-EXT-10, S-CMN-11, S-HEX-2 and S-LIM-1 wherever they occur."""
    stack: list[tuple[Path, Any]] = [((), item)]
    for path, node in stack:  # grows while it is read
        for key, value in node.items() if type(node) is dict else enumerate(node):
            kind = type(value)
            if kind is str:
                if type(key) is str and key.endswith("_hex") and not value.islower() and value.upper() != value.lower():
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
                    out.append(
                        finding("S-CMN-11", pointer((*path, key)), "the integer is outside plus and minus 2**53-1")
                    )
            elif kind is float and not math.isfinite(value):
                out.append(finding("S-CMN-11", pointer((*path, key)), "the number is not finite"))


def _empty(path: Path, is_list: bool, out: list[Finding]) -> None:
    if is_list:
        out.append(finding("S-LIST-1", pointer(path), "the list is empty; leave the property out"))
    elif len(path) == 2 and path[0] == "extensions":
        out.append(finding("S-EXT-10", pointer(path), "the extension is empty"))
    else:
        out.append(finding("S-DICT-1", pointer(path), "the object is empty; leave the property out"))


def judge_text(item: Any, out: list[Finding]) -> None:
    """S-CMN-17 for every text that no UTF-8 can hold. Slow; used only when a text is known to be one."""
    stack: list[tuple[Path, Any]] = [((), item)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, str):
            if not _writable(node):
                out.append(finding("S-CMN-17", pointer(path), "the text holds a lone surrogate"))
        elif isinstance(node, dict):
            for key, value in node.items():
                if not _writable(str(key)):
                    out.append(finding("S-CMN-17", pointer((*path, key)), "the name holds a lone surrogate"))
                stack.append(((*path, key), value))
        elif isinstance(node, list):
            stack.extend(((*path, index), value) for index, value in enumerate(node))


def _writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
