"""Filters that each endpoint has to understand (TAXII 2.1, 3.4). Rows: requirements/taxii_filter_support.yaml.

A filter is judged by the fate of known objects: it may neither be refused, nor lose what it asks for, nor still
show what it excludes. Whether it selects exactly the right objects is said by other rows.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.filtering import ENDPOINTS, date_added, entries_not_of, fetch_of, type_of_entry
from isao_conformance.fixtures import (
    LABEL,
    Shelf,
    Stix,
    Versioned,
    several_versions,
    some_objects,
    two_types,
    with_modified,
)
from isao_conformance.forms import STIX_TYPES, ask, entries_of, moments
from isao_conformance.lab import Lab
from isao_conformance.listings import FAR_FUTURE, Instant, Pages, instant, pages, shifted, version_of, whole
from isao_conformance.probe import probe

SECOND = 1_000_000
NO_STIX_VERSION = "9.9"
PAST, LONG_HENCE = "2010-03-04T05:06:07.000Z", "2060-03-04T05:06:07.000Z"


def _says_21(shelf: Shelf) -> str:
    """The id of an object that says spec_version 2.1; "" when none does."""
    return next((str(stix["id"]) for stix in shelf.objects if stix.get("spec_version") == "2.1"), "")


def _listed_by(answer: Answer) -> list[object]:
    return [*answer.objects, *answer.list_of("versions")]


@probe("TAXII-3.1-19", statement="94207597")
def every_endpoint_applies_the_filters_it_is_sent(lab: Lab) -> None:
    """3.1: endpoints that support filtering MUST filter. A time in the far future on all four endpoints and a type that
    is not there on two; each of them lists something without the filter."""
    shelf = some_objects(lab)
    where, one = shelf.collection, with_modified(lab)
    asks: dict[str, Callable[..., Answer]] = {
        "objects": lambda **query: lab.reader.objects(where, **query),
        "manifest": lambda **query: lab.reader.manifest(where, **query),
        "object": lambda **query: lab.reader.object(one.collection, one.id, **query),
        "versions": lambda **query: lab.reader.versions(one.collection, one.id, **query),
    }
    judged = 0
    for endpoint, fetch in asks.items():
        plain = fetch()
        if plain.status != 200 or not _listed_by(plain):
            continue
        judged += 1
        answer = fetch(added_after=FAR_FUTURE)
        lab.expect(
            answer.status != 200 or not _listed_by(answer),
            f"{endpoint}: added_after in the far future lists nothing",
            expected="200 without entries",
            got=answer,
        )
        if endpoint in ENDPOINTS:
            seen = {type_of_entry(entry) for entry in plain.objects}
            absent = next((kind for kind in reversed(STIX_TYPES) if kind not in seen), STIX_TYPES[0])
            filtered = whole(pages(fetch, match_type=absent))
            others = entries_not_of(filtered, absent)
            lab.expect(
                not others,
                f"{endpoint}: a type that is not there lists no other one",
                expected=f"only {absent}, or nothing",
                got=others[:3] or "nothing else",
                seen=[filtered.last],
            )
    if not judged:
        lab.no_verdict("no endpoint lists an entry without filters")


@probe("TAXII-3.4-14", statement="b2aa78eb", needs=["writable"])
def added_after_goes_by_the_time_of_addition(lab: Lab) -> None:
    """3.4: not in any way related to times in an object. One object is dated 2010 and one 2060, both were added today
    by the server's own account, and only that account decides on which side of added_after they are."""
    old = _dated(lab, PAST)
    lab.publish([old])
    known = [old]
    try:
        new = _dated(lab, LONG_HENCE)
        lab.publish([new])
        known.append(new)
    except Untestable:
        known = [old]  # a server may refuse dates that lie ahead
    dates = []
    for stix in known:
        records = entries_of(pages(lab.reader.manifest, lab.workspace, match_id=stix["id"]), stix["id"])
        date = str(records[0].get("date_added")) if records else ""
        lab.control(instant(date) is not None, f"the manifest gives no date_added for {stix['id']}")
        dates.append(date)
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        for stix, date in zip(known, dates, strict=True):
            plain = fetch(lab.workspace, match_id=stix["id"])
            lab.control(stix["id"] in plain.ids, f"GET {endpoint} with match[id] does not list the object")
            before = shifted(date, -SECOND)
            answer = fetch(lab.workspace, match_id=stix["id"], added_after=before)
            lab.expect(
                stix["id"] in answer.ids,
                f"{endpoint}: an object dated {stix['modified'][:4]} is listed by the time it was added",
                expected=f"the object, added {date}, for added_after={before}",
                got=answer,
            )
        if len(known) > 1:
            after = shifted(dates[-1], SECOND)
            answer = fetch(lab.workspace, match_id=known[-1]["id"], added_after=after)
            lab.expect(
                known[-1]["id"] not in answer.ids,
                f"{endpoint}: an object dated {LONG_HENCE[:4]} is not listed as added later than it was",
                expected=f"nothing, as it was added {dates[-1]}, for added_after={after}",
                got=answer,
            )


