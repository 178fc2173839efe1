"""Faults of what says that a list goes on, and of the ways to go on (TAXII 2.1, sections 3.4, 3.5 and 3.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

LAST = "X-TAXII-Date-Added-Last"


def _limit(seen: Seen) -> int:
    text = seen.value("limit") or ""
    return int(text) if text.isdigit() else 0


def _silent_end(body: dict[str, Any]) -> None:
    """A cut page as if it were the last one."""
    body.pop("next", None)
    body.pop("more", None)


def _more_is_false(body: dict[str, Any]) -> None:
    """A cut page that denies that there is more."""
    if body.get("more"):
        body["more"] = False
        body.pop("next", None)


def _silent_cap(fault: Fault, when: Callable[[Seen], bool], most: int, end: Callable[[dict[str, Any]], None]) -> None:
    """The server's own limit cuts a first page without a word."""

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen.asking(limit=str(most)))
        return reply.rewritten(end) if reply.ok and len(reply.objects) == most else reply

    fault.around(lambda seen: on("objects")(seen) and when(seen) and "next" not in seen.names, handler)


@mutant(breaks="TAXII-3.4-19")
def a_huge_limit_is_capped_in_silence(fault: Fault) -> None:
    """Asked for more objects than it gives at once, the server returns three and says that is all."""
    _silent_cap(fault, lambda seen: _limit(seen) > 1000, 3, _more_is_false)


@mutant(breaks="TAXII-3.4-19", size="subtle")
def a_huge_limit_is_capped_without_more(fault: Fault) -> None:
    """Asked for more objects than it gives at once, the server returns ten without more."""
    _silent_cap(fault, lambda seen: _limit(seen) > 1000, 10, _silent_end)


def _of_one_type(seen: Seen) -> bool:
    return seen.names == {"match[type]"} and "," not in (seen.value("match[type]") or "")


@mutant(breaks="TAXII-3.4-21")
def an_answer_without_limit_is_cut_in_silence(fault: Fault) -> None:
    """Asked for one type without a limit, the server returns fifty objects at most and says nothing of the rest."""
    _silent_cap(fault, _of_one_type, 50, _silent_end)


@mutant(breaks="TAXII-3.4-21", size="subtle")
def the_limit_of_the_server_says_more_is_false(fault: Fault) -> None:
    """Where it is the server's own limit that cuts the objects of one type, more is false."""
    fault.change_json(lambda seen: on("objects")(seen) and _of_one_type(seen), _more_is_false)


@mutant(breaks="TAXII-3.4-22")
def a_manifest_of_one_record_never_says_more(fault: Fault) -> None:
    """A manifest cut to one record says neither more nor next."""
    fault.change_json(lambda seen: on("manifest")(seen) and _limit(seen) == 1, _silent_end)


@mutant(breaks="TAXII-3.4-22", size="subtle")
def a_cut_manifest_says_more_is_false(fault: Fault) -> None:
    """A manifest without filters that is cut to one record says that more is false."""
    fault.change_json(
        lambda seen: on("manifest")(seen) and _limit(seen) == 1 and seen.names <= {"limit", "match[version]"},
        _more_is_false,
    )


@mutant(breaks="TAXII-3.4-23")
def cut_versions_never_say_more(fault: Fault) -> None:
    """A cut list of versions says neither more nor next."""
    fault.change_json(on("versions"), _silent_end)


@mutant(breaks="TAXII-3.4-23", size="subtle")
def cut_versions_say_more_is_false(fault: Fault) -> None:
    """A list of versions cut to one says that more is false."""
    fault.change_json(lambda seen: on("versions")(seen) and _limit(seen) == 1, _more_is_false)


def _about_one_object(seen: Seen) -> bool:
    """A page of one object that is named: whether more follows may tell of what is hidden, which is for other rows."""
    return _limit(seen) == 1 and "match[id]" in seen.names


def _more_when_full(fault: Fault, endpoint: str) -> None:
    def full(seen: Seen, reply: Reply) -> Reply:
        filled = reply.ok and len(reply.objects) == _limit(seen) and not reply.json.get("more")
        return reply.with_json({"more": True, **reply.json}) if filled and reply.objects else reply

    fault.change_answers(lambda seen: on(endpoint)(seen) and _limit(seen) > 0 and not _about_one_object(seen), full)


