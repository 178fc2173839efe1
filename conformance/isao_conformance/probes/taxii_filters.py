"""Filtering (TAXII 2.1, 3.4 and 3.4.1). Rows: spec requirements/taxii_filters.yaml.

The writable collection is shared with all other probes, so a filter is judged by the fate of known objects and
by a property that every returned entry must have, never by a whole list.
"""

from __future__ import annotations

from isao_conformance.filtering import (
    ENDPOINTS,
    control_arrival_differs,
    date_added,
    entries_not_of,
    fetch_of,
    judge_exactly,
    judge_objects_added_after,
    lists_record,
    missing_later,
    one_millisecond_later,
    refused_with_400,
    telling_records,
    type_of_entry,
    versions_asked,
)
from isao_conformance.fixtures import (
    candidates_with_versions,
    held_versions,
    several_versions,
    some_objects,
    two_types,
    versions_in_order,
    with_modified,
)
from isao_conformance.lab import Lab
from isao_conformance.listings import (
    LONG_AGO,
    empty,
    instant,
    pages,
    shifted,
    type_of,
    whole,
)
from isao_conformance.probe import probe

UNLIKELY_TYPES = ("vulnerability", "location", "intrusion-set")


@probe("TAXII-3.4-1", statement="96eea87e")
def an_added_after_that_is_no_timestamp_is_refused(lab: Lab) -> None:
    """3.4: malformed parameters MUST give 400. A pass shows that the value is read before the query runs, on both
    endpoints, since the same query with a timestamp works."""
    refused_with_400(
        lab, "added_after=yesterday is answered 400", {"added_after": LONG_AGO}, {"added_after": "yesterday"}
    )


@probe("TAXII-3.4-2", statement="084ad267")
def a_limit_that_is_not_a_number_is_refused(lab: Lab) -> None:
    """3.4: limit is an integer, malformed parameters MUST give 400. The twin limit=1 is answered 200."""
    refused_with_400(lab, "limit=abc is answered 400", {"limit": "1"}, {"limit": "abc"})


@probe("TAXII-3.4-3", statement="29627cff")
def a_limit_of_zero_is_refused(lab: Lab) -> None:
    """3.4: limit MUST be greater than zero, malformed parameters MUST give 400. The twin limit=1 is answered 200."""
    refused_with_400(lab, "limit=0 is answered 400", {"limit": "1"}, {"limit": "0"})


@probe("TAXII-3.4-5", statement="fec58da8")
def an_unknown_version_keyword_is_not_taken_for_another_one(lab: Lab) -> None:
    """3.4 with 3.4.1: `newest` is no keyword and no STIX version. 400, or no entry, are the two readings; listing
    entries means that a misspelt word silently selects something."""
    shelf = some_objects(lab)
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        control = fetch(shelf.collection, match_version="last")
        lab.control(
            control.status == 200 and bool(control.objects),
            f"GET {endpoint} with match[version]=last lists nothing: {control.brief()}",
        )
        answer = fetch(shelf.collection, match_version="newest")
        lab.expect(
            answer.status == 400 or empty(answer),
            f"{endpoint}: match[version]=newest is answered 400 or lists nothing",
            expected="400, or 200 without entries",
            got=answer,
        )


