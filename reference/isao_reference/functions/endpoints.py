"""The function API over HTTP: JSON, problems (RFC 9457), ETag and If-Match, Idempotency-Key, RFC 8288 links."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlencode

from isao_reference import errors, limits
from isao_reference.call import Answer, Call
from isao_reference.functions import engine, ledger, views
from isao_reference.policy import decide
from isao_reference.policy import records as policy
from isao_reference.store import items, records
from isao_reference.store.records import Record
from isao_reference.taxii import access
from isao_reference.wire import cursor, json_reader
from isao_reference.wire.json_reader import JsonFault
from isao_spec import FOLDER, load
from isao_spec.contract import Contract

JSON, TEXT = "application/json", "text/plain; charset=utf-8"
ROOT = "/functions/"
PAGE, MOST = 50, 200
UUID_OCTETS = 16


def contract_of(call: Call) -> Contract:
    """The contract in the path, 404 when there is none. Which functions there are is public."""
    found = load().contracts.get(call.path["resource"])
    if found is None:
        raise errors.not_found()
    return found


def get_index(call: Call) -> Answer:
    """GET /functions/: what there is, and what this account may start."""
    roles = policy.roles(call.principal)
    listed = [
        {
            "resource": one.resource,
            "title": one.title,
            "summary": one.summary,
            "href": f"{ROOT}{one.resource}/",
            "may_create": not roles.isdisjoint(one.create.by),
        }
        for one in load().contracts.values()
    ]
    return _json({"resources": listed, "openapi": f"{ROOT}openapi.json", "events": f"{ROOT}events/"})


def get_openapi(call: Call) -> Answer:
    """GET /functions/openapi.json: the committed document, which a test holds against the contracts."""
    return Answer((FOLDER / "openapi.json").read_bytes(), media_type=JSON)


def post_record(call: Call) -> Answer:
    """POST /functions/RESOURCE/: makes a record; 201 with its address, and 200 when it was made before."""
    contract = contract_of(call)
    record, new = engine.create(call, contract, _document(call, contract))
    return _one(call, contract, record, 201 if new else 200)


def get_records(call: Call) -> Answer:
    """GET /functions/RESOURCE/: the records that the caller may read, oldest first; `limit`, `state` and `next`."""
    contract = contract_of(call)
    if call.principal.anonymous:
        raise errors.unauthorized()
    asked = query_of(call, ("limit", "state", "next"))
    size, state = _size(asked.get("limit")), asked.get("state")
    if state is not None and state not in contract.states:
        raise errors.bad_request(f"state is one of {', '.join(contract.states)}")
    bound = cursor.context(call.principal.account, contract.resource, "records", state or "")
    # A cursor holds the id of the last record shown: the number of a record would tell how many there are of others.
    last = cursor.redeem(call.store.cursor_key, bound, asked["next"], UUID_OCTETS) if "next" in asked else None
    with call.store.reading() as db:
        after = 0 if last is None else records.key_of(db, str(uuid.UUID(int=last)))
        allowed = decide.readable_audiences(call.principal, items.audiences(db))
        found = records.page(db, contract.resource, allowed, after, size + 1, state)
        shown = [views.render(db, call.principal, contract, one) for one in found[:size]]
    _deliver(call, found[:size])
    links: tuple[tuple[str, str], ...] = ()
    body: dict[str, Any] = {"records": shown}
    if len(found) > size:
        body["next"] = cursor.issue(call.store.cursor_key, bound, uuid.UUID(found[size - 1].id).int, UUID_OCTETS)
        query = urlencode({**asked, "next": body["next"]})
        links = (("Link", f'<{ROOT}{contract.resource}/?{query}>; rel="next"'),)
    return _json(body, headers=links)


def get_record(call: Call) -> Answer:
    """GET /functions/RESOURCE/ID/: one record, as JSON or, where Accept prefers it, as words for people."""
    contract = contract_of(call)
    with call.store.reading() as db:
        record = engine.require_record(call, db, contract, call.path["record"])
    return _one(call, contract, record, 200)


def post_step(call: Call) -> Answer:
    """POST /functions/RESOURCE/ID/STEP/: takes a step and answers with the record as it is then."""
    contract = contract_of(call)
    name = call.path["step"]
    record = engine.step(call, contract, call.path["record"], name, _body(call))
    return _one(call, contract, record, 200)


def _one(call: Call, contract: Contract, record: Record, status: int) -> Answer:
    with call.store.reading() as db:
        if not decide.may_read(call.principal, items.audiences(db)[record.audience]):
            raise access.absent(call.principal)  # a step can take the record out of the caller's sight
        shown = views.render(db, call.principal, contract, record)
    _deliver(call, [record])
    headers: tuple[tuple[str, str], ...] = (("ETag", views.etag(shown)), ("Vary", "Accept, Authorization"))
    if status == 201:
        headers += (("Location", f"{ROOT}{contract.resource}/{record.id}/"),)
    if status == 200 and call.method != "POST" and _wants_text(call):
        return Answer(views.as_text(contract, shown).encode(), media_type=TEXT, headers=headers)
    return Answer(views.encode(shown), status, JSON, headers)


def _deliver(call: Call, found: list[Record]) -> None:
    call.draft.give(one.id for one in found)
    theirs = [one.id for one in found if one.organization != call.principal.organization]
    ledger.note(call, theirs)


def _document(call: Call, contract: Contract) -> Any:
    """The document of a new record: JSON, or one of the plain forms that the contract takes for people's sake."""
    form = contract.plain.get(_sent_as(call))
    if form is None:
        return _body(call)
    try:
        text = json_reader.decode(call.body)
        json_reader.check_string(text, "")
    except JsonFault as fault:
        raise errors.bad_request(str(fault)) from None
    return {**query_of(call, None), **form.fixed, form.content: text}