@mutant(breaks="TAXII-3.4-24")
def a_full_envelope_says_more(fault: Fault) -> None:
    """An envelope with as many objects as limit allows always says more, though nothing is left."""
    _more_when_full(fault, "objects")


@mutant(breaks="TAXII-3.4-24", size="subtle")
def a_full_manifest_says_more(fault: Fault) -> None:
    """A manifest with as many records as limit allows always says more, though nothing is left."""
    _more_when_full(fault, "manifest")


@mutant(breaks="TAXII-3.4-35")
def versions_have_no_limit(fault: Fault) -> None:
    """limit works on objects and manifest; GET versions lists all versions."""
    fault.change_query(lambda seen: on("versions")(seen) and _limit(seen) > 0, "limit", lambda _: None)


@mutant(breaks="TAXII-3.4-35", size="subtle")
def a_page_of_versions_holds_one_too_many(fault: Fault) -> None:
    """A list of versions holds one more than a limit of two or more says."""
    fault.change_query(lambda seen: on("versions")(seen) and _limit(seen) > 1, "limit", lambda text: str(int(text) + 1))


@mutant(
    breaks="TAXII-3.4-37",
    also={"TAXII-3.4-20": "It is an envelope, too, that limit cuts."},
)
def a_cut_object_never_says_more(fault: Fault) -> None:
    """GET object that limit cuts says neither more nor next."""
    fault.change_json(on("object"), _silent_end)


@mutant(
    breaks="TAXII-3.4-37",
    size="subtle",
    also={"TAXII-3.4-20": "It is an envelope, too, that limit cuts."},
)
def a_cut_object_in_all_versions_says_more_is_false(fault: Fault) -> None:
    """GET object in all versions that limit cuts says that more is false."""
    fault.change_json(
        lambda seen: on("object")(seen) and _limit(seen) > 0 and seen.value("match[version]") == "all", _more_is_false
    )


@mutant(breaks="TAXII-3.5-2")
def the_last_envelope_has_a_next(fault: Fault) -> None:
    """An envelope that is complete says more false and gives a next all the same (so did one server to OpenCTI)."""

    def ended(seen: Seen, reply: Reply) -> Reply:
        last = reply.ok and reply.objects and not reply.json.get("more") and not _about_one_object(seen)
        return reply.with_json({"more": False, "next": "YXQtdGhlLWVuZA==", **reply.json}) if last else reply

    fault.change_answers(on("objects"), ended)


@mutant(breaks="TAXII-3.5-2", size="subtle", traffic=["TAXII-3.4-37"])
def the_last_page_of_an_object_has_a_next(fault: Fault) -> None:
    """GET object in several versions gives a next on its last page, where more is not there."""

    def ended(_: Seen, reply: Reply) -> Reply:
        last = reply.ok and len(reply.objects) > 1 and not reply.json.get("more")
        return reply.with_json({"next": "YXQtdGhlLWVuZA==", **reply.json}) if last else reply

    fault.change_answers(on("object"), ended)


def _in_whole_milliseconds(text: str) -> str:
    return text[:-4] + "000Z" if text.endswith("Z") and len(text) == 27 else text


