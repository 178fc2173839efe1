"""Alerts: what they are about is there, the mitigations that the graph knows stand with them, TAXII shows them too."""

from __future__ import annotations

from isao_reference import errors
from isao_reference.functions import knowledge, publishing, sight
from isao_reference.functions.moment import Moment
from isao_reference.policy import decide
from isao_reference.policy import records as policy
from isao_reference.policy.audience import Audience
from isao_reference.policy.principal import Principal
from isao_reference.store import documents, items, parties, records


def what_it_is_about_is_there(moment: Moment) -> None:
    """422 for an object that the author cannot read, or that not all may be told of to whom the alert's label lets it
    go, and for an organization that there is not."""
    seen, readers = sight.look(moment.db), _readers(moment)
    faults = []
    for place, one in enumerate(moment.content.get("about", ())):
        rows = publishing.readable(moment, one)
        if not rows:
            faults.append((f"/about/{place}", "there is nothing of this id that this account may see"))
        elif not any(seen.may_be_told(row.audience, row.collection.key, readers) for row in rows):
            faults.append((f"/about/{place}", "is for fewer readers than the alert; leave it out or label it stricter"))
    known = {one for one, _, _ in parties.all_organizations(moment.db)}
    faults += [
        (f"/addressed_to/{place}", "there is no organization of this id")
        for place, one in enumerate(moment.content.get("addressed_to", ()))
        if one not in known
    ]
    if faults:
        raise errors.invalid_document(faults)


def name_mitigations(moment: Moment) -> None:
    """The courses of action that the exchange's own graph has against what the alert is about, or what that uses, as
    far as everybody may know of them to whom the alert's label lets it go."""
    seen, readers = sight.look(moment.db), _readers(moment)
    found = knowledge.mitigations(
        moment.db,
        moment.content.get("about", ()),
        lambda one: seen.may_be_told(one.audience, one.collection, readers),
    )
    if found:
        moment.facts["mitigations"] = [{"id": one, "name": name} for one, name in found]
    else:
        moment.facts.pop("mitigations", None)


def _readers(moment: Moment) -> Audience:
    """To whom the alert's label lets it go, its address left aside."""
    distribution, _ = documents.policy_settings(moment.db)
    return policy.marked(str(moment.content[moment.contract.marking]), moment.contributor(), distribution, None)


def publish_alert(moment: Moment) -> None:
    """The alert as a STIX report. One that is addressed is not published so: a label alone cannot carry an address."""
    alert = moment.record.document
    if alert.get("addressed_to"):
        return
    exchange = moment.exchange()
    action = publishing.new_object(
        moment,
        "course-of-action",
        alert["marking"],
        exchange.organization,
        name=f"What to do: {alert['title']}",
        description="\n".join(alert["actions"]),
    )
    known = [one["id"] for one in moment.facts.get("mitigations", ())]
    report = publishing.new_object(
        moment,
        "report",
        alert["marking"],
        exchange.organization,
        name=("DRILL: " if alert["drill"] else "") + alert["title"],
        description=f"{alert['what_happened']}\n\nAffected: {alert['affected']}\nContact: {alert['contact']}",
        report_types=["threat-report"],
        labels=["alert", alert["severity"], *(["drill"] if alert["drill"] else [])],
        confidence=alert["confidence"],
        published=publishing.stamp(moment.now),
        object_refs=list(dict.fromkeys([*alert.get("about", ()), action["id"], *known])),
        external_references=[{"source_name": "isao-alert", "external_id": moment.record.id}],
    )
    publishing.publish(moment, [action, report], exchange, alert["marking"], [exchange.organization])
    moment.facts["report"] = report["id"]
    moment.facts["published"] = [action["id"], report["id"]]


def revoke_alert(moment: Moment) -> None:
    """Whatever was published for the alert is revoked."""
    for stix_id in moment.record.facts.get("published", ()):
        publishing.revoke(moment, stix_id, moment.exchange().organization)


def tell_the_silent(moment: Moment) -> None:
    """Organizations that may read the alert and have not acknowledged it are told again, once for each escalation; the
    analysts see whom to call: the backup contacts that the members themselves gave."""
    done = {one.organization for one in records.steps_of(moment.db, moment.record.key) if one.step == "acknowledge"}
    readers = items.audiences(moment.db)[moment.record.audience]
    silent = [
        one
        for one, kind, standing in parties.all_organizations(moment.db)
        if standing == "good"
        and kind != "exchange"
        and one not in done
        and decide.may_read(Principal("", one, kind, "member"), readers)
    ]
    contacts = {
        one.organization: [contact for contact in one.document["contacts"] if contact["role"] == "backup"]
        for one in records.in_states(moment.db, "memberships", ("active",))
    }
    moment.facts["staff"] = {"silent": [{"organization": one, "contacts": contacts.get(one, [])} for one in silent]}
    moment.tell += [(one, {**moment.event, "escalation": True}) for one in silent]