def _dated(lab: Lab, when: str) -> Stix:
    return lab.indicator(LABEL, created=when, modified=when, valid_from=when)


@probe("TAXII-3.4-28", statement="a6963ac4")
def get_objects_supports_the_four_match_fields(lab: Lab) -> None:
    """3.4 with 5.4: id, type, version and spec_version. Each has a value that a known object meets and one that it does
    not; the object is listed without the field, so keeping and leaving it out are the field's doing."""
    _judge_fields(lab, "objects")


@probe("TAXII-3.4-29", statement="1bdf0eaa")
def the_manifest_supports_the_four_match_fields(lab: Lab) -> None:
    """3.4 with 5.3: the same four as GET objects. Judged by the records of known objects, each of which is listed
    without the field."""
    _judge_fields(lab, "manifest")


def _judge_fields(lab: Lab, endpoint: str) -> None:
    shelf, fetch = some_objects(lab), fetch_of(lab, endpoint)
    one, other = shelf.ids[0], shelf.ids[-1]
    plain = pages(fetch, shelf.collection, until=[one, other])
    lab.control({one, other} <= set(plain.ids), f"GET {endpoint} does not list the known objects")

    def judge(field: str, meets: Pages, meets_not: Pages, stix_id: str, lenient: bool = False) -> None:
        lab.expect(
            meets.ok and stix_id in meets.ids,
            f"{endpoint}: match[{field}] keeps an object that meets it",
            expected=f"200 that lists {stix_id}",
            got=meets.last,
        )
        # What is refused here is a lawful value of the field, unless it is one that no object can have.
        refused = not meets_not.ok and not (lenient and meets_not.last.status == 400)
        lab.expect(
            not refused and stix_id not in meets_not.ids,
            f"{endpoint}: match[{field}] leaves out an object that does not meet it",
            expected=f"no entry for {stix_id}",
            got=meets_not.last,
        )

    if one != other:
        judge("id", _by(fetch, shelf, "id", one), _by(fetch, shelf, "id", other), one)
    if len(shelf.types) > 1:
        a, b = two_types(shelf)
        first = shelf.of(a)[0]
        judge("type", _by(fetch, shelf, "type", a, first), _by(fetch, shelf, "type", b, first), first)
    said = _says_21(shelf)
    if said:
        right = ask(lab, endpoint, Versioned(shelf.collection, said, (), shelf.own), match_spec_version="2.1")
        judge("spec_version", right, _by(fetch, shelf, "spec_version", NO_STIX_VERSION, said), said, lenient=True)
    _judge_version_field(lab, endpoint)
    if not lab.checks:
        lab.no_verdict("only one object in one version is in reach, and it does not say its STIX version")


def _by(fetch: Callable[..., Answer], shelf: Shelf, field: str, value: str, until: str = "") -> Pages:
    """All pages for one match field, read no further than the id `until`."""
    return pages(fetch, shelf.collection, until=[until] if until else (), **{f"match_{field}": value})


def _judge_version_field(lab: Lab, endpoint: str) -> None:
    """Judge that the time of an older version brings that one and not the latest, which is the answer without it."""
    try:
        of = several_versions(lab)
    except Untestable:
        return
    if instant(of.modified[-1]) not in moments(ask(lab, endpoint, of), of.id, endpoint):
        return
    oldest, latest = instant(of.modified[0]), instant(of.modified[-1])
    listed = ask(lab, endpoint, of, match_version=of.modified[0])
    shown = moments(listed, of.id, endpoint)
    lab.expect(
        listed.ok and oldest in shown and latest not in shown,
        f"{endpoint}: match[version] brings the version asked for and not the latest",
        expected=f"version {of.modified[0]} only",
        got=listed.last,
    )


