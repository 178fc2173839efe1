"""Probes of marking: every label reaches its readers by the declared map, and nobody else on any path.

The path rows (manifest, object, versions, filters) look at one restricted item each; the label rows look at the
objects of a collection. So a fault on one path shows as that path's row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from isao_conformance import distribution, likeness
from isao_conformance.content import TLP1, TLP2
from isao_conformance.distribution import STRICTEST_FIRST, Distribution
from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import (
    CONTRIBUTOR,
    READERS,
    Posted,
    can_read,
    contribute,
    declared_map,
    labelled_items,
    lent,
    listed,
    paged,
    reads,
    relation,
    shown,
)

TWO_MEMBERS = ["member-a", "member-b", "writable", "capability-document"]
READER = "member-b"


# --- the label decides ---------------------------------------------------------------------------


@probe("ISAO-MRK-001", statement="acc8ccd1", needs=TWO_MEMBERS)
def an_item_without_a_label_is_treated_as_the_published_default(lab: Lab) -> None:
    """Every item has an effective label; TLP 2.0 says what a label allows, never what its absence does.

    An unlabelled item and its twin with the default label come from one member; the item is shown to whom the map
    gives the default label, and to nobody else. A reader to whom the twin itself is not shown, or shown against the
    map, says nothing about defaults: that is the row of labels. Each reader is shown a CLEAR item that came later.
    """
    declared = declared_map(lab)
    posted = contribute(
        lab, {"none": lab.indicator(), "twin": lab.indicator(declared.default_label), "clear": lab.indicator("clear")}
    )
    none, twin = posted.id_of("none"), posted.id_of("twin")
    for reader in _columns(lab, declared, posted):
        seen = shown(lab, reader, posted, posted.id_of("clear"))
        if seen is None:
            continue
        who = relation(lab, reader)
        if declared.promises(None, who) and twin in seen:
            lab.expect(none in seen, f"an unlabelled item is shown to {reader}", got=_among(seen, {"it": none}))
        elif not declared.permits(None, who) and twin not in seen:
            lab.expect(none not in seen, f"an unlabelled item is not shown to {reader}", got=_among(seen, {"it": none}))
    _anything_judged(lab, "no lent reader can tell the default from another label")


@probe("ISAO-MRK-002", statement="3c32acce", needs=TWO_MEMBERS)
def each_label_is_accepted_and_reaches_its_declared_readers(lab: Lab) -> None:
    """The five labels of TLP 2.0 are the common language of sharing; one that is dropped stops the flow it was for.

    One item for each label, by the marking ids that OASIS published; a reader whom the map promises an item, in a
    collection that says can_read to it, is shown the item. The items differ in nothing but the label, so one that
    is refused while another is taken is refused for its label. An id that was never posted is shown to nobody.
    """
    declared = declared_map(lab)
    posted = lab.fixture(labelled_items)
    readers = [r for r in (CONTRIBUTOR, *lent(lab)) if can_read(lab, r, posted.where)]
    lab.control(CONTRIBUTOR in readers, "the contributor may read the collection it writes to")
    invented = lab.as_(CONTRIBUTOR).objects(posted.where, match_id=f"indicator--{lab.uuid()}")
    lab.control(not invented.ids, "an id that was never posted is shown to nobody")
    for label in reversed(STRICTEST_FIRST):
        if label in posted.held:
            continue
        lab.expect(label in posted.ids, f"{label} is accepted", got=posted.refused.get(label, "taken"))
        if label not in posted.ids:
            continue
        stix_id = posted.ids[label]
        for reader in readers:
            if declared.promises(label, relation(lab, reader)):
                lab.expect(
                    shown(lab, reader, posted, stix_id) is not None,
                    f"{label} is shown to {reader}",
                    expected=f"an item labelled {label} is among the objects that {reader} is shown",
                    got="it does not appear",
                )
    if posted.held:
        lab.no_verdict(f"still held: {posted.held}")


@probe("ISAO-MRK-003", statement="b9145d10", needs=TWO_MEMBERS, exclusive=True)
def no_reader_outside_the_declared_map_is_shown_an_item(lab: Lab) -> None:
    """TLP 2.0 limits who may see an item; the exchange said in its map how it applies that to its readers.

    Every lent reader walks the objects from just before one item of each label. Each answer counts only when the
    CLEAR item, added last, is in it; the contributor finds all items by the same walk. So an item that is missing
    is missing for its label. The walk is repeated in pages of one, since a later page can be another way.
    """
    declared = declared_map(lab)
    posted = lab.fixture(labelled_items)
    own, _ = listed(lab, CONTRIBUTOR, posted)
    lab.control(set(posted.ids.values()) <= own, "the contributor finds each of its items by the same request")
    for reader in _columns(lab, declared, posted):
        seen = shown(lab, reader, posted, posted.id_of("clear"))
        if seen is None:
            continue
        seen |= paged(lab, reader, posted, posted.id_of("clear")) or frozenset()
        for label in STRICTEST_FIRST:
            if label in posted.ids and not declared.permits(label, relation(lab, reader)):
                lab.expect(
                    posted.ids[label] not in seen,
                    f"{label} is not shown to {reader}",
                    expected=f"an item labelled {label} is not among the objects that {reader} is shown",
                    got=_among(seen, posted.ids),
                    seen=lab.as_(reader).showing(posted.ids[label]),
                )
    _anything_judged(lab, "no lent reader is outside the readers of any label")
    _no_verdict_on_refused(lab, posted)


@probe("ISAO-MRK-008", statement="58ea7923", needs=TWO_MEMBERS)
def an_item_with_an_unknown_marking_is_withheld_from_other_members(lab: Lab) -> None:
    """Whoever does not know what a marking demands cannot keep to it, so the item waits.

    The marking is an id invented for the run. Refusing the item is lawful too: then nothing is published. The GREEN
    twin, sent afterwards, is taken and reaches the other member, so neither refusal nor absence is about the content.
    A RED item must not reach it: where known labels are not applied, nothing is said about unknown ones.
    """
    declared = declared_map(lab)
    unknown = f"marking-definition--{lab.uuid()}"
    items = {
        "alone": lab.indicator(object_marking_refs=[unknown]),
        "beside": lab.indicator(object_marking_refs=[TLP2["clear"], unknown]),
        "red": lab.indicator("red"),
        "twin": lab.indicator(_shared_label(lab, declared)),
    }
    posted = contribute(lab, items)
    seen = shown(lab, READER, posted, posted.id_of("twin"))
    lab.control(seen is not None, f"{READER} is shown the twin with a known marking")
    lab.control(posted.id_of("red") not in (seen or frozenset()), "known labels are applied", "ISAO-MRK-003")
    for name, words in (
        ("alone", "an item whose only marking is unknown"),
        ("beside", "an item with an unknown marking beside CLEAR"),
    ):
        withheld = name not in posted.ids or posted.ids[name] not in (seen or frozenset())
        lab.expect(
            withheld,
            f"{words} is not shown to {READER}",
            expected="only its contributor's organization reads it until somebody reviewed it",
            got=posted.missing.get(name) or _among(seen or frozenset(), posted.ids),
            seen=lab.as_(READER).showing(posted.ids[name]) if name in posted.ids else (),
        )


@probe("ISAO-MRK-013", statement="a1a21b37", needs=["capability-document"])
def the_declared_distribution_map_is_complete_and_under_the_tlp_ceiling(lab: Lab) -> None:
    """How a hub applies labels is not in the text of TLP 2.0, so the exchange says it, within what the text allows.

    Decided from the capability document alone: every label is mapped, with known relations, none wider than TLP 2.0
    lets it go, and what carries no label is treated as AMBER or stricter.
    """
    faults = distribution.problems(lab.survey.capability_document)
    lab.expect(
        not faults,
        "the map is complete and under the ceiling",
        expected="readers for each of the five labels, none beyond TLP 2.0, and a default of amber or stricter",
        got="; ".join(faults) or "a complete map",
    )


@probe("ISAO-MRK-018", statement="45ddfc01", needs=TWO_MEMBERS)
def markings_of_tlp_1_are_honoured_like_those_of_tlp_2(lab: Lab) -> None:
    """Content marked under STIX 2.1's own TLP definitions (section 7.2.1.4) is as confidential as ever.

    One item for each TLP 1 marking and its TLP 2.0 twin. Whoever is not shown the twin must not be shown the item;
    where even the twin leaks, the label is not honoured at all and this row says nothing.
    """
    declared = declared_map(lab)
    pairs = {"red": "red", "amber": "amber", "green": "green", "white": "clear"}
    items = {f"TLP 2 {two}": lab.indicator(two) for two in pairs.values()}
    items = {f"TLP 1 {one}": lab.indicator(object_marking_refs=[TLP1[one]]) for one in pairs} | items
    posted = contribute(lab, items)
    for reader in _columns(lab, declared, posted):
        seen = shown(lab, reader, posted, posted.id_of("TLP 2 clear"))
        if seen is None:
            continue
        for one, two in pairs.items():
            stix_id, twin = posted.ids.get(f"TLP 1 {one}"), posted.ids.get(f"TLP 2 {two}")
            if stix_id is None or twin is None:
                continue
            if declared.promises(two, relation(lab, reader)) and twin in seen:
                lab.expect(stix_id in seen, f"TLP 1 {one} is shown to {reader}", got=_among(seen, posted.ids))
            elif not declared.permits(two, relation(lab, reader)) and twin not in seen:
                lab.expect(stix_id not in seen, f"TLP 1 {one} is not shown to {reader}", got=_among(seen, posted.ids))
    _anything_judged(lab, "no lent reader can tell the TLP 1 labels apart")
    _no_verdict_on_refused(lab, posted)


# --- every path asks -----------------------------------------------------------------------------


@probe("ISAO-MRK-014", statement="54d9452a", needs=TWO_MEMBERS, exclusive=True)
def a_restricted_item_is_absent_from_the_manifest_of_other_readers(lab: Lab) -> None:
    """A manifest record tells that an item exists, when it came and how often it changed (TAXII 2.1, 5.3).

    The other member walks the manifest from just before a restricted item and an open one of the same contributor;
    the open one is there, the restricted one is not, in large pages and in pages of one.
    """
    posted, hidden, control = _applied(lab)
    seen = shown(lab, READER, posted, control, path="manifest")
    lab.control(seen is not None, f"the manifest shows {READER} the open item")
    records = (seen or frozenset()) | (paged(lab, READER, posted, control, path="manifest") or frozenset())
    lab.expect(
        hidden not in records,
        f"the manifest does not show {READER} the restricted item",
        got=_among(records, {"restricted": hidden, "open": control}),
        seen=lab.as_(READER).showing(hidden),
    )


@probe("ISAO-MRK-015", statement="28b7fb6b", needs=TWO_MEMBERS)
def a_restricted_item_by_its_id_answers_exactly_as_an_absent_one(lab: Lab) -> None:
    """Who guesses or overhears an id must not learn whether it exists (TAXII 2.1, 5.6 allows 404 for both).

    The other member asks for a restricted item and for ids that were never used; status, body with the ids masked
    and the names of the headers are the same. The open item answers by the same path.
    """
    posted, hidden, control = _applied(lab)
    _answers_as_absent(lab, lambda stix_id: lab.as_(READER).object(posted.where, stix_id), hidden, control)


@probe("ISAO-MRK-016", statement="6a9d1ed4", needs=TWO_MEMBERS)
def the_versions_of_a_restricted_item_answer_exactly_as_those_of_an_absent_one(lab: Lab) -> None:
    """The list of versions (TAXII 2.1, 5.8) tells that an item exists as surely as the item itself.

    As for the item by its id, on the versions path; the open item's versions are listed there.
    """
    posted, hidden, control = _applied(lab)
    _answers_as_absent(lab, lambda stix_id: lab.as_(READER).versions(posted.where, stix_id), hidden, control)


@probe("ISAO-MRK-017", statement="4ed4670d", needs=TWO_MEMBERS)
def no_filter_reveals_a_restricted_item(lab: Lab) -> None:
    """A filter narrows what one may see and never widens it (TAXII 2.1, 3.4), so it is no oracle for what one may not.

    On objects and manifest the other member filters for a restricted item in each way there is. An answer counts
    only where the same filter gives the open item; filtering for the hidden id alone answers as for an absent one.
    A path that reveals the item without any filter is that path's own row, and is left out here.
    """
    posted, hidden, control = _hidden_and_open(lab)
    session = lab.as_(READER)
    both, kind = f"{hidden},{control}", hidden.partition("--")[0]
    queries: dict[str, dict[str, object]] = {
        "match id": {"match_id": both},
        "match id and all versions": {"match_id": both, "match_version": "all"},
        "match id and first version": {"match_id": both, "match_version": "first"},
        "match id and type": {"match_id": both, "match_type": kind},
        "match id and spec version": {"match_id": both, "match_spec_version": "2.1"},
        "match type": {"match_type": kind, "added_after": posted.since},
        "all versions": {"match_version": "all", "added_after": posted.since},
        "added after": {"added_after": posted.since},
    }
    judged, spoiled = 0, ""
    for path, fetch, row in (
        ("objects", session.objects, "ISAO-MRK-003"),
        ("manifest", session.manifest, "ISAO-MRK-014"),
    ):
        plain, _ = listed(lab, READER, posted, path)
        if hidden in plain and _unfiltered_shows(lab, fetch, posted.where, hidden):
            spoiled = row
            continue
        for words, query in queries.items():
            pages = lab.walk(fetch, posted.where, **query)
            seen = frozenset(i for page in pages if page.status == 200 for i in page.ids)
            if control in seen:
                judged += 1
                got = _among(seen, {"restricted": hidden, "open": control})
                shows = session.showing(hidden)
                lab.expect(hidden not in seen, f"{path} by {words} does not reveal it", got=got, seen=shows)
        narrow = fetch(posted.where, match_id=both, limit=1)
        if narrow.ids == [control]:
            name = f"{path} with a page of one does not announce more"
            lab.expect(not narrow.more and narrow.next is None, name, got=narrow)

        def by_id(stix_id: str, fetch: Callable[..., Answer] = fetch) -> Answer:
            return fetch(posted.where, match_id=stix_id)

        _filter_answers_as_absent(lab, path, by_id, hidden)
    if spoiled:
        lab.no_verdict("the item is revealed without any filter", blocked_by=spoiled)
    lab.control(judged > 0, f"some filter gives {READER} the open item")


# --- parts ---------------------------------------------------------------------------------------


def _columns(lab: Lab, declared: Distribution, posted: Posted) -> list[str]:
    """Lent readers who may read the collection and whom the map promises CLEAR items: those a control exists for."""
    return [
        reader
        for reader in lent(lab, READERS)
        if declared.promises("clear", relation(lab, reader)) and can_read(lab, reader, posted.where)
    ]


def _shared_label(lab: Lab, declared: Distribution) -> str:
    """The narrowest usual label that the map promises to the other member."""
    for label in ("green", "clear", "amber"):
        if declared.promises(label, relation(lab, READER)):
            return label
    lab.no_verdict("the declared map promises other members nothing")
    raise AssertionError


def _hidden_and_open(lab: Lab) -> tuple[Posted, str, str]:
    """A restricted item of member-a that the map keeps from member-b, and one that member-b is promised."""
    declared = declared_map(lab)
    who = relation(lab, READER)
    hidden = "red" if declared.permits("amber+strict", who) else "amber+strict"
    posted = lab.fixture(labelled_items)
    control = posted.id_of(_shared_label(lab, declared))
    found = reads(lab, READER, posted.where, control)
    lab.control(found is not None, f"{READER} reads the open item of {CONTRIBUTOR}")
    return posted, posted.id_of(hidden), control


def _applied(lab: Lab) -> tuple[Posted, str, str]:
    """As `_hidden_and_open`, once the objects show that the label is applied at all: else no path is to blame."""
    posted, hidden, control = _hidden_and_open(lab)
    seen = shown(lab, READER, posted, control)
    lab.control(seen is not None, f"the objects show {READER} the open item")
    lab.control(hidden not in (seen or frozenset()), f"the objects keep it from {READER}", "ISAO-MRK-003")
    return posted, hidden, control


def _answers_as_absent(lab: Lab, ask: Callable[[str], Answer], hidden: str, control: str) -> None:
    allowed = ask(control)
    there = allowed.status == 200 and (control in allowed.ids or bool(allowed.list_of("versions")))
    lab.control(there, f"the open item answers on this path: {allowed.brief()}")
    kind = hidden.partition("--")[0]
    absent = [f"{kind}--{lab.uuid()}", f"{kind}--{lab.uuid()}"]
    first, second = ask(absent[0]), ask(absent[1])
    got = ask(hidden)
    everyone = [hidden, *absent]
    one, two, real = (likeness.facets(a, everyone, values=False) for a in (first, second, got))
    if likeness.unjudgeable(likeness.differences(one, two)):
        lab.no_verdict(f"two absent ids do not answer alike: {likeness.told(likeness.differences(one, two), one, two)}")
    leaks = likeness.leaks(one, two, real)
    lab.expect(
        not leaks,
        f"{READER} cannot tell the restricted item from an absent one",
        expected=f"as for an absent id: {first.brief()}",
        got=likeness.told(leaks, one, real) if leaks else got,
    )


def _unfiltered_shows(lab: Lab, fetch: Callable[..., Answer], where: str, stix_id: str) -> bool:
    return any(stix_id in page.ids for page in lab.walk(fetch, where) if page.status == 200)


def _filter_answers_as_absent(lab: Lab, path: str, ask: Callable[[str], Answer], hidden: str) -> None:
    kind = hidden.partition("--")[0]
    absent = [f"{kind}--{lab.uuid()}", f"{kind}--{lab.uuid()}"]
    one, two, real = (likeness.facets(ask(i), [hidden, *absent], values=False) for i in (*absent, hidden))
    if likeness.unjudgeable(likeness.differences(one, two)):
        return
    leaks = likeness.leaks(one, two, real)
    name = f"{path} by the restricted id answers as by an absent one"
    lab.expect(not leaks, name, got=likeness.told(leaks, one, real))


def _among(seen: frozenset[str], named: Mapping[str, str]) -> str:
    there = [name for name, stix_id in named.items() if stix_id in seen]
    return f"shown: {', '.join(there) or 'none of them'}"


def _anything_judged(lab: Lab, otherwise: str) -> None:
    if not lab.checks:
        lab.no_verdict(f"{otherwise}; lend more of: {', '.join(READERS)}")


def _no_verdict_on_refused(lab: Lab, posted: Posted) -> None:
    if posted.missing:
        lab.no_verdict(f"the target did not take: {posted.missing}")
