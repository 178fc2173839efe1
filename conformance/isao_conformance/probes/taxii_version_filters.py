"""Versions as filters (TAXII 2.1, 3.4.1, 5.6 and 5.8). Rows: spec requirements/taxii_version_filters.yaml.

What an answer lists is compared with versions that the same run saw one by one, so a server that drops old
versions, or does not take the STIX 2.0 form, is not blamed for that.
"""

from __future__ import annotations

from isao_conformance.errors import Untestable
from isao_conformance.filtering import ENDPOINTS, date_added, fetch_of, one_millisecond_later, type_of_entry
from isao_conformance.fixtures import reading_place, several_versions, some_objects, three_versions, with_modified
from isao_conformance.forms import (
    STIX_TYPES,
    ask,
    both_forms,
    close_versions,
    entries_of,
    in_old_form,
    moments,
    objects_in_versions,
    observables,
    told_spec,
    without_modified,
)
from isao_conformance.lab import Lab
from isao_conformance.listings import Pages, empty, instant, pages, shifted, whole
from isao_conformance.probe import probe
from isao_conformance.version_sets import (
    control_versions_list,
    ignores_versions,
    instants,
    judge_consistency,
    judge_once,
    judge_spec_version,
    judge_unions,
    named,
    three,
    told,
    unions,
)


@probe("TAXII-3.4.1-2", statement="2dd09a53")
def match_spec_version_brings_no_other_stix_version(lab: Lab) -> None:
    """3.4.1, spec_version: no version that is not asked for. Asked for 2.0 and for 2.1, of the whole list and of known
    objects; the known object says 2.1 and is listed under 2.1, so its absence under 2.0 is the filter's work."""
    shelf = some_objects(lab)
    known = [stix for stix in shelf.objects if stix.get("spec_version") == "2.1"]
    if not known:
        lab.no_verdict("no readable object says spec_version 2.1")
    where, ids = shelf.collection, [known[0]["id"]]
    control = pages(lab.reader.objects, where, match_id=ids[0], match_spec_version="2.1")
    lab.control(ids[0] in control.ids, f"match[spec_version]=2.1 does not list the object: {control.last.brief()}")
    try:
        forms = lab.fixture(both_forms)
        ids += [forms.id] if forms.collection == where else []
    except Untestable:
        ids = ids[:1]  # a server may refuse one of the forms
    shown: dict[tuple[str, str], Pages] = {}
    for endpoint in ENDPOINTS:
        for wanted in ("2.0", "2.1"):
            everything = pages(fetch_of(lab, endpoint), where, match_spec_version=wanted)
            some = pages(fetch_of(lab, endpoint), where, match_id=",".join(ids), match_spec_version=wanted)
            shown[endpoint, wanted] = some
            judge_spec_version(lab, endpoint, wanted, everything, some)
    beyond = [i for i in ids if i in shown["manifest", "2.0"].ids and i not in shown["objects", "2.0"].ids]
    lab.expect(
        not beyond,
        "the manifest lists under 2.0 what GET objects brings under 2.0",
        expected="no record of an object that is not to be had in that version",
        got=beyond or "nothing else",
    )


@probe("TAXII-3.4.1-3", statement="3364168f", needs=["writable"])
def without_a_filter_only_the_latest_stix_version_comes(lab: Lab) -> None:
    """3.4.1, spec_version: the latest one only. Both forms were posted, the older one last, and each answers to its own
    match[spec_version], so bringing one is a choice. All versions are asked for, so that choice is the only one."""
    of = lab.fixture(both_forms)
    old = ask(lab, "objects", of, match_spec_version="2.0", match_version="all")
    new = ask(lab, "objects", of, match_spec_version="2.1", match_version="all")
    kept = any(in_old_form(e) for e in entries_of(old, of.id)) and any(
        told_spec(e) == "2.1" for e in entries_of(new, of.id)
    )
    lab.control(kept, "the target does not bring each form for its own match[spec_version]")
    for endpoint in (*ENDPOINTS, "object"):
        listed = ask(lab, endpoint, of, match_version="all")
        found = entries_of(listed, of.id)
        if listed.last.status == 404:
            continue  # TAXII-5.6-1, or there is no such endpoint
        older = [e for e in found if (in_old_form(e) if endpoint != "manifest" else told_spec(e) == "2.0")]
        lab.expect(
            listed.ok and len(found) == 1 and not older,
            f"{endpoint}: the object comes once and not in the 2.0 form",
            expected="one entry, in STIX 2.1",
            got=f"{len(found)} entries, {len(older)} in the 2.0 form" if listed.ok else listed.last,
            seen=[listed.last],
        )


