"""What mutants of functions share: which requests are about a function, and effects of the contracts exchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from isao_reference.functions.effects import EFFECTS
from isao_reference.functions.moment import Effect
from tests.support.answering import Forward, Reply, Seen
from tests.support.mutation import Fault

ROOT = "/functions/"


def about(
    resource: str, method: str = "GET", by: Iterable[str] = (), step: str | None = None
) -> Callable[[Seen], bool]:
    """Requests of one method about a resource: of these actors only, if any are named, and at this step ("" for none,
    that is for a single record or, with POST, a new one)."""
    names = frozenset(by)

    def when(seen: Seen) -> bool:
        if seen.method != method or not seen.path.startswith(f"{ROOT}{resource}/"):
            return False
        if names and seen.principal not in names:
            return False
        parts = seen.path.removeprefix(ROOT).strip("/").split("/")
        return step is None or (parts[2:] == ([step] if step else []))

    return when


def sent(seen: Seen) -> dict[str, Any]:
    """The document of a request; empty when there is none."""
    try:
        value = json.loads(seen.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def sending(seen: Seen, document: Any) -> Seen:
    """The same request with another document."""
    body = json.dumps(document).encode()
    headers = [(name, str(len(body)) if name == "content-length" else value) for name, value in seen.headers]
    return Seen(seen.method, seen.path, seen.query, tuple(headers), body, seen.scope, seen.actors)


def records_in(value: Any) -> list[dict[str, Any]]:
    """The records in a parsed answer: one, or those of a list."""
    listed = value.get("records", [value]) if isinstance(value, dict) else []
    return [one for one in listed if isinstance(one, dict)]


def change_records(fault: Fault, when: Callable[[Seen], bool], change: Callable[[dict[str, Any]], Any]) -> None:
    """Change every record that some answers show, in place."""

    def changed(value: Any) -> None:
        for one in records_in(value):
            change(one)

    fault.change_json(when, changed)


def exchange_effect(fault: Fault, name: str, effect: Effect) -> None:
    """Let a step have another effect than the contract names."""
    fault.replace("isao_reference.functions.engine.EFFECTS", {**EFFECTS, name: effect})


def nothing(_: Any) -> None:
    """The effect of an exchange that forgot it."""


def problem(status: int) -> Reply:
    """A refusal as the function API words it."""
    body = json.dumps({"type": "about:blank", "title": "The request was refused", "status": status}).encode()
    return Reply(status, (("Content-Type", "application/problem+json"),), body)


def refuse(fault: Fault, when: Callable[[Seen], bool], status: int) -> None:
    """Refuse some requests outright."""

    async def no(_: Seen, __: Forward) -> Reply:
        return problem(status)

    fault.around(when, no)
