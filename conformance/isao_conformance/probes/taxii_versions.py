"""Versions of one object (TAXII 2.1, 5.8 and 3.4). Rows: spec requirements/taxii_versions.yaml."""

from __future__ import annotations

from collections.abc import Iterable

from isao_conformance.errors import Untestable
from isao_conformance.fixtures import Versioned, candidates_with_versions, some_objects, with_modified
from isao_conformance.lab import Lab
from isao_conformance.listings import FAR_FUTURE, Instant, instant, pages, served, shifted
from isao_conformance.probe import probe

ENDPOINT = "capability versions-endpoint"


def _listed(lab: Lab, of: Versioned, **query: str) -> list[str]:
    """The versions listed, all pages. Untestable unless every page is answered 200."""
    found: list[str] = []
    position: dict[str, str] = {}
    for _ in range(20):
        answer = lab.reader.versions(of.collection, of.id, **{**query, **position})
        if answer.status != 200:
            lab.no_verdict(f"GET versions gave {answer.brief()}", blocked_by=ENDPOINT)
        found += [str(version) for version in answer.list_of("versions")]
        if not answer.more or answer.next is None:
            return found
        position = {"next": answer.next}
    lab.no_verdict("the list of versions does not end within twenty pages")
    return found


def _instants(spelled: Iterable[str]) -> set[Instant]:
    return {moment for text in spelled if (moment := instant(text)) is not None}


def _single(lab: Lab, of: Versioned, version: str) -> bool:
    """True when that version answers individually."""
    answer = lab.reader.object(of.collection, of.id, match_version=version)
    shown = [instant(stix.get("modified")) for stix in answer.objects if stix.get("id") == of.id]
    return answer.status == 200 and instant(version) in shown


@probe("TAXII-5.8-1", statement="c94e3e26")
def every_version_that_is_held_is_listed_and_no_other(lab: Lab) -> None:
    """5.8: the versions of the object. Each one that answers individually is listed; one that is listed was posted,
    or for objects of others answers individually."""
    of = _with_all_that_was_added(lab)
    held = [version for version in of.modified if _single(lab, of, version)]
    lab.control(bool(held), "no version of the object answers individually")
    listed = _listed(lab, of)
    lacking = [version for version in held if instant(version) not in _instants(listed)]
    lab.expect(
        not lacking,
        "every version that answers individually is listed",
        expected=f"versions {held}",
        got=f"lacking {lacking}" if lacking else "all of them",
    )
    unknown = [v for v in listed if instant(v) not in _instants(of.modified)]
    if not of.own:
        unknown = [v for v in unknown if not _single(lab, of, v)]
    lab.expect(
        not unknown,
        "no version is listed that was never added",
        expected=f"only versions {of.modified}",
        got=f"also {unknown[:3]}" if unknown else "no other",
    )
    respelt = [v for v in listed if v not in of.modified and instant(v) in _instants(of.modified)]
    lab.expect(not respelt, "versions are spelled as in the object", got=respelt[:3] or "the same spelling", soft=True)


def _with_all_that_was_added(lab: Lab) -> Versioned:
    """An own object with every version posted, whatever match[version]=all shows of it; else one found."""
    try:
        return candidates_with_versions(lab)
    except Untestable:
        return with_modified(lab)


@probe("TAXII-5.8.1-1", statement="451956c9")
def without_a_version_to_return_there_is_no_versions_key(lab: Lab) -> None:
    """5.8.1: the key is left out when nothing is returned. A time in the far future excludes what is listed without."""
    of = with_modified(lab)
    lab.control(bool(_listed(lab, of)), "GET versions without the filter lists none")
    answer = lab.reader.versions(of.collection, of.id, added_after=FAR_FUTURE)
    if answer.status not in (200, 404) or answer.list_of("versions"):
        lab.no_verdict(f"GET versions added after {FAR_FUTURE} gave {answer.brief()} (TAXII-3.4-31)")
    lab.expect(
        answer.status == 404 or (isinstance(answer.data, dict) and "versions" not in answer.resource),
        "nothing to return leaves the versions key out",
        expected='a JSON object without "versions", or 404',
        got=answer,
    )