def _ties(fault: Fault, cut: str) -> None:
    """A clock that counts milliseconds: what comes in one request has one date, and added_after means later than
    all of that date. Pages of one endpoint are cut among equal dates, and offer no next."""

    def after_all_of_it(text: str) -> str:
        return text[:-4] + "999Z" if text.endswith("Z") and len(text) == 27 else text

    def dated(_: Seen, reply: Reply) -> Reply:
        for name in ("X-TAXII-Date-Added-First", LAST):
            value = reply.header(name)
            reply = reply if value is None else reply.with_header(name, _in_whole_milliseconds(value))
        return reply

    def records(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            if "date_added" in record:
                record["date_added"] = _in_whole_milliseconds(record["date_added"])

    def without_next(body: dict[str, Any]) -> None:
        body.pop("next", None)

    everywhere = on("objects", "object", "manifest", "versions")
    fault.change_query(everywhere, "added_after", after_all_of_it)
    fault.change_answers(everywhere, dated)
    fault.change_json(on("manifest"), records)
    fault.change_json(on(cut), without_next)


@mutant(
    breaks="TAXII-3.5-3",
    also={"ISAO-DIS-004": "The date that an event tells to pull from lies within the millisecond that is skipped."},
)
def an_envelope_is_cut_among_equal_dates(fault: Fault) -> None:
    """Objects that came together have one date; an envelope cut among them offers no next, and added_after skips
    the rest of them (so medallion 3.0.0, with added_after)."""
    _ties(fault, "objects")


@mutant(
    breaks="TAXII-3.5-3",
    size="subtle",
    also={"TAXII-3.2-11": "The date told as the last one is not that of the last object of the answer."},
)
def the_last_date_of_a_cut_envelope_skips_an_object(fault: Fault) -> None:
    """The X-TAXII-Date-Added-Last of a cut envelope is that of the object that follows it: who goes on by next
    meets everything, who goes on by time does not."""

    async def ahead(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or not reply.json.get("more"):
            return reply
        beyond = await forward(seen.asking(limit=str(len(reply.objects) + 1)))
        return reply.with_header(LAST, beyond.header(LAST))

    fault.around(on("objects"), ahead)


def _listed(seen: Seen, added: tuple[str, str, str]) -> bool:
    """Whether the addition of (collection, type, id) is part of the list that a request walks through."""
    collection, kind, identifier = added
    types, ids = seen.value("match[type]"), seen.value("match[id]")
    wanted = (types is None or kind in types.split(",")) and (ids is None or identifier in ids.split(","))
    return collection == seen.collection and wanted


def _disturbed_walks(fault: Fault, disturb: Callable[[Reply, Reply], list[Any]]) -> None:
    """A walk through a list that grows on the way: `disturb(page before, this page)` gives the objects of the first
    page after the addition."""
    added: list[tuple[str, str, str]] = []
    given: dict[str, tuple[int, Reply]] = {}

    async def posting(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 202:
            added.extend((seen.collection, str(stix.get("type")), str(stix.get("id"))) for stix in seen.posted)
        return reply

    async def walking(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or not reply.body:
            return reply
        token = reply.json.get("next")
        if token:
            given[token] = (len(added), reply)
        known, before = given.get(seen.value("next") or "", (len(added), reply))
        grown = any(_listed(seen, one) for one in added[known:])
        return reply.with_objects(disturb(before, reply)) if grown and reply.objects else reply

    fault.around(on("objects", method="POST"), posting)
    fault.around(on("objects"), walking)


@mutant(breaks="TAXII-3.5-5")
def an_addition_makes_a_walk_repeat_an_object(fault: Fault) -> None:
    """When something was added meanwhile, the next page begins with the last object of the page before: next
    counts from the newest end of the list."""
    _disturbed_walks(fault, lambda before, reply: [*before.objects[-1:], *reply.objects[1:]])


@mutant(breaks="TAXII-3.5-5", size="subtle")
def an_addition_makes_a_walk_skip_an_object(fault: Fault) -> None:
    """When something was added meanwhile, the next page lacks its first object."""
    _disturbed_walks(fault, lambda _before, reply: reply.objects[1:])


def _nothing_left(fault: Fault, code: int) -> None:
    def gone(_: Seen, reply: Reply) -> Reply:
        return refusal(code) if reply.ok and not reply.objects else reply

    fault.change_answers(lambda seen: on("objects")(seen) and "next" in seen.names, gone)


@mutant(breaks="TAXII-3.5-6")
def a_walk_whose_rest_is_deleted_breaks_the_server(fault: Fault) -> None:
    """When what next stands before is deleted, the next page is answered 500."""
    _nothing_left(fault, 500)


@mutant(breaks="TAXII-3.5-6", size="subtle")
def a_walk_whose_rest_is_deleted_is_not_found(fault: Fault) -> None:
    """When all that was left is deleted, the next page is answered 404."""
    _nothing_left(fault, 404)


def _refused_next(fault: Fault, endpoint: str) -> None:
    fault.change_answers(lambda seen: on(endpoint)(seen) and "next" in seen.names, lambda _seen, _reply: refusal(400))


@mutant(breaks="TAXII-3.5-9")
def the_next_of_a_manifest_leads_nowhere(fault: Fault) -> None:
    """A cut manifest gives a next, which the manifest then refuses with 400."""
    _refused_next(fault, "manifest")


@mutant(breaks="TAXII-3.5-9", size="subtle")
def the_next_of_versions_leads_nowhere(fault: Fault) -> None:
    """A cut list of versions gives a next, which GET versions then refuses with 400."""
    _refused_next(fault, "versions")