@probe("TAXII-3.4.1-5", statement="a507689c")
def no_type_of_stix_is_refused_as_a_filter(lab: Lab) -> None:
    """3.4.1, type: no error for a type that STIX 2.1 defines. Every one of them, on both lists; the same request
    without the type works, so it is the name that is refused."""
    where = some_objects(lab).collection
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        control = fetch(where, limit=1)
        lab.control(control.status == 200, f"GET {endpoint} with limit=1 gave {control.brief()}")
        answers = [(kind, fetch(where, match_type=kind, limit=1)) for kind in STIX_TYPES]
        refused = [(kind, answer) for kind, answer in answers if answer.status >= 400]
        # An error while other probes write may be about that: what counts is refused twice.
        refused = [
            (kind, again) for kind, _ in refused if (again := fetch(where, match_type=kind, limit=1)).status >= 400
        ]
        lab.expect(
            not refused,
            f"{endpoint}: no type of STIX 2.1 is answered with an error",
            expected="200 for every type",
            got=[f"{kind}: {answer.brief()}" for kind, answer in refused[:2]] or f"{len(answers)} types",
            seen=[answer for _, answer in refused[:2]],
        )


@probe("TAXII-3.4.1-8", statement="fbafcef3")
def the_manifest_lists_the_latest_version_only(lab: Lab) -> None:
    """3.4.1 with 5.3: the default of match[version] on the manifest. match[version]=all shows several records of the
    same object there, so a single one is a choice of the server."""
    judged = 0
    for of in objects_in_versions(lab):
        every = ask(lab, "manifest", of, match_version="all")
        if moments(every, of.id, "manifest") != instants(of.modified):
            continue
        judged += 1
        listed = whole(ask(lab, "manifest", of))
        shown, older = moments(listed, of.id, "manifest"), instants(of.modified[:-1])
        lab.expect(
            listed.ok and len(shown) == 1 and shown[0] not in older,
            "the manifest has one record, of the version modified last",
            expected=f"one record, version {of.modified[-1]}",
            got=[e.get("version") for e in entries_of(listed, of.id)] if listed.ok else listed.last,
            seen=[listed.last],
        )
    if not judged:
        lab.no_verdict("match[version]=all does not list a record of each version", blocked_by="TAXII-5.3.1-3")


@probe("TAXII-3.4.1-10", statement="f82e3844")
def the_word_last_is_the_same_as_no_version_filter(lab: Lab) -> None:
    """3.4.1: last is the default. An object in several versions, where there is one, and ones in a single version are
    asked for; the answer without the parameter is right, so a difference is a fault of the word."""
    shelf, of = some_objects(lab), with_modified(lab)
    ids = [of.id, *(i for i in shelf.ids[:2] if of.collection == shelf.collection and i != of.id)]
    judged = 0
    for endpoint in ENDPOINTS:
        fetch, differ, before = fetch_of(lab, endpoint), [], judged
        for stix_id in ids:
            plain = whole(pages(fetch, of.collection, match_id=stix_id))
            shown = moments(plain, stix_id, endpoint)
            if len(shown) != 1 or (stix_id == of.id and shown != [instant(of.modified[-1])]):
                continue
            judged += 1
            spelled = whole(pages(fetch, of.collection, match_id=stix_id, match_version="last"))
            if not spelled.ok or spelled.ids != plain.ids or moments(spelled, stix_id, endpoint) != shown:
                differ.append(f"{told(spelled, stix_id)} of {stix_id}" if spelled.ok else spelled.last.brief())
        if judged == before:
            continue
        lab.expect(
            not differ,
            f"{endpoint}: match[version]=last lists what no match[version] lists",
            expected=f"each object as without it, {of.id} as modified {of.modified[-1]}",
            got=differ[:2] or "the same",
        )
    if not judged:
        lab.no_verdict("without match[version] the object does not come in its latest version", "TAXII-3.4.1-7")


