"""Two worlds that differ only in what is hidden from one reader, and the same programme of requests in both.

Everything that is random is made from the seed, from the step of the programme and from what it is for, so that what is
hidden shifts nothing; the clock stands still within a step. So the answers have to be equal octet for octet.
"""

from __future__ import annotations

import secrets
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from isao_reference.funnel import Machine
from isao_reference.store import dates
from tests.leaks import table
from tests.support.asgi import Response
from tests.support.chance import placed_by_name
from tests.support.world import OPEN, PUBLIC, Clock, World, world

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
READERS = tuple(one for one in table.READERS if one not in ("contributor", "ex-member"))
"""Those from whom something of the contributor's is hidden, and who are answered at all."""
Told = tuple[str, int, tuple[tuple[str, str], ...], bytes]


@dataclass
class Twin:
    """One of the two worlds while a programme runs. `ids` are objects that the reader may have got to know of, `own`
    those that it shared; `records` what it was shown, by resource."""

    exchange: World
    reader: str
    with_hidden: bool
    seed: str
    clock: Clock
    step: str = ""
    told: list[Told] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    records: list[tuple[str, str]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    """What was made in this step, so that two things that are for the same have different ids."""
    tokens: Counter[str] = field(default_factory=Counter)

    @property
    def account(self) -> str:
        """The account of the reader."""
        return table.READERS[self.reader]

    def ask(self, method: str, path: str, **more: Any) -> Response:
        """One request of the reader; what it is told counts."""
        answer = self.exchange.as_(self.account).request(method, path, **more)
        self.told.append((f"{self.step} {method} {path} {more}", answer.status, answer.headers, answer.body))
        return answer

    def random(self, what: str) -> Random:
        """A source of chance for one purpose in this step, the same in both worlds."""
        return Random(f"{self.seed} {self.step} {what}")

    def uuid4(self) -> uuid.UUID:
        """Takes the place of uuid.uuid4."""
        frame = sys._getframe(1)
        inside = frame.f_locals
        purpose = [frame.f_code.co_name]
        if "readers" in inside:
            purpose += sorted(map(str, inside["readers"]))
        elif "moment" in inside and "record" in inside:
            moment = inside["moment"]
            purpose += [
                moment.contract.resource,
                inside["record"].id,
                moment.step.name,
                str(inside.get("organization")),
            ]
        elif "properties" in inside:
            purpose += [str(inside[one]) for one in ("kind", "label", "author", "properties")]
        text = f"{self.seed} {self.step} {purpose}"
        self.made[text] += 1
        return uuid.UUID(bytes=sha256(f"{text} {self.made[text]}".encode()).digest()[:16], version=4)

    def token_hex(self, octets: int) -> str:
        """Takes the place of secrets.token_hex: the salt of an entry of the audit log is of its place in its log."""
        inside = sys._getframe(2).f_locals
        text = f"{inside['said'].log} {inside['number']}" if "said" in inside else self.step
        self.tokens[text] += 1
        return sha256(f"{self.seed} {text} {self.tokens[text]}".encode()).hexdigest()[: 2 * octets]


Action = Callable[[Twin, Random], None]


async def _at_once(_: Machine, work: Callable[[], Any], *, writes: bool = False) -> Any:
    return work()


@contextmanager
def twin(folder: Path, seed: str, reader: str, *, with_hidden: bool) -> Iterator[Twin]:
    """A fresh world for one programme."""
    folder.mkdir()
    clock = Clock(BEGIN, 0)
    chance = mock.patch.object(secrets, "randbelow", placed_by_name(seed))
    # Wide enough that hardly ever two items fall on one place, and a shown one gives way to a hidden one.
    room = mock.patch.object(dates, "WIDTH", 1_000_000)
    at_once = mock.patch.object(Machine, "in_thread", _at_once)
    with chance, room, at_once, world(folder, clock=clock) as exchange:
        made = Twin(exchange, reader, with_hidden, seed, clock)
        with mock.patch.object(uuid, "uuid4", made.uuid4), mock.patch.object(secrets, "token_hex", made.token_hex):
            exchange.store.cursor_key = b"k" * 32
            yield made


def run(made: Twin, prepare: Action, programme: list[tuple[str, Action]]) -> list[Told]:
    """Runs a programme: pairs of `hidden` or `shown`, and what is done."""
    made.step = "before"
    prepare(made, made.random("prepare"))
    for number, (kind, action) in enumerate(programme, 1):
        made.clock.now = BEGIN + timedelta(seconds=10 * number)
        made.step = f"{number} {action.__name__}"
        made.made.clear()
        if kind == "shown" or made.with_hidden:
            action(made, made.random("action"))
    return made.told


def kinds(reader: str, place: str, *, hidden: bool) -> list[str]:
    """The kinds of items of the contributor that a reader is shown in a collection, or is not."""
    return [one for one in table.KINDS if (reader in table.shown(one, place == PUBLIC)) is not hidden]


def place(random: Random) -> str:
    """One of the two collections."""
    return random.choice([OPEN, OPEN, PUBLIC])
