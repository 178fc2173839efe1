"""What is done in the two worlds: by the reader, by others before its eyes, and by others behind its back."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from isao_reference import setup
from isao_reference.functions import clock
from isao_reference.policy.handling import EXTENSION
from isao_reference.taxii import embargoes
from tests.leaks import table
from tests.leaks.twins import Action, Twin, kinds, place
from tests.support.functions import JSON, alert, create, words
from tests.support.functions import table as lines
from tests.support.world import OPEN, ROOT, TLP, collection_url, indicator, object_url, objects_url, stamp

NAMES = [f"lurking-{one}" for one in ("badger", "heron", "otter", "stoat", "viper")]
"""Names of threats and of hosts: few, so that what is hidden and what is shown often say the same."""
TYPES = ("indicator", "malware", "marking-definition", "opinion", "identity", "report", "relationship")


def prepare(made: Twin, _: Random) -> None:
    """Those who are not in the small exchange."""
    from tests.leaks.stage import members

    members(made.exchange)


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def items(random: Random, kind: str, *, same: list[str]) -> list[dict[str, Any]]:
    """An item of a kind with the definitions that it needs; sometimes a version of something that is there."""
    marks: dict[str, Any] = {"object_marking_refs": [TLP[kind]]} if kind in TLP else {}
    definitions = []
    if kind in table.HANDLINGS:
        label, said = table.HANDLINGS[kind]
        if kind == "under embargo":
            said = {
                "embargo_until": f"2026-01-01T00:0{random.randint(1, 9)}:00Z",
                "addressed_to": ["organization:north"],
            }
        definitions = [
            {
                "type": "marking-definition",
                "spec_version": "2.1",
                "id": f"marking-definition--{_uuid(random)}",
                "created": stamp(0),
                "object_marking_refs": [TLP["red" if kind == "not understood" else label]],
                "extensions": {EXTENSION: {"extension_type": "property-extension", **said}},
            }
        ]
        marks = {"object_marking_refs": [TLP[label], definitions[0]["id"]]}
    elif kind == "red in one property":
        marks = {
            "object_marking_refs": [TLP["green"]],
            "granular_markings": [{"marking_ref": TLP["red"], "selectors": ["name"]}],
        }
    name = random.choice(NAMES)
    identifier = f"indicator--{_uuid(random)}"
    if same and random.random() < 0.3:
        identifier = random.choice(same)
    if identifier.startswith("malware") or random.random() < 0.3:
        one = {
            "type": "malware",
            "spec_version": "2.1",
            "id": identifier if identifier.startswith("malware") else f"malware--{_uuid(random)}",
            "is_family": True,
            "created": stamp(0),
            "modified": stamp(random.randint(0, 50)),
        }
    else:
        one = indicator(random.randint(0, 50), id=identifier, pattern=f"[domain-name:value = '{name}.example']")
    return [*definitions, {**one, "name": name, **marks}]


def _for_hidden(identifier: str) -> bool:
    """Whether what is hidden may have the id of something that is shown. The contributor itself uses it for one of them
    only: what it may do with its own depends on all that it shared, as it should."""
    return int(identifier[-1], 16) % 2 == 0


def _share(made: Twin, account: str, where: str, objects: list[dict[str, Any]]) -> None:
    made.exchange.as_(account).post(objects_url(where), {"objects": objects})


def _send(made: Twin, account: str, resource: str, document: Any) -> Any:
    answer = create(made.exchange, account, resource, document)
    return answer.json if answer.status in (200, 201) else {}


# before the reader's eyes


def something_is_shared(made: Twin, random: Random) -> None:
    """The contributor shares what the reader may see; in the one world something that is not for it comes with it."""
    where = place(random)
    found = kinds(made.reader, where, hidden=False) or ["clear"]
    same = [one for one in made.ids if not _for_hidden(one)]
    objects = [one for _ in range(random.randint(1, 3)) for one in items(random, random.choice(found), same=same)]
    made.ids += [str(one["id"]) for one in objects]
    extra = made.random("extra")
    if made.with_hidden and extra.random() < 0.5:
        for _ in range(extra.randint(1, 3)):
            for one in items(extra, extra.choice(kinds(made.reader, where, hidden=True)), same=[]):
                objects.insert(extra.randint(0, len(objects)), one)
    _share(made, "member-a", where, objects)


def a_warning_is_issued(made: Twin, random: Random) -> None:
    sent = alert(marking=random.choice(["clear", "green", "amber"]), title=random.choice(NAMES))
    one = _send(made, "analyst", "alerts", sent)
    _send(made, "analyst", f"alerts/{one['id']}/issue", None)


def a_table_is_handed_in(made: Twin, random: Random) -> None:
    label, by = random.choice(["clear", "green", "amber"]), random.choice(["member-b", "member-a"])
    sent = lines(("domain-name", f"{random.choice(NAMES)}.example"), marking=label, title="Seen")
    if made.account != by:
        _send(made, by, "submissions", sent | {"attribution": random.choice(["anonymous", "attributed"])})


def time_passes(made: Twin, _: Random) -> None:
    clock.run_due(made.exchange.settings, made.exchange.store)
    embargoes.release_due(made.exchange.settings, made.exchange.store)


# by the reader


def it_asks_for_objects(made: Twin, random: Random) -> None:
    where = place(random)
    path = objects_url(where) if random.random() < 0.6 else collection_url(where) + "manifest/"
    parts = [f"limit={random.choice([1, 2, 3, 50])}"] if random.random() < 0.7 else []
    if random.random() < 0.3:
        parts.append(f"match[version]={random.choice(['all', 'first', 'last', stamp(random.randint(0, 50))])}")
    if random.random() < 0.2:
        parts.append(f"match[type]={random.choice(TYPES)}")
    if random.random() < 0.2 and made.ids:
        parts.append(f"match[id]={','.join(random.choices(made.ids, k=2))}")
    if random.random() < 0.3:
        parts.append(f"added_after=2026-01-01T00:0{random.randint(0, 5)}:{random.randint(10, 59)}.000000Z")
    query = "&".join(parts)
    for _ in range(4):
        answer = made.ask("GET", path, query=query)
        if answer.status != 200 or "next" not in answer.json:
            return
        query = "&".join([*parts, f"next={answer.json['next']}"])


def it_asks_for_an_object(made: Twin, random: Random) -> None:
    where = place(random)
    wanted = random.choice(made.ids) if made.ids and random.random() < 0.8 else f"indicator--{_uuid(random)}"
    for path in (object_url(wanted, where), object_url(wanted, where) + "versions/"):
        made.ask(
            random.choice(["GET", "GET", "HEAD"]), path, query=random.choice(["", "match[version]=all", "limit=1"])
        )


def it_shares(made: Twin, random: Random) -> None:
    label = random.choice(["clear", "green", "amber", "red", "unlabelled"])
    objects = items(random, label, same=made.own if random.random() < 0.5 else made.ids)
    answer = made.ask("POST", objects_url(OPEN), body=_octets({"objects": objects}), content_type=_TAXII)
    made.own += [str(one["id"]) for one in objects]
    made.ids += made.own[-1:]
    if answer.status == 202:
        made.ask("GET", f"{ROOT}status/{answer.json['id']}/")


def it_deletes(made: Twin, random: Random) -> None:
    if made.ids:
        made.ask("DELETE", object_url(random.choice([*made.ids, *made.own]), place(random)))


def it_looks_around(made: Twin, random: Random) -> None:
    places = ["/taxii2/", ROOT, ROOT + "collections/", collection_url(OPEN), "/functions/", "/functions/measures/"]
    places += ["/functions/exports/indicators.csv", "/functions/exports/blocklist.txt"]
    # The log of an organization tells its accounts that the others of it were there, and when.
    audit = [] if made.reader == "colleague" else ["/functions/audit/", "/functions/audit/head/"]
    for one in random.sample([*places, *audit], 3):
        made.ask("GET", one)


def it_reads_records(made: Twin, random: Random) -> None:
    resource = random.choice(["alerts", "submissions", "feedback", "recalls", "memberships", "agreements"])
    query = f"limit={random.choice([1, 2, 50])}"
    for _ in range(4):
        answer = made.ask("GET", f"/functions/{resource}/", query=query, accept=JSON)
        found = answer.json.get("records", []) if answer.status == 200 else []
        made.records += [(resource, one["id"]) for one in found]
        if answer.status != 200 or "next" not in answer.json:
            return
        query = f"limit=1&next={answer.json['next']}"


def it_reads_a_record(made: Twin, random: Random) -> None:
    if made.records:
        resource, one = random.choice(made.records)
        made.ask("GET", f"/functions/{resource}/{one}/", accept=random.choice([JSON, "text/plain"]))


def it_takes_a_step(made: Twin, random: Random) -> None:
    if made.records:
        resource, one = random.choice(made.records)
        step, sent = random.choice(
            [
                ("acknowledge", {"by": "desk"}),
                ("retract", {"reason": "Wrong."}),
                ("answer", {"text": "Thanks.", "outcome": "kept"}),
            ]
        )
        _ask(made, f"{resource}/{one}/{step}", sent)


def it_hands_something_in(made: Twin, random: Random) -> None:
    name, label = random.choice(NAMES), random.choice(["clear", "green", "amber", "red"])
    sent = words(f"We saw {name}.", marking=label)
    if random.random() < 0.6:
        sent = lines(("domain-name", f"{name}.example"), marking=label)
        sent["attribution"] = random.choice(["anonymous", "attributed"])
    answer = _ask(made, "submissions", sent)
    if answer.status == 201:
        made.records.append(("submissions", answer.json["id"]))
        made.ids += answer.json.get("facts", {}).get("published", [])


def it_speaks_of_an_object(made: Twin, random: Random) -> None:
    if made.ids:
        subject = random.choice(made.ids)
        if random.random() < 0.6:
            _ask(made, "feedback", {"subject": subject, random.choice(["timely", "effective"]): "yes"})
        else:
            _ask(made, "recalls", {"subject": subject, "reason": "Wrong."})


def it_reads_events(made: Twin, random: Random) -> None:
    after = [("last-event-id", random.choice([*made.events, "unknown"]))] if random.random() < 0.5 else []
    answer = made.ask("GET", "/functions/events/", accept=JSON, headers=after)
    if answer.status == 200:
        made.events += [one["id"] for one in answer.json["events"]]


# behind its back


def something_hidden_is_shared(made: Twin, random: Random) -> None:
    where = place(random)
    kind = random.choice(kinds(made.reader, where, hidden=True))
    objects = items(random, kind, same=[one for one in made.own if _for_hidden(one)])
    made.hidden += [str(one["id"]) for one in objects]
    _share(made, "member-a", where, objects)


def something_hidden_is_deleted(made: Twin, random: Random) -> None:
    """By who shared it; only what has an id that nothing else has."""
    found = [one for one in made.hidden if one not in made.ids]
    if found:
        made.exchange.as_("member-a").delete(object_url(random.choice(found), place(random)))


def others_read_what_is_hidden(made: Twin, random: Random) -> None:
    found = [one for one in made.hidden if one not in made.ids]
    for account in ("member-a", "member-a2", "analyst"):
        if found and account != made.account:
            made.exchange.as_(account).get(object_url(random.choice(found), place(random)))


def something_hidden_is_handed_in(made: Twin, random: Random) -> None:
    by = "member-b" if made.reader in ("colleague", "contributor") else "member-a"
    name, title = random.choice(NAMES), random.choice(NAMES)
    hidden = [one for one in ("green", "amber", "amber+strict", "red") if _is_hidden(made, one)]
    sent = words(f"We saw {name}.", title=title)
    if random.random() < 0.7:
        sent = lines(("domain-name", f"{name}.example"), title=title, marking=random.choice(hidden))
        sent["attribution"] = random.choice(["anonymous", "attributed"])
    one = _send(made, by, "submissions", sent)
    if one and random.random() < 0.3:
        _send(made, by, f"submissions/{one['id']}/retract", {"reason": "Wrong."})


def a_hidden_warning_is_issued(made: Twin, random: Random) -> None:
    said = [{"marking": "red"}, {"marking": "amber+strict"}, {"marking": "amber", "addressed_to": ["west"]}]
    one = _send(made, "analyst", "alerts", alert(title=random.choice(NAMES), **random.choice(said)))
    if random.random() < 0.8:
        _send(made, "analyst", f"alerts/{one['id']}/issue", None)


def others_speak_of_what_is_hidden(made: Twin, random: Random) -> None:
    found = [one for one in made.hidden if one not in made.ids]
    if found and made.reader != "colleague":
        _send(made, "member-a2", "recalls", {"subject": random.choice(found), "reason": "Wrong."})


def others_acknowledge(made: Twin, random: Random) -> None:
    found = [one for resource, one in made.records if resource == "alerts"]
    for account in ("member-b", "peer", "bystander"):
        if found and made.account != account:
            _send(made, account, f"alerts/{random.choice(found)}/acknowledge", {"by": "desk"})


def somebody_applies(made: Twin, _: Random) -> None:
    if made.reader != "applicant":
        contacts = [{"name": "A", "role": one, "email": "a@newcomer.example"} for one in ("primary", "backup")]
        sent = {
            "name": "Newcomer",
            "sectors": ["energy"],
            "eligibility": "Yes.",
            "security": "Yes.",
            "contacts": contacts,
        }
        _send(made, "applicant", "memberships", sent)


def the_staff_works_on_something(made: Twin, random: Random) -> None:
    terms = {one: "Text." for one in _terms()}
    dates = {"effective": "2026-01-01T00:00:00Z", "accept_by": "2039-01-01T00:00:00Z"}
    _send(made, "operator", "agreements", {"title": "Terms", "version": "1", **dates, "terms": terms})
    setup.create_collection(made.exchange.store, random.choice(NAMES), readers=["analysts"], writers=["analysts"])
    _share(made, "operator", OPEN, items(random, "red", same=[]))


def _terms() -> tuple[str, ...]:
    from tests.leaks.stage import TERMS

    return TERMS


def _is_hidden(made: Twin, label: str) -> bool:
    """Whether a member's item of a label is hidden from the reader, who is of another organization."""
    others = {"green": ("member", "named", "police", "peer"), "amber": ("member", "named", "police")}
    if made.reader == "colleague":
        return label in ("amber+strict", "red")
    return made.reader not in others.get(label, ())


