"""The function API for the OpenAPI document: what each contract says, and the addresses that are about all of them."""

from __future__ import annotations

from collections.abc import Iterable

from isao_spec import schema_check
from isao_spec.contract import CREATE, Contract, Role, Step
from isao_spec.openapi_parts import (
    ACCOUNTS,
    ANYBODY,
    ID,
    JSON,
    Json,
    answer,
    array,
    closed,
    header,
    one_of,
    opened,
    operation,
    parameter,
    ref,
    refusals,
    text,
)

CSV, PLAIN, STREAM = "text/csv", "text/plain", "text/event-stream"
BY_ITSELF = frozenset({Role.CLOCK, Role.EXCHANGE})
"""Roles that no caller has; a step of theirs alone has no address here."""


_KEY = parameter(
    "header",
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": 255},
    "The caller's own name for this request: sent again with the same key, it changes nothing.",
)
_TAG = {"ETag": header({"type": "string"}, "For If-Match: it changes when the record does.", required=True)}


def paths(contracts: Iterable[Contract]) -> dict[str, Json]:
    """The common addresses, then the addresses of each contract."""
    found = _common()
    for one in contracts:
        home = f"/functions/{one.resource}/"
        found[home] = {"get": _list(one), **({"post": _step(one, one.create)} if can_be_made(one) else {})}
        found[f"{home}{{record}}/"] = {"get": _read(one)}
        found |= {f"{home}{{record}}/{step.name}/": {"post": _step(one, step)} for step in callable_steps(one)}
    return found


def can_be_made(contract: Contract) -> bool:
    """Whether some account can make a record; others are made by the exchange as part of something else."""
    return not BY_ITSELF.issuperset(contract.create.by)


def callable_steps(contract: Contract) -> list[Step]:
    """The transitions that some account can ask for."""
    return [step for step in contract.steps.values() if not BY_ITSELF.issuperset(step.by)]


def _refused(*codes: str) -> Json:
    return refusals(codes, "problem")


def _common() -> dict[str, Json]:
    last = parameter("header", "Last-Event-ID", {"type": "string"}, "The last event that the caller has.")
    events = opened({"resync": {"type": "boolean"}, "events": array(ref("event"))}, ("resync", "events"))
    measures = opened({"measures": array(ref("measure"))}, ("measures",))
    told = "What there is, and what this account may begin."
    found = {
        "/functions/": operation(
            "functions",
            "functions",
            told,
            {"200": answer(told, {JSON: ref("index")}), **_refused("401")},
            security=(*ANYBODY, *ACCOUNTS),
        ),
        "/functions/events/": operation(
            "events",
            "functions",
            "What happened: a stream where Accept names text/event-stream, else a list.",
            {"200": answer("Events for this account.", {JSON: events, STREAM: text("")}), **_refused("401")},
            (last,),
            description="A Last-Event-ID that is not known is answered by `resync`: everything has to be read again.",
        ),
        "/functions/measures/": operation(
            "measures",
            "functions",
            "What the exchange measures of itself, as far as this account may read the records.",
            {"200": answer("Seconds, beside their thresholds.", {JSON: measures}), **_refused("401")},
        ),
    }
    found |= _audit()
    chosen = (
        parameter("query", "type", {"type": "string"}, "Only indicators of this kind, such as domain-name."),
        parameter("query", "confidence", {"type": "integer", "minimum": 0, "maximum": 100}, "At least so sure."),
    )
    for name, kind in (("indicators.csv", CSV), ("blocklist.txt", PLAIN)):
        words = f"Indicators that this account may read, as {kind}, with their TLP labels."
        found[f"/functions/exports/{name}"] = operation(
            name.replace(".", "_"),
            "functions",
            words,
            {"200": answer(words, {kind: {"type": "string"}}), **_refused("400", "401")},
            chosen,
        )
    return {path: {"get": one} for path, one in found.items()}


def _audit() -> dict[str, Json]:
    number: Json = {"type": "integer", "minimum": 0}
    log = parameter("query", "log", {"type": "string"}, "Whose log: of another organization for the staff only.")
    page = opened({"head": ref("audit-head"), "entries": array(ref("audit-line"))}, ("head", "entries"))
    digest: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    sizes = {"log": {"type": "string"}, "first": number, "second": number}
    grown = opened({**sizes, "proof": array(digest)}, (*sizes, "proof"))
    link = {"Link": header({"type": "string"}, "The next page (RFC 8288), where there is one.")}
    listed = "Entries of the log that this account may read, oldest first, each with its inclusion proof (RFC 9162)."
    signed = "The signed head of that log."
    same = "The consistency proof (RFC 9162) between two sizes of that log."
    codes = _refused("400", "401", "404")
    return {
        "/functions/audit/": operation(
            "audit",
            "functions",
            listed,
            {"200": answer(listed, {JSON: page}, link), **codes},
            (
                log,
                parameter("query", "after", number, "Only entries after this number."),
                parameter("query", "size", number, "Prove against the head of this size instead of the newest."),
                parameter("query", "limit", {"type": "integer", "minimum": 1}, "At most so many in one answer."),
            ),
        ),
        "/functions/audit/head/": operation(
            "audit_head", "functions", signed, {"200": answer(signed, {JSON: ref("audit-head")}), **codes}, (log,)
        ),
        "/functions/audit/consistency/": operation(
            "audit_consistency",
            "functions",
            same,
            {"200": answer(same, {JSON: grown}), **codes},
            (
                log,
                parameter("query", "first", number, "The size of the earlier head.", required=True),
                parameter("query", "second", number, "The size of the later one, else of the newest."),
            ),
        ),
    }