@probe("TAXII-3.4-13", statement="afb1382d")
def added_after_lists_what_came_later_and_nothing_else(lab: Lab) -> None:
    """3.4: only what was added after the time. The time is the date_added of a known record that has neighbours on
    both sides, so an inclusive filter and one that loses later records both show."""
    shelf = some_objects(lab)
    where, manifest = shelf.collection, lab.reader.manifest
    first = whole(pages(manifest, where, match_version="all"))
    records = [r for r in first.entries if date_added(r) is not None]
    known = [r for r in records if r.get("id") in shelf.ids] if shelf.own else records
    moments = sorted({d for r in known if (d := date_added(r)) is not None and len(d[1]) <= 6})
    if len(records) < 3 or len(moments) < 2:
        lab.no_verdict("fewer than three manifest records, or all with one date_added")
    border = moments[(len(moments) - 1) // 2]
    time = next(shifted(str(r["date_added"]), 0) for r in known if date_added(r) == border)

    second = whole(pages(manifest, where, match_version="all", added_after=time))
    lab.control(second.ok or second.last.status == 400, f"manifest with added_after gave {second.last.brief()}")
    early = [r for r in second.entries if (d := date_added(r)) is not None and d <= border]
    lab.expect(
        second.ok and not early,
        "manifest: nothing that was added at or before the time is listed",
        expected=f"only records with date_added later than {time}",
        got=early[:3] or second.last,
    )
    if second.ok:
        missing = missing_later(lab, where, first, second, border)
        lab.expect(
            not missing,
            "manifest: everything that was added later is listed",
            expected=f"all records that were added after {time}",
            got=missing[:3],
        )
    if shelf.own and second.ok:
        judge_objects_added_after(lab, shelf, records, time)


@probe("TAXII-3.4-15", statement="4fd598db")
def added_after_is_compared_to_the_microsecond(lab: Lab) -> None:
    """3.4 with section 2: timestamps have microseconds. One microsecond before its date_added a record is listed, at
    that very time it is not; a server that cuts or rounds digits fails one of the two where its dates have them."""
    shelf = some_objects(lab)
    where, manifest = shelf.collection, lab.reader.manifest
    listed = pages(manifest, where, until=shelf.ids, match_version="all")
    chosen = telling_records([r for r in listed.entries if r.get("id") in shelf.ids])
    if not chosen:
        lab.no_verdict("the manifest lists no known object with a date_added of at most six digits")
    hidden: list[str] = []
    repeated: list[str] = []
    for record in chosen:
        stix_id, date = str(record["id"]), str(record["date_added"])
        query = {"match_id": stix_id, "match_version": "all", "until": [stix_id]}
        lab.control(
            lists_record(pages(manifest, where, **query), record),
            f"the manifest without added_after does not list {stix_id}",
        )
        before, at = shifted(date, -1), shifted(date, 0)
        if not lists_record(pages(manifest, where, **query, added_after=before), record):
            hidden.append(f"{stix_id}, added {date}, is not listed with added_after={before}")
        if lists_record(whole(pages(manifest, where, match_id=stix_id, match_version="all", added_after=at)), record):
            repeated.append(f"{stix_id}, added {date}, is listed with added_after={at}")
    lab.expect(not hidden, "a record added one microsecond later is listed", got="; ".join(hidden) or "listed")
    lab.expect(not repeated, "a record added at that very time is not listed", got="; ".join(repeated) or "not listed")


@probe("TAXII-3.4-25", statement="46c77ce8")
def several_match_fields_must_all_be_met(lab: Lab) -> None:
    """3.4: match fields are ANDed. An id together with a foreign type finds nothing, with its own type exactly itself,
    in both orders of the fields; the id alone finds it, so it is the combination that decides."""
    shelf = some_objects(lab)
    known, own_type = shelf.ids[0], type_of(shelf.ids[0])
    foreign = next((t for t in shelf.types if t != own_type), "x-drill-absent" if own_type == "tool" else "tool")
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        alone = fetch(shelf.collection, match_id=known)
        lab.control(known in alone.ids, f"GET {endpoint} with match[id] alone does not list the object")
        by_type = fetch(shelf.collection, match_type=foreign)
        lab.control(
            not any(type_of_entry(entry) != foreign for entry in by_type.objects),
            f"GET {endpoint} with match[type]={foreign} alone lists other types",
            blocked_by="TAXII-3.4.1-4",
        )
        wrong = [
            fetch(shelf.collection, match_type=foreign, match_id=known),
            fetch(shelf.collection, match_id=known, match_type=foreign),
        ]
        lab.expect(
            all(empty(answer) for answer in wrong),
            f"{endpoint}: an id with a foreign type finds nothing",
            expected=f"200 without entries for match[type]={foreign}&match[id]={known}",
            got=next((a for a in wrong if not empty(a)), wrong[0]),
        )
        right = [
            fetch(shelf.collection, match_type=own_type, match_id=known),
            fetch(shelf.collection, match_id=known, match_type=own_type),
        ]
        lab.expect(
            all(answer.status == 200 and set(answer.ids) == {known} for answer in right),
            f"{endpoint}: an id with its own type finds exactly that object",
            expected=f"only {known}",
            got=next((a for a in right if set(a.ids) != {known}), right[0]),
        )


@probe("TAXII-3.4-26", statement="0f406e9a")
def values_of_one_match_field_are_alternatives(lab: Lab) -> None:
    """3.4: comma-separated values are ORed. Both types come back in either order of the values, and no third one,
    which is in the same collection."""
    shelf = some_objects(lab)
    a, b = two_types(shelf)
    wanted = [*shelf.of(a), *shelf.of(b)]
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        for single in (a, b):
            alone = pages(fetch, shelf.collection, match_type=single, until=shelf.of(single))
            lab.control(
                set(shelf.of(single)) <= set(alone.ids) and not entries_not_of(alone, single),
                f"GET {endpoint} with match[type]={single} alone does not list that type, or others too",
                blocked_by="TAXII-3.4.1-4",
            )
        listings = [
            pages(fetch, shelf.collection, match_type=f"{a},{b}"),
            pages(fetch, shelf.collection, match_type=f"{b},{a}"),
        ]
        lacking = [i for listed in listings for i in wanted if i not in listed.ids and listed.ended and listed.exact]
        if all(listed.ok for listed in listings) and not lacking:
            for listed in listings:
                if not set(wanted) <= set(listed.ids):
                    lab.no_verdict("the filtered list did not end within the pages read")
        lab.expect(
            all(listed.ok for listed in listings) and not lacking,
            f"{endpoint}: objects of both types are listed",
            expected=f"{a} and {b}",
            got=lacking[:3] or next((p.last for p in listings if not p.ok), "both"),
        )
        others = [i for listed in listings for i in listed.ids if type_of(i) not in (a, b)]
        lab.expect(
            not others,
            f"{endpoint}: no object of a third type is listed",
            expected=f"only {a} and {b}",
            got=others[:3] or "none",
        )


@probe("TAXII-3.4.1-1", statement="2cb4988c")
def match_id_lists_the_objects_asked_for_and_no_others(lab: Lab) -> None:
    """3.4.1, id: the objects being requested. One id, two ids and an id that nobody has, on both endpoints; the same
    ids are listed without the filter, so something is there to be left out."""
    shelf = some_objects(lab)
    where, one, two = shelf.collection, shelf.ids[:1], shelf.ids[:2]
    absent = f"{type_of(shelf.ids[0])}--{lab.uuid()}"
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        unfiltered = pages(fetch, where, until=two)
        lab.control(set(two) <= set(unfiltered.ids), f"GET {endpoint} does not list the known objects")
        single = whole(pages(fetch, where, match_id=one[0]))
        lab.expect(
            single.ok and set(single.ids) == set(one),
            f"{endpoint}: one id lists that object only",
            expected=f"only {one[0]}",
            got=sorted(set(single.ids))[:4] if single.ok else single.last,
        )
        if len(two) == 2:
            both = whole(pages(fetch, where, match_id=",".join(two)))
            lab.expect(
                both.ok and set(both.ids) == set(two),
                f"{endpoint}: two ids list those two objects only",
                expected=" and ".join(two),
                got=sorted(set(both.ids))[:4] if both.ok else both.last,
            )
        nothing = fetch(where, match_id=absent)
        lab.expect(
            empty(nothing),
            f"{endpoint}: an id that no object has lists nothing",
            expected="200 without entries",
            got=nothing,
        )


@probe("TAXII-3.4.1-4", statement="a6fc4d39")
def match_type_lists_objects_of_that_type_only(lab: Lab) -> None:
    """3.4.1, type: only the listed types are permitted in the answer. The collection holds other types, one of them
    beginning with the same word where the server takes it, and types that may be absent list nothing else either."""
    shelf = some_objects(lab)
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        kind = "malware" if shelf.of("malware") else shelf.types[0]
        unfiltered = pages(fetch, shelf.collection, until=shelf.of(kind))
        lab.control(set(shelf.of(kind)) <= set(unfiltered.ids), f"GET {endpoint} does not list the known objects")
        listed = whole(pages(fetch, shelf.collection, match_type=kind))
        others = entries_not_of(listed, kind)
        lab.expect(
            listed.ok and not others,
            f"{endpoint}: every entry has the type asked for",
            expected=f"only {kind}",
            got=others[:3] or listed.last,
        )
        if listed.ok and listed.exact:
            lacking = [i for i in shelf.of(kind) if i not in listed.ids]
            lab.expect(not lacking, f"{endpoint}: objects of that type are listed", got=lacking[:3] or "listed")
        absent = [fetch(shelf.collection, match_type=name) for name in UNLIKELY_TYPES]
        wrong = [
            answer.brief()
            for answer, name in zip(absent, UNLIKELY_TYPES, strict=True)
            if answer.status != 200 or any(type_of_entry(entry) != name for entry in answer.objects)
        ]
        lab.expect(
            not wrong,
            f"{endpoint}: a type that no object has lists nothing else",
            expected="200 without entries of another type",
            got=wrong[:1] or "nothing else",
        )


@probe("TAXII-3.4.1-7", statement="adaa4622")
def without_a_version_filter_only_the_latest_version_comes(lab: Lab) -> None:
    """3.4.1, version: without the parameter MUST return only the latest version. match[version]=all shows several
    in the same run, so a single one is a choice of the server. An object whose versions arrived in order is asked
    too: there the older ones have been the latest for a while."""
    of = several_versions(lab)
    judge_exactly(lab, of, None, of.modified[-1], "only the version with the greatest modified comes")
    if of.own:
        ordered = held_versions(lab, lab.fixture(versions_in_order))
        judge_exactly(lab, ordered, None, ordered.modified[-1], "only the newest of versions that came in order")


@probe("TAXII-3.4.1-9", statement="dcc4e21a")
def the_latest_version_is_the_one_modified_last_whatever_came_last(lab: Lab) -> None:
    """3.4.1 with STIX 3.6: versions are ordered by modified. The third version was posted first and the second last,
    so order of arrival would give another answer."""
    of = several_versions(lab)
    if not of.own:
        control_arrival_differs(lab, of)
    elif len(of.held) < 3:
        lab.no_verdict("the target does not show all three versions posted", blocked_by="capability old-versions")
    judge_exactly(lab, of, None, of.modified[-1], "without a version filter the version modified last comes")
    judge_exactly(lab, of, "last", of.modified[-1], "match[version]=last brings the version modified last")


@probe("TAXII-3.4.1-11", statement="645ef638")
def match_version_first_brings_the_version_modified_first(lab: Lab) -> None:
    """3.4.1: first is the earliest version. It was neither posted first nor is it the default answer."""
    of = several_versions(lab)
    judge_exactly(lab, of, "first", of.modified[0], "match[version]=first brings the version modified first")


@probe("TAXII-3.4.1-12", statement="8a3ba04f")
def match_version_all_brings_every_version_that_is_kept(lab: Lab) -> None:
    """3.4.1: all versions. Kept are those that answer individually, so a server that drops old ones passes and one
    that leaves kept ones out does not."""
    of = candidates_with_versions(lab)
    reader = lab.reader
    kept = []
    for modified in of.modified:
        single = reader.objects(of.collection, match_id=of.id, match_version=modified)
        if any(instant(stix.get("modified")) == instant(modified) for stix in single.objects):
            kept.append(modified)
    if len(kept) < 2:
        lab.no_verdict(
            f"{len(kept)} of {len(of.held)} versions answer individually", blocked_by="capability old-versions"
        )
    for endpoint, listed in versions_asked(lab, of, "all"):
        if endpoint == "object" and listed.last.status == 404:
            continue  # whether an object is found by its id is TAXII-5.6-1
        shown = {instant(entry.get("modified")) for entry in listed.entries if entry.get("id") == of.id}
        lacking = [modified for modified in kept if instant(modified) not in shown]
        if listed.ok and lacking and not (listed.ended and listed.exact):
            lab.no_verdict("the list of versions gave no exact way to read it to its end")
        lab.expect(
            listed.ok and not lacking,
            f"{endpoint}: every version that answers individually is listed",
            expected=f"versions modified {kept}",
            got=f"lacking {lacking}" if listed.ok else listed.last,
        )


@probe("TAXII-3.4.1-13", statement="5d79994b")
def match_version_with_a_time_brings_exactly_that_version(lab: Lab) -> None:
    """3.4.1: objects whose modified time matches exactly. The middle version comes alone, and a time one millisecond
    later, at which nothing was modified, brings nothing: no nearest, no not-later-than."""
    of = with_modified(lab)
    wanted = of.modified[len(of.held) // 2] if len(of.held) > 2 else of.modified[-1]
    default = pages(lab.reader.objects, of.collection, match_id=of.id)
    lab.control(of.id in default.ids, "GET objects with match[id] does not list the object")
    judge_exactly(lab, of, wanted, wanted, "a time brings the version modified at that time")
    beside = one_millisecond_later(wanted)
    if instant(beside) in {instant(m) for m in of.modified}:
        lab.no_verdict("another version was modified one millisecond later")
    answer = lab.reader.objects(of.collection, match_id=of.id, match_version=beside)
    lab.expect(
        empty(answer),
        "objects: a time at which nothing was modified brings nothing",
        expected=f"200 without objects for match[version]={beside}",
        got=answer,
    )
