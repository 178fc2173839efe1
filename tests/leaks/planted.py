"""Leaks put in on purpose, one path at a time: what the run is worth."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from isao_reference.call import Answer, Call
from isao_reference.funnel import Funnel, Operation
from isao_reference.policy.principal import Principal
from tests.leaks.stage import Stage
from tests.leaks.tokens import encoded

OPERATOR = Principal("operator", "exchange", "exchange", "operator", ("none",))
Message = dict[str, Any]


def hidden_from(stage: Stage, relation: str) -> list[str]:
    """Canaries that somebody is not to be shown, without dates: those are looked for in fewer encodings."""
    return [one for one in stage.owners if not one.startswith("20") and not stage.may_see(relation, one)]


@contextmanager
def dripping(stage: Stage, relation: str, number: int) -> Iterator[None]:
    """One canary goes out with every answer, in a header or in the body, in one of several encodings, and into the
    log."""
    hidden = [one for one in hidden_from(stage, relation) if one not in stage.asked.get(relation, ())]
    canary = hidden[number * 37 % len(hidden)]
    drop = encoded(canary, number)

    def leak(messages: list[Message]) -> list[Message]:
        logging.getLogger("isao_reference").warning("%s", drop.decode())
        start, *bodies = messages
        if number % 2 and b"text/event-stream" not in dict(start["headers"]).values():
            return [{**start, "headers": [*start["headers"], (b"x-debug", drop)]}, *bodies]
        body = bodies[-1].get("body", b"")
        if body.endswith(b"}"):
            added = body[:-1] + (b"" if body == b"{}" else b", ") + b'"debug": "' + drop + b'"}'
        else:
            added = body + b" " + drop
        return [start, *bodies[:-1], {**bodies[-1], "body": added}]

    stage.hook.leak = leak
    try:
        yield
    finally:
        stage.hook.leak = None


def operations(stage: Stage) -> dict[tuple[str, str], tuple[dict[str, Operation], str]]:
    """Every operation by (address, method), with the table that it stands in and its key there."""
    found: dict[tuple[str, str], tuple[dict[str, Operation], str]] = {}
    for route in stage.hook.app.routes:
        funnel = route.endpoint if isinstance(route.endpoint, Funnel) else route.app
        for method in funnel.operations:
            found.setdefault((route.path.rstrip("/"), method), (funnel.operations, method))
    return found


@contextmanager
def forgetting_who_asks(stage: Stage, address: str, method: str) -> Iterator[None]:
    """One operation answers everybody as if the operator asked."""
    table, key = operations(stage)[address, method]
    before = table[key]

    def run(call: Call, wanted: Callable[[Call], Answer] = before.run) -> Answer:
        return wanted(replace(call, principal=OPERATOR))

    table[key] = replace(before, run=run)
    try:
        yield
    finally:
        table[key] = before