def _sent_as(call: Call) -> str:
    return (call.header("content-type") or "").split(";")[0].strip().lower()


def _body(call: Call) -> Any:
    if _sent_as(call) not in ("", JSON):
        raise errors.unsupported_media_type(f"This address takes a body as {JSON} only.")
    if not call.body.strip():
        return None
    try:
        return json_reader.read(call.body)
    except JsonFault as fault:
        raise errors.bad_request(str(fault)) from None


def query_of(call: Call, known: Iterable[str] | None) -> dict[str, str]:
    """The parameters of a request, each sent once; 400 for one that is not known (None: all are)."""
    if len(call.query) > limits.MAX_QUERY_OCTETS:
        raise errors.bad_request(f"the query is longer than {limits.MAX_QUERY_OCTETS} octets")
    try:
        found = parse_qs(call.query.decode(), keep_blank_values=True, max_num_fields=50, errors="strict")
    except UnicodeDecodeError:
        raise errors.bad_request("the query is not UTF-8") from None
    except ValueError:
        raise errors.bad_request("there are too many parameters") from None
    if any("\x00" in value for values in found.values() for value in values):
        raise errors.bad_request("the query holds U+0000")
    unknown = [] if known is None else sorted(found.keys() - set(known))
    twice = [name for name, values in found.items() if len(values) > 1]
    if unknown or twice:
        raise errors.bad_request(f"the parameter {(unknown or twice)[0][:60]!a} is not known here, or was sent twice")
    return {name: values[0] for name, values in found.items()}


def _size(asked: str | None) -> int:
    if asked is None:
        return PAGE
    if not (asked.isascii() and asked.isdigit()) or not int(asked[:9]) >= 1:
        raise errors.bad_request("limit is a number from 1")
    return min(int(asked[:9]), MOST)


def _wants_text(call: Call) -> bool:
    """Whether Accept names text/plain before any JSON."""
    for part in (call.header("accept") or "").split(","):
        name = part.split(";")[0].strip().lower()
        if name == "text/plain":
            return True
        if name in (JSON, "application/*", "*/*"):
            return False
    return False


def _json(body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(json.dumps(body, ensure_ascii=False).encode(), media_type=JSON, headers=headers)
