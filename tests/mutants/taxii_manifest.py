"""Faults of the manifest and of the date headers (TAXII 2.1, sections 3.2, 3.3 and 5.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isao_reference.store.items import NewItem
from isao_reference.taxii import intake
from tests.mutants import LIBRARY
from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant

FIRST = "X-TAXII-Date-Added-First"


def _exactly(*names: str) -> Any:
    return lambda seen: on("manifest")(seen) and seen.names == frozenset(names)


def _whole(seen: Seen) -> bool:
    """The manifest in all versions, from its beginning, without a limit."""
    return _exactly("match[version]")(seen) and seen.value("match[version]") == "all"


@mutant(breaks="TAXII-5.3-1")
def the_manifest_has_one_record_for_each_object_only(fault: Fault) -> None:
    """match[version]=all lists an object's first version and no further one: records are kept by id."""

    def once(body: dict[str, Any]) -> None:
        by_id: dict[str, Any] = {}
        for record in body.get("objects", []):
            by_id.setdefault(record["id"], record)
        if by_id:
            body["objects"] = list(by_id.values())

    fault.change_json(_whole, once)


@mutant(breaks="TAXII-5.3-1", size="subtle")
def the_manifest_repeats_a_record(fault: Fault) -> None:
    """The first record of the manifest in all versions comes twice."""

    def twice(body: dict[str, Any]) -> None:
        if body.get("objects"):
            body["objects"].insert(0, dict(body["objects"][0]))

    fault.change_json(_whole, twice)


@mutant(breaks="TAXII-5.3.1-2")
def record_ids_of_tools_carry_a_row_number(fault: Fault) -> None:
    """In the plain manifest records of one type have the database key behind their STIX id."""

    def numbered(body: dict[str, Any]) -> None:
        for number, record in enumerate(body.get("objects", [])):
            if record["id"].startswith("tool--"):
                record["id"] += f"--{number}"

    fault.change_json(_exactly(), numbered)


@mutant(
    breaks="TAXII-5.3.1-3",
    also={"TAXII-3.4.1-10": "Asked for by the word last, the same object has another version."},
)
def a_records_version_is_its_date_added(fault: Fault) -> None:
    """Where one id is asked for, version is the time of addition."""
    _version_is_date_added(fault, "")


@mutant(breaks="TAXII-5.3.1-3", size="subtle")
def the_version_of_a_marking_definition_is_its_date_added(fault: Fault) -> None:
    """Only objects without modified get the time of addition as version, instead of their created time."""
    _version_is_date_added(fault, "marking-definition--")


