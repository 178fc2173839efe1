"""The run: every path, for every thing, as everybody; every octet of every answer is looked through."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.leaks import table
from tests.leaks.paths import PATHS, Path, Reader, driven_for
from tests.leaks.stage import Stage
from tests.support.asgi import Response


@dataclass(frozen=True)
class Leak:
    """A canary that came out to somebody who is not to be shown it."""

    path: str
    relation: str
    kind: str
    place: str
    canary: str
    driven_for: str


@dataclass
class Run:
    """What a run saw. `seen` are the things that each path showed to those who may have them."""

    scanned: int = 0
    leaks: list[Leak] = field(default_factory=list)
    covered: set[tuple[str, str, str]] = field(default_factory=set)
    seen: dict[str, set[tuple[str, str, str]]] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)


def octets_of(answer: Response) -> bytes:
    """Everything of an answer that a reader gets: status, headers, body."""
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    return f"{answer.status}\r\n{head}\r\n".encode("latin-1") + answer.body


def drive(stage: Stage, path: Path, relation: str, run: Run, most: int | None = None) -> None:
    """Drives one path as one reader for everything it is driven for, or for so many of it by lot."""
    wanted = driven_for(path, stage)
    if most is not None and len(wanted) > most:
        wanted = random.Random(f"{path.name} {relation}").sample(wanted, most)
    asked: set[str] = set()
    reader = Reader(stage, relation, table.READERS[relation], lambda sent: asked.update(stage.scanner.find(sent)))
    for secret in wanted:
        if not path.writes:
            asked.clear()  # what was stored once comes back later, and not only where it was sent
        if path.remembers:
            asked |= stage.asked.get(relation, set())
        for answer in path.drive(reader, secret):
            run.scanned += 1
            run.statuses[path.name, answer.status] += 1
            run.covered.add((path.name, secret.kind, relation))
            nobody = answer.status == 0
            for canary in stage.scanner.find(octets_of(answer)):
                if not nobody and stage.may_see(relation, canary):
                    run.seen.setdefault(path.name, set()).update(
                        (one.kind, one.place, relation) for one in stage.owners[canary] if relation in one.shown
                    )
                elif canary not in asked or nobody:
                    owner = stage.owners[canary][0]
                    run.leaks.append(Leak(path.name, relation, owner.kind, owner.place, canary, secret.kind))
        stage.asked.setdefault(relation, set()).update(asked)


def run(
    stage: Stage, relations: Iterable[str] = table.READERS, paths: Sequence[Path] = PATHS, most: int | None = None
) -> Run:
    """Drives paths as everybody, those that only read first; `most` as for `drive`."""
    made = Run()
    chosen = list(relations)
    for path in sorted(paths, key=lambda one: one.writes):
        for relation in chosen:
            drive(stage, path, relation, made, most)
    return made


def not_shown(stage: Stage, made: Run, path: Path, relations: Iterable[str]) -> list[tuple[str, str, str]]:
    """What a path has to show to somebody and did not: that a run finds nothing would say little otherwise."""
    seen, wanted = made.seen.get(path.name, set()), []
    if path.shows in ("objects", "exported"):
        wanted = [(one, relation) for one in stage.objects() for relation in relations if relation in one.shown]
        if path.shows == "exported":
            wanted = [(one, relation) for one, relation in wanted if relation != "stranger"]
    elif path.shows == "records":
        found = driven_for(path, stage)
        # Without an account one has to know the address of a record; lists are for accounts.
        accounts = [one for one in relations if one != "stranger"]
        wanted = [(one, relation) for one in found for relation in accounts if relation in one.shown]
    elif path.shows == "some" and not seen:
        return [("anything", path.name, "anybody")]
    return [(one.kind, one.place, relation) for one, relation in wanted if (one.kind, one.place, relation) not in seen]