def _list(contract: Contract) -> Json:
    given = (
        parameter("query", "limit", {"type": "integer", "minimum": 1}, "At most so many in one answer."),
        parameter("query", "state", one_of(contract.states), "Only records in this state."),
        parameter("query", "next", {"type": "string"}, "`next` of the page before."),
    )
    following = text("The value of `next` for the next page.")
    body = opened({"records": array(ref(f"{contract.resource}-record")), "next": following}, ("records",))
    words = "Records that this account may read, oldest first."
    link = {"Link": header({"type": "string"}, "The next page (RFC 8288), where there is one.")}
    return operation(
        f"{contract.resource}_list",
        contract.resource,
        words,
        {"200": answer(words, {JSON: body}, link), **_refused("400", "401")},
        given,
    )


def _read(contract: Contract) -> Json:
    words = "One record, as JSON or, where Accept prefers text/plain, to be read by people."
    content = {JSON: ref(f"{contract.resource}-record"), PLAIN: {"type": "string"}}
    responses = {"200": answer(words, content, _TAG), **_refused("401", "404")}
    return operation(f"{contract.resource}_read", contract.resource, words, responses, (_place(contract),))


def _place(contract: Contract) -> Json:
    return parameter("path", "record", ID, f"Id of a record of {contract.resource}.")


def _step(contract: Contract, step: Step) -> Json:
    """The creation of a record, or a transition."""
    making = step.name == CREATE
    codes = {"400", "401", "403", "408", "409", "413", "415", "422", *(() if making else ("404", "412"))}
    shown = {JSON: ref(f"{contract.resource}-record")}
    if making:
        address = header(text("", format="uri-reference"), "The record's address.", required=True)
        follow = {step.name: _link(contract, step) for step in callable_steps(contract)}
        follow["read"] = {"operationId": f"{contract.resource}_read", "parameters": {"record": "$response.body#/id"}}
        done = {
            "200": answer("It was made by the same request before.", shown, _TAG),
            "201": answer("The new record.", shown, {**_TAG, "Location": address}, links=follow),
        }
        given = [_KEY, *_columns(contract)]
    else:
        done = {"200": answer("The record as it is now.", shown, _TAG)}
        if step.replaces:
            codes.add("428")
        fresh = parameter(
            "header",
            "If-Match",
            {"type": "string", "pattern": '^(\\*|"[!#-~]*")$'},
            "ETag of the record as it was read.",
            **({"required": True} if step.replaces else {}),
        )
        given = [_place(contract), _KEY, fresh]
    content = {JSON: {"schema": ref(step.takes) if step.takes else closed({}, ())}}
    content |= {kind: {"schema": {"type": "string"}} for kind in contract.plain if making}
    more: Json = {"x-isao-requirement": step.serves, "x-isao-roles": sorted(map(str, step.by))}
    return operation(
        f"{contract.resource}_{step.name}",
        contract.resource,
        step.meaning,
        {**done, **_refused(*codes)},
        given,
        description=_words(step),
        requestBody={"required": bool(step.takes), "content": content},
        **more,
    )


def _link(contract: Contract, step: Step) -> Json:
    told: Json = {"record": "$response.body#/id"}
    if step.replaces:
        told["If-Match"] = "$response.header.ETag"
    return {"operationId": f"{contract.resource}_{step.name}", "parameters": told}


def _columns(contract: Contract) -> list[Json]:
    """Properties that the query gives where the body is not JSON."""
    if not contract.plain:
        return []
    known = schema_check.schema(f"documents/{contract.document}")["properties"]
    said = {name for form in contract.plain.values() for name in (form.content, *form.fixed)}
    words = f"Property of the document, where the body is {' or '.join(contract.plain)}."
    return [parameter("query", name, schema, words) for name, schema in known.items() if name not in said]


def _words(step: Step) -> str:
    """Who may take the step, from where to where, and by when it is promised."""
    who = f"For: {', '.join(map(str, step.by))}."
    way = f" From {' or '.join(step.sources)} to {step.to}." if step.sources else f" It begins as {step.to}."
    once = f" Once for each {step.once_per}; a repetition changes nothing." if step.once_per else ""
    promised = f" Promised within {step.within}." if step.within and Role.CLOCK not in step.by else ""
    return who + way + once + promised
