"""Probes of protection: what a contributor says besides the label is kept, and so is a label on a single property.

All of it is said in marking definitions over TAXII. Every "not shown" comes with a twin that the same reader is shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from isao_conformance import content
from isao_conformance.content import TLP2
from isao_conformance.distribution import GOVERNMENT
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.function_api import JSON, is_offered, root_of
from isao_conformance.handled import READER, follows_handling, names_shown, shown_by_reader, taken, under_handling
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, contribute, declared_map, lent, listed, reads, relation
from isao_conformance.session import filters, object_url
from isao_conformance.target import REGULATOR

TABLE = f"text/csv, {JSON}"
TWO_MEMBERS = ["member-a", "member-b", "writable", "capability-document"]
REFUSED_PURPOSE, USUAL_PURPOSE = "regulatory-enforcement", "cybersecurity"


# --- what the handling extension says ------------------------------------------------------------


@probe("ISAO-MRK-019", statement="6bfdb46c", needs=TWO_MEMBERS)
def an_addressed_item_reaches_whom_it_names_and_nobody_else(lab: Lab) -> None:
    """Some warnings are for one member; an address narrows what the label would allow, and reaches where it would not.

    A CLEAR and an AMBER+STRICT item name member B's organization, a RED one its account where the target file tells
    the user name. Each reader outside the contributor's organization is judged once it is shown the CLEAR twin.
    """
    follows_handling(lab)
    named = lab.as_(READER).actor
    if not named.organization:
        raise Untestable(f"the target file does not say which organization {READER} is of")
    said = {label: [f"organization:{named.organization}"] for label in ("clear", "amber+strict")}
    account = lab.username_of(lab.as_(READER))
    if account:
        said["red"] = [f"account:{account}"]
    items: dict[str, dict[str, object]] = {}
    for label, addressed in said.items():
        under_handling(lab, items, label, label, addressed_to=addressed)
    posted = contribute(lab, items | {"twin": lab.indicator("clear")})
    addressed_to_b = taken(lab, posted, list(said))
    for reader, seen in shown_by_reader(lab, posted).items():
        for label in addressed_to_b:
            if reader == READER:
                lab.expect(
                    posted.ids[label] in seen,
                    f"{label} addressed to {reader} reaches it",
                    got=names_shown(posted, seen),
                )
            else:
                lab.expect(
                    posted.ids[label] not in seen,
                    f"{label} addressed to {READER} is not shown to {reader}",
                    got=names_shown(posted, seen),
                    seen=lab.as_(reader).showing(posted.ids[label]),
                )


@probe("ISAO-SHARE-004", statement="fd613165", needs=[*TWO_MEMBERS, "government"])
def the_government_is_given_what_was_released_to_it_and_nothing_that_was_kept_from_it(lab: Lab) -> None:
    """The contributor decides per item whether it goes to the government, which no label of TLP 2.0 says.

    An AMBER item with `government: yes`, its twin without, and a CLEAR item with `government: no`; the government
    account, a member and the stranger are each shown a plain CLEAR item, and the member is shown the AMBER twin.
    """
    declared = follows_handling(lab)
    items: dict[str, dict[str, object]] = {}
    under_handling(lab, items, "released", "amber", government="yes")
    items["not released"] = lab.indicator("amber")
    under_handling(lab, items, "kept", "clear", government="no")
    posted = contribute(lab, items | {"twin": lab.indicator("clear")})
    if len(taken(lab, posted, ["released", "not released", "kept"])) < len(("released", "not released", "kept")):
        return
    judged = shown_by_reader(lab, posted)
    lab.control("government" in judged, "the government account is shown a plain CLEAR item")
    if declared.promises("amber", relation(lab, READER)):
        lab.control(posted.ids["not released"] in judged[READER], f"{READER} is shown the AMBER twin", "ISAO-MRK-002")
    given = judged["government"]
    lab.expect(
        posted.ids["released"] in given, "what was released reaches the government", got=names_shown(posted, given)
    )
    for name in ("not released", "kept"):
        lab.expect(
            posted.ids[name] not in given,
            f"the government is not shown what was {name}",
            got=names_shown(posted, given),
            seen=lab.as_("government").showing(posted.ids[name]),
        )
    lab.expect(
        posted.ids["kept"] in judged[READER], "what was kept reaches members", got=names_shown(posted, judged[READER])
    )
    if "outsider" in judged:
        public = judged["outsider"]
        lab.expect(
            posted.ids["kept"] not in public, "the public is not shown what was kept", got=names_shown(posted, public)
        )


@probe("ISAO-MRK-020", statement="780a39ef", needs=TWO_MEMBERS)
def an_item_under_embargo_is_shown_to_nobody_else_before_its_time(lab: Lab) -> None:
    """A hole that is not closed yet is reported in time only where the day of publication is kept.

    One CLEAR item is under embargo for thirty days, one was until yesterday; each reader is shown a twin that came
    later. The contributor is shown all three, so that the item is there.
    """
    declared = follows_handling(lab)
    items: dict[str, dict[str, object]] = {}
    for name, days in (("embargoed", 30), ("over", -1)):
        until = lab.now() + timedelta(days=days)
        under_handling(lab, items, name, "clear", embargo_until=until.strftime("%Y-%m-%dT%H:%M:%SZ"))
    posted = contribute(lab, items | {"twin": lab.indicator("clear")})
    if len(taken(lab, posted, ["embargoed", "over"])) < len(("embargoed", "over")):
        return
    own, _ = listed(lab, CONTRIBUTOR, posted)
    lab.expect(
        posted.ids["embargoed"] in own, "the contributor is shown the embargoed item", got=names_shown(posted, own)
    )
    for reader, seen in shown_by_reader(lab, posted).items():
        lab.expect(
            posted.ids["embargoed"] not in seen,
            f"an item under embargo is not shown to {reader}",
            got=names_shown(posted, seen),
            seen=lab.as_(reader).showing(posted.ids["embargoed"]),
        )
        if declared.promises("clear", relation(lab, reader)):
            lab.expect(
                posted.ids["over"] in seen, f"an embargo that is over ends for {reader}", got=names_shown(posted, seen)
            )


@probe("ISAO-LEG-014", statement="249e28f5", needs=TWO_MEMBERS)
def the_conditions_of_a_protected_item_travel_with_everything_that_hands_it_out(lab: Lab) -> None:
    """Who copies a warning out of a table has to know what it may not be used for.

    A GREEN indicator refuses two purposes and names a legal basis. Member B is given it over TAXII with its definition,
    and its line in the table of indicators says the same; the line of a twin that came last says nothing of it.
    """
    follows_handling(lab)
    purposes, basis = [REFUSED_PURPOSE, "civil-litigation"], f"drill basis {lab.token(12)}"
    said = {"refused_purposes": purposes, "legal_basis": basis}
    items: dict[str, dict[str, object]] = {}
    under_handling(lab, items, "protected", "green", **said)
    posted = contribute(lab, items | {"twin": lab.indicator("green")})
    if not taken(lab, posted, ["protected"]):
        return
    item, definition = posted.ids["protected"], posted.ids["definition of protected"]
    given = reads(lab, READER, posted.where, item)
    lab.control(given is not None, f"{READER} is given the protected item", "ISAO-MRK-002")
    marks = given.get("object_marking_refs") if given else None
    lab.expect(isinstance(marks, list) and definition in marks, "the item refers to its conditions", got=marks)
    told = reads(lab, READER, posted.where, definition) or {}
    extensions = told.get("extensions")
    extension = extensions.get(content.HANDLING) if isinstance(extensions, dict) else None
    kept = isinstance(extension, dict) and all(extension.get(name) == value for name, value in said.items())
    lab.expect(kept, "the conditions are given as they were posted", expected=str(said), got=extension)
    lines = _table_of(lab, posted.id_of("twin"))
    if lines is None:
        return
    words = [*purposes, basis]
    twin, own = (" ".join(line for line in lines if posted.ids[name] in line) for name in ("twin", "protected"))
    lab.control(bool(twin), "the twin has a line in the table")
    lab.control(not any(word in twin for word in words), "the line of the twin has no conditions")
    lab.control(bool(own), "the protected item has a line")
    missing = [word for word in words if word not in own]
    lab.expect(not missing, "the line in the table tells the conditions", expected=str(words), got=own)


@probe("ISAO-LEG-015", statement="1ba3be13", needs=["member-a", REGULATOR, "writable", "capability-document"])
def an_item_is_not_given_for_a_purpose_that_it_refuses(lab: Lab) -> None:
    """A report is made where it cannot be turned against who made it.

    The regulator's requests name their purpose in ISAO-Purpose. The unprotected twin is given for the refused purpose
    on every path that is judged, and the protected item for cybersecurity, so the purpose is what keeps it back.
    """
    declared = follows_handling(lab)
    if not declared.promises("clear", GOVERNMENT):
        raise Untestable("the map gives the government no CLEAR items, so nothing would reach the regulator")
    items: dict[str, dict[str, object]] = {}
    under_handling(lab, items, "protected", "clear", refused_purposes=[REFUSED_PURPOSE])
    posted = contribute(lab, items | {"twin": lab.indicator("clear")})
    if not taken(lab, posted, ["protected"]):
        return
    protected, twin = posted.ids["protected"], posted.id_of("twin")
    both = filters({"match_id": f"{protected},{twin}"})

    def ask(path: str, stix_id: str, purpose: str) -> Answer:
        where, query = {
            "objects": (f"{posted.where}objects/", both),
            "manifest": (f"{posted.where}manifest/", both),
            "object": (object_url(posted.where, stix_id), {}),
        }[path]
        return lab.as_(REGULATOR).request("GET", where, query=query, extra=[("ISAO-Purpose", purpose)])

    came = lab.poll(lambda: twin in ask("objects", twin, REFUSED_PURPOSE).ids or None)
    lab.control(came is True, "the twin is given for the purpose that the item refuses")
    usual = ask("objects", protected, USUAL_PURPOSE)
    lab.expect(protected in usual.ids, "the protected item is given for cybersecurity", got=usual)
    for path in ("objects", "manifest", "object"):
        open_to = ask(path, twin, REFUSED_PURPOSE)
        lab.control(twin in open_to.ids, f"the {path} path gives the twin for the refused purpose")
        answer = ask(path, protected, REFUSED_PURPOSE)
        lab.expect(
            protected not in answer.ids,
            f"the {path} path does not give the item for the purpose that it refuses",
            expected="an answer without the protected item",
            got=answer,
        )


# --- a label on a property -----------------------------------------------------------------------


@probe("ISAO-MRK-007", statement="f8db0e47", needs=TWO_MEMBERS)
def a_property_that_is_marked_red_is_not_shown_to_others(lab: Lab) -> None:
    """STIX lets members mark one property (7.2.3); what looks at the object alone gives away exactly that.

    A description, and the description of an external reference, hold a text of their own and are marked RED in a
    CLEAR indicator; twins without the marking are shown, with their texts. Refusing the object is lawful.
    """
    declared = declared_map(lab)
    texts = {name: lab.token() for name in ("description", "nested description")}
    items = {name: _with_text(lab, name, text, red=True) for name, text in texts.items()}
    open_texts = {f"{name} of the twin": lab.token() for name in texts}
    twins = {name: _with_text(lab, name, text, red=False) for name, text in open_texts.items()}
    posted = contribute(lab, items | twins)
    judged = False
    for reader in lent(lab):
        who = relation(lab, reader)
        if declared.permits("red", who) or not declared.promises("clear", who):
            continue
        for name in texts:
            shown_twin = reads(lab, reader, posted.where, posted.id_of(f"{name} of the twin"))
            if shown_twin is None or open_texts[f"{name} of the twin"] not in str(shown_twin):
                continue
            judged = True
            answers = _by_both_paths(lab, reader, posted.where, str(items[name]["id"]))
            told = [one for one in answers if texts[name].encode() in one.body]
            lab.expect(
                not told,
                f"the {name} that is marked RED is not shown to {reader}",
                expected="the object without it, or not at all",
                got=told[0] if told else posted.missing.get(name, "it is in no answer"),
                seen=told,
            )
    lab.control(judged, "a reader is shown the twins with their texts", "ISAO-MRK-002")


# --- helpers -------------------------------------------------------------------------------------


def _table_of(lab: Lab, twin: str) -> list[str] | None:
    """The lines of the table of indicators, once the twin has one; none if it never gets one, None without a table."""
    if not is_offered(lab):
        return None
    where, session = root_of(lab) + "exports/indicators.csv", lab.as_(READER)
    if not _is_table(session.get(where, accept=TABLE)):
        return None

    def ask() -> list[str] | None:
        lines = session.get(where, accept=TABLE).body.decode("utf-8", "replace").splitlines()
        return lines if any(twin in line for line in lines) else None

    return lab.poll(ask) or []


def _is_table(answer: Answer) -> bool:
    return answer.status == 200 and answer.media_type[0] == "text/csv"


def _with_text(lab: Lab, where: str, text: str, *, red: bool) -> dict[str, Any]:
    nested = where.startswith("nested")
    properties: dict[str, Any] = (
        {"external_references": [{"source_name": "drill", "description": text}]} if nested else {"description": text}
    )
    if red:
        selector = "external_references.[0].description" if nested else "description"
        properties["granular_markings"] = [{"marking_ref": TLP2["red"], "selectors": [selector]}]
    return lab.indicator("clear", **properties)


def _by_both_paths(lab: Lab, reader: str, where: str, stix_id: str) -> list[Answer]:
    session = lab.as_(reader)
    return [session.objects(where, match_id=stix_id), session.object(where, stix_id)]
