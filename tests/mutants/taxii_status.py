"""Faults of status resources (TAXII 2.1, section 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant

_LISTS = ("successes", "failures", "pendings")


def _posting(seen: Seen) -> bool:
    return on("objects", method="POST")(seen)


def _any_status(seen: Seen) -> bool:
    return _posting(seen) or on("status")(seen)


def _details(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for name in _LISTS for entry in body.get(name, [])]


@mutant(breaks="TAXII-4.3-1")
def an_unknown_status_is_complete_and_empty(fault: Fault) -> None:
    """A status that was never issued is answered 200, complete, with zero of everything."""

    def invented(seen: Seen, reply: Reply) -> Reply:
        counts = {"total_count": 0, "success_count": 0, "failure_count": 0, "pending_count": 0}
        return taxii({"id": seen.status, "status": "complete", **counts}) if reply.status == 404 else reply

    fault.change_answers(on("status"), invented)


@mutant(breaks="TAXII-4.3-1", size="subtle")
def an_unknown_status_is_a_bad_request(fault: Fault) -> None:
    """A status that was never issued is answered 400; the table of section 4.3 has 404 for it."""
    fault.change_answers(on("status"), lambda _, reply: refusal(400) if reply.status == 404 else reply)


def _newest(fault: Fault, answer: Callable[[Reply, dict[str, Any]], Reply]) -> None:
    """Remember the status of the newest POST; `answer` turns a right status answer into the wrong one."""
    newest: list[dict[str, Any]] = []

    async def posting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 202:
            newest[:] = [reply.json]
        return reply

    fault.around(_posting, posting)
    fault.change_answers(on("status"), lambda _, reply: answer(reply, newest[0]) if reply.ok and newest else reply)


@mutant(breaks="TAXII-4.3-3")
def every_status_has_the_same_id(fault: Fault) -> None:
    """GET status gives one fixed id, whatever id is asked for."""

    def fixed(body: dict[str, Any]) -> None:
        body["id"] = "4a5d2c3e-7f10-4b1c-9c55-0d6f8e2b1a90"

    fault.change_json(on("status"), fixed)


@mutant(breaks="TAXII-4.3-3", size="subtle")
def every_status_has_the_id_of_the_newest_one(fault: Fault) -> None:
    """GET status returns the right counts and details under the id of the newest status."""
    _newest(fault, lambda reply, newest: reply.with_json({**reply.json, "id": newest["id"]}))


@mutant(breaks="TAXII-4.3.1-1")
def the_status_is_called_success(fault: Fault) -> None:
    """The property status says success instead of complete."""
    _called(fault, _any_status, "success")


@mutant(breaks="TAXII-4.3.1-1", size="subtle")
def the_status_is_written_with_a_capital(fault: Fault) -> None:
    """Asked for again, the property status says Complete."""
    _called(fault, on("status"), "Complete")


def _called(fault: Fault, when: Callable[[Seen], bool], word: str) -> None:
    def renamed(body: dict[str, Any]) -> None:
        if body.get("status") == "complete":
            body["status"] = word

    fault.change_json(when, renamed)


@mutant(breaks="TAXII-4.3.1-2")
def total_count_leaves_out_what_was_there_before(fault: Fault) -> None:
    """Objects the collection holds already are not counted in total_count."""
    seen_before: set[tuple[str, str, str]] = set()
    totals: dict[str, int] = {}

    async def posting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status != 202:
            return reply
        sent = [(seen.collection, str(stix.get("id")), str(stix.get("modified"))) for stix in seen.posted]
        totals[reply.json["id"]] = reply.json["total_count"] - sum(one in seen_before for one in sent)
        seen_before.update(sent)
        return corrected(seen, reply)

    def corrected(_: Seen, reply: Reply) -> Reply:
        total = totals.get(reply.json["id"]) if reply.ok else None
        return reply if total is None else reply.with_json({**reply.json, "total_count": total})

    fault.around(_posting, posting)
    fault.change_answers(on("status"), corrected)


@mutant(breaks="TAXII-4.3.1-9")
def status_details_name_database_keys(fault: Fault) -> None:
    """The id of each entry is the number of a database row."""

    def numbered(body: dict[str, Any]) -> None:
        for number, entry in enumerate(_details(body), 1000):
            entry["id"] = str(number)

    fault.change_json(_any_status, numbered)


@mutant(breaks="TAXII-4.3.1-9", size="subtle")
def the_last_entry_of_a_status_carries_its_version_in_the_id(fault: Fault) -> None:
    """The id of the last of several entries is id and version in one."""

    def joined(body: dict[str, Any]) -> None:
        entries = _details(body)
        if len(entries) > 1:
            entries[-1]["id"] += f"/{entries[-1]['version']}"

    fault.change_json(_any_status, joined)


@mutant(breaks="TAXII-4.3.1-10")
def status_details_give_the_time_of_upload_as_version(fault: Fault) -> None:
    """The version of each entry is the time of the request."""
    _version_is_upload_time(fault, "")


@mutant(breaks="TAXII-4.3.1-10", size="subtle")
def a_status_gives_the_time_of_upload_for_marking_definitions(fault: Fault) -> None:
    """Only objects without modified get the time of the request as version, instead of their created time."""
    _version_is_upload_time(fault, "marking-definition--")


def _version_is_upload_time(fault: Fault, prefix: str) -> None:
    def uploaded(body: dict[str, Any]) -> None:
        for entry in _details(body):
            if entry["id"].startswith(prefix):
                entry["version"] = body["request_timestamp"]

    fault.change_json(_any_status, uploaded)


@mutant(breaks="TAXII-4.3.1-12")
def request_timestamp_has_no_fraction(fault: Fault) -> None:
    """request_timestamp counts whole seconds."""

    def whole_seconds(body: dict[str, Any]) -> None:
        if "request_timestamp" in body:
            body["request_timestamp"] = body["request_timestamp"].partition(".")[0] + "Z"

    fault.change_json(_any_status, whole_seconds)


@mutant(breaks="TAXII-4.3.1-12", size="subtle")
def request_timestamp_has_an_offset(fault: Fault) -> None:
    """request_timestamp ends with +00:00 instead of Z."""

    def with_offset(body: dict[str, Any]) -> None:
        if "request_timestamp" in body:
            body["request_timestamp"] = body["request_timestamp"].removesuffix("Z") + "+00:00"

    fault.change_json(_any_status, with_offset)


@mutant(breaks="TAXII-4.3.1-2", size="subtle")
def total_count_counts_the_envelope_too(fault: Fault) -> None:
    """Where an envelope holds several objects, the envelope itself is counted as well."""

    def one_more(body: dict[str, Any]) -> None:
        if body.get("total_count", 0) > 1:
            body["total_count"] += 1

    fault.change_json(_any_status, one_more)
