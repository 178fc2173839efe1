"""Merkle trees of RFC 9162, section 2.1, for judging proofs; and the canonical JSON (RFC 8785) that is hashed.

Written from the recursive definitions of roots and proofs, not from the algorithms for verifying that stand there
beside them: what a target calls a proof is judged by what a proof is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

EMPTY = hashlib.sha256(b"").digest()


class NoProof(ValueError):
    """The hashes given prove nothing about a tree of that size."""


def canonical(value: Any) -> bytes:
    """The canonical form of a JSON value. ValueError for one with a fraction, which no format here has, or with half a
    surrogate pair."""
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_text(name)}:{_text(inner)}" for name, inner in ordered) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, float):
        raise ValueError("a number with a fraction")
    return json.dumps(value, ensure_ascii=False)


def leaf(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by(hashed: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root of a tree of that size in which this leaf hash stands at `index` (from 0), by an inclusion proof.
    NoProof when the proof has not the length that one of such a tree has."""
    if not 0 <= index < size:
        raise NoProof("there is no such leaf")
    if size == 1:
        if proof:
            raise NoProof("the proof is longer than the tree is high")
        return hashed
    if not proof:
        raise NoProof("the proof is shorter than the tree is high")
    left = _left(size)
    if index < left:
        return node(root_by(hashed, index, left, proof[:-1]), proof[-1])
    return node(proof[-1], root_by(hashed, index - left, size - left, proof[:-1]))


def roots_by(older: int, newer: int, older_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the trees of the first `older` and of all `newer` leaves, by a consistency proof; what the proof
    leaves out because it is the older tree itself is taken from `older_root`. NoProof as above."""
    if not 0 < older <= newer:
        raise NoProof("an older tree has at least one leaf, and at most as many as the newer one")
    return _roots(older, newer, older_root, proof)


def _roots(older: int, newer: int, whole: bytes | None, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    if older == newer:
        if len(proof) != (whole is None):
            raise NoProof("the proof has not the length that it should have")
        same = proof[0] if whole is None else whole
        return same, same
    if not proof:
        raise NoProof("the proof is too short")
    left = _left(newer)
    if older <= left:
        before, now = _roots(older, left, whole, proof[:-1])
        return before, node(now, proof[-1])
    before, now = _roots(older - left, newer - left, None, proof[:-1])
    return node(proof[-1], before), node(proof[-1], now)


def _left(size: int) -> int:
    """Leaves of the left subtree: the largest power of two that is smaller than `size`."""
    left = 1
    while left * 2 < size:
        left *= 2
    return left
