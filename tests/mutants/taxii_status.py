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


@mutant(
    breaks="TAXII-4.3.1-2",
    also={
        "TAXII-4.3.1-7": "The other counts do not add up to a total that is too low.",
    },
)
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


@mutant(breaks="TAXII-4.3.1-12", size="subtle", also={"TAXII-2-7": "A time with an offset is not marked as UTC by Z."})
def request_timestamp_has_an_offset(fault: Fault) -> None:
    """request_timestamp ends with +00:00 instead of Z."""

    def with_offset(body: dict[str, Any]) -> None:
        if "request_timestamp" in body:
            body["request_timestamp"] = body["request_timestamp"].removesuffix("Z") + "+00:00"

    fault.change_json(_any_status, with_offset)


@mutant(
    breaks="TAXII-4.3.1-2",
    size="subtle",
    also={
        "TAXII-4.3.1-7": "The other counts do not add up to a total that is one too high.",
    },
)
def total_count_counts_the_envelope_too(fault: Fault) -> None:
    """Where an envelope holds several objects, the envelope itself is counted as well."""

    def one_more(body: dict[str, Any]) -> None:
        if body.get("total_count", 0) > 1:
            body["total_count"] += 1

    fault.change_json(_any_status, one_more)


def _in_the_archive(fault: Fault, when: Callable[[Reply], bool]) -> None:
    """The second API root answers for statuses of the first one."""

    async def shared(seen: Seen, forward: Forward) -> Reply:
        own = await forward(seen)
        first = await forward(seen.at(seen.path.replace("/archive/", "/exchange/", 1)))
        return first if own.status == 404 and first.ok and when(first) else own

    fault.around(lambda seen: seen.method == "GET" and seen.path.startswith("/archive/status/"), shared)


@mutant(breaks="TAXII-4.3-4")
def every_api_root_knows_every_status(fault: Fault) -> None:
    """A status that one API root issued is served under the other one too."""
    _in_the_archive(fault, lambda _: True)


@mutant(breaks="TAXII-4.3-4", size="subtle")
def a_status_without_failures_is_known_to_every_api_root(fault: Fault) -> None:
    """Statuses without failures are kept in a cache that all API roots share."""
    _in_the_archive(fault, lambda reply: reply.json.get("failure_count") == 0)


def _owners(fault: Fault) -> dict[str, str]:
    """The credentials with which each status was issued."""
    owners: dict[str, str] = {}

    def noted(seen: Seen, reply: Reply) -> Reply:
        if reply.status == 202 and seen.authorization:
            owners[reply.json["id"]] = seen.authorization
        return reply

    fault.change_answers(_posting, noted)
    return owners


