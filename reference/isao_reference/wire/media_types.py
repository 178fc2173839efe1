"""Accept and Content-Type (RFC 9110 sections 8.3, 12.5.1) for the types TAXII 2.1 names."""

from __future__ import annotations

import re
from dataclasses import dataclass

TAXII_21 = "application/taxii+json;version=2.1"
STIX_21 = "application/stix+json;version=2.1"
STIX_20 = "application/stix+json;version=2.0"

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_RANGE = re.compile(rf"[ \t]*({_TOKEN})/({_TOKEN})")
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*"))?')
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


@dataclass(frozen=True)
class MediaRange:
    """One element of Accept, or a Content-Type. Names are lower case; `quality` is 0..1."""

    main: str
    sub: str
    parameters: tuple[tuple[str, str], ...]
    quality: float = 1.0

    @property
    def version(self) -> str | None:
        """The value of the version parameter, if any."""
        return dict(self.parameters).get("version")


def _unquote(text: str) -> str:
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def split_list(header: str) -> list[str]:
    """The elements of a comma list; commas inside quoted strings do not separate."""
    parts, start, quoted, escaped = [], 0, False, False
    for index, char in enumerate(header):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            parts.append(header[start:index])
            start = index + 1
    parts.append(header[start:])
    return [part for part in parts if part.strip(" \t")]


def parse_range(text: str) -> MediaRange | None:
    """One media range or media type; None when it is malformed."""
    found = _RANGE.match(text)
    if found is None:
        return None
    main, sub = found.group(1).lower(), found.group(2).lower()
    parameters: list[tuple[str, str]] = []
    quality = 1.0
    position = found.end()
    while position < len(text.rstrip(" \t")):
        piece = _PARAMETER.match(text, position)
        if piece is None:
            return None
        position = piece.end()
        if piece.group(1) is None:
            continue
        name, value = piece.group(1).lower(), _unquote(piece.group(2))
        if name == "q":
            if _QUALITY.fullmatch(value) is None:
                return None
            quality = float(value)
        else:
            parameters.append((name, value))
    return MediaRange(main, sub, tuple(parameters), quality)


def parse_accept(header: str) -> list[MediaRange]:
    """All well-formed media ranges of an Accept header; malformed ones are left out."""
    ranges = (parse_range(part) for part in split_list(header))
    return [found for found in ranges if found is not None]


def _precision(wanted: MediaRange, main: str, sub: str, version: str) -> int:
    """How closely a range names main/sub;version: 0 not at all, 1 to 4 ever closer."""
    if wanted.version is not None and wanted.version != version:
        return 0
    if (wanted.main, wanted.sub) == (main, sub):
        return 4 if wanted.version == version else 3
    if wanted.main == main and wanted.sub == "*":
        return 2
    if (wanted.main, wanted.sub) == ("*", "*"):
        return 1
    return 0


def quality_of(ranges: list[MediaRange], main: str, sub: str, version: str) -> float:
    """The quality the closest range gives to a type (RFC 9110 section 12.5.1); 0 refuses it."""
    best, quality = 0, 0.0
    for wanted in ranges:
        precision = _precision(wanted, main, sub, version)
        if precision > best:
            best, quality = precision, wanted.quality
    return quality


def accepts_taxii(header: str | None, *, stix_too: bool = False) -> bool:
    """Whether a TAXII 2.1 answer may be given (TAXII 2.1 section 3.1).

    No header means no wish. With `stix_too` the STIX type counts as well: the manifest and
    object endpoints of TAXII print it, and their answer is a TAXII resource all the same.
    """
    if header is None or not header.strip(" \t"):
        return True
    ranges = parse_accept(header)
    if quality_of(ranges, "application", "taxii+json", "2.1") > 0:
        return True
    return stix_too and quality_of(ranges, "application", "stix+json", "2.1") > 0


def is_taxii_content(header: str | None) -> bool:
    """Whether a Content-Type names the TAXII type, with version 2.1 or with none."""
    if header is None:
        return False
    found = parse_range(header)
    return (
        found is not None
        and (found.main, found.sub) == ("application", "taxii+json")
        and found.version in (None, "2.1")
    )


def accepts_any(header: str | None, main: str, sub: str) -> bool:
    """Whether a plain document type may be served; parameters of the ranges are not compared."""
    if header is None or not header.strip(" \t"):
        return True
    return quality_of(parse_accept(header), main, sub, "") > 0


def stix_type(spec_version: str) -> str:
    """The media type of an object in one STIX version, as the manifest names it."""
    return f"application/stix+json;version={spec_version}"


def collection_takes(media_types: tuple[str, ...], spec_version: str) -> bool:
    """Whether a collection's media_types cover a STIX version; a type without version covers all
    (TAXII 2.1 section 5.2.1)."""
    for text in media_types:
        found = parse_range(text)
        if found is None or (found.main, found.sub) != ("application", "stix+json"):
            continue
        if found.version in (None, spec_version):
            return True
    return False
