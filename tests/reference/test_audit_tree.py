"""Merkle trees: the known roots, and proofs that show what is so and nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import pytest

from isao_reference.audit.tree import (
    EMPTY,
    Frontier,
    Hashes,
    consistency,
    grew,
    includes,
    inclusion,
    leaf_hash,
    root_of,
)

# Entries and roots that implementations of Certificate Transparency have in common as test data.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = 66_000


def over(leaves: Sequence[bytes]) -> Hashes:
    return Hashes(lambda level, first, count: leaves[first : first + count])


def test_roots_are_the_known_ones() -> None:
    frontier, leaves = Frontier(), []
    assert frontier.root() == root_of([]) == EMPTY
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        leaves.append(leaf_hash(bytes.fromhex(entry)))
        frontier.add(leaves[-1])
        assert frontier.root().hex() == root_of(leaves).hex() == over(leaves).over(0, len(leaves)).hex() == root


def test_a_proof_shows_one_leaf_at_one_place_of_one_tree() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(33)]
    for size in range(1, 34):
        root = root_of(leaves[:size])
        for index in range(size):
            path = inclusion(over(leaves), index, size)
            shown = [at for at in range(-1, 35) if includes(leaves[index], at, size, path, root)]
            assert shown == [index]
            assert not includes(leaves[index - 1], index, size, path, root) or size == 1
            assert not includes(leaves[index], index, size, [*path, root], root)
            assert not includes(leaves[index], index, size, path[:-1], root) or not path
            for place in range(len(path)):
                assert not includes(leaves[index], index, size, [*path[:place], EMPTY, *path[place + 1 :]], root)


def test_a_log_that_grew_can_be_shown_and_another_one_cannot() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(33)]
    roots = [root_of(leaves[:size]) for size in range(34)]
    for newer in range(34):
        for older in range(newer + 1):
            path = consistency(over(leaves), older, newer)
            assert grew(older, roots[older], newer, roots[newer], path)
            assert not grew(older, leaf_hash(b"other"), newer, roots[newer], path)
            assert not grew(older, roots[older], newer, leaf_hash(b"other"), path) or older == 0
            assert not grew(newer, roots[newer], older, roots[older], path) or older == newer
            assert not grew(older, roots[older], newer, roots[newer], [*path, EMPTY])
            for place in range(len(path)):
                bent = [*path[:place], EMPTY, *path[place + 1 :]]
                assert not grew(older, roots[older], newer, roots[newer], bent)
                assert not grew(older, roots[older], newer, roots[newer], path[:place] + path[place + 1 :])


def test_a_history_that_was_written_anew_cannot_be_shown_to_be_a_beginning() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(20)]
    for changed in range(12):
        other = [*leaves[:changed], leaf_hash(b"other"), *leaves[changed + 1 :]]
        path = consistency(over(other), 12, 20)
        assert not grew(12, root_of(leaves[:12]), 20, root_of(other), path)


@cache
def large() -> tuple[list[bytes], dict[tuple[int, int], bytes]]:
    frontier, leaves = Frontier(), []
    for number in range(MANY):
        leaves.append(leaf_hash(number.to_bytes(4, "big")))
        frontier.add(leaves[-1])
    return leaves, {(level, place): root for level, place, root in frontier.tiles}


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, MANY])
def test_roots_from_tiles_are_those_from_leaves(size: int) -> None:
    leaves, _ = large()
    assert tiled([]).over(0, size) == root_of(leaves[:size])


def test_a_proof_in_a_large_log_reads_few_hashes() -> None:
    leaves, _ = large()
    chance = random.Random(11)
    for _ in range(60):
        newer = chance.randrange(2, MANY)
        index, older = chance.randrange(newer), chance.randrange(1, newer)
        read: list[int] = []
        path = inclusion(tiled(read), index, newer)
        assert sum(read) < 3 * 256
        assert includes(leaves[index], index, newer, path, root := tiled([]).over(0, newer))
        path = consistency(tiled([]), older, newer)
        assert grew(older, tiled([]).over(0, older), newer, root, path)


def tiled(read: list[int]) -> Hashes:
    leaves, tiles = large()

    def hashes(level: int, first: int, count: int) -> Sequence[bytes]:
        read.append(count)
        if level == 0:
            return leaves[first : first + count]
        return [tiles[level, first + place] for place in range(count)]

    return Hashes(hashes)
