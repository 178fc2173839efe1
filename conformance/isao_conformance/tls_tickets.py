"""Session tickets out of a recorded TLS 1.3 stream (RFC 8446): how much early data each allows.

Python's TLS library hands out neither tickets nor their extensions, so the records that the server sent are opened
once more with the secret that the library logs.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_SECRET = "SERVER_TRAFFIC_SECRET_0"
_APPLICATION_DATA, _HANDSHAKE, _NEW_SESSION_TICKET, _EARLY_DATA = 23, 22, 4, 42


def early_data_allowances(received: bytes, key_log: str, cipher: str) -> list[int] | None:
    """For each ticket that a server sent its max_early_data_size (4.6.1), 0 where the extension is missing; None when
    nothing that came after the handshake could be opened, so that nobody knows whether there was a ticket.

    `received` is everything that came over the wire, `key_log` the lines in the NSS key log format, `cipher` the
    name of the suite.
    """
    secrets = [line.split()[2] for line in key_log.splitlines() if line.startswith(_SECRET + " ")]
    opened = list(_opened(received, bytes.fromhex(secrets[0]), cipher)) if len(secrets) == 1 else []
    if not opened:
        return None
    stream = b"".join(content[:-1] for content in opened if content[-1] == _HANDSHAKE)
    return [_allowance(body) for kind, body in _messages(stream) if kind == _NEW_SESSION_TICKET]


def _expand(secret: bytes, label: str, length: int, algorithm: hashes.HashAlgorithm) -> bytes:
    """HKDF-Expand-Label with an empty context (7.1)."""
    full = b"tls13 " + label.encode()
    info = struct.pack("!HB", length, len(full)) + full + b"\0"
    return HKDFExpand(algorithm, length, info).derive(secret)


def _opened(received: bytes, secret: bytes, cipher: str) -> Iterator[bytes]:
    """What all records hold that the application secret opens, in order, each with its type as the last octet (5.2)."""
    algorithm: hashes.HashAlgorithm = hashes.SHA384() if cipher.endswith("SHA384") else hashes.SHA256()
    if len(secret) != hashlib.new(algorithm.name).digest_size:
        return
    length = 16 if "AES_128" in cipher else 32
    key, salt = _expand(secret, "key", length, algorithm), _expand(secret, "iv", 12, algorithm)
    box = ChaCha20Poly1305(key) if "CHACHA20" in cipher else AESGCM(key)
    number = 0
    for head, fragment in _records(received):
        nonce = (int.from_bytes(salt) ^ number).to_bytes(12)
        try:
            inner = box.decrypt(nonce, fragment, head)
        except InvalidTag:
            continue  # a record of the handshake, under another key
        number += 1
        content = inner.rstrip(b"\0")
        if content:
            yield content


def _records(received: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(header, fragment) of each complete record of encrypted data (5.1)."""
    at = 0
    while at + 5 <= len(received):
        head = received[at : at + 5]
        size = int.from_bytes(head[3:])
        fragment = received[at + 5 : at + 5 + size]
        if head[0] == _APPLICATION_DATA and len(fragment) == size:
            yield head, fragment
        at += 5 + size


def _messages(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, body) of each complete handshake message (4)."""
    at = 0
    while at + 4 <= len(stream):
        size = int.from_bytes(stream[at + 1 : at + 4])
        body = stream[at + 4 : at + 4 + size]
        if len(body) == size:
            yield stream[at], body
        at += 4 + size


def _allowance(ticket: bytes) -> int:
    """max_early_data_size of a NewSessionTicket: lifetime, age_add, nonce, ticket, extensions (4.6.1)."""
    at = 8
    at += 1 + ticket[at] if at < len(ticket) else 0
    at += 2 + int.from_bytes(ticket[at : at + 2])
    end = at + 2 + int.from_bytes(ticket[at : at + 2])
    at += 2
    while at + 4 <= min(end, len(ticket)):
        kind, size = struct.unpack("!HH", ticket[at : at + 4])
        if kind == _EARLY_DATA and size == 4:
            return int.from_bytes(ticket[at + 4 : at + 8])
        at += 4 + size
    return 0
