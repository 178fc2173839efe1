"""Faults of adding objects and of the receipt for them (TAXII 2.1, section 5.5)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.answering import TAXII, Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant

_posting = on("objects", method="POST")


def _key(stix: dict[str, Any]) -> tuple[str, str]:
    return str(stix.get("id")), str(stix.get("modified", stix.get("created")))


def _sending(seen: Seen, objects: list[dict[str, Any]]) -> Seen:
    """The same POST with other objects."""
    return replace(seen, body=json.dumps({"objects": objects}).encode())


def _receipt(successes: list[dict[str, Any]], failures: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A complete status that says this of each object."""
    counts = {"success_count": len(successes), "failure_count": len(failures), "pending_count": 0}
    lists = {name: entries for name, entries in (("successes", successes), ("failures", failures)) if entries}
    return {
        "id": str(uuid.uuid4()),
        "status": "complete",
        "total_count": len(successes) + len(failures),
        **counts,
        **lists,
        **changes,
    }


def _kept_receipts(fault: Fault, when: Callable[[Seen], bool], change: Callable[[Seen, Reply], Reply]) -> None:
    """Change the receipts of some POSTs, and let Get Status say the same afterwards."""
    told: dict[str, Reply] = {}

    async def posting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        other = change(seen, reply) if reply.status == 202 else reply
        if other is not reply and other.status == 202:
            told[other.json["id"]] = other.with_status(200)
        return other

    async def asking(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return told.get(seen.status, reply) if reply.status in (200, 404) else reply

    fault.around(lambda seen: _posting(seen) and when(seen), posting)
    fault.around(on("status"), asking)


def _repeated(fault: Fault, change: Callable[[Seen, Reply], Reply]) -> None:
    """Change the receipt of a POST whose objects were all added before, word for word."""
    stored: set[tuple[str, str]] = set()

    def known(seen: Seen, reply: Reply) -> Reply:
        place = [(seen.collection, json.dumps(stix, sort_keys=True)) for stix in seen.posted]
        old = bool(place) and stored.issuperset(place)
        if not reply.json.get("failure_count"):
            stored.update(place)
        return change(seen, reply) if old else reply

    async def deleting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        gone = [one for one in stored if reply.ok and one[0] == seen.collection and f'"{seen.object}"' in one[1]]
        stored.difference_update(gone)
        return reply

    _kept_receipts(fault, lambda _: True, known)
    fault.around(on("object", method="DELETE"), deleting)


@mutant(breaks="TAXII-5.5-2")
def a_duplicate_is_listed_as_a_failure(fault: Fault) -> None:
    """What is posted a second time, word for word, is listed under failures."""

    def failed(seen: Seen, reply: Reply) -> Reply:
        entries = [{**entry, "message": "there already"} for entry in reply.json.get("successes", [])]
        same = {name: reply.json[name] for name in ("id", "request_timestamp") if name in reply.json}
        return reply.with_json(_receipt([], entries, **same))

    _repeated(fault, failed)


@mutant(breaks="TAXII-5.5-2", size="subtle")
def a_post_of_duplicates_only_is_refused(fault: Fault) -> None:
    """A POST is answered 422 when nothing in it is new."""
    _repeated(fault, lambda _seen, _reply: refusal(422))


def _lost(fault: Fault, lost: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Delete some new objects of a POST right after its receipt was written."""

    async def losing(seen: Seen, forward: Forward) -> Reply:
        root = seen.path if seen.path.endswith("/") else seen.path + "/"
        new = [stix for stix in seen.posted if not (await forward(seen.at(f"{root}{stix.get('id')}/"))).objects]
        reply = await forward(seen)
        for stix in lost(new) if reply.status == 202 else []:
            await forward(seen.at(f"{root}{stix.get('id')}/", "DELETE"))
        return reply

    fault.around(_posting, losing)


@mutant(
    breaks="TAXII-5.5-3",
    also={
        "ISAO-GAT-005": "The valid neighbour of an invalid object is lost.",
        "ISAO-LEG-002": "The address is sought in objects that came after another one.",
    },
)
def only_the_first_of_several_objects_is_kept(fault: Fault) -> None:
    """A POST of several new objects is complete and successful, and all but the first are not stored."""
    _lost(fault, lambda new: new[1:])


@mutant(
    breaks="TAXII-5.5-3",
    size="subtle",
    also={
        "ISAO-GAT-005": "The valid neighbour of an invalid object is lost.",
        "ISAO-LEG-002": "The address is sought in objects that came after another one.",
    },
)
def the_last_of_several_objects_is_lost(fault: Fault) -> None:
    """A POST of several new objects is complete and successful, and the last of them is not stored."""
    _lost(fault, lambda new: new[1:][-1:])


@mutant(breaks="TAXII-5.5-4")
def a_further_version_replaces_the_one_before(fault: Fault) -> None:
    """Adding an object again with another modified time deletes what was there under its id."""

    async def replacing(seen: Seen, forward: Forward) -> Reply:
        root = seen.path if seen.path.endswith("/") else seen.path + "/"
        for stix in seen.posted:
            old = seen.at(f"{root}{stix.get('id')}/", query=[("match[version]", "all")])
            known = await forward(old)
            if known.objects and _key(stix) not in map(_key, known.objects):
                await forward(replace(old, method="DELETE"))
        return await forward(seen)

    fault.around(_posting, replacing)


@mutant(breaks="TAXII-5.5-4", size="subtle")
def a_version_older_than_the_latest_is_not_kept(fault: Fault) -> None:
    """A version that arrives after a newer one is a success in the receipt and is not stored."""

    async def newest_only(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        root = seen.path if seen.path.endswith("/") else seen.path + "/"
        for stix in seen.posted if reply.status == 202 else []:
            known = await forward(seen.at(f"{root}{stix.get('id')}/"))
            if known.objects and _key(known.objects[0]) > _key(stix):
                old = [("match[version]", _key(stix)[1])]
                await forward(seen.at(f"{root}{stix.get('id')}/", "DELETE", old))
        return reply

    fault.around(_posting, newest_only)


def _content_type(seen: Seen) -> str:
    return (seen.header("content-type") or "").lower()


@mutant(breaks="TAXII-5.5-5")
def xml_is_a_bad_request(fault: Fault) -> None:
    """A POST of text/xml is 400, from a parser that takes everything for JSON."""
    fault.change_answers(
        lambda seen: _posting(seen) and "xml" in _content_type(seen),
        lambda _, reply: refusal(400) if reply.status == 415 else reply,
    )


def _json_of(seen: Seen) -> Any:
    try:
        return json.loads(seen.body)
    except (ValueError, RecursionError):
        return seen


@mutant(breaks="TAXII-5.5-6")
def a_list_is_accepted_as_an_envelope(fault: Fault) -> None:
    """A body that is a JSON array is answered 202 with nothing counted."""
    fault.change_answers(
        lambda seen: _posting(seen) and isinstance(_json_of(seen), list),
        lambda _, reply: taxii(_receipt([], []), 202) if reply.status in (400, 422) else reply,
    )


@mutant(breaks="TAXII-5.5-6", size="subtle")
def an_envelope_whose_objects_are_a_number_breaks_the_server(fault: Fault) -> None:
    """A POST of {"objects": 5} is 500: the loop over the objects is not guarded."""

    def no_list(seen: Seen) -> bool:
        body = _json_of(seen) if _posting(seen) else None
        return isinstance(body, dict) and isinstance(body.get("objects"), int)

    fault.change_answers(no_list, lambda _, reply: refusal(500) if reply.status in (400, 422) else reply)


def _successful(_: Seen, reply: Reply) -> Reply:
    """The receipt with its failures as successes."""
    entries = [*reply.json.get("successes", []), *reply.json.get("failures", [])]
    good = [{name: value for name, value in entry.items() if name != "message"} for entry in entries]
    same = {name: reply.json[name] for name in ("id", "request_timestamp") if name in reply.json}
    return reply.with_json(_receipt(good, [], **same)) if reply.json.get("failures") else reply


@mutant(breaks="TAXII-5.5-7")
def an_object_without_id_is_a_success(fault: Fault) -> None:
    """The receipt counts an object without id, which nobody can ever ask for, as a success."""
    _kept_receipts(fault, lambda seen: len(seen.posted) == 1 and "id" not in seen.posted[0], _successful)


@mutant(breaks="TAXII-5.5-7", size="subtle")
def an_object_of_an_unknown_spec_version_is_stored(fault: Fault) -> None:
    """spec_version is not looked at: an object that says 9.9 is stored as one of STIX 2.1."""

    async def unseen(seen: Seen, forward: Forward) -> Reply:
        return await forward(_sending(seen, [{**stix, "spec_version": "2.1"} for stix in seen.posted]))

    fault.around(
        lambda seen: _posting(seen) and any(s.get("spec_version") not in (None, "2.0", "2.1") for s in seen.posted),
        unseen,
    )


def _mixed(seen: Seen) -> bool:
    return len(seen.posted) > 1


@mutant(breaks="TAXII-5.5-8")
def all_objects_are_successes_beside_a_good_one(fault: Fault) -> None:
    """Where an envelope holds good objects and bad ones, the receipt counts all of them as successes."""

    def some_good(seen: Seen, reply: Reply) -> Reply:
        return _successful(seen, reply) if reply.json.get("successes") else reply

    _kept_receipts(fault, _mixed, some_good)


@mutant(
    breaks="TAXII-5.5-8", size="subtle", also={"ISAO-GAT-005": "The valid neighbours of an invalid object are lost."}
)
def a_bad_object_takes_the_good_ones_with_it(fault: Fault) -> None:
    """One bad object rolls the whole envelope back; the receipt, written before, still counts the good ones."""

    async def rolled_back(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 202 and reply.json.get("failure_count"):
            root = seen.path if seen.path.endswith("/") else seen.path + "/"
            for entry in reply.json.get("successes", []):
                await forward(seen.at(f"{root}{entry['id']}/", "DELETE", [("match[version]", entry["version"])]))
        return reply

    fault.around(lambda seen: _posting(seen) and _mixed(seen), rolled_back)


def _unacceptable(seen: Seen) -> bool:
    return (
        _posting(seen)
        and "taxii+json" not in (seen.header("accept") or "*")
        and "*" not in (seen.header("accept") or "*")
    )


def _as_taxii(seen: Seen) -> Seen:
    return replace(seen, headers=(*(pair for pair in seen.headers if pair[0] != "accept"), ("accept", TAXII)))


@mutant(breaks="TAXII-5.5-11")
def objects_are_stored_before_accept_is_refused(fault: Fault) -> None:
    """A POST whose Accept names no TAXII type is 406, and its objects are stored all the same."""

    async def stored_first(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 406:
            await forward(_as_taxii(seen))
        return reply

    fault.around(_unacceptable, stored_first)


@mutant(breaks="TAXII-5.5-11", size="subtle")
def the_first_object_is_stored_before_accept_is_refused(fault: Fault) -> None:
    """A POST whose Accept is refused leaves its first object in the collection, as the writer stops late."""

    async def first_stored(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 406:
            await forward(_sending(_as_taxii(seen), seen.posted[:1]))
        return reply

    fault.around(_unacceptable, first_stored)


@mutant(
    breaks="TAXII-5.5-12",
)
def the_status_of_a_complete_post_is_not_kept(fault: Fault) -> None:
    """A POST that is complete at once gets a status id that Get Status does not know."""
    fault.change_answers(
        on("status"), lambda _, reply: refusal(404) if reply.ok and reply.json["status"] == "complete" else reply
    )


@mutant(
    breaks="TAXII-5.5-12",
    size="subtle",
)
def the_receipt_names_another_status_than_is_kept(fault: Fault) -> None:
    """The id in the answer to a POST of one object is made up a second time; the status is kept under the first."""

    def renamed(body: dict[str, Any]) -> None:
        if body.get("total_count") == 1:
            body["id"] = str(uuid.uuid4())

    fault.change_json(_posting, renamed)


@mutant(breaks="TAXII-5.5-13")
def an_envelope_without_objects_breaks_the_server(fault: Fault) -> None:
    """A POST of {} is 500."""
    fault.change_answers(lambda seen: _posting(seen) and _json_of(seen) == {}, lambda _seen, _reply: refusal(500))