@probe("TAXII-3.4-30", statement="60b3c6a6")
def one_object_honours_added_after_and_match_version(lab: Lab) -> None:
    """3.4 with 5.6: both filters, alone and together. The dates are those that the manifest gives for each version,
    and GET of the object with match[version]=all brings every version of them."""
    of = with_modified(lab)
    dates = _dates_added(lab, of)
    every = ask(lab, "object", of, match_version="all")
    if every.last.status == 404:
        lab.no_verdict("the object is not found by its id", "TAXII-5.6-1")
    lab.control(
        bool(dates) and set(dates) == set(moments(every, of.id, "object")),
        "GET of the object and the manifest do not show the same versions",
    )
    if len(set(dates.values())) < len(dates):
        lab.no_verdict("several versions share one date_added")

    def judge(name: str, wanted: set[Instant], **query: str) -> None:
        listed = ask(lab, "object", of, **query)
        shown = set(moments(listed, of.id, "object"))
        lacking = wanted - shown if listed.exact and listed.ended else set()
        readable = listed.ok or not wanted  # with which code nothing is answered is TAXII-5.6-3
        lab.expect(
            readable and not lacking and not shown - wanted,
            name,
            expected=f"{len(wanted)} of {len(dates)} versions for {query}",
            got=f"{len(shown)} versions" if listed.ok else listed.last,
            seen=[listed.last],
        )

    oldest, earliest = min(dates), min(dates.values(), key=lambda text: instant(text) or (0, ""))
    later = {version for version, date in dates.items() if date != earliest}
    everything = {"match_version": "all"}
    judge("the time of the oldest version brings that version only", {oldest}, match_version=of.modified[0])
    judge("at the date of the first addition the later ones come", later, **everything, added_after=earliest)
    before = shifted(earliest, -SECOND)
    judge("one second before that date all versions come", set(dates), **everything, added_after=before)
    judge("in the far future nothing comes", set(), **everything, added_after=FAR_FUTURE)
    judge("in the far future no latest version comes", set(), added_after=FAR_FUTURE)


def _dates_added(lab: Lab, of: Versioned) -> dict[Instant, str]:
    """date_added of each version of the object, by the version's instant."""
    records = entries_of(ask(lab, "manifest", of, match_version="all"), of.id)
    told = {v: shifted(str(r["date_added"]), 0) for r in records if date_added(r) and (v := instant(r.get("version")))}
    if any(len((date_added(r) or (0, ""))[1]) > 6 for r in records):
        lab.no_verdict("the manifest gives a date_added with more than six digits")
    return told


@probe("TAXII-3.4-34", statement="6edf83d3")
def the_versions_list_supports_match_spec_version(lab: Lab) -> None:
    """3.4 with 5.8: spec_version is the one match field of this endpoint. Without it the list has versions; a STIX
    version that does not exist empties it, and the object's own does not change it."""
    shelf = some_objects(lab)
    said = _says_21(shelf)
    if not said:
        lab.no_verdict("no readable object says spec_version 2.1")

    def versions(**query: str) -> Answer:
        return lab.reader.versions(shelf.collection, said, **query)

    plain = versions()
    if plain.status != 200:
        lab.no_verdict(f"GET versions gave {plain.brief()}", "capability versions-endpoint")
    lab.control(bool(plain.list_of("versions")), "GET versions without the filter lists none")
    none = versions(match_spec_version=NO_STIX_VERSION)
    lab.expect(
        none.status in (200, 400, 404) and not none.list_of("versions"),
        "a STIX version that does not exist lists no version",
        expected="200 without versions, 404 or 400",
        got=none,
    )
    own = versions(match_spec_version="2.1")
    modified = next(version_of(stix) or "" for stix in shelf.objects if stix["id"] == said)
    shown = [{instant(version) for version in answer.list_of("versions")} for answer in (plain, own)]
    lab.expect(
        own.status == 200 and (instant(modified) in shown[1] or instant(modified) not in shown[0]),
        "the object's own STIX version lists its version",
        expected=f"200 with {modified}",
        got=own,
    )


