"""Faults of limit, more and next (TAXII 2.1, sections 3.4 and 3.5, appendix B)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant


def _limit(seen: Seen) -> int:
    text = seen.value("limit") or ""
    return int(text) if text.isdigit() else 0


@mutant(breaks="TAXII-3.4-17")
def the_manifest_has_no_limit(fault: Fault) -> None:
    """limit works on GET objects; the manifest returns everything."""
    fault.change_query(lambda seen: on("manifest")(seen) and _limit(seen) > 0, "limit", lambda _: None)


@mutant(breaks="TAXII-3.4-17", size="subtle")
def a_page_holds_one_entry_too_many(fault: Fault) -> None:
    """A manifest page with a limit of two or more holds one record more than asked for."""
    fault.change_query(lambda seen: on("manifest")(seen) and _limit(seen) > 1, "limit", lambda text: str(int(text) + 1))


def _without_last_when_full(fault: Fault, endpoint: str) -> None:
    def cut(seen: Seen, reply: Reply) -> Reply:
        full = reply.ok and len(reply.objects) == _limit(seen) and not reply.json.get("more")
        return reply.with_objects(reply.objects[:-1]) if full else reply

    fault.change_answers(lambda seen: on(endpoint)(seen) and _limit(seen) > 1 and "next" not in seen.names, cut)


@mutant(breaks="TAXII-3.4-18")
def the_last_object_is_lost_when_the_limit_just_suffices(fault: Fault) -> None:
    """When exactly as many objects match as limit allows, the last one is left out and more is not set."""
    _without_last_when_full(fault, "objects")


@mutant(breaks="TAXII-3.4-18", size="subtle")
def the_last_record_is_lost_when_the_limit_just_suffices(fault: Fault) -> None:
    """The same on the manifest only."""
    _without_last_when_full(fault, "manifest")


@mutant(breaks="TAXII-3.4-20")
def a_cut_answer_does_not_say_more(fault: Fault) -> None:
    """An envelope cut to one object by limit=1 says more false, and gives no next."""

    def no_more(body: dict[str, Any]) -> None:
        if body.get("more"):
            body["more"] = False
            body.pop("next", None)

    fault.change_json(
        lambda seen: on("objects")(seen) and _limit(seen) == 1 and seen.names <= {"limit", "match[id]"}, no_more
    )


@dataclass
class _Cursors:
    """Which request each next value was given out for, and the answer that carried it."""

    given: dict[str, tuple[Seen, Reply]] = field(default_factory=dict)

    def note(self, seen: Seen, reply: Reply) -> Reply:
        token = reply.json.get("next") if reply.ok and isinstance(reply.json, dict) else None
        if isinstance(token, str):
            self.given[token] = (seen, reply)
        return reply

    def origin(self, seen: Seen) -> tuple[Seen, Reply] | None:
        """The request and answer that the next value of this request comes from."""
        return self.given.get(seen.value("next") or "")


def _with_cursors(fault: Fault, change: Callable[[_Cursors, Seen], Seen]) -> None:
    """Rewrite requests to GET objects that carry a known next value."""
    cursors = _Cursors()

    async def handler(seen: Seen, forward: Forward) -> Reply:
        return cursors.note(seen, await forward(change(cursors, seen)))

    fault.around(on("objects"), handler)


def _in_all_versions(seen: Seen) -> bool:
    return on("objects")(seen) and seen.value("match[version]") == "all" and 0 < _limit(seen) < 20


@mutant(breaks="TAXII-3.5-1")
def the_last_object_of_a_page_comes_again(fault: Fault) -> None:
    """Each further page begins with the last object of the page before, in place of its own first one."""
    cursors = _Cursors()

    async def handler(seen: Seen, forward: Forward) -> Reply:
        origin = cursors.origin(seen)
        reply = cursors.note(seen, await forward(seen))
        if origin is None or not reply.objects or not origin[1].objects:
            return reply
        return reply.with_objects([origin[1].objects[-1], *reply.objects[1:]])

    fault.around(_in_all_versions, handler)


@mutant(breaks="TAXII-3.5-1", size="subtle")
def the_last_page_loses_its_first_object(fault: Fault) -> None:
    """The page that ends a walk lacks the object that stands right after the page before."""

    def without_first(_: Seen, reply: Reply) -> Reply:
        last = reply.ok and reply.objects and not reply.json.get("more")
        return reply.with_objects(reply.objects[1:]) if last else reply

    fault.change_answers(lambda seen: _in_all_versions(seen) and "next" in seen.names, without_first)


def _another_object_on_later_pages(fault: Fault, field_name: str, strays: Callable[[Seen, Any], bool]) -> None:
    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if not reply.ok or not reply.objects:
            return reply
        every = await forward(seen.at(seen.path))
        stray = next((stix for stix in every.objects if strays(seen, stix)), None)
        return reply if stray is None else reply.with_objects([stray, *reply.objects[1:]])

    plain = {"next", "limit", field_name}  # walks in all versions are TAXII-3.5-1's, which counts every object
    fault.around(lambda seen: on("objects")(seen) and {"next", field_name} <= seen.names <= plain, handler)


@mutant(breaks="TAXII-3.5-4")
def the_type_is_forgotten_on_the_second_page(fault: Fault) -> None:
    """The second page of match[type] holds an object of another type."""
    _another_object_on_later_pages(
        fault, "match[type]", lambda seen, stix: stix["type"] not in (seen.value("match[type]") or "").split(",")
    )


@mutant(breaks="TAXII-3.5-4", size="subtle")
def the_ids_are_forgotten_on_the_second_page(fault: Fault) -> None:
    """The second page of match[id] with two ids holds a third object."""
    _another_object_on_later_pages(
        fault, "match[id]", lambda seen, stix: stix["id"] not in (seen.value("match[id]") or "").split(",")
    )


@mutant(breaks="TAXII-B-1")
def a_next_value_opens_its_own_collection_anywhere(fault: Fault) -> None:
    """next names a list on the server that knows its collection: sent to another collection, it continues the
    first one (medallion 3.0.0 does so)."""

    def own_collection(cursors: _Cursors, seen: Seen) -> Seen:
        origin = cursors.origin(seen)
        return seen if origin is None else seen.at(origin[0].path, query=seen.query)

    _with_cursors(fault, own_collection)


@mutant(
    breaks="TAXII-B-1",
    size="subtle",
    also={"TAXII-3.4-10": "A next value that was never given out brings entries in place of 400."},
)
def a_spoiled_next_value_restarts_without_filters(fault: Fault) -> None:
    """A next value that was never given out is taken as none, and the filters are forgotten with it."""

    def restart(cursors: _Cursors, seen: Seen) -> Seen:
        unknown = "next" in seen.names and cursors.origin(seen) is None
        return seen.at(seen.path) if unknown else seen

    _with_cursors(fault, restart)


@mutant(breaks="TAXII-B-2")
def a_next_value_brings_the_rights_it_was_made_with(fault: Fault) -> None:
    """Rights are looked at when a walk begins; whoever has a next value of it goes on with them."""

    def with_first_rights(cursors: _Cursors, seen: Seen) -> Seen:
        origin = cursors.origin(seen)
        same_place = origin is not None and origin[0].path == seen.path
        return seen.by(origin[0].authorization) if origin is not None and same_place else seen

    _with_cursors(fault, with_first_rights)


@mutant(breaks="TAXII-B-3")
def a_next_value_overrides_the_query(fault: Fault) -> None:
    """With next the query is not looked at: the walk goes on as it began."""

    def first_query(cursors: _Cursors, seen: Seen) -> Seen:
        origin = cursors.origin(seen)
        if origin is None or origin[0].path != seen.path:
            return seen
        own = [pair for pair in origin[0].query if pair[0] != "next"]
        return seen.at(seen.path, query=[*own, ("next", seen.value("next") or "")])

    _with_cursors(fault, first_query)


@mutant(breaks="TAXII-B-2", size="subtle")
def a_next_value_of_another_account_opens_its_collection(fault: Fault) -> None:
    """Sent by another account to a collection of its own, next continues the list it was made for."""

    def as_its_owner(cursors: _Cursors, seen: Seen) -> Seen:
        origin = cursors.origin(seen)
        if origin is None or origin[0].path == seen.path or origin[0].authorization == seen.authorization:
            return seen
        return seen.at(origin[0].path, query=seen.query).by(origin[0].authorization)

    _with_cursors(fault, as_its_owner)


@mutant(breaks="TAXII-3.4-20", size="subtle")
def a_cut_answer_about_named_ids_leaves_more_out(fault: Fault) -> None:
    """Where ids are named and limit=1 cuts the answer, more is not there at all; elsewhere it is true."""

    def without_more(body: dict[str, Any]) -> None:
        body.pop("more", None)
        body.pop("next", None)

    fault.change_json(
        lambda seen: on("objects")(seen) and _limit(seen) == 1 and seen.names == {"limit", "match[id]"}, without_more
    )


@mutant(breaks="TAXII-B-3", size="subtle")
def a_next_value_adds_an_object_of_its_own_query(fault: Fault) -> None:
    """With next a changed query is obeyed, and the next object of the old query comes first all the same."""
    cursors = _Cursors()

    async def handler(seen: Seen, forward: Forward) -> Reply:
        origin = cursors.origin(seen)
        if origin is None or origin[0].path != seen.path or origin[0].value("match[type]") == seen.value("match[type]"):
            return cursors.note(seen, await forward(seen))
        own = [pair for pair in origin[0].query if pair[0] != "next"]
        old = await forward(seen.at(seen.path, query=[*own, ("next", seen.value("next") or "")]))
        new = await forward(seen.asking(next=None))
        return new.with_objects([*old.objects[:1], *new.objects]) if old.ok and new.ok else new

    fault.around(on("objects"), handler)
