"""Server-Sent Events as octets and as values (WHATWG HTML, 9.2.5 and 9.2.6). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event: the last id set before it was complete, its type (`message` when none was given), its data."""

    id: str
    type: str
    text: str

    @property
    def data(self) -> dict[str, Any]:
        """The data as a JSON object; empty when it is none."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def events_in(octets: bytes) -> list[Event]:
    """The events that are complete, in order. Comments, unknown fields and an unfinished event are passed over.

    An event without data is not dispatched by the standard and is not listed either.
    """
    text = octets.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")[:-1]  # what stands behind the last line end is not finished
    found: list[Event] = []
    last_id, kind, data = "", "", list[str]()
    for line in lines:
        if not line:
            if data:
                found.append(Event(last_id, kind or "message", "\n".join(data)))
            kind, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return found
