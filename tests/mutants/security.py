"""Exchanges that tell more than they should, or let in whom they should not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on, taxii
from tests.support.mutation import Fault, mutant


@mutant("ISAO-SEC-005", size="subtle")
def security_txt_has_expired(fault: Fault) -> None:
    """The file is there and complete; its date has passed."""
    fault.change_answers(
        lambda seen: seen.path == "/.well-known/security.txt",
        lambda _, reply: replace(
            reply, body=re.sub(rb"(?mi)^Expires:.*$", b"Expires: 2024-01-01T00:00:00Z", reply.body)
        ),
    )


def is_json(body: bytes) -> bool:
    """Whether a body is strict JSON."""
    try:
        json.loads(body, parse_constant=lambda word: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return True


@mutant("ISAO-SEC-006", also={"TAXII-5.5-6": "A body that is not understood is answered 500."})
def malformed_json_makes_the_exchange_fail(fault: Fault) -> None:
    """An unhandled exception in the reader, answered as an internal error."""

    async def falling_over(seen: Seen, forward: Forward) -> Reply:
        if not is_json(seen.body):
            return taxii({"title": "Internal error", "http_status": "500"}, 500)
        return await forward(seen)

    fault.around(lambda seen: seen.method == "POST" and seen.principal not in ("", "?"), falling_over)


@mutant("ISAO-SEC-006", size="subtle")
def what_follows_the_envelope_is_ignored(fault: Fault) -> None:
    """A reader that stops at the closing brace stores a body that is no JSON text."""

    def first_value(seen: Seen) -> Seen:
        if len(seen.body) > 64 * 1024:  # a body above the limit of the server is refused before it is read
            return seen
        try:
            value, end = json.JSONDecoder().raw_decode(seen.body.decode())
        except (ValueError, RecursionError):
            return seen
        headers = tuple(pair for pair in seen.headers if pair[0] != "content-length")
        return replace(seen, body=seen.body.decode()[:end].encode(), headers=headers) if value else seen

    fault.change_requests(lambda seen: seen.method == "POST", first_value)


@mutant(
    "ISAO-SEC-012",
    size="subtle",
    also={"TAXII-5.3-auth": "Failed authentication at the manifest is answered 200."},
)
def any_password_opens_the_manifest_for_a_known_name(fault: Fault) -> None:
    """One path compares the name and forgets the secret."""

    async def careless(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.by(fault.authorization_of("member-a")))

    fault.around(lambda seen: seen.principal == "?" and seen.user == "member-a" and on("manifest")(seen), careless)


TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/exchange/app.py", line 212, in get_object\n'
    "    return rows[0]\nIndexError: list index out of range"
)


@mutant("ISAO-SEC-013", size="subtle")
def a_missing_object_is_reported_with_a_stack_trace(fault: Fault) -> None:
    """A well-formed error message whose description is the inside of the server."""

    def telling(_: Seen, reply: Reply) -> Reply:
        value: dict[str, Any] = {**(reply.json or {"title": "Not found"}), "description": TRACE}
        return reply.with_json(value) if reply.status == 404 else reply

    fault.change_answers(on("object"), telling)


@mutant("ISAO-SEC-002")
def keys_never_end(fault: Fault) -> None:
    """Keys can be revoked; the date that stands beside them is for people."""
    fault.replace("isao_reference.auth.is_usable", lambda credential, now: credential.revoked is None)


@mutant("ISAO-SEC-002", size="subtle")
def a_revoked_key_still_reads_the_manifest(fault: Fault) -> None:
    """One path asks a copy of the accounts that is made at night."""
    fault.change_requests(
        lambda seen: seen.principal == "member-a-revoked" and on("manifest")(seen),
        lambda seen: seen.by(fault.authorization_of("member-a")),
    )


@mutant("ISAO-SEC-002", size="subtle")
def an_expired_key_is_still_told_of_events(fault: Fault) -> None:
    """The dates of keys are looked at in TAXII."""
    fault.change_requests(
        lambda seen: seen.principal == "member-a-expired" and seen.path == "/functions/events/",
        lambda seen: seen.by(fault.authorization_of("member-a")),
    )
