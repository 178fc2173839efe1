"""Bodies with Transfer-Encoding: chunked (RFC 9112, 7.1): framed as they are sent, and taken out of the frames."""

from __future__ import annotations

from isao_conformance.exchange import Headers

CHUNK = 64 * 1024
"""Octets of one chunk."""


def framed(body: bytes) -> bytes:
    """The body as chunks with their lengths, and the empty one that ends it."""
    pieces = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def unframed(headers: Headers, body: bytes) -> bytes:
    """The body without its frames where the headers say that it has some; as it is otherwise."""
    if ("transfer-encoding", "chunked") not in {(name.lower(), value.lower()) for name, value in headers}:
        return body
    pieces: list[bytes] = []
    while True:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return b"".join(pieces)
        pieces.append(rest[:length])
        body = rest[length + 2 :]