@probe("TAXII-3.4.1-14", statement="df34a440")
def several_values_of_match_version_add_up(lab: Lab) -> None:
    """3.4 with 3.4.1: values are alternatives, keywords and times alike. Each value alone brings its version, so a
    version that is missing, or comes twice, is a fault of the combination."""
    judge_unions(lab, several_versions(lab))
    judge_once(lab, some_objects(lab))
    if not lab.checks:
        lab.no_verdict("no list of versions gave an exact way to its end")


@probe("TAXII-3.4.1-15", statement="6f9f0c39")
def created_is_the_version_of_an_object_without_modified(lab: Lab) -> None:
    """3.4.1: match[version] uses created where there is no modified. The marking definition is listed by its id alone;
    its created time finds it, and a time one millisecond later does not."""
    of = without_modified(lab)
    for endpoint in ENDPOINTS:
        control = ask(lab, endpoint, of)
        lab.control(of.id in control.ids, f"GET {endpoint} with match[id] does not list the marking definition")
        if ignores_versions(lab, endpoint):
            continue  # TAXII-3.4-28, TAXII-3.4-29
        hit = ask(lab, endpoint, of, match_version=of.version)
        lab.expect(
            hit.ok and of.id in hit.ids,
            f"{endpoint}: its created time brings it",
            expected=f"{of.id} for match[version]={of.version}",
            got=hit.last,
        )
        beside = one_millisecond_later(of.version)
        miss = ask(lab, endpoint, of, match_version=beside)
        lab.expect(
            of.id not in miss.ids,
            f"{endpoint}: another time does not bring it",
            expected=f"nothing for match[version]={beside}",
            got=miss.last,
        )
    if not lab.checks:
        lab.no_verdict("match[version] is ignored on both lists", "TAXII-3.4-28")


@probe("TAXII-5.6-4", statement="3ae54185")
def one_object_comes_in_its_latest_version(lab: Lab) -> None:
    """5.6 with 3.4.1: without match[version] the latest version only. GET objects with match[version]=all shows
    several versions of the same object, so a single one is a choice of the server."""
    for of in objects_in_versions(lab):
        listed = ask(lab, "object", of)
        if listed.last.status == 404:
            lab.no_verdict("the object is not found by its id", "TAXII-5.6-1")
        lab.expect(
            listed.ok and moments(listed, of.id, "object") == [instant(of.modified[-1])],
            "only the version with the greatest modified comes",
            expected=f"one object, modified {of.modified[-1]}",
            got=told(listed, of.id) if listed.ok else listed.last,
            seen=[listed.last],
        )