@probe("TAXII-5.3-2", statement="2afe4ff4")
def the_manifest_filters_on_the_source_objects(lab: Lab) -> None:
    """5.3: filters apply to the object, though its record has neither type nor spec_version. The records are listed
    without the filter, so finding nothing means that the record itself was searched."""
    shelf, manifest = some_objects(lab), lab.reader.manifest
    chosen = {kind: shelf.of(kind)[0] for kind in shelf.types[:4]}
    plain = pages(manifest, shelf.collection, until=chosen.values())
    lab.control(set(chosen.values()) <= set(plain.ids), "GET manifest does not list the known objects")
    asked = {stix_id: {"match_type": kind} for kind, stix_id in chosen.items()}
    said = _says_21(shelf)
    queries = [*asked.items(), *([(said, {"match_id": said, "match_spec_version": "2.1"})] if said else [])]
    lost, refused = [], []
    for stix_id, query in queries:
        listed = pages(manifest, shelf.collection, until=[stix_id], **query)
        if not listed.ok:
            refused.append(f"{query}: {listed.last.brief()}")
        elif stix_id not in listed.ids:
            if not (listed.ended and listed.exact):
                lab.no_verdict("a filtered manifest gave no exact way to its end")
            lost.append(f"{stix_id} for {query}")
    lab.expect(not refused, "filters on properties of the object are taken", expected="200", got=refused[:1] or "200")
    lab.expect(
        not lost,
        "records are found by the type and STIX version of their objects",
        expected="the record of each known object",
        got=lost[:2] or "each of them",
    )


@probe("TAXII-3.4-27", statement="b523f02f")
def an_unknown_match_field_is_ignored_or_refused(lab: Lab) -> None:
    """3.4: servers MAY ignore fields they do not understand. Nothing says more, so a 4xx is as good; an error of the
    server, or an empty answer as if the made-up field had been compared, is neither."""
    shelf = some_objects(lab)
    known, field = shelf.ids[0], f"match_x_{lab.token(8)}"
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        alone = fetch(shelf.collection, match_id=known)
        lab.control(known in alone.ids, f"GET {endpoint} with match[id] alone does not list the object")
        answer = fetch(shelf.collection, match_id=known, **{field: "1"})
        lab.expect(
            (answer.status == 200 and known in answer.ids) or 400 <= answer.status < 500,
            f"{endpoint}: an unknown match field is ignored or refused",
            expected="200 that lists the object, or a 4xx",
            got=answer,
        )


@probe("TAXII-3.4-33", statement="31bceb24")
def brackets_may_be_percent_encoded(lab: Lab) -> None:
    """RFC 3986, 2.1: the spellings of one name. One of the three filters by type, so a spelling that does not is not
    understood; raw brackets are no lawful query and may be refused."""
    shelf = some_objects(lab)
    a, b = two_types(shelf)
    spellings = {"[ ]": "match[type]", "%5B %5D": "match%5Btype%5D", "%5b %5d": "match%5btype%5d"}
    for endpoint in ENDPOINTS:
        plain = fetch_of(lab, endpoint)(shelf.collection)
        lab.control(bool(plain.objects), f"GET {endpoint} lists nothing: {plain.brief()}")
        # A page may hold a single entry: the first one of all must not be of the type by chance.
        kind = b if type_of_entry(plain.objects[0]) == a else a
        answers = {
            spelled: lab.reader.get(f"{shelf.collection}{endpoint}/", f"{name}={quote(kind)}")
            for spelled, name in spellings.items()
        }
        works = {
            spelled: answer.status == 200
            and bool(answer.ids)
            and not entries_not_of(Pages((answer,), exact=True, ended=True), kind)
            for spelled, answer in answers.items()
        }
        lab.control(
            any(works.values()), f"GET {endpoint}: match[type] filters in no spelling", blocked_by="TAXII-3.4.1-4"
        )
        for spelled, answer in answers.items():
            refused = spelled == "[ ]" and answer.status == 400
            lab.expect(
                works[spelled] or refused,
                f"{endpoint}: brackets written {spelled} are understood",
                expected=f"entries of the type {kind} and no others",
                got=answer,
            )


@probe("TAXII-3.4-36", statement="fd484c04")
def one_object_supports_match_spec_version(lab: Lab) -> None:
    """5.6: the table lists spec_version, the prose does not. The object comes without the filter; a STIX version that
    does not exist leaves it out, and its own keeps it."""
    shelf = some_objects(lab)
    said = _says_21(shelf)
    if not said:
        lab.no_verdict("no readable object says spec_version 2.1")
    plain = lab.reader.object(shelf.collection, said)
    if plain.status == 404:
        lab.no_verdict("the object is not found by its id", "TAXII-5.6-1")
    lab.control(said in plain.ids, f"GET of the object does not bring it: {plain.brief()}")
    none = lab.reader.object(shelf.collection, said, match_spec_version=NO_STIX_VERSION)
    lab.expect(
        none.status in (200, 400, 404) and not none.objects,
        "a STIX version that does not exist brings no object",
        expected="200 without objects, 404 or 400",
        got=none,
    )
    own = lab.reader.object(shelf.collection, said, match_spec_version="2.1")
    lab.expect(
        own.status == 200 and said in own.ids, "the object's own STIX version brings it", expected="200", got=own
    )
