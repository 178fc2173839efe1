"""Signed heads: what a log was at a moment, in the words of the exchange, under a key that it publishes.

The signature is Ed25519 (RFC 8032) over the canonical JSON of the head without its signature. Keys are named by their
thumbprints (RFC 7638), so that a name cannot stand for two keys.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from isao_reference.audit.chain import canonical

HEAD = "isao-audit-head/1"
_MEMBERS = frozenset({"schema", "log", "size", "root", "time", "key", "signature"})


def public_key(seed: bytes) -> dict[str, str]:
    """The public key to a private one (32 octets) as a JWK (RFC 8037), with its thumbprint as `kid`."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    x = _base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "kid": thumbprint(x)}


def thumbprint(x: str) -> str:
    """The name of the key with that `x` (RFC 7638 section 3)."""
    return _base64url(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest())


def sign(seed: bytes, log: str, size: int, root: bytes, time: str) -> dict[str, Any]:
    """The signed head of a log of that many entries."""
    said = {"schema": HEAD, "log": log, "size": size, "root": root.hex(), "time": time, "key": public_key(seed)["kid"]}
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(canonical(said))
    return {**said, "signature": signature.hex()}


def fault_of(head: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> str:
    """Why a head is not one that the owner of one of these keys signed, in a sentence; empty when it is.

    A key counts under its thumbprint and no other name, whatever the set calls it."""
    if head.keys() != _MEMBERS or head["schema"] != HEAD:
        return f"it does not have the members of {HEAD}"
    signed = {name: value for name, value in head.items() if name != "signature"}
    known = {thumbprint(str(key["x"])): str(key["x"]) for key in keys if _is_ours(key)}
    if head["key"] not in known:
        return "it is signed with a key that is not among those given"
    try:
        public = Ed25519PublicKey.from_public_bytes(_octets(known[head["key"]]))
        public.verify(bytes.fromhex(str(head["signature"])), canonical(signed))
    except (InvalidSignature, ValueError):
        return "its signature is not of that key"
    return ""


def _is_ours(key: Mapping[str, Any]) -> bool:
    return key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and isinstance(key.get("x"), str)


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
