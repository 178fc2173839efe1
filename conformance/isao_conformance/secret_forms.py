"""The forms in which a target may give back a secret that it was told."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote_to_bytes

_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_UNKNOWN = (0, 2, 3)
"""How many characters of Base64 hold something of the 0, 1 or 2 octets that stand before."""


def forms_of(secret: str) -> set[bytes]:
    """The secret as it is, in Base64 wherever it begins in what is encoded, in hexadecimal, percent-encoded, escaped in
    JSON, and in a header, where octets are read as Latin-1."""
    raw = secret.encode()
    percent = quote(secret, safe="")
    texts = {percent, _PERCENT.sub(lambda found: found[0].lower(), percent), raw.hex(), raw.hex().upper()}
    texts |= {json.dumps(secret)[1:-1], raw.decode("latin-1")}
    encoded = {base64.b64encode(raw)}
    for before, unknown in enumerate(_UNKNOWN):
        whole = (before + len(raw)) * 8 // 6
        encoded.add(base64.b64encode(b"x" * before + raw)[unknown:whole])
    encoded |= {form.translate(bytes.maketrans(b"+/", b"-_")) for form in encoded}
    return {raw} | encoded | {text.encode() for text in texts}


def readings(value: bytes) -> Iterator[bytes]:
    """What a reader of the value sees once the escapes of JSON, and then those of an address, are resolved."""
    if b"\\" in value:
        value = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), value).replace(b"\\/", b"/")
        yield value
    if b"%" in value:
        yield unquote_to_bytes(value)