@probe("TAXII-5.6-5", statement="db0d82a1")
def one_object_comes_in_the_versions_asked_for(lab: Lab) -> None:
    """5.6: match[version] is the one filter of this endpoint. The same value on GET objects brings the right versions
    in the same run, so another set here is a fault of this endpoint."""
    of = several_versions(lab)
    if ask(lab, "object", of).last.status == 404:
        lab.no_verdict("the object is not found by its id", "TAXII-5.6-1")
    wanted = {"first": of.modified[:1], "all": of.modified} | {m: [m] for m in three(of)}
    wanted |= {value: versions for value, versions in unions(of.modified).items() if value.count(",") == 1}
    judged = 0
    for value, versions in wanted.items():
        if moments(ask(lab, "objects", of, match_version=value), of.id, "objects") != instants(versions):
            continue
        listed = ask(lab, "object", of, match_version=value)
        if not (listed.ended and listed.exact):
            continue
        judged += 1
        lab.expect(
            listed.ok and moments(listed, of.id, "object") == instants(versions),
            f"match[version]={named(value, of)} brings the versions it names",
            expected=f"versions {versions}",
            got=told(listed, of.id) if listed.ok else listed.last,
            seen=[listed.last],
        )
    if not judged:
        lab.no_verdict("GET objects brings the right versions for no value of match[version]", "TAXII-3.4.1-13")


@probe("TAXII-5.8-2", statement="69757eb7")
def the_versions_list_of_an_unversioned_object_is_its_created_time(lab: Lab) -> None:
    """5.8: created where there is no modified. GET of the marking definition brings it, and the versions list of
    another object is answered, so the endpoint is there."""
    of = without_modified(lab)
    if of.id not in ask(lab, "object", of).ids:
        lab.no_verdict("the marking definition is not found by its id", "TAXII-5.6-1")
    control_versions_list(lab)
    answer = lab.reader.versions(of.collection, of.id)
    listed = [str(version) for version in answer.list_of("versions")]
    right = [version for version in listed if instant(version) == instant(of.version)]
    lab.expect(
        answer.status == 200 and len(right) == 1,
        "its created time is listed as a version",
        expected=of.version,
        got=listed if answer.status == 200 else answer,
        seen=[answer],
    )
    if right:
        lab.expect(right == [of.version], "it is spelled as in the object", expected=of.version, got=right, soft=True)


@probe("TAXII-3.4.1-6", statement="977b8b69")
def a_type_that_stix_does_not_define_is_answered_or_refused(lab: Lab) -> None:
    """3.4.1, type: other types MAY be fulfilled. Nothing more is said, so an empty answer and a 4xx are as good; an
    error of the server and entries of other types are not."""
    where, made_up = reading_place(lab), f"x-drill-{lab.token(8)}"
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        control = fetch(where, match_type="indicator")
        lab.control(control.status == 200, f"GET {endpoint} with match[type]=indicator gave {control.brief()}")
        if any(type_of_entry(entry) != "indicator" for entry in control.objects):
            continue  # TAXII-3.4.1-4
        answer = fetch(where, match_type=made_up)
        only = answer.status == 200 and all(type_of_entry(entry) == made_up for entry in answer.objects)
        lab.expect(
            only or 400 <= answer.status < 500,
            f"{endpoint}: a made-up type is answered without other types, or refused",
            expected="200 without entries of another type, or a 4xx",
            got=answer,
        )
    if not lab.checks:
        lab.no_verdict("match[type] does not filter on either list", "TAXII-3.4.1-4")


@probe("TAXII-3.4.1-16", statement="3487f9f7", needs=["writable"])
def an_object_without_any_time_has_one_version(lab: Lab) -> None:
    """3.4.1 with 5.3.1: a value that is consistent to the server. The records of two observables are read twice, and
    the value they show is compared with the versions list and asked for."""
    other = with_modified(lab)
    shown = moments(ask(lab, "manifest", other), other.id, "manifest")
    lab.control(
        shown == [instant(other.modified[-1])], "the manifest gives other objects another version than modified"
    )
    judged = sum(judge_consistency(lab, of) for of in lab.fixture(observables))
    if not judged:
        lab.no_verdict("no observable is listed with a version that is a string")


