"""Merkle trees as RFC 9162 section 2.1 has them: roots, proofs that an entry is in a log and that a log only grew.

Everything here is pure. Whoever holds hashes gives them by `Hashes`; a tree is appended to by its `Frontier` alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

TILE_HEIGHT = 8
"""Levels in a tile: the roots of complete subtrees of 256, 65,536 ... leaves are kept, so that no proof needs more than
some hundred hashes of each such size."""
TILE = 1 << TILE_HEIGHT
EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node from those of its two children (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        # A last node without a sibling goes up as it is, which is what the recursion of section 2.1.1 comes to.
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) & ~1 :]
    return level[0]


@dataclass
class Frontier:
    """A tree that is only appended to: how many leaves there are, and the roots of the complete subtrees they make,
    the largest first. `tiles` are the (level, place, root) of the tiles that were completed on the way."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    tiles: list[tuple[int, int, bytes]] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Appends a leaf hash."""
        made, height = leaf, 0
        while self.size >> height & 1:
            made = node_hash(self.peaks.pop(), made)
            height += 1
            if height % TILE_HEIGHT == 0:
                self.tiles.append((height // TILE_HEIGHT, self.size >> height, made))
        self.peaks.append(made)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is."""
        if not self.peaks:
            return EMPTY
        made = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            made = node_hash(peak, made)
        return made


@dataclass
class Hashes:
    """The hashes of one tree as somebody keeps them: `read(level, first, count)` gives that many hashes of a level,
    leaf hashes at level 0 and roots of complete tiles above. What was worked out is remembered while the object lives.
    """

    read: Callable[[int, int, int], Sequence[bytes]]
    known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def over(self, first: int, end: int) -> bytes:
        """The root over the leaves from `first` up to, not including, `end`. `first` is a multiple of the largest power
        of two below the number of leaves, as it is at every step of the recursions here."""
        found = self.known.get((first, end))
        if found is None:
            found = self.known[first, end] = self._work_out(first, end)
        return found

    def _work_out(self, first: int, end: int) -> bytes:
        count = end - first
        level, width = 0, 1
        while count >= width * TILE and count & (count - 1) == 0:
            level, width = level + 1, width * TILE
        if count <= TILE or level:
            return root_of(self.read(level, first // width, count // width))
        middle = first + split(count)
        return node_hash(self.over(first, middle), self.over(middle, end))


def split(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def inclusion(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """The proof that the leaf at `index` (from 0) is in the tree of the first `size` leaves (section 2.1.3.1)."""
    first, end, path = 0, size, []
    while end - first > 1:
        middle = first + split(end - first)
        if index < middle:
            path.append(hashes.over(middle, end))
            end = middle
        else:
            path.append(hashes.over(first, middle))
            first = middle
    return path[::-1]


def consistency(hashes: Hashes, older: int, newer: int) -> list[bytes]:
    """The proof that the tree of the first `older` leaves is the beginning of that of the first `newer` ones (section
    2.1.4.1). Empty where there is nothing to prove: for equal sizes, and for an older tree without leaves."""
    if older in (0, newer):
        return []
    first, end, whole, path = 0, newer, True, []
    while older != end:
        middle = first + split(end - first)
        if older <= middle:
            path.append(hashes.over(middle, end))
            end = middle
        else:
            path.append(hashes.over(first, middle))
            first, whole = middle, False
    return ([] if whole else [hashes.over(first, end)]) + path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf hash stands at `index` of the tree of that size and root (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, made = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            made = node_hash(step, made)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            made = node_hash(made, step)
        at, last = at >> 1, last >> 1
    return last == 0 and made == root


def grew(older: int, older_root: bytes, newer: int, newer_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a proof shows that the older tree is the beginning of the newer one (section 2.1.4.2). A tree without
    leaves is the beginning of every tree."""
    if not 0 <= older <= newer:
        return False
    if older == newer or older == 0:
        return not path and (older_root == newer_root if older == newer else older_root == EMPTY)
    steps = list(path) if older & (older - 1) else [older_root, *path]
    if not steps:
        return False
    at, last = older - 1, newer - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            was, now = node_hash(step, was), node_hash(step, now)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            now = node_hash(now, step)
        at, last = at >> 1, last >> 1
    return last == 0 and was == older_root and now == newer_root
