"""Values of match[version], alone and put together, and the versions that each has to bring (TAXII 2.1, 3.4.1).

The judging functions make checks for the row of the probe that calls them.
"""

from __future__ import annotations

from isao_conformance.filtering import ENDPOINTS, fetch_of, one_millisecond_later
from isao_conformance.fixtures import Shelf, Versioned, with_modified
from isao_conformance.forms import Single, ask, entries_of, in_old_form, moments, told_spec
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, Pages, instant, pages, whole


def instants(spelled: list[str]) -> list[Instant]:
    """The instants of these times, earliest first."""
    return sorted(moment for text in spelled if (moment := instant(text)) is not None)


def three(of: Versioned) -> list[str]:
    """The times of the first two versions and of the last one."""
    return list(dict.fromkeys(of.modified[:2] + of.modified[-1:]))


def unions(modified: list[str]) -> dict[str, list[str]]:
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


def named(value: str, of: Versioned) -> str:
    """A value with v1, v2, v3 for its times, since names of checks must not change from run to run."""
    for place, modified in enumerate(three(of), 1):
        value = value.replace(modified, f"v{place}")
    return value


def told(listed: Pages, stix_id: str) -> str:
    """The versions of one object in an answer, for people."""
    return f"versions {[e.get('version', e.get('modified')) for e in entries_of(listed, stix_id)]}"


def judge_unions(lab: Lab, of: Versioned) -> None:
    """Judge that combined values bring the versions of each value once, where each value alone brings its own."""
    wanted, alone = unions(of.modified), {"first": of.modified[0], "last": of.modified[-1]}
    alone |= {version: version for version in three(of)}
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
                listed.ok and moments(listed, of.id, endpoint) == instants(versions),
                f"{endpoint}: match[version]={named(value, of)} brings each version that one of the values names, once",
                expected=f"versions {versions}",
                got=told(listed, of.id) if listed.ok else listed.last,
                seen=[listed.last],
            )
    if not judged:
        lab.no_verdict("single values of match[version] do not bring the versions they name", "TAXII-3.4.1-13")


def judge_once(lab: Lab, shelf: Shelf) -> None:
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


def judge_consistency(lab: Lab, of: Single) -> bool:
    """Judge that one observable has one version; False when it is not listed, or with none."""
    kind = of.stix["type"]
    records = [entries_of(ask(lab, "manifest", of), of.id) for _ in range(2)]
    shown = [record[0].get("version") if record else None for record in records]
    version = shown[0]
    if not isinstance(version, str) or of.id not in ask(lab, "objects", of).ids:
        return False
    lab.expect(
        shown[1] == version, f"{kind}: two answers of the manifest show the same version", expected=version, got=shown
    )
    listed = lab.reader.versions(of.collection, of.id)
    if listed.status == 200 and listed.list_of("versions"):
        lab.expect(
            version in listed.list_of("versions"),  # what else it lists is TAXII-5.8-1
            f"{kind}: the versions list shows the version that the manifest shows",
            expected=version,
            got=listed,
        )
    if ignores_versions(lab, "objects"):
        return True  # TAXII-3.4.1-13
    found = ask(lab, "objects", of, match_version=version)
    lab.expect(of.id in found.ids, f"{kind}: that version is found by match[version]", expected=of.id, got=found.last)
    return True


def ignores_versions(lab: Lab, endpoint: str) -> bool:
    """True when the endpoint lists an object with modified for a time at which it was not modified."""
    other = with_modified(lab)
    return other.id in ask(lab, endpoint, other, match_version=one_millisecond_later(other.modified[-1])).ids


def control_versions_list(lab: Lab) -> None:
    """End without a verdict unless the versions list of an object with modified is answered 200."""
    of = with_modified(lab)
    answer = lab.reader.versions(of.collection, of.id)
    if answer.status != 200 or not answer.list_of("versions"):
        lab.no_verdict(f"GET versions of another object gave {answer.brief()}", "capability versions-endpoint")


def judge_spec_version(lab: Lab, endpoint: str, wanted: str, *answers: Pages) -> None:
    """Judge that answers to match[spec_version] hold nothing in another version of STIX."""
    entries = [entry for listed in answers for entry in listed.entries]
    # A record may name the media type of a version that is none at all: TAXII-5.3.1-4.
    other = {told_spec(e) for e in entries} - {"", wanted} if endpoint == "objects" else {"2.0", "2.1"} - {wanted}
    wrong = [f"{e.get('id')} in {told_spec(e)}" for e in entries if told_spec(e) in other]
    if not wrong and wanted == "2.1" and endpoint == "objects":
        unsaid = [str(e.get("id")) for e in entries if in_old_form(e)]
        lab.expect(not unsaid, "objects: nothing in the 2.0 form under 2.1", got=unsaid[:2] or "nothing", soft=True)
    lab.expect(
        not wrong,
        f"{endpoint}: match[spec_version]={wanted} brings no other version",
        expected=f"only objects in STIX {wanted}, or none",
        got=wrong[:2] or "no other version",
        seen=[listed.last for listed in answers] if wrong else [],
    )
