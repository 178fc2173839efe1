"""Reads real STIX files by the standard library alone, so that no code of ours stands between."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any


def objects_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file in their order: of a bundle, or of newline-delimited objects and bundles, plain or gzip."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    lines = content.split(b"\n") if ".ndjson" in path.name else [content]
    found: list[dict[str, Any]] = []
    for value in (json.loads(line) for line in lines if line.strip()):
        found += value["objects"] if value.get("type") == "bundle" else [value]
    return found
