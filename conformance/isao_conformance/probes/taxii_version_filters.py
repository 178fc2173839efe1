"""Versions as filters (TAXII 2.1, 3.4.1, 5.6 and 5.8). Rows: spec requirements/taxii_version_filters.yaml.

What an answer lists is compared with versions that the same run saw one by one, so a server that drops old
versions, or does not take the STIX 2.0 form, is not blamed for that.
"""

from __future__ import annotations

from isao_conformance.errors import Untestable
from isao_conformance.filtering import ENDPOINTS, fetch_of, one_millisecond_later
from isao_conformance.fixtures import Shelf, Versioned, several_versions, some_objects, with_modified
from isao_conformance.forms import (
    STIX_TYPES,
    ask,
    both_forms,
    entries_of,
    in_old_form,
    moments,
    objects_in_versions,
    told_spec,
    without_modified,
)
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, Pages, instant, pages, whole
from isao_conformance.probe import probe

VERSIONS = "capability old-versions"


def _instants(spelled: list[str]) -> list[Instant]:
    return sorted(moment for text in spelled if (moment := instant(text)) is not None)


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
            entries = [*everything.entries, *some.entries]
            wrong = [f"{e.get('id')} in {told_spec(e)}" for e in entries if told_spec(e) not in ("", wanted)]
            if not wrong and wanted == "2.1" and endpoint == "objects":
                unsaid = [str(e.get("id")) for e in entries if in_old_form(e)]
                lab.expect(
                    not unsaid, "objects: nothing in the 2.0 form under 2.1", got=unsaid[:2] or "nothing", soft=True
                )
            lab.expect(
                not wrong,
                f"{endpoint}: match[spec_version]={wanted} brings no other version",
                expected=f"only objects in STIX {wanted}, or none",
                got=wrong[:2] or "no other version",
                seen=[everything.last, some.last] if wrong else [],
            )
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
        if endpoint == "object" and listed.last.status == 404:
            continue  # TAXII-5.6-1
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
        if len(set(moments(every, of.id, "manifest"))) < 2:
            continue
        judged += 1
        listed = whole(ask(lab, "manifest", of))
        lab.expect(
            listed.ok and moments(listed, of.id, "manifest") == [instant(of.modified[-1])],
            "the manifest has one record, of the version modified last",
            expected=f"one record, version {of.modified[-1]}",
            got=[e.get("version") for e in entries_of(listed, of.id)] if listed.ok else listed.last,
            seen=[listed.last],
        )
    if not judged:
        lab.no_verdict("match[version]=all lists fewer than two records of an object", blocked_by=VERSIONS)


@probe("TAXII-3.4.1-10", statement="f82e3844")
def the_word_last_is_the_same_as_no_version_filter(lab: Lab) -> None:
    """3.4.1: last is the default. An object in several versions, where there is one, and one in a single version are
    asked for together; the answer without the parameter is right, so a difference is a fault of the word."""
    shelf, of = some_objects(lab), with_modified(lab)
    ids = [of.id, *(i for i in shelf.ids[:2] if of.collection == shelf.collection and i != of.id)]
    judged = 0
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        plain = whole(pages(fetch, of.collection, match_id=",".join(ids)))
        if moments(plain, of.id, endpoint) != [instant(of.modified[-1])] or not plain.exact:
            continue
        judged += 1
        spelled = whole(pages(fetch, of.collection, match_id=",".join(ids), match_version="last"))
        told = [{i: moments(listed, i, endpoint) for i in {*ids, *listed.ids}} for listed in (plain, spelled)]
        lab.expect(
            spelled.ok and (told[0] == told[1] or not spelled.exact),
            f"{endpoint}: match[version]=last lists what no match[version] lists",
            expected=f"{len(plain.entries)} entries, {of.id} as modified {of.modified[-1]}",
            got=[(e.get("id"), e.get("version", e.get("modified"))) for e in spelled.entries][:4]
            if spelled.ok
            else spelled.last,
            seen=[plain.last, spelled.last],
        )
    if not judged:
        lab.no_verdict("without match[version] the object does not come in its latest version", "TAXII-3.4.1-7")


@probe("TAXII-3.4.1-14", statement="df34a440")
def several_values_of_match_version_add_up(lab: Lab) -> None:
    """3.4 with 3.4.1: values are alternatives, keywords and times alike. Each value alone brings its version, so a
    version that is missing, or comes twice, is a fault of the combination."""
    of = several_versions(lab)
    wanted, alone = _unions(of.modified), {"first": of.modified[0], "last": of.modified[-1]}
    alone |= {version: version for version in _three(of)}
    judged = 0
    for endpoint in ENDPOINTS:
        single = {v: moments(ask(lab, endpoint, of, match_version=v), of.id, endpoint) for v in alone}
        if any(single[value] != [instant(version)] for value, version in alone.items()):
            continue
        judged += 1
        for value, versions in wanted.items():
            listed = whole(ask(lab, endpoint, of, match_version=value))
            if not listed.exact:
                continue
            lab.expect(
                listed.ok and moments(listed, of.id, endpoint) == _instants(versions),
                f"{endpoint}: match[version]={_name(value, of)} brings each version that one of the values names, once",
                expected=f"versions {versions}",
                got=_told(listed, of.id) if listed.ok else listed.last,
                seen=[listed.last],
            )
    if not judged:
        lab.no_verdict("single values of match[version] do not bring the versions they name", "TAXII-3.4.1-13")
    _single_version_once(lab, some_objects(lab))


