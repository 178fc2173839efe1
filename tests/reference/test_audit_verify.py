"""A copy of the log that is not what was signed is found out, whatever single thing was changed in it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isao_reference.audit import heads, verify
from isao_reference.audit.chain import canonical, digest
from isao_reference.audit.tree import leaf_hash
from tests.support.audit_log import ask, export, faults, head, key
from tests.support.world import World, indicator, objects_url, world

FEW, MANY = 400, 10_000


class Copy:
    """A whole export with a head of it that was kept elsewhere, and the public key."""

    def __init__(self, exchange: World) -> None:
        exchange.share("member-a", *[indicator(marks=["green"]) for _ in range(3)])
        for number in range(12):
            exchange.as_(("member-a", "member-b", "peer", "stranger")[number % 4]).get(objects_url())
        self.octets = export(exchange)
        self.head = head(exchange)
        self.keys = [key(exchange)]
        self.rows = self.octets.splitlines(keepends=True)

    def faults(self, octets: bytes, outside: dict[str, Any] | None = None) -> list[str]:
        return faults(octets, [self.head if outside is None else outside], self.keys)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    with world(tmp_path_factory.mktemp("copy")) as exchange:
        yield Copy(exchange)


def flip(copy: Copy, chance: random.Random) -> bytes:
    """One bit of any field, name or bracket of any line."""
    at = chance.randrange(len(copy.octets))
    return copy.octets[:at] + bytes([copy.octets[at] ^ 1 << chance.randrange(8)]) + copy.octets[at + 1 :]


def drop(copy: Copy, chance: random.Random) -> bytes:
    at = chance.randrange(len(copy.rows))
    kept = copy.rows[:at] + copy.rows[at + 1 :]
    # The head in the file is not what is looked for: without it the one from elsewhere still counts.
    return b"".join(kept) if at else b"".join(drop_one(kept, chance))


def drop_one(rows: list[bytes], chance: random.Random) -> list[bytes]:
    at = chance.randrange(len(rows))
    return rows[:at] + rows[at + 1 :]


def swap(copy: Copy, chance: random.Random) -> bytes:
    first, second = chance.sample(range(1, len(copy.rows)), 2)
    rows = list(copy.rows)
    rows[first], rows[second] = rows[second], rows[first]
    return b"".join(rows)


def duplicate(copy: Copy, chance: random.Random) -> bytes:
    at, to = chance.randrange(1, len(copy.rows)), chance.randrange(1, len(copy.rows) + 1)
    return b"".join([*copy.rows[:to], copy.rows[at], *copy.rows[to:]])


def truncate(copy: Copy, chance: random.Random) -> bytes:
    """Shorter, and with a head inside that says nothing of it."""
    return b"".join(copy.rows[1 : chance.randrange(1, len(copy.rows))])


def change_a_field(copy: Copy, chance: random.Random) -> bytes:
    """A field of an entry or of its details gets another value, or goes, or comes; details without their digest too."""
    rows = list(copy.rows)
    at = chance.randrange(1, len(rows))
    value = json.loads(rows[at])
    part = value[chance.choice(["entry", "details"])]
    name = chance.choice([*part, "x_more"])
    if name in part and chance.random() < 0.3:
        del part[name]
    else:
        part[name] = {"x_more": "new"}.get(name) or chance.choice(["changed", 7, None, [], [part[name]]])
    rows[at] = canonical(value) + b"\n"
    return b"".join(rows)


def rechain(copy: Copy, chance: random.Random) -> bytes:
    """An entry says something else, with its details' digest and all that follows made to fit: all but the heads."""
    at = chance.randrange(1, len(copy.rows))
    last: dict[str, str] = {}
    rows = [copy.rows[0]]
    for number, row in enumerate(copy.rows[1:], 1):
        value = json.loads(row)
        entry = value["entry"]
        if number == at:
            value["details"]["collection"] = "another"
            entry["details"] = digest(canonical(value["details"]))
            entry["what"] = "another"
        entry["previous"] = last.get(entry["log"], entry["previous"])
        last[entry["log"]] = leaf_hash(canonical(entry)).hex()
        rows.append(canonical(value) + b"\n")
    return b"".join(rows)


MUTATIONS: tuple[Callable[[Copy, random.Random], bytes], ...] = (
    flip,
    flip,
    flip,
    flip,
    drop,
    swap,
    duplicate,
    truncate,
    change_a_field,
    rechain,
)


def alter_the_head(copy: Copy, chance: random.Random) -> dict[str, Any]:
    """A head from elsewhere that was altered, or signed anew by somebody else."""
    changed = dict(copy.head)
    name = chance.choice(["size", "root", "time", "key", "signature", "log", "anew"])
    if name == "size":
        changed["size"] += chance.choice([-2, -1, 1, 2])
    elif name == "log":
        changed["log"] = chance.choice(["north", "south", ""])
    elif name == "time":
        changed["time"] = f"2026-01-0{chance.randrange(2, 9)}T00:00:00.000000Z"
    elif name == "anew":
        changed = heads.sign(chance.randbytes(32), "*", changed["size"], chance.randbytes(32), changed["time"])
    else:
        at = chance.randrange(len(changed[name]))
        other = chance.choice([one for one in "0123456789abcdef" if one != changed[name][at]])
        changed[name] = changed[name][:at] + other + changed[name][at + 1 :]
    return changed


