"""A TAXII envelope in, each object with the very bytes it came in; pages out as joined bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # there since 2.7, and not in the stubs
from typing import Any

from isao_reference import limits
from isao_reference.wire import json_reader
from isao_reference.wire.json_reader import JsonFault

# An object in an envelope sits below the envelope itself and its list.
OBJECT_DEPTH = limits.MAX_JSON_DEPTH - 2


class NotAnEnvelope(ValueError):
    """The body is JSON, but not an envelope with objects (TAXII 2.1 section 3.7), or one with too many of them."""


@dataclass(frozen=True)
class Submitted:
    """One object as it was handed in: its exact bytes and its parsed value, or the fault of bytes
    that are no strict JSON (an envelope with such bytes is refused as a whole; a loader's batch is not)."""

    body: bytes
    value: Any
    fault: str = ""


def _expect(text: str, position: int, wanted: str) -> None:
    if position >= len(text) or text[position] not in wanted:
        found = ascii(text[position]) if position < len(text) else "the end of the body"
        raise JsonFault(f"expected {' or '.join(wanted)}, found {found} at character {position}")


def _name(text: str, position: int) -> tuple[str, int]:
    _expect(text, position, '"')
    try:
        name, end = scanstring(text, position + 1, True)
    except json.JSONDecodeError as fault:
        raise JsonFault(f"{fault.msg} at line {fault.lineno} column {fault.colno}") from None
    json_reader.check_string(name, "/")
    return name, end


def _items(reader: json.JSONDecoder, text: str, position: int) -> tuple[list[Submitted], int]:
    """The items of the array that begins at `position`, each cut out exactly."""
    items: list[Submitted] = []
    position = json_reader.skip_space(text, position + 1)
    if text[position : position + 1] == "]":
        return items, position + 1
    while True:
        if len(items) == limits.MAX_ENVELOPE_OBJECTS:
            raise NotAnEnvelope(f"an envelope holds at most {limits.MAX_ENVELOPE_OBJECTS} objects; send several")
        where = f"/objects/{len(items)}"
        value, end = json_reader.value_at(reader, text, position, where)
        piece = text[position:end]
        json_reader.check_value(piece, value, depth=OBJECT_DEPTH, where=where)
        items.append(Submitted(piece.encode("utf-8"), value))
        position = json_reader.skip_space(text, end)
        _expect(text, position, ",]")
        if text[position] == "]":
            return items, position + 1
        position = json_reader.skip_space(text, position + 1)


def read(body: bytes) -> list[Submitted]:
    """The objects of a posted envelope, in order. Other members are custom properties and
    ignored (TAXII 2.1 section 7.1), but have to be strict JSON too.

    Raises JsonFault for text that is no strict JSON, NotAnEnvelope for another document.
    """
    text = json_reader.decode(body)
    position = json_reader.skip_space(text, 0)
    if text[position : position + 1] != "{":
        json_reader.read(body)
        raise NotAnEnvelope("the body is not a JSON object")
    reader = json_reader.decoder()
    members: dict[str, list[Submitted] | None] = {}
    position = json_reader.skip_space(text, position + 1)
    closed = text[position : position + 1] == "}"
    while not closed:
        name, position = _name(text, position)
        if name in members:
            raise JsonFault(f"the member {name[:100]!a} occurs twice in the envelope")
        position = json_reader.skip_space(text, position)
        _expect(text, position, ":")
        position = json_reader.skip_space(text, position + 1)
        if name == "objects" and text[position : position + 1] == "[":
            members[name], position = _items(reader, text, position)
        else:
            value, end = json_reader.value_at(reader, text, position, "/" + ascii(name[:100]))
            json_reader.check_value(text[position:end], value, depth=limits.MAX_JSON_DEPTH - 1)
            members[name], position = None, end
        position = json_reader.skip_space(text, position)
        _expect(text, position, ",}")
        closed = text[position] == "}"
        if not closed:
            position = json_reader.skip_space(text, position + 1)
    if json_reader.skip_space(text, position + 1) != len(text):
        raise JsonFault(f"there is more after the envelope, from character {position + 1}")
    objects = members.get("objects")
    if objects is None:
        raise NotAnEnvelope("the envelope has no list of objects")
    if not objects:
        raise NotAnEnvelope("the list of objects is empty; TAXII lists are never empty")
    return objects


def write(bodies: Iterable[bytes], next_token: str | None) -> bytes:
    """An envelope around stored bytes. An empty list is left out (TAXII 2.1 section 2), `more`
    and `next` appear only when there is more."""
    parts: list[bytes] = []
    if next_token is not None:
        parts.append(b'"more":true,"next":' + json.dumps(next_token).encode())
    joined = b",".join(bodies)
    if joined:
        parts.append(b'"objects":[' + joined + b"]")
    return b"{" + b",".join(parts) + b"}"
