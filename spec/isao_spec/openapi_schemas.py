"""The schemas of the function API for the OpenAPI document: documents, the records around them, problems, lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from isao_spec import schema_check
from isao_spec.contract import CREATE, Contract, Role
from isao_spec.openapi_parts import ID, STAMP, Json, array, closed, one_of, opened, ref, text

EXAMPLES = {
    "now": "2026-01-01T00:00:00Z",
    "run": "example",
    "object": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
    "sha256": "0" * 64,
}
"""What stands here for the placeholders in the examples of document schemas, which others fill with what they need.
Moments before and after now are now."""


def schemas(contracts: Iterable[Contract]) -> dict[str, Json]:
    """Documents, the records around them, problems (RFC 9457), and what the common addresses answer."""
    found = {name: _inlined(f"documents/{name}", name) for one in contracts for name in _documents(one)}
    found |= {f"{one.resource}-record": _record(one) for one in contracts}
    resources = [one.resource for one in contracts]
    return {
        **found,
        "problem": _problem(),
        "index": _index(resources),
        "event": _event(resources),
        "measure": _measure(resources),
        "audit-head": _inlined("audit-head", "audit-head"),
        "audit-line": _inlined("audit-line", "audit-line"),
        "capability-document": _inlined("capability-document", "capability-document"),
    }


def _documents(contract: Contract) -> list[str]:
    return sorted({contract.document, *(step.takes for step in contract.all_steps if step.takes)})


def _inlined(file: str, name: str) -> Json:
    """A schema of this package as a component: references inside it point into the component."""
    place = f"#/components/schemas/{name}/"

    def moved(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: moved(found, inner) for inner, found in value.items() if inner not in ("$schema", "$id")}
        if isinstance(value, list):
            return [moved(one, key) for one in value]
        if key == "$ref":
            return str(value).replace("#/", place, 1)
        return value

    found: Json = moved(schema_check.schema(file))
    if "examples" in found:
        found["examples"] = _filled(found["examples"])
    return found


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"\{([^{}]+)\}", lambda place: EXAMPLES[re.split("[+-]", place[1])[0]], value)
    return value


def _record(contract: Contract) -> Json:
    """A record as one reader is shown it. Properties of which there is nothing to show are left out."""
    states, steps = list(contract.states), list(contract.steps)
    promised = {name: STAMP for name, step in contract.steps.items() if step.within and Role.CLOCK not in step.by}
    entry = {
        "step": one_of([CREATE, *steps]),
        "state": one_of(states),
        "time": STAMP,
        "organization": text("Who took it, for who may know."),
        "account": text("Whose account took it: for the same organization and the staff."),
        "document": {"type": "object", "description": "What came with the step."},
    }
    members = {
        "id": ID,
        "resource": {"const": contract.resource},
        "state": one_of(states),
        "created": STAMP,
        "updated": STAMP,
        "contributor": text("The organization whose record it is, for who may know."),
        "document": ref(contract.document),
        "facts": {"type": "object", "description": "What the exchange has found out or published for it."},
        "due": closed(promised, (), description="By when a step is promised."),
        "allowed": array(one_of(steps), uniqueItems=True, description="Steps that this reader can take now."),
        "history": array(closed(entry, ("step", "state", "time")), description="Steps taken, as far as shown."),
    }
    needed = ("id", "resource", "state", "created", "updated", "document", "allowed", "history")
    return closed(members, needed, title=f"{contract.title}: a record")


def _problem() -> Json:
    fault = {"pointer": text("JSON Pointer (RFC 6901) to the place."), "detail": text("What is wrong there.")}
    members = {
        "type": text("A URI of the kind of problem.", format="uri-reference"),
        "title": text("The kind of problem, in words."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": text("What to do about it."),
        "instance": text("To quote, where the exchange itself failed."),
        "errors": array(opened(fault, ("pointer", "detail")), description="Each fault of the document."),
        "state": text("The state of the record, where a step does not start from it."),
        "allowed": array({"type": "string"}, description="The steps that this caller could take instead."),
    }
    return opened(members, ("title", "status"), description="A problem (RFC 9457).")


def _index(resources: list[str]) -> Json:
    entry = {
        "resource": one_of(resources),
        "title": text("For people."),
        "summary": text("For people."),
        "href": text("Its address.", format="uri-reference"),
        "may_create": {"type": "boolean", "description": "Whether this account may make a record."},
    }
    places = {name: text("Its address.", format="uri-reference") for name in ("openapi", "events")}
    return opened({"resources": array(opened(entry, entry)), **places}, ("resources", *places))


def _event(resources: list[str]) -> Json:
    always = {"id": text("For Last-Event-ID."), "time": STAMP}
    record = {
        "resource": one_of(resources),
        "record": ID,
        "step": text("Which step was taken."),
        "state": text("The state it led to."),
    }
    objects = {
        "resource": {"const": "objects"},
        "api_root": text("Of the collection."),
        "collection": text("Where there is something new to pull."),
        "added_after": STAMP,
    }
    kinds = [opened({**always, **kind}, (*always, *kind)) for kind in (record, objects)]
    return {"oneOf": kinds, "description": "A step of a record, or new objects in a collection."}


def _measure(resources: list[str]) -> Json:
    seconds = {"type": "number", "minimum": 0}
    members = {
        "name": text("Its name in the contract."),
        "resource": one_of(resources),
        "meaning": text("From when until when."),
        "requirement": text("Which requirement it serves."),
        "unit": {"const": "s"},
        "count": {"type": "integer", "minimum": 0, "description": "How often it was seen."},
        "threshold": seconds,
    }
    numbers = {name: seconds for name in ("p50", "p95", "max")}
    return opened({**members, **numbers}, members.keys() - {"threshold"})
