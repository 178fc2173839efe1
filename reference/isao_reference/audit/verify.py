"""Checking a copy of the log without the exchange: its chains and trees, its signed heads, proofs of single entries.

A copy is an export, one entry a line after the head that it was made with, or pages as the exchange answers them.
Nothing in a copy is trusted but the signatures, under keys that come from elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isao_reference.audit import chain, heads
from isao_reference.audit.chain import START, WHOLE, canonical
from isao_reference.audit.tree import EMPTY, Frontier, includes, leaf_hash
from isao_reference.wire import json_reader
from isao_reference.wire.json_reader import JsonFault
from isao_spec import schema_check

Head = Mapping[str, Any]


class Unreadable(ValueError):
    """The bytes are no copy of a log; the message says where."""


@dataclass(frozen=True)
class Line:
    """One entry of a copy, with what came beside it: its details, its place, its proof against the head of its page."""

    entry: Mapping[str, Any]
    details: Mapping[str, Any] | None = None
    place: int | None = None
    proof: tuple[bytes, ...] | None = None
    head: Head | None = None


@dataclass
class Found:
    """What was found: faults, in the order of the copy, and what can be said if there are none."""

    faults: list[str] = field(default_factory=list)
    entries: int = 0
    sealed: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)


@dataclass
class _Log:
    """One log as far as the copy goes: the tree over it, and its roots at the sizes that heads speak of."""

    frontier: Frontier = field(default_factory=Frontier)
    last: str = START
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY})

    def add(self, leaf: bytes, sizes: Iterable[int]) -> None:
        self.frontier.add(leaf)
        self.last = leaf.hex()
        if self.frontier.size in sizes:
            self.roots[self.frontier.size] = self.frontier.root()


def read(octets: bytes) -> Iterator[Head | Line]:
    """The heads and entries of a copy. Raises Unreadable for what is none: a line of an export has exactly one form, so
    that a change that means nothing is still seen."""
    page = _json(octets)
    if isinstance(page, dict) and "entries" in page:
        yield from _page(page)
        return
    lines = octets.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        value = _json(line)
        if not isinstance(value, dict) or canonical(value) != line:
            raise Unreadable(f"line {number}: it is not the one form that a line of an export has")
        where = f"line {number}"
        yield head_of(value["head"], where) if value.keys() == {"head"} else _line(value, where, None)


def verify(
    pieces: Sequence[Head | Line],
    outside: Sequence[Head] = (),
    keys: Sequence[Mapping[str, Any]] | None = None,
    *,
    part: bool = False,
) -> Found:
    """Checks a copy against its own heads and those from outside. `keys` None leaves signatures unchecked.

    Unless it is only a `part`, the copy begins with the first entry of a log and reaches the size of every head. Of a
    part every entry has to have its own proof.
    """
    found = Found()
    inside = [one for one in pieces if not isinstance(one, Line)]
    known = [*outside, *inside]
    for head in known:
        _check_head(found, head, keys)
    wanted: dict[str, set[int]] = defaultdict(set)
    for head in known:
        wanted[head["log"]].add(head["size"])
    ordered = any(head["log"] == WHOLE for head in inside)
    logs: dict[str, _Log] = defaultdict(_Log)
    for place, line in enumerate((one for one in pieces if isinstance(one, Line)), 1):
        _check_line(found, logs, wanted, place, line, part)
        if ordered and not part:
            logs[WHOLE].add(leaf_hash(canonical(line.entry)), wanted[WHOLE])
    found.sizes = {name: one.frontier.size for name, one in logs.items()}
    if not part:
        found.faults += [fault for head in known for fault in _against(head, logs[head["log"]])]
    found.heads = list(known)
    return found


def _check_head(found: Found, head: Head, keys: Sequence[Mapping[str, Any]] | None) -> None:
    fault = "" if keys is None else heads.fault_of(head, keys)
    if fault:
        found.faults.append(f"the head of {named(head['log'])} with {head['size']} entries: {fault}")


def _check_line(
    found: Found, logs: dict[str, _Log], wanted: Mapping[str, set[int]], place: int, line: Line, part: bool
) -> None:
    entry, log = line.entry, logs[line.entry["log"]]
    where = f"entry {place} of the copy ({named(entry['log'])}, number {entry['number']})"
    found.entries += 1
    if line.details is None:
        found.sealed += 1
    elif chain.digest(canonical(line.details)) != entry["details"]:
        found.faults.append(f"{where}: its details are not those that it was made with")
    leaf = leaf_hash(canonical(entry))
    if line.proof is not None and line.head is not None:
        at = entry["number"] if line.place is None else line.place
        if not includes(leaf, at - 1, line.head["size"], line.proof, bytes.fromhex(line.head["root"])):
            found.faults.append(f"{where}: its proof does not show that it is in the log of the head beside it")
    elif part:
        found.faults.append(f"{where}: there is no proof beside it")
    if part:
        return
    if entry["number"] != log.frontier.size + 1:
        found.faults.append(f"{where}: number {log.frontier.size + 1} was to come")
    elif entry["previous"] != log.last:
        found.faults.append(f"{where}: it does not follow on the entry before it")
    log.add(leaf, wanted.get(entry["log"], ()))


def _against(head: Head, log: _Log) -> list[str]:
    said = f"the head of {named(head['log'])} with {head['size']} entries"
    if head["size"] > log.frontier.size:
        return [f"{said}: only {log.frontier.size} are here, so entries are missing at the end"]
    if log.roots[head["size"]].hex() != head["root"]:
        return [f"{said}: the entries here are not the ones that it was signed over"]
    return []


def named(log: str) -> str:
    """A log in words."""
    return {WHOLE: "all logs", chain.NOBODY: "the log of nobody"}.get(log, f"the log of {log}")


def head_of(value: Any, where: str) -> Head:
    """A head, if a value is one. Raises Unreadable, naming the place `where`."""
    found = schema_check.problems("audit-head", value)
    if found:
        raise Unreadable(f"{where}: this is no head: {found[0]}")
    return dict(value)


def _json(octets: bytes) -> Any:
    try:
        return json_reader.read(octets)
    except JsonFault:
        return None


def _page(value: dict[str, Any]) -> Iterator[Head | Line]:
    if not isinstance(value["entries"], list):
        raise Unreadable("the page has no list of entries")
    head = head_of(value.get("head"), "the page's head")
    yield head
    for number, one in enumerate(value["entries"], 1):
        yield _line(one, f"entry {number} of the page", head)


def _line(value: Any, where: str, head: Head | None) -> Line:
    found = schema_check.problems("audit-line", value)
    if found:
        raise Unreadable(f"{where}: this is no entry: {found[0]}")
    proof = value.get("proof")
    path = None if proof is None else tuple(bytes.fromhex(one) for one in proof)
    return Line(value["entry"], value.get("details"), value.get("place"), path, head)