def _shown_to_others(fault: Fault, told: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    owners = _owners(fault)

    async def shown(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        owner = owners.get(seen.status)
        if reply.ok or not owner or seen.principal in ("", "?", "ex-member"):
            return reply
        return (await forward(seen.by(owner))).rewritten(told)

    fault.around(on("status"), shown)


@mutant(
    breaks="TAXII-4.3-5",
    also={"ISAO-SEC-003": "What was contributed under a restriction is named to whoever reads its status."},
)
def any_account_may_read_any_status(fault: Fault) -> None:
    """Whoever logs in and knows its id may read a status."""
    _shown_to_others(fault, dict)


@mutant(breaks="TAXII-4.3-5", size="subtle")
def any_account_may_read_the_counts_of_any_status(fault: Fault) -> None:
    """To other accounts a status says its counts and leaves out the objects it is about."""
    _shown_to_others(fault, lambda body: {name: value for name, value in body.items() if name not in _LISTS})


def _without_count(fault: Fault, name: str) -> None:
    def without(body: dict[str, Any]) -> None:
        body.pop(name, None)

    fault.change_json(_any_status, without)


def _count_as_text(fault: Fault, name: str, when: Callable[[int], bool]) -> None:
    def as_text(body: dict[str, Any]) -> None:
        if name in body and when(body[name]):
            body[name] = str(body[name])

    fault.change_json(_any_status, as_text)


@mutant(
    breaks="TAXII-4.3.1-3",
    also={
        "TAXII-3.8-2": "A required property is missing.",
        "TAXII-4.3.1-2": "What is not there does not tell how many objects the request had.",
    },
)
def a_status_has_no_total_count(fault: Fault) -> None:
    """No status says total_count."""
    _without_count(fault, "total_count")


@mutant(
    breaks="TAXII-4.3.1-3",
    size="subtle",
    also={
        "TAXII-2-3": "A text is no integer.",
        "TAXII-4.3.1-2": "A text is not the number of objects in the request.",
    },
)
def total_count_of_several_objects_is_a_text(fault: Fault) -> None:
    """total_count is a text where the request had several objects."""
    _count_as_text(fault, "total_count", lambda count: count > 1)


@mutant(breaks="TAXII-4.3.1-4", also={"TAXII-3.8-2": "A required property is missing."})
def a_status_has_no_success_count(fault: Fault) -> None:
    """No status says success_count."""
    _without_count(fault, "success_count")


@mutant(
    breaks="TAXII-4.3.1-4",
    size="subtle",
    also={"TAXII-2-3": "A text is no integer."},
    traffic=["TAXII-4.3.1-2"],
)
def success_count_of_several_objects_is_a_text(fault: Fault) -> None:
    """success_count is a text where more than two objects were taken."""
    _count_as_text(fault, "success_count", lambda count: count > 2)


@mutant(breaks="TAXII-4.3.1-5", also={"TAXII-3.8-2": "A required property is missing."})
def a_status_without_failures_has_no_failure_count(fault: Fault) -> None:
    """failure_count is left out when it is zero."""

    def without_zero(body: dict[str, Any]) -> None:
        if body.get("failure_count") == 0:
            del body["failure_count"]

    fault.change_json(_any_status, without_zero)


@mutant(
    breaks="TAXII-4.3.1-5",
    size="subtle",
    also={"TAXII-2-3": "A text is no integer."},
)
def a_failure_count_of_zero_is_a_text(fault: Fault) -> None:
    """failure_count is a text where nothing failed."""
    _count_as_text(fault, "failure_count", lambda count: count == 0)


@mutant(breaks="TAXII-4.3.1-6", also={"TAXII-3.8-2": "A required property is missing."})
def a_status_has_no_pending_count(fault: Fault) -> None:
    """No status says pending_count: the server has nothing that could be pending."""
    _without_count(fault, "pending_count")


@mutant(
    breaks="TAXII-4.3.1-6",
    size="subtle",
    also={"TAXII-4.3.1-7": "With a count below zero the counts do not add up to the total."},
    traffic=["TAXII-4.3.1-2"],
)
def pending_count_is_below_zero(fault: Fault) -> None:
    """pending_count of a request with several objects of which none is pending is -1."""

    def below(body: dict[str, Any]) -> None:
        if body.get("pending_count") == 0 and body.get("total_count", 0) > 1:
            body["pending_count"] = -1

    fault.change_json(_any_status, below)


@mutant(breaks="TAXII-4.3.1-7")
def a_complete_status_has_one_pending(fault: Fault) -> None:
    """A complete status counts one object as pending that it counts as a success as well."""

    def one_pending(body: dict[str, Any]) -> None:
        if body.get("status") == "complete":
            body["pending_count"] = 1

    fault.change_json(_any_status, one_pending)


@mutant(breaks="TAXII-4.3.1-7", size="subtle")
def a_status_lists_a_success_twice(fault: Fault) -> None:
    """The last of the successes stands in the list twice: it is longer than success_count says."""

    def twice(body: dict[str, Any]) -> None:
        if body.get("successes"):
            body["successes"].append(dict(body["successes"][-1]))

    fault.change_json(_any_status, twice)


@mutant(
    breaks="TAXII-4.3.1-8",
    also={
        "TAXII-3.8-2": "A required property is missing.",
        "TAXII-4.3.1-10": "What is not there is not the modified or created time of an object.",
    },
)
def successes_do_not_say_their_version(fault: Fault) -> None:
    """The entries of successes have an id only, but for observables, whose version the server makes itself."""

    def bare(body: dict[str, Any]) -> None:
        for entry in body.get("successes", []):
            if "-addr--" not in entry["id"]:
                entry.pop("version", None)

    fault.change_json(_any_status, bare)


@mutant(
    breaks="TAXII-4.3.1-8",
    size="subtle",
    also={
        "TAXII-3.8-2": "A required property is missing.",
        "TAXII-4.3.1-9": "What is not there is not the STIX id of an object.",
    },
)
def the_last_of_several_entries_has_no_id(fault: Fault) -> None:
    """Of several entries the last one has lost its id."""

    def without_id(body: dict[str, Any]) -> None:
        entries = _details(body)
        if len(entries) > 1:
            entries[-1].pop("id", None)

    fault.change_json(_any_status, without_id)


def _observable_version(fault: Fault, version: Callable[[dict[str, Any]], str]) -> None:
    """Another version in the entries about objects that have neither modified nor created."""

    def changed(seen: Seen, reply: Reply) -> Reply:
        bare = {stix.get("id") for stix in seen.posted if not {"modified", "created"} & stix.keys()}
        if reply.status != 202:
            return reply
        for entry in _details(reply.json):
            if entry["id"] in bare:
                entry["version"] = version(reply.json)
        return reply.with_json(reply.json)

    fault.change_answers(_posting, changed)


@mutant(breaks="TAXII-4.3.1-11")
def the_version_of_an_observable_is_empty(fault: Fault) -> None:
    """The answer to a POST gives an empty text as version of an object without modified and created."""
    _observable_version(fault, lambda _: "")


@mutant(breaks="TAXII-4.3.1-11", size="subtle")
def the_version_of_an_observable_is_the_time_of_upload(fault: Fault) -> None:
    """The answer to a POST gives the time of the request as that version; the manifest gives a fixed time."""
    _observable_version(fault, lambda status: str(status["request_timestamp"]))


def _changed_when_read_again(fault: Fault, change: Callable[[dict[str, Any], int], None]) -> None:
    """`change` gets a complete status and how often it was read before."""
    read: dict[str, int] = {}

    def again(body: dict[str, Any]) -> None:
        times = read.get(body["id"], 0)
        read[body["id"]] = times + 1
        if times and body.get("status") == "complete":
            change(body, times)

    fault.change_json(on("status"), again)


@mutant(breaks="TAXII-4.3.1-13")
def a_success_becomes_a_failure_later(fault: Fault) -> None:
    """When a complete status is read again, its last success has become a failure."""

    def failed(body: dict[str, Any], _: int) -> None:
        if body.get("successes"):
            body.setdefault("failures", []).append(body["successes"].pop())
            body["success_count"] -= 1
            body["failure_count"] += 1
            if not body["successes"]:
                del body["successes"]

    _changed_when_read_again(fault, failed)


@mutant(breaks="TAXII-4.3.1-13", size="subtle")
def request_timestamp_moves_when_a_status_is_read_again(fault: Fault) -> None:
    """Each time a complete status is read, its request_timestamp is a year later than the time before."""

    def moved(body: dict[str, Any], times: int) -> None:
        stamp = body["request_timestamp"]
        body["request_timestamp"] = f"{int(stamp[:4]) + times}{stamp[4:]}"

    _changed_when_read_again(fault, moved)


@mutant(breaks="TAXII-4.3-2")
def a_status_is_forgotten_when_it_was_read(fault: Fault) -> None:
    """A complete status is served once and is 404 from then on."""
    read: set[str] = set()

    def once(seen: Seen, reply: Reply) -> Reply:
        if not reply.ok or seen.status not in read:
            read.update([seen.status] if reply.ok else [])
            return reply
        return refusal(404)

    fault.change_answers(on("status"), once)


@mutant(breaks="TAXII-4.3-2", size="subtle")
def a_status_that_was_read_is_forgotten_at_the_next_post(fault: Fault) -> None:
    """When an account posts again, the server clears away those of its statuses that were read already."""
    read: dict[str, set[str]] = {}
    gone: set[str] = set()

    def cleared(seen: Seen, reply: Reply) -> Reply:
        if reply.status == 202:
            gone.update(read.pop(seen.principal, set()))
        return reply

    def served(seen: Seen, reply: Reply) -> Reply:
        if reply.ok:
            read.setdefault(seen.principal, set()).add(seen.status)
        return refusal(404) if seen.status in gone else reply

    fault.change_answers(_posting, cleared)
    fault.change_answers(on("status"), served)