def _three(of: Versioned) -> list[str]:
    """The times of the first two versions and of the last one."""
    return list(dict.fromkeys(of.modified[:2] + of.modified[-1:]))


def _unions(modified: list[str]) -> dict[str, list[str]]:
    """Combined values of match[version] and the versions that each has to bring."""
    first, last = modified[0], modified[-1]
    combined = {
        "first,last": [first, last],
        "last,first": [first, last],
        f"{first},{last}": [first, last],
        f"last,{last}": [last],
        f"{first},last": [first, last],
    }
    if len(modified) > 2:
        middle = modified[1]
        combined |= {
            f"first,{middle},last": [first, middle, last],
            f"{first},{middle}": [first, middle],
            f"{middle},{first}": [first, middle],
            f"{middle},last": [middle, last],
        }
    return combined


def _told(listed: Pages, stix_id: str) -> str:
    return f"versions {[e.get('version', e.get('modified')) for e in entries_of(listed, stix_id)]}"


def _single_version_once(lab: Lab, shelf: Shelf) -> None:
    """Judge that an object in one version comes once for first,last, where it does for each of the two words."""
    one = shelf.ids[0]
    for endpoint in ENDPOINTS:
        fetch = fetch_of(lab, endpoint)
        alone = [pages(fetch, shelf.collection, match_id=one, match_version=word) for word in ("first", "last", "all")]
        if any(listed.ids != [one] for listed in alone):
            continue
        listed = whole(pages(fetch, shelf.collection, match_id=one, match_version="first,last"))
        lab.expect(
            listed.ids == [one],
            f"{endpoint}: match[version]=first,last brings an object in one version once",
            expected=f"{one}, once",
            got=f"{len(listed.ids)} entries" if listed.ok else listed.last,
            seen=[listed.last],
        )


@probe("TAXII-3.4.1-15", statement="6f9f0c39")
def created_is_the_version_of_an_object_without_modified(lab: Lab) -> None:
    """3.4.1: match[version] uses created where there is no modified. The marking definition is listed by its id alone;
    its created time finds it, and a time one millisecond later does not."""
    of = without_modified(lab)
    for endpoint in ENDPOINTS:
        control = ask(lab, endpoint, of)
        lab.control(of.id in control.ids, f"GET {endpoint} with match[id] does not list the marking definition")
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
            got=_told(listed, of.id) if listed.ok else listed.last,
            seen=[listed.last],
        )


@probe("TAXII-5.6-5", statement="db0d82a1")
def one_object_comes_in_the_versions_asked_for(lab: Lab) -> None:
    """5.6: match[version] is the one filter of this endpoint. The same value on GET objects brings the right versions
    in the same run, so another set here is a fault of this endpoint."""
    of = several_versions(lab)
    if ask(lab, "object", of).last.status == 404:
        lab.no_verdict("the object is not found by its id", "TAXII-5.6-1")
    wanted = {"first": of.modified[:1], "all": of.modified} | {m: [m] for m in _three(of)}
    wanted |= {value: versions for value, versions in _unions(of.modified).items() if value.count(",") == 1}
    judged = 0
    for value, versions in wanted.items():
        if moments(ask(lab, "objects", of, match_version=value), of.id, "objects") != _instants(versions):
            continue
        listed = ask(lab, "object", of, match_version=value)
        if not (listed.ended and listed.exact):
            continue
        judged += 1
        lab.expect(
            listed.ok and moments(listed, of.id, "object") == _instants(versions),
            f"match[version]={_name(value, of)} brings the versions it names",
            expected=f"versions {versions}",
            got=_told(listed, of.id) if listed.ok else listed.last,
            seen=[listed.last],
        )
    if not judged:
        lab.no_verdict("GET objects brings the right versions for no value of match[version]", "TAXII-3.4.1-13")


def _name(value: str, of: Versioned) -> str:
    """A value with v1, v2, v3 for its times, since names of checks must not change from run to run."""
    for place, modified in enumerate(_three(of), 1):
        value = value.replace(modified, f"v{place}")
    return value


@probe("TAXII-5.8-2", statement="69757eb7")
def the_versions_list_of_an_unversioned_object_is_its_created_time(lab: Lab) -> None:
    """5.8: created where there is no modified. GET of the marking definition brings it, and the versions list of
    another object is answered, so the endpoint is there."""
    of = without_modified(lab)
    if of.id not in ask(lab, "object", of).ids:
        lab.no_verdict("the marking definition is not found by its id", "TAXII-5.6-1")
    _control_versions_list(lab)
    answer = lab.reader.versions(of.collection, of.id)
    listed = [str(version) for version in answer.list_of("versions")]
    right = [instant(version) for version in listed] == [instant(of.version)]
    lab.expect(
        answer.status == 200 and right,
        "its created time is the one version listed",
        expected=f"one version, {of.version}",
        got=listed if answer.status == 200 else answer,
        seen=[answer],
    )
    if right:
        lab.expect(listed == [of.version], "it is spelled as in the object", expected=of.version, got=listed, soft=True)


def _control_versions_list(lab: Lab) -> None:
    """End without a verdict unless the versions list of an object with modified is answered 200."""
    of = with_modified(lab)
    answer = lab.reader.versions(of.collection, of.id)
    if answer.status != 200:
        lab.no_verdict(f"GET versions of another object gave {answer.brief()}", "capability versions-endpoint")