def test_the_copy_itself_is_sound(copy: Copy) -> None:
    assert copy.faults(copy.octets) == []
    found = verify.verify(list(verify.read(copy.octets)), [copy.head], copy.keys)
    assert found.entries == len(copy.rows) - 1 == copy.head["size"]
    assert sum(size for log, size in found.sizes.items() if log != "*") == found.sizes["*"]


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.full)])
def test_every_single_mutation_is_found(copy: Copy, count: int) -> None:
    chance = random.Random(count)
    tried = 0
    while tried < count:
        if tried % 11 == 10:
            assert copy.faults(copy.octets, alter_the_head(copy, chance)) != []
        else:
            mutation = MUTATIONS[tried % len(MUTATIONS)]
            changed = mutation(copy, chance)
            if changed == copy.octets:
                continue
            assert copy.faults(changed) != [], (mutation.__name__, changed)
        tried += 1
    assert tried == count


def test_every_bit_of_a_line_is_looked_at(exchange: World) -> None:
    for _ in range(2):
        exchange.as_("peer").get(objects_url())
    octets, kept, keys = export(exchange, "lakeside"), head(exchange, "lakeside"), [key(exchange)]
    assert faults(octets, [kept], keys) == []
    for at in range(octets.rindex(b"\n", 0, -1) + 1, len(octets)):
        for bit in range(8):
            assert faults(octets[:at] + bytes([octets[at] ^ 1 << bit]) + octets[at + 1 :], [kept], keys) != []


def test_a_cut_end_is_seen_only_by_a_head_from_elsewhere(copy: Copy) -> None:
    shorter = b"".join(copy.rows[1:-3])
    assert faults(shorter, [], copy.keys) == []
    assert any("missing at the end" in fault for fault in copy.faults(shorter))


def test_another_log_signed_by_the_exchange_itself_is_seen_by_an_earlier_head(tmp_path: Path) -> None:
    """Whoever holds the database holds the key; what is kept elsewhere is out of its reach."""
    with world(tmp_path) as exchange:
        earlier = Copy(exchange)
        with exchange.store.writing() as db:
            for trigger in ("audit_is_not_removed",):
                db.execute(f"DROP TRIGGER {trigger}")
            for table in ("audit", "audit_trees", "audit_tiles"):
                db.execute(f"DELETE FROM {table}")
        for _ in range(2):
            Copy(exchange)
        rewritten = export(exchange)
        assert faults(rewritten, [], earlier.keys) == []
        assert earlier.faults(rewritten) != []


def test_details_that_were_left_out_are_counted_and_no_fault(copy: Copy) -> None:
    rows = [canonical({"entry": json.loads(row)["entry"]}) + b"\n" for row in copy.rows[1:]]
    found = verify.verify(list(verify.read(b"".join([copy.rows[0], *rows]))), [copy.head], copy.keys)
    assert (found.faults, found.sealed) == ([], len(rows))


def test_pages_as_a_member_saves_them_are_checked_and_a_changed_one_is_seen(exchange: World) -> None:
    for number in range(30):
        exchange.as_(("member-a", "member-a2", "member-b")[number % 3]).get(objects_url())
    first = ask(exchange, "member-a", "limit=12&size=20")
    second = ask(exchange, "member-a", "limit=12&after=12&size=20")
    pages = [*verify.read(first.body), *verify.read(second.body)]
    kept = ask(exchange, "member-a", "", "head/").json
    keys = [key(exchange)]
    found = verify.verify(pages, [], keys)
    assert (found.faults, found.entries) == ([], 20)
    assert found.sealed > 0
    assert verify.verify(pages, [kept], keys).faults != []  # it names two entries more
    assert verify.verify(pages[13:], [], keys).faults != []
    part = verify.verify(list(verify.read(second.body)), [], keys, part=True)
    assert (part.faults, part.entries) == ([], 8)
    changed = second.body.replace(b'"account":"member-a"', b'"account":"member-c"', 1)
    assert verify.verify(list(verify.read(changed)), [], keys, part=True).faults != []
    bare = b'{"entries":' + canonical([{"entry": second.json["entries"][0]["entry"]}]) + b',"head":' + canonical(kept)
    assert verify.verify(list(verify.read(bare + b"}")), [], keys, part=True).faults != []


def test_a_staff_copy_of_everything_in_pages_is_checked(exchange: World) -> None:
    Copy(exchange)
    page = ask(exchange, "operator", "limit=200").body
    assert faults(page, [], [key(exchange)]) == []
    value = json.loads(page)
    value["entries"][3], value["entries"][4] = value["entries"][4], value["entries"][3]
    assert faults(canonical(value), [], [key(exchange)]) != []


def test_heads_are_genuine_only_under_their_own_key() -> None:
    seed, other = bytes(32), bytes([1] * 32)
    signed = heads.sign(seed, "north", 3, bytes(32), "2026-01-01T00:00:00.000000Z")
    assert heads.fault_of(signed, [heads.public_key(other), heads.public_key(seed)]) == ""
    assert "not among those" in heads.fault_of(signed, [heads.public_key(other)])
    posing = {**heads.public_key(other), "kid": heads.public_key(seed)["kid"]}
    assert heads.fault_of(signed, [posing]) != ""
    assert heads.fault_of({**signed, "more": 1}, [heads.public_key(seed)]) != ""
    for broken in ("AA", "!", heads.public_key(seed)["x"] + "=="):
        assert heads.fault_of(signed, [{"kty": "OKP", "crv": "Ed25519", "x": broken}]) != ""
