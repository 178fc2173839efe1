"""What a lawful but unusual server is: the reference exchange with one permitted choice taken otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from isao_conformance.target import Target
from tests.support.answering import Forward, Handler, Reply, Seen

Handlers = list[tuple[Callable[[Seen], bool], Handler]]


@dataclass
class Variant:
    """A lawful choice. `met` counts where it showed in a run: a choice that nobody saw proves nothing, so `at_least` is
    asked for; `has_to_pass` are rows that the choice may not make inapplicable."""

    name: str
    clause: str
    make: Callable[[Variant], Handlers]
    page_limit: int | None = None
    declare: Callable[[Target], Target] = lambda target: target
    at_least: int = 20
    has_to_pass: tuple[str, ...] = ()
    met: int = 0

    def answers(
        self, when: Callable[[Seen], bool], change: Callable[[Seen, Reply], Reply]
    ) -> tuple[Callable[[Seen], bool], Handler]:
        """A handler that rewrites answers and counts those it changed."""

        async def handler(seen: Seen, forward: Forward) -> Reply:
            reply = await forward(seen)
            changed = change(seen, reply)
            self.met += changed != reply
            return changed

        return when, handler


def anything(seen: Seen) -> bool:
    """Every request."""
    return True


def says(**absent: str) -> Callable[[Target], Target]:
    """A target file that declares capabilities absent."""
    named = {name.replace("_", "-"): why for name, why in absent.items()}
    return lambda target: replace(target, absent={**target.absent, **named})
