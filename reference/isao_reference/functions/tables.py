"""Tables of indicators as people have them: `type,value[,description]` in, and the pattern that each line means."""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from dataclasses import dataclass

MOST_LINES = 5000

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
_HASHES = {32: "MD5", 40: "SHA-1", 64: "SHA-256"}


class TableFault(ValueError):
    """The table cannot be read; the message names the line."""


@dataclass(frozen=True)
class Line:
    """One indicator: the kind and value as given, its STIX pattern, and what was said of it."""

    kind: str
    value: str
    pattern: str
    description: str


def read(text: str) -> list[Line]:
    """The indicators of a table. TableFault for a missing column, an unknown type, a value that is none of its type."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if not {"type", "value"} <= set(names):
            raise TableFault("line 1: the columns type and value are needed, with these names in the first line")
        reader.fieldnames = names
        lines = [_line(reader.line_num, row) for row in reader if any(row.values())]
    except csv.Error as fault:
        raise TableFault(f"line {reader.line_num + 1}: {fault}") from None
    if not lines:
        raise TableFault("line 2: there is no indicator")
    if len(lines) > MOST_LINES:
        raise TableFault(f"line {MOST_LINES + 2}: a table holds at most {MOST_LINES} indicators")
    return lines


def _line(number: int, row: dict[str, str | None]) -> Line:
    kind, value = (row.get("type") or "").strip().lower(), (row.get("value") or "").strip()
    if None in row:
        raise TableFault(f"line {number}: there are more cells than columns; put values with commas in quotes")
    pattern = pattern_of(kind, value)
    if pattern is None:
        raise TableFault(f"line {number}: {value[:60]!r} is no {kind or 'type'}; the types are {', '.join(TYPES)}")
    return Line(kind, value, pattern, (row.get("description") or "").strip())


def pattern_of(kind: str, value: str) -> str | None:
    """The STIX pattern for a value of one of TYPES; None when it is none."""
    path = _path(kind, value)
    return None if path is None else "[" + path + " = '" + value.replace("\\", "\\\\").replace("'", "\\'") + "']"


TYPES = ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file-hash", "file-name")


def _path(kind: str, value: str) -> str | None:
    if not value or not value.isprintable():
        return None
    if kind in ("ipv4-addr", "ipv6-addr"):
        try:
            found = ipaddress.ip_network(value, strict=False).version
        except ValueError:
            return None
        return f"{kind}:value" if kind == f"ipv{found}-addr" else None
    if kind == "domain-name":
        return "domain-name:value" if _HOST.fullmatch(value) else None
    if kind == "url":
        return "url:value" if re.match(r"[a-z][a-z0-9+.-]*://\S+$", value, re.IGNORECASE) else None
    if kind == "email-addr":
        name, _, host = value.rpartition("@")
        return "email-addr:value" if name and _HOST.fullmatch(host) else None
    if kind == "file-hash":
        algorithm = _HASHES.get(len(value)) if re.fullmatch(r"[0-9a-fA-F]+", value) else None
        return f"file:hashes.'{algorithm}'" if algorithm else None
    return "file:name" if kind == "file-name" else None