@probe("TAXII-3.4.1-17", statement="54e2a832", needs=["writable"])
def versions_less_than_a_millisecond_apart_are_told_apart(lab: Lab) -> None:
    """3.4.1: matches exactly the provided value. Both versions are listed with all their digits, so one that does not
    answer to its own spelling, or answers together with the other, is compared with fewer."""
    of = lab.fixture(close_versions)
    every = moments(ask(lab, "objects", of, match_version="all"), of.id, "objects")
    lab.control(every == instants(of.modified), "match[version]=all does not list both versions with all digits")
    beside = ask(lab, "objects", of, match_version=one_millisecond_later(of.modified[0]))
    lab.control(of.id not in beside.ids, "a time one millisecond later brings a version", blocked_by="TAXII-3.4.1-13")
    for place, modified in enumerate(of.modified, 1):
        listed = ask(lab, "objects", of, match_version=modified)
        lab.expect(
            moments(listed, of.id, "objects") == [instant(modified)],
            f"version {place} is found by its own time and no other is",
            expected=f"exactly the version modified {modified}",
            got=told(listed, of.id) if listed.ok else listed.last,
        )
        longer = ask(lab, "objects", of, match_version=f"{modified[:-1]}000Z")
        shown = moments(longer, of.id, "objects")
        lab.expect(
            shown in ([], [instant(modified)]) and longer.last.status in (200, 400),
            f"version {place} or none is found by the same instant with further zeros",
            expected=f"the version modified {modified}, nothing, or 400",
            got=told(longer, of.id) if longer.ok else longer.last,
        )


@probe("TAXII-3.4.1-18", statement="3ecba965", needs=["writable"])
def the_latest_version_is_one_that_meets_the_other_filters(lab: Lab) -> None:
    """3.4.1: the latest version matching the remainder of the request. The third version was added first, so after its
    date only the first and the second are left, and of these the second is the latest."""
    of = lab.fixture(three_versions)
    records = entries_of(ask(lab, "manifest", of, match_version="all"), of.id)
    added = {instant(r.get("version")): date for r in records if (date := date_added(r)) is not None}
    second, third = instant(of.modified[1]), instant(of.modified[2])
    dates = sorted(added.values())
    lab.control(set(added) == set(map(instant, of.modified)), "the manifest does not list all three versions")
    lab.control(len({*dates}) == 3 and added[third] == dates[0], "the versions share a date, or came in another order")
    border = next(str(r["date_added"]) for r in records if instant(r.get("version")) == third)
    judged = 0
    for endpoint in ENDPOINTS:
        plain = moments(ask(lab, endpoint, of), of.id, endpoint)
        later = moments(ask(lab, endpoint, of, added_after=shifted(border, 0), match_version="all"), of.id, endpoint)
        if plain != [third] or later != instants(of.modified[:2]):
            continue
        judged += 1
        listed = ask(lab, endpoint, of, added_after=shifted(border, 0))
        lab.expect(
            moments(listed, of.id, endpoint) == [second],
            f"{endpoint}: the latest of the versions that were added later comes",
            expected=f"exactly version {of.modified[1]}",
            got=told(listed, of.id) if listed.ok else listed.last,
            seen=[listed.last],
        )
    if not judged:
        lab.no_verdict("the default of match[version], or added_after with all versions, is not right by itself")


@probe("TAXII-5.6-3", statement="78a21732")
def a_known_object_without_a_fitting_version_is_an_empty_envelope(lab: Lab) -> None:
    """5.6: an empty envelope if no object is returned. The id is known, since the same request without the version
    brings the object, so what is not there is the version only."""
    of = with_modified(lab)
    plain = ask(lab, "object", of)
    lab.control(of.id in plain.ids, f"GET of the object does not bring it: {plain.last.brief()}")
    absent = one_millisecond_later(of.modified[-1])
    answer = lab.reader.object(of.collection, of.id, match_version=absent)
    if answer.status == 200 and answer.objects:
        lab.no_verdict("a version that the object does not have brings another one", "TAXII-3.4.1-13")
    lab.expect(
        empty(answer),
        "a version that the object does not have is answered 200 with an empty envelope",
        expected=f"200 that lists nothing for match[version]={absent}",
        got=answer,
    )
