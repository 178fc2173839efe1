"""X-TAXII-Date-Added-First and -Last (TAXII 2.1, 3.2). Rows: spec requirements/taxii_date_headers.yaml.

Whether the headers are there is watched on every exchange of the run, since the rule is for every success that lists
something; what they say is asked for, since an object does not tell when it was added.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from isao_conformance.arrivals import FIRST, LAST, Arrivals, arrivals_of, dated, following
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import several_versions, some_objects
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, instant
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import TIMESTAMP, succeeded

OBJECTS, OBJECT, MANIFEST, VERSIONS = "GET objects", "GET of an object", "GET manifest", "GET versions"

_ENDPOINTS = (
    (re.compile(r"/collections/[^/]+/manifest/$"), MANIFEST),
    (re.compile(r"/collections/[^/]+/objects/$"), OBJECTS),
    (re.compile(r"/collections/[^/]+/objects/[^/]+/$"), OBJECT),
    (re.compile(r"/collections/[^/]+/objects/[^/]+/versions/$"), VERSIONS),
)


def _endpoint(exchange: Exchange) -> str:
    """Which of the four endpoints succeeded here, or ""."""
    if exchange.request.method != "GET" or not succeeded(exchange):
        return ""
    path = exchange.request.path.split("?")[0].split("#")[0]
    return next((name for ending, name in _ENDPOINTS if ending.search(path)), "")


def _entries(answer: Answer) -> int:
    return len(answer.objects) or len(answer.list_of("versions"))


def _carries(exchange: Exchange, endpoint: str, header: str) -> Looked:
    answer = exchange.answer
    if answer is None or _endpoint(exchange) != endpoint or not _entries(answer):
        return False
    if answer.header(header) is None:
        names = ", ".join(sorted({name.lower() for name, _ in answer.headers}))
        return Finding(f"{header} on {endpoint}", f"{_entries(answer)} entries and the headers {names[:300]}")
    return True


@watcher("TAXII-3.2-2", statement="85cfc8ec")
def objects_carry_date_added_first(exchange: Exchange) -> Looked:
    """3.2: -First on every success of GET objects that lists an object."""
    return _carries(exchange, OBJECTS, FIRST)


@watcher("TAXII-3.2-3", statement="2124e42f")
def a_single_object_carries_date_added_first(exchange: Exchange) -> Looked:
    """3.2: -First on every success of GET of one object that lists a version of it."""
    return _carries(exchange, OBJECT, FIRST)


@watcher("TAXII-3.2-4", statement="233e3018")
def versions_carry_date_added_first(exchange: Exchange) -> Looked:
    """3.2: -First on every success of GET versions that lists a version."""
    return _carries(exchange, VERSIONS, FIRST)


@watcher("TAXII-3.2-5", statement="dd4d6d8e")
def manifests_carry_date_added_last(exchange: Exchange) -> Looked:
    """3.2: -Last on every success of GET manifest that lists a record."""
    return _carries(exchange, MANIFEST, LAST)


@watcher("TAXII-3.2-6", statement="e57458a9")
def objects_carry_date_added_last(exchange: Exchange) -> Looked:
    """3.2: -Last on every success of GET objects that lists an object."""
    return _carries(exchange, OBJECTS, LAST)


@watcher("TAXII-3.2-7", statement="deb9ae66")
def a_single_object_carries_date_added_last(exchange: Exchange) -> Looked:
    """3.2: -Last on every success of GET of one object that lists a version of it."""
    return _carries(exchange, OBJECT, LAST)


@watcher("TAXII-3.2-8", statement="e1f33ef3")
def versions_carry_date_added_last(exchange: Exchange) -> Looked:
    """3.2: -Last on every success of GET versions that lists a version."""
    return _carries(exchange, VERSIONS, LAST)


@watcher("TAXII-3.2-12", statement="7eb83e4a")
def an_answer_that_lists_nothing_has_no_made_up_dates(exchange: Exchange) -> Looked:
    """3.2 leaves open whether an empty answer carries the headers; one that does has to carry timestamps."""
    answer = exchange.answer
    if answer is None or not _endpoint(exchange) or not isinstance(answer.data, dict) or _entries(answer):
        return False
    for header in (FIRST, LAST):
        for value in answer.header_all(header):
            if TIMESTAMP.fullmatch(value) is None or instant(value) is None:
                return Finding("no such header, or a timestamp", f"{header}: {value[:80]!r} and nothing listed")
    return True


@probe("TAXII-3.2-11", statement="98a99f09")
def date_added_last_names_the_last_item_of_the_answer(lab: Lab) -> None:
    """3.2: the header is the date_added of the last item of this very response. Pages that end early, and one type
    out of several, end before the collection does, so a header about the whole collection shows."""
    shelf = some_objects(lab)
    where, reader = shelf.collection, lab.reader
    answers = [
        *_two_pages(lab, "the manifest", reader.manifest, where),
        *_two_pages(lab, "objects", reader.objects, where),
        ("objects of one type", reader.objects(where, match_type=shelf.types[0])),
        ("one object", reader.object(where, shelf.ids[0])),
    ]
    usable = [(name, a) for name, a in answers if a.status == 200 and a.objects and dated(a, LAST) is not None]
    told = arrivals_of(lab, where, [str(a.objects[-1].get("id")) for _, a in usable])
    known = [(name, a, moment) for name, a in usable if (moment := _added(a.objects[-1], told)) is not None]
    if len({moment for _, _, moment in known}) < 2:
        lab.no_verdict(f"fewer than two answers with {LAST} and a known last entry of another date_added")
    wrong = [(name, a) for name, a, moment in known if dated(a, LAST) != moment]
    lab.expect(
        not wrong,
        "on every answer the header is the date_added of its last item",
        expected="the same instant",
        got=[f"{name}: header {a.header(LAST)}, last {_told(a.objects[-1], told)}" for name, a in wrong[:2]]
        or f"the same instant on {len(known)} answers",
        seen=[a for _, a in wrong[:2]],
    )


def _two_pages(lab: Lab, name: str, fetch: Callable[..., Answer], where: str) -> list[tuple[str, Answer]]:
    first = fetch(where, match_version="all", limit=2)
    found = [(f"page 1 of {name}", first)]
    if first.status == 200 and first.more and first.objects:
        last = first.objects[-1]
        added = None if first.next else _told(last, arrivals_of(lab, where, [str(last.get("id"))]))
        position = following(first, added)
        if position:
            found.append((f"page 2 of {name}", fetch(where, match_version="all", limit=2, **position)))
    return found


def _told(entry: dict[str, Any], told: Arrivals) -> str | None:
    """The date_added of a record, which it carries itself, or of an object by its record."""
    own = entry.get("date_added")
    return own if isinstance(own, str) else told.text(entry)


def _added(entry: dict[str, Any], told: Arrivals) -> Instant | None:
    return instant(_told(entry, told))


@probe("TAXII-3.2-14", statement="6e5eb1b9")
def on_versions_the_headers_date_the_versions_listed(lab: Lab) -> None:
    """3.2: both headers are about the items of this response. Asked as it is, cut by limit and begun later, so that
    dates of the collection, or of versions that are not listed, show. As 3.3 does not order this list, first and
    last may be those listed or those added first and last."""
    of = several_versions(lab)
    records = arrivals_of(lab, of.collection, [of.id])
    listed = lab.reader.versions(of.collection, of.id)
    if listed.status != 200 or not listed.list_of("versions"):
        lab.no_verdict(f"GET versions gave {listed.brief()}", blocked_by="capability versions-endpoint")
    moments = [_version_added(of.id, version, records) for version in listed.list_of("versions")]
    dates = sorted({moment for moment in moments if moment is not None})
    if len(dates) < 2:
        lab.no_verdict("the manifest gives the versions listed fewer than two different date_added values")
    earliest = min((t for told in records.dates.values() for t in told), key=lambda text: instant(text) or (0, ""))
    asked = [
        ("the list", listed),
        ("the list with limit=1", lab.reader.versions(of.collection, of.id, limit=1)),
        ("the list after the earliest", lab.reader.versions(of.collection, of.id, added_after=earliest)),
    ]
    wrong, judged = [], 0
    for name, answer in asked:
        versions = answer.list_of("versions") if answer.status == 200 else []
        added = [_version_added(of.id, version, records) for version in versions]
        known = [moment for moment in added if moment is not None]
        told = dated(answer, FIRST), dated(answer, LAST)
        if None in told or not known or len(known) < len(versions):
            continue
        judged += 1
        if told not in ((known[0], known[-1]), (min(known), max(known))):
            wrong.append((f"{name}: {answer.header(FIRST)} to {answer.header(LAST)} for {versions}", answer))
    if not judged:
        lab.no_verdict("no answer carries both headers (TAXII-3.2-4, TAXII-3.2-8 and TAXII-3.2-9)")
    lab.expect(
        not wrong,
        "the headers are the dates of the first and the last version listed",
        expected="date_added of the first and of the last version listed",
        got=[text for text, _ in wrong[:3]] or f"{judged} answers as they should be",
        seen=[answer for _, answer in wrong[:2]],
    )


def _version_added(stix_id: str, version: object, told: Arrivals) -> Instant | None:
    return told.when({"id": stix_id, "modified": version}) if instant(version) is not None else None
