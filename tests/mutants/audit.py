"""Exchanges whose audit log has gaps, can be rewritten, or tells too much."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from isao_reference.audit import heads, trail
from isao_reference.audit.chain import WHOLE, Said
from isao_reference.audit.record import Draft
from isao_reference.functions import audit_log
from isao_reference.store import audit
from isao_reference.store.audit import Kept
from tests.support.answering import Reply, Seen
from tests.support.mutation import Fault, mutant


def forget(fault: Fault, what: Callable[[Said], bool]) -> None:
    """Leave some entries out."""
    original = audit.append

    def fewer(db: sqlite3.Connection, entries: Iterable[Said]) -> None:
        original(db, [one for one in entries if not what(one)])

    fault.replace("isao_reference.store.audit.append", fewer)


def forget_requests(fault: Fault, which: Callable[[Draft], bool]) -> None:
    """Leave the entries of some requests out, whether they are written at once or later."""
    at_once, later = trail.write, trail.merged

    def write(db: sqlite3.Connection, draft: Draft, now: int) -> None:
        if not which(draft):
            at_once(db, draft, now)

    fault.replace("isao_reference.audit.trail.write", write)
    fault.replace(
        "isao_reference.audit.trail.merged",
        lambda db, waiting: later(db, [one for one in waiting if not which(one[1])]),
    )


@mutant("ISAO-SEC-004")
def only_what_changes_something_is_on_record(fault: Fault) -> None:
    """A log of writes: who read an item is not known."""
    forget(fault, lambda one: one.told["action"] == "read" and one.told["what"] == "object")


@mutant("ISAO-SEC-004", size="subtle")
def refused_requests_are_not_on_record(fault: Fault) -> None:
    """What was given is written down; who tried to get what it may not see is not."""
    forget(fault, lambda one: one.told["outcome"] == "refused")


@mutant("ISAO-SEC-004", size="subtle")
def a_deletion_is_on_record_without_an_account(fault: Fault) -> None:
    """The entry is there, with everything but whose it was."""
    original = audit.append

    def nameless(db: sqlite3.Connection, entries: Iterable[Said]) -> None:
        original(db, [_without(one, "account") if one.told["action"] == "delete" else one for one in entries])

    fault.replace("isao_reference.store.audit.append", nameless)


def _without(said: Said, name: str) -> Said:
    return replace(said, told={key: value for key, value in said.told.items() if key != name})


@mutant("ISAO-AUD-001")
def heads_are_signed_with_a_key_that_nobody_knows(fault: Fault) -> None:
    """The key was changed, and the capability document still has the old one."""
    original = heads.sign
    fault.replace("isao_reference.audit.heads.sign", lambda seed, *rest: original(bytes(32), *rest))


@mutant("ISAO-AUD-001", size="subtle")
def times_are_rounded_when_entries_are_shown(fault: Fault) -> None:
    """The entries that are hashed are others than those that are shown."""

    def rounded(_: Seen, reply: Reply) -> Reply:
        if not reply.ok or "entries" not in (reply.json or {}):
            return reply
        value: dict[str, Any] = json.loads(reply.body)
        for one in value["entries"]:
            one["entry"]["time"] = one["entry"]["time"][:19] + ".000000Z"
        return reply.with_json(value)

    fault.change_answers(lambda seen: seen.path.startswith("/functions/audit"), rounded)


@mutant("ISAO-AUD-001", size="subtle")
def an_old_entry_is_written_anew_whenever_it_is_read(fault: Fault) -> None:
    """The first page is right by itself, with a proof of its own; it is not the log that the head was signed over."""
    original = audit.entries

    def other(db: sqlite3.Connection, log: str, after: int, most: int) -> list[Kept]:
        found = original(db, log, after, most)
        if after == 0 and found:
            first = json.loads(found[0].body)
            body = json.dumps({**first, "what": "nothing"}, sort_keys=True, separators=(",", ":")).encode()
            found[0] = replace(found[0], body=body)
        return found

    fault.replace("isao_reference.store.audit.entries", other)


@mutant("ISAO-AUD-002")
def everybody_reads_the_log_of_everything(fault: Fault) -> None:
    """One log for all, and whoever may read it reads it all."""
    original = audit_log._asked

    def whole(call: Any, numbers: tuple[str, ...]) -> tuple[str, Mapping[str, int]]:
        return WHOLE, original(call, numbers)[1]

    fault.replace("isao_reference.functions.audit_log._asked", whole)


@mutant("ISAO-AUD-002", size="subtle")
def colleagues_are_shown_the_details_of_each_other(fault: Fault) -> None:
    """The organization is asked, and not the account: a RED item of one is told to the others."""

    def open_to_all(*given: Any) -> bytes:
        call, log, hashes, one, size = given
        return original(call, log, hashes, replace(one, account=call.principal.account), size)

    original = audit_log._line
    fault.replace("isao_reference.functions.audit_log._line", open_to_all)


@mutant("ISAO-AUD-002", size="subtle")
def entries_tell_the_title_of_what_was_contributed(fault: Fault) -> None:
    """Made for the convenience of whoever reads the log."""
    original = trail.write

    def telling(db: sqlite3.Connection, draft: Draft, now: int) -> None:
        if draft.action == "contribute" and draft.ids:
            row = db.execute("SELECT body FROM items WHERE object_id = ?", (draft.ids[0],)).fetchone()
            draft.details["x_title"] = str(json.loads(row[0]).get("name", "")) if row else ""
        original(db, draft, now)

    fault.replace("isao_reference.audit.trail.write", telling)


@mutant("ISAO-LEG-008")
def exports_are_not_on_record(fault: Fault) -> None:
    """The log is of TAXII; the list for the firewall is made elsewhere."""
    forget(fault, lambda one: one.told["action"] == "export")


@mutant("ISAO-LEG-008", size="subtle")
def a_walk_is_on_record_as_its_first_page(fault: Fault) -> None:
    """One request of the client's, one entry: what follows by next counts as the same."""
    forget_requests(fault, lambda draft: b"next=" in draft.query)