def _version_is_date_added(fault: Fault, prefix: str) -> None:
    def added(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            if record["id"].startswith(prefix):
                record["version"] = record["date_added"]

    fault.change_json(_exactly("match[id]"), added)


@mutant(breaks="TAXII-3.3-2")
def the_manifest_has_the_newest_first(fault: Fault) -> None:
    """The records of the manifest in all versions are in descending order."""

    def newest_first(body: dict[str, Any]) -> None:
        body.get("objects", []).reverse()

    fault.change_json(_whole, newest_first)


@mutant(breaks="TAXII-3.3-2", size="subtle")
def the_last_two_records_are_swapped(fault: Fault) -> None:
    """The two records that were added last come in the wrong order."""

    def swapped(body: dict[str, Any]) -> None:
        records = body.get("objects", [])
        if len(records) > 2:
            records[-2:] = records[:-3:-1]

    fault.change_json(_whole, swapped)


@mutant(breaks="TAXII-3.2-1")
def the_manifest_lacks_date_added_first(fault: Fault) -> None:
    """The manifest never carries X-TAXII-Date-Added-First; GET objects does."""
    fault.change_answers(on("manifest"), lambda _, reply: reply.with_header(FIRST, None))


@mutant(breaks="TAXII-3.2-1", size="subtle")
def a_limited_manifest_lacks_date_added_first(fault: Fault) -> None:
    """The header is missing where limit cuts the manifest to one record."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and seen.value("limit") == "1",
        lambda _, reply: reply.with_header(FIRST, None),
    )


@mutant(breaks="TAXII-3.2-10", size="subtle")
def date_added_first_is_that_of_the_collection(fault: Fault) -> None:
    """On every page X-TAXII-Date-Added-First tells the oldest record of the whole collection."""

    async def oldest(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.header(FIRST) is None:
            return reply
        first = await forward(seen.at(seen.path, query=[("match[version]", "all"), ("limit", "1")]))
        return reply.with_header(FIRST, first.header(FIRST))

    fault.around(on("manifest"), oldest)


@mutant(breaks="TAXII-3.2-10")
def date_added_first_is_the_time_of_the_answer(fault: Fault) -> None:
    """X-TAXII-Date-Added-First of the manifest is one fixed time that no record has."""
    fault.change_answers(
        on("manifest"),
        lambda _, reply: reply.with_header(FIRST, "2026-11-22T12:00:00.000000Z") if reply.header(FIRST) else reply,
    )


@mutant(breaks="TAXII-5.3.1-2", size="subtle")
def record_ids_of_tools_are_in_capitals(fault: Fault) -> None:
    """In the plain manifest the UUIDs of one type are in capitals, as a database driver prints them."""

    def capitals(body: dict[str, Any]) -> None:
        for record in body.get("objects", []):
            kind, _, uuid = record["id"].partition("--")
            if kind == "tool":
                record["id"] = f"{kind}--{uuid.upper()}"

    fault.change_json(_exactly(), capitals)


def _empty(fault: Fault, when: Callable[[Seen], bool], value: Any) -> None:
    def listed(body: dict[str, Any]) -> None:
        body.setdefault("objects", value)

    fault.change_json(lambda seen: on("manifest")(seen) and when(seen), listed)


@mutant(
    breaks="TAXII-5.3.1-1",
    also={"TAXII-2-4": "The list without records is an empty list."},
)
def a_manifest_without_news_lists_nothing(fault: Fault) -> None:
    """When nothing was added after the given time, the manifest says "objects": []."""
    _empty(fault, lambda seen: "added_after" in seen.names, [])


@mutant(breaks="TAXII-5.3.1-1", size="subtle")
def a_manifest_without_records_is_null(fault: Fault) -> None:
    """A manifest without records says "objects": null."""
    _empty(fault, lambda _: True, None)


def _media_type(fault: Fault, when: Callable[[Seen], bool], media_type: str) -> None:
    """Another media type of the last record of a manifest that is not filtered by it."""

    def typed(body: dict[str, Any]) -> None:
        for record in body.get("objects", [])[-1:]:
            record["media_type"] = media_type

    fault.change_json(
        lambda seen: on("manifest")(seen) and "match[spec_version]" not in seen.names and when(seen), typed
    )


@mutant(breaks="TAXII-5.3.1-4")
def the_last_record_has_the_type_of_any_json(fault: Fault) -> None:
    """The last record says the media type application/json, which no collection lists."""
    _media_type(fault, lambda _: True, "application/json")


@mutant(breaks="TAXII-5.3.1-4", size="subtle")
def a_record_has_a_version_of_stix_that_is_not_listed(fault: Fault) -> None:
    """The last record of one collection says a version of STIX that the collection does not list."""
    _media_type(fault, lambda seen: seen.collection == LIBRARY, "application/stix+json;version=2.2")


_DATES = "UPDATE OR IGNORE items SET date_added = ? WHERE collection = ? AND object_id = ? AND version_key"


def _re_dated(fault: Fault, re_date: Callable[[Any, int, NewItem, int, bool], bool]) -> None:
    """Storing an object changes a date; `re_date` gets database, collection, object, date and whether it is new,
    and returns whether the date is used up."""
    take_one = intake.take_one

    def taking(
        db: Any, collection: Any, item: NewItem, value: Any, contributor: Any, date_added: int, *rest: Any
    ) -> bool:
        added = take_one(db, collection, item, value, contributor, date_added, *rest)
        return re_date(db, collection.key, item, date_added, added)

    fault.replace("isao_reference.taxii.intake.take_one", taking)


@mutant(breaks="TAXII-5.3.1-5")
def a_repeated_post_makes_a_version_new(fault: Fault) -> None:
    """A version that is posted once more gets the time of that request as date_added."""

    def renew(db: Any, collection: int, item: NewItem, date_added: int, added: bool) -> bool:
        if not added:
            db.execute(f"{_DATES} = ?", (date_added, collection, item.facts.id, item.facts.version_key))
        return True

    _re_dated(fault, renew)


@mutant(breaks="TAXII-5.3.1-5", size="subtle")
def a_new_version_makes_the_others_new(fault: Fault) -> None:
    """When a version is added, one that was there before gets nearly the same date_added."""

    def renew(db: Any, collection: int, item: NewItem, date_added: int, added: bool) -> bool:
        if added:
            db.execute(f"{_DATES} <> ?", (date_added - 1, collection, item.facts.id, item.facts.version_key))
        return added

    _re_dated(fault, renew)
