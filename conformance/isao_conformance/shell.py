"""Text that a POSIX shell takes as data, whatever octets the target or a probe put into it."""

from __future__ import annotations

import base64
import zlib

INLINE_OCTETS = 64 * 1024
"""Larger bodies are packed: the padding of a size probe shrinks to a few lines."""


def quoted(text: str) -> str:
    """The text as one single-quoted word, newlines and all."""
    return "'" + text.replace("'", "'\\''") + "'"


def one_line(text: str, width: int = 600) -> str:
    """The text on one line without control characters, so that it cannot leave a comment or move a cursor."""
    plain = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text).split())
    return plain if len(plain) <= width else plain[: width - 1] + "…"


def _is_plain(body: bytes) -> bool:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(c == "\n" or c.isprintable() for c in text)


def write_file(body: bytes, path: str) -> str:
    """A command that writes exactly these octets to `path` (a shell word): readable where that is possible."""
    if len(body) <= INLINE_OCTETS and _is_plain(body):
        return f"printf '%s' {quoted(body.decode('utf-8'))} >{path}"
    packed = base64.b64encode(zlib.compress(body, 9)).decode("ascii")
    unpack = "import base64, sys, zlib; sys.stdout.buffer.write(zlib.decompress(base64.b64decode(sys.stdin.read())))"
    return f"printf '%s' '{packed}' | python3 -c '{unpack}' >{path}"


def variable(name: str, what: str = "AUTH") -> str:
    """The environment variable that holds the Authorization value of an actor: member-a -> ISAO_AUTH_MEMBER_A; or the
    file of its client certificate (CERT) or of the key to that (KEY)."""
    return f"ISAO_{what}_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