@probe("TAXII-3.4-31", statement="3e0ff733")
def versions_honours_added_after(lab: Lab) -> None:
    """3.4: added_after at the versions endpoint. After the date of the version that was added first only the later ones
    are listed, and one second before it all of them."""
    of = with_modified(lab)
    added = _dates_added(lab, of)
    everything = _instants(_listed(lab, of))
    lab.control(set(added) <= everything and bool(added), "the manifest and GET versions show different versions")
    if len(set(added.values())) < len(added):
        lab.no_verdict("several versions share one date_added")
    earliest = min(added.values(), key=lambda text: instant(text) or (0, ""))
    later = {version for version, date in added.items() if date != earliest}
    at = _shown_after(lab, of, shifted(earliest, 0))
    lab.expect(
        at & set(added) == later,
        "at the date of the version added first it lists the later ones only",
        expected=f"{len(later)} of {len(added)} versions for added_after={earliest}",
        got=f"{len(at & set(added))} of them",
    )
    before = _shown_after(lab, of, shifted(earliest, -1_000_000))
    lab.expect(
        set(added) <= before,
        "one second before that date it lists all of them",
        expected=f"{len(added)} versions",
        got=f"{len(before & set(added))} of them",
    )


def _shown_after(lab: Lab, of: Versioned, time: str) -> set[Instant]:
    """The versions listed with added_after, all pages; none when the answer is 404, which is accepted."""
    first = lab.reader.versions(of.collection, of.id, added_after=time)
    if first.status == 404:
        return set()
    lab.expect(first.status == 200, "with added_after it is answered", expected="200", got=first)
    return _instants(_listed(lab, of, added_after=time)) if first.status == 200 else set()


def _dates_added(lab: Lab, of: Versioned) -> dict[Instant, str]:
    """date_added of each version of the object, by the version's instant."""
    listed = pages(lab.reader.manifest, of.collection, match_id=of.id, match_version="all")
    records = [r for r in listed.entries if r.get("id") == of.id]
    told = {moment: str(r.get("date_added")) for r in records if (moment := instant(r.get("version"))) is not None}
    if any((date := instant(text)) is None or len(date[1]) > 6 for text in told.values()):
        lab.no_verdict("the manifest gives no usable date_added for a version")
    return told


@probe("TAXII-3.1-23", statement="edeb5096")
def the_versions_of_a_readable_object_can_be_listed(lab: Lab) -> None:
    """5.8 with 8.1.2: the endpoint belongs to what a server supports. GET of each object brings it, so what is refused
    is the list of its versions."""
    shelf = some_objects(lab)
    chosen = [shelf.of(kind)[-1] for kind in shelf.types[:3]]
    found = [i for i in chosen if served(lab.reader.object(shelf.collection, i), i)]
    lab.control(bool(found), "GET of the object brings none of the known objects")
    answers = {i: lab.reader.versions(shelf.collection, i) for i in found}
    if any(answer.status == 406 for answer in answers.values()):
        lab.no_verdict("the versions list refuses the media type of TAXII", blocked_by="TAXII-3.1-9")
    refused = [f"{i}: {answer.brief()}" for i, answer in answers.items() if answer.status != 200]
    lab.expect(
        not refused,
        "GET of the versions of a readable object is answered 200",
        expected="200",
        got=refused[:1] or f"200 for {len(found)} objects",
    )


@probe("TAXII-5.8-3", statement="b5866842")
def the_versions_of_an_unknown_object_are_404(lab: Lab) -> None:
    """5.8: 404 when the object id is not found. The versions of a known object are listed below the same collection,
    so the endpoint is there and it is the id that is unknown."""
    shelf = some_objects(lab)
    control = lab.reader.versions(shelf.collection, shelf.ids[0])
    if control.status != 200:
        lab.no_verdict(f"GET versions of a known object gave {control.brief()}", blocked_by=ENDPOINT)
    for name, kind in (("a type that is held", shelf.types[0]), ("any type", "campaign")):
        answer = lab.reader.versions(shelf.collection, f"{kind}--{lab.uuid()}")
        lab.expect(answer.status == 404, f"an unknown id of {name} is answered 404", expected="404", got=answer)
