"""The one strict JSON reader: I-JSON (RFC 7493) and our ceilings, or a fault that says where.

Everything else in the exchange trusts that a parsed value has unique member names, finite
numbers and exact integers, bounded depth, and strings that can be written back as UTF-8.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from isao_reference import limits

_SPACE = re.compile(r"[ \t\n\r]*")


class JsonFault(ValueError):
    """The text is not the JSON we take; the message says what and where."""


def decode(body: bytes) -> str:
    """The text of a body: strict UTF-8 without a byte order mark, else JsonFault."""
    if body.startswith(b"\xef\xbb\xbf"):
        raise JsonFault("the body starts with a byte order mark; JSON is sent without one")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise JsonFault(f"the body is not UTF-8 at octet {fault.start}") from None


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, refused when a member name occurs twice: two readers could differ on
    which one counts, and a marking could hide behind the other."""
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise JsonFault(f"the member {name[:100]!a} occurs twice in one object")
            seen.add(name)
    return members


def exact_integer(text: str) -> int:
    """An integer within the range every reader keeps exactly (RFC 7493 section 2.2)."""
    if len(text) <= 17:
        value = int(text)
        if abs(value) <= limits.MAX_JSON_INTEGER:
            return value
    raise JsonFault(f"the integer {text[:20]} is outside the exact range of +-(2^53-1)")


def finite_number(text: str) -> float:
    """A number with fraction or exponent that is still finite as a double."""
    value = float(text)
    if not math.isfinite(value):
        raise JsonFault(f"the number {text[:40]} is too large")
    return value


def no_constant(text: str) -> Any:
    """NaN and Infinity are not JSON (RFC 8259 section 6)."""
    raise JsonFault(f"{text} is not JSON")


def decoder() -> json.JSONDecoder:
    """A decoder with all the hooks above."""
    return json.JSONDecoder(
        object_pairs_hook=unique_members,
        parse_int=exact_integer,
        parse_float=finite_number,
        parse_constant=no_constant,
        strict=True,
    )


def step(name: str | int) -> str:
    """One step of a JSON pointer (RFC 6901), bounded and printable."""
    text = str(name).replace("~", "~0").replace("/", "~1")
    return "/" + ascii(text[:100])[1:-1]


def check_depth(value: Any, ceiling: int, where: str = "") -> None:
    """Refuses containers nested deeper than `ceiling`."""
    level = [(value, where)]
    for _ in range(ceiling):
        level = [(child, at) for parent, at in level for child, at in _children(parent, at)]
        if not level:
            return
    for found, at in level:
        if isinstance(found, dict | list):
            raise JsonFault(f"containers are nested deeper than allowed at {at[:400]}")


def _children(value: Any, where: str) -> list[tuple[Any, str]]:
    if isinstance(value, dict):
        return [(child, where + step(name)) for name, child in value.items()]
    if isinstance(value, list):
        return [(child, where + step(index)) for index, child in enumerate(value)]
    return []


def check_string(text: str, where: str) -> None:
    """Refuses U+0000, which stores cut strings at, and lone surrogates, which no UTF-8 can hold."""
    if "\x00" in text:
        raise JsonFault(f"the string at {where or '/'} holds U+0000")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise JsonFault(f"the string at {where or '/'} holds a lone surrogate") from None


def check_strings(value: Any, where: str = "") -> None:
    """Every string and member name of a value, by check_string."""
    todo = [(value, where)]
    while todo:
        found, at = todo.pop()
        if isinstance(found, str):
            check_string(found, at)
            continue
        if isinstance(found, dict):
            for name in found:
                check_string(name, at + step(name))
        todo.extend(_children(found, at))


def check_value(text: str, value: Any, *, depth: int, where: str = "") -> None:
    """What the parser cannot refuse by itself. `text` is what `value` was read from: it tells
    cheaply whether a thorough look is needed at all."""
    if text.count("{") + text.count("[") > depth:
        check_depth(value, depth, where)
    if "\\u" in text:
        check_strings(value, where)


def value_at(reader: json.JSONDecoder, text: str, start: int, where: str = "") -> tuple[Any, int]:
    """(value, end) of the JSON value that begins at `start`; every parser failure becomes a
    JsonFault."""
    try:
        return reader.raw_decode(text, start)
    except json.JSONDecodeError as fault:
        raise JsonFault(f"{fault.msg} at line {fault.lineno} column {fault.colno}") from None
    except RecursionError:
        raise JsonFault("containers are nested far too deep") from None
    except JsonFault as fault:
        raise JsonFault(f"{fault} (in {where})" if where else str(fault)) from None


def skip_space(text: str, start: int) -> int:
    """The position of the next character that is not JSON white space."""
    found = _SPACE.match(text, start)
    return found.end() if found else start


def read(body: bytes, depth: int = limits.MAX_JSON_DEPTH) -> Any:
    """The value of a whole JSON document, strictly, nested no deeper than `depth`."""
    text = decode(body)
    value, end = value_at(decoder(), text, skip_space(text, 0))
    end = skip_space(text, end)
    if end != len(text):
        raise JsonFault(f"there is more after the JSON value, from character {end}")
    check_value(text, value, depth=depth)
    return value
