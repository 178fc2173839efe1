"""Faults of the headers X-TAXII-Date-Added-First and X-TAXII-Date-Added-Last (TAXII 2.1, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.answering import Forward, Reply, Seen, on
from tests.support.mutation import Fault, mutant

FIRST = "X-TAXII-Date-Added-First"
LAST = "X-TAXII-Date-Added-Last"


def _without(fault: Fault, endpoint: str, name: str, when: Callable[[Seen], bool] = lambda _: True) -> None:
    fault.change_answers(lambda seen: on(endpoint)(seen) and when(seen), lambda _, reply: reply.with_header(name, None))


def _cut(seen: Seen) -> bool:
    return "limit" in seen.names


def _filtered(seen: Seen) -> bool:
    return any(name.startswith("match[") for name in seen.names)


@mutant(breaks="TAXII-3.2-2")
def objects_lack_date_added_first(fault: Fault) -> None:
    """GET objects never carries X-TAXII-Date-Added-First; the manifest does."""
    _without(fault, "objects", FIRST)


@mutant(breaks="TAXII-3.2-2", size="subtle", traffic=["TAXII-3.4-17"])
def cut_objects_lack_date_added_first(fault: Fault) -> None:
    """The header is missing where limit is given to GET objects."""
    _without(fault, "objects", FIRST, _cut)


@mutant(breaks="TAXII-3.2-3")
def an_object_lacks_date_added_first(fault: Fault) -> None:
    """GET object never carries X-TAXII-Date-Added-First; GET objects does."""
    _without(fault, "object", FIRST)


@mutant(breaks="TAXII-3.2-3", size="subtle")
def an_object_of_one_version_lacks_date_added_first(fault: Fault) -> None:
    """The header is missing where GET object gives one version: a range of one seems none."""
    fault.change_answers(
        on("object"), lambda _, reply: reply.with_header(FIRST, None) if len(reply.objects) == 1 else reply
    )


@mutant(breaks="TAXII-3.2-4")
def versions_lack_date_added_first(fault: Fault) -> None:
    """GET versions never carries X-TAXII-Date-Added-First."""
    _without(fault, "versions", FIRST)


@mutant(breaks="TAXII-3.2-4", size="subtle")
def a_single_version_lacks_date_added_first(fault: Fault) -> None:
    """The header is missing where GET versions lists one version."""
    _of_one_version(fault, FIRST)


def _of_one_version(fault: Fault, name: str) -> None:
    def without(_: Seen, reply: Reply) -> Reply:
        single = reply.ok and len(reply.json.get("versions", [])) == 1
        return reply.with_header(name, None) if single else reply

    fault.change_answers(on("versions"), without)


@mutant(breaks="TAXII-3.2-5")
def the_manifest_lacks_date_added_last(fault: Fault) -> None:
    """The manifest never carries X-TAXII-Date-Added-Last."""
    _without(fault, "manifest", LAST)


@mutant(breaks="TAXII-3.2-5", size="subtle")
def the_last_page_of_a_manifest_lacks_date_added_last(fault: Fault) -> None:
    """A manifest that is complete does not carry the header: nothing comes after it, so nobody would need it."""
    fault.change_answers(
        on("manifest"),
        lambda _, reply: reply if reply.ok and reply.json.get("more") else reply.with_header(LAST, None),
    )


@mutant(breaks="TAXII-3.2-6")
def objects_lack_date_added_last(fault: Fault) -> None:
    """GET objects never carries X-TAXII-Date-Added-Last; the manifest does."""
    _without(fault, "objects", LAST)


@mutant(breaks="TAXII-3.2-6", size="subtle")
def filtered_objects_lack_date_added_last(fault: Fault) -> None:
    """The header is missing where GET objects has a match field."""
    _without(fault, "objects", LAST, _filtered)


@mutant(breaks="TAXII-3.2-7")
def an_object_lacks_date_added_last(fault: Fault) -> None:
    """GET object never carries X-TAXII-Date-Added-Last."""
    _without(fault, "object", LAST)


@mutant(breaks="TAXII-3.2-7", size="subtle")
def an_object_of_one_version_lacks_date_added_last(fault: Fault) -> None:
    """The header is missing where GET object gives one version: First says it already."""
    fault.change_answers(
        on("object"), lambda _, reply: reply.with_header(LAST, None) if len(reply.objects) == 1 else reply
    )


@mutant(breaks="TAXII-3.2-8")
def versions_lack_date_added_last(fault: Fault) -> None:
    """GET versions never carries X-TAXII-Date-Added-Last."""
    _without(fault, "versions", LAST)


@mutant(breaks="TAXII-3.2-8", size="subtle")
def a_single_version_lacks_date_added_last(fault: Fault) -> None:
    """The header is missing where GET versions lists one version."""
    _of_one_version(fault, LAST)


def _dates_of_the_collection(fault: Fault, when: Callable[[Seen], bool], *names: str) -> None:
    """These headers tell the dates of the whole collection."""

    async def of_all(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.header(LAST) is None:
            return reply
        whole = await forward(
            seen.at(
                f"/exchange/collections/{seen.collection}/manifest/",
                query=[("match[version]", "all"), ("limit", "1000")],
            )
        )
        for name in names:
            reply = reply.with_header(name, whole.header(name))
        return reply

    fault.around(when, of_all)


@mutant(breaks="TAXII-3.2-11")
def date_added_last_is_that_of_the_collection(fault: Fault) -> None:
    """On every page of a manifest X-TAXII-Date-Added-Last tells the newest record of the whole collection."""
    _dates_of_the_collection(fault, on("manifest"), LAST)


@mutant(breaks="TAXII-3.2-11", size="subtle")
def date_added_last_of_an_object_is_that_of_the_collection(fault: Fault) -> None:
    """Only GET object tells the newest date of the whole collection as its X-TAXII-Date-Added-Last."""
    _dates_of_the_collection(fault, on("object"), LAST)


def _when_empty(fault: Fault, endpoint: str, value: str) -> None:
    def said(_: Seen, reply: Reply) -> Reply:
        empty = reply.status == 200 and not reply.objects
        return reply.with_header(FIRST, value).with_header(LAST, value) if empty else reply

    fault.change_answers(on(endpoint), said)


@mutant(breaks="TAXII-3.2-12", traffic=["TAXII-3.4.1-1"])
def the_dates_of_no_objects_are_undefined(fault: Fault) -> None:
    """An empty envelope comes with date headers that say undefined."""
    _when_empty(fault, "objects", "undefined")


@mutant(breaks="TAXII-3.2-12", size="subtle", traffic=["TAXII-3.4.1-1"])
def the_dates_of_an_empty_manifest_are_empty(fault: Fault) -> None:
    """An empty manifest comes with date headers without a value."""
    _when_empty(fault, "manifest", "")


@mutant(breaks="TAXII-3.2-14")
def the_dates_of_versions_are_those_of_the_collection(fault: Fault) -> None:
    """GET versions tells the first and last date of the whole collection."""
    _dates_of_the_collection(fault, on("versions"), FIRST, LAST)


@mutant(breaks="TAXII-3.2-14", size="subtle")
def the_last_date_of_versions_is_the_first(fault: Fault) -> None:
    """Where several versions are listed, X-TAXII-Date-Added-Last is the date of the first of them."""

    def first(_: Seen, reply: Reply) -> Reply:
        return reply.with_header(LAST, reply.header(FIRST)) if reply.header(FIRST) else reply

    fault.change_answers(on("versions"), first)