def _ask(made: Twin, path: str, document: Any) -> Any:
    return made.ask("POST", f"/functions/{path}/", body=_octets(document), content_type=JSON, accept=JSON)


def _octets(value: Any) -> bytes:
    return json.dumps(value).encode()


_TAXII = "application/taxii+json;version=2.1"
BEFORE: list[Action] = [
    something_is_shared,
    something_is_shared,
    a_warning_is_issued,
    a_table_is_handed_in,
    time_passes,
]
BY: list[Action] = [
    *(it_asks_for_objects, it_asks_for_objects, it_asks_for_an_object, it_shares, it_deletes, it_looks_around),
    *(it_reads_records, it_reads_a_record, it_takes_a_step, it_hands_something_in, it_speaks_of_an_object),
    it_reads_events,
]
BEHIND: list[Action] = [
    *(something_hidden_is_shared, something_hidden_is_shared, something_hidden_is_deleted, others_read_what_is_hidden),
    *(something_hidden_is_handed_in, a_hidden_warning_is_issued, others_speak_of_what_is_hidden, others_acknowledge),
    *(somebody_applies, the_staff_works_on_something),
]


def programme(seed: str, length: int = 30) -> list[tuple[str, Action]]:
    """A random programme; what the reader asks makes up half of it, and the end is a look at everything."""
    random = Random(f"programme {seed}")
    made: list[tuple[str, Action]] = []
    for _ in range(length):
        chance = random.random()
        if chance < 0.25:
            made.append(("shown", random.choice(BEFORE)))
        elif chance < 0.65:
            made.append(("shown", random.choice(BY)))
        else:
            made.append(("hidden", random.choice(BEHIND)))
    last = (it_asks_for_objects, it_reads_records, it_reads_events, it_looks_around)
    return [*made, *(("shown", one) for one in last)]
