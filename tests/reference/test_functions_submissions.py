"""Submissions: what may be handed in, what becomes of it, who learns of it, and that an anonymous one stays so."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from isao_reference.functions.publishing import identity_of
from tests.support.asgi import Response
from tests.support.functions import (
    CSV,
    bodies,
    create,
    do,
    events,
    everything,
    identity,
    listed,
    make,
    malware,
    of_type,
    read,
    step,
    stix,
    table,
    words,
)
from tests.support.world import DROPBOX, LIBRARY, TLP, World, indicator, stamp

MINIMISED = {"content": "A person saw it.\nMore.", "removed": "The name of the person."}


def test_a_table_becomes_indicators_that_others_find_by_their_values(exchange: World) -> None:
    lines = [
        ("ipv4-addr", "198.51.100.9"),
        ("ipv6-addr", "2001:db8::1"),
        ("domain-name", "a.example"),
        ("url", "https://a.example/x"),
        ("email-addr", "x@a.example"),
        ("file-hash", "d41d8cd98f00b204e9800998ecf8427e"),
        ("file-name", "it's.exe"),
    ]
    made = make(exchange, "member-a", "submissions", table(*lines))
    assert made["state"] == "published"
    given = {one["id"]: one for one in of_type(exchange, "member-b", "indicator")}
    assert given.keys() == set(made["facts"]["published"])
    found = [given[one] for one in made["facts"]["published"]]
    assert [one["pattern"] for one in found][-2:] == [
        "[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e']",
        "[file:name = 'it\\'s.exe']",
    ]
    assert {one["object_marking_refs"][0] for one in found} == {TLP["green"]}
    assert {one["created_by_ref"] for one in found} == {identity_of("north")}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("domain-name,a.example\n", 1),
        ("type;value\n", 1),
        ("type,value\n", 2),
        ("type,value\ndomain-name,a.example\ndomain-name,not a host\n", 3),
        ("type,value\nipv4-addr,2001:db8::1\n", 2),
        ("type,value\nipv4-addr,300.1.1.1\n", 2),
        ("type,value\nfile-hash,xyz\n", 2),
        ("type,value\nfile-name,\n", 2),
        ("type,value\nshoe-size,44\n", 2),
        ("type,value\ndomain-name,a.example,b.example\n", 2),
        ('type,value\n"domain-name,a.example\n', 2),
        ("type,value\n" + "domain-name,a.example\n" * 5001, 5002),
    ],
)
def test_a_broken_line_is_named_and_nothing_of_the_table_is_kept(exchange: World, content: str, line: int) -> None:
    before = everything(exchange)
    answer = create(exchange, "member-a", "submissions", table() | {"content": content})
    assert answer.status == 422, answer.body
    (fault,) = answer.json["errors"]
    assert fault["pointer"] == "/content"
    assert f"line {line}:" in fault["detail"]
    assert everything(exchange) == before


def test_a_plain_table_is_handed_in_as_it_is(exchange: World) -> None:
    def send(body: bytes, kind: str, **query: str) -> Response:
        given = {"title": "Seen", "marking": "green", "attribution": "attributed"} | query
        path = "/functions/submissions/"
        return exchange.as_("member-a").request("POST", path, query=given, body=body, content_type=kind)

    assert send(b"type,value\ndomain-name,a.example\n", "text/csv; charset=utf-8").json["state"] == "published"
    assert send(b"Somebody called.", "text/plain").json["state"] == "held"
    assert send(b"Somebody called.", "text/plain", marking="purple").status == 422
    assert send(b"Somebody called.", "text/plain", color="x").json["errors"][0]["pointer"] == "/color"
    assert send(b"\xff\xfe", "text/plain").status == 400
    assert send(b"Somebody called.", "text/html").status == 415
    kept = [one["document"] for one in listed(exchange, "member-a", "submissions")]
    assert [one["format"] for one in kept] == ["csv", "text"]


def test_words_wait_for_a_person_and_the_contributor_reads_what_becomes_of_them(exchange: World) -> None:
    steps = [("publish", None), ("decline", {"reason": "Known."}), ("minimise", MINIMISED)]
    for name, document in steps:
        made = make(exchange, "member-a", "submissions", words(f"Words to {name}."))
        assert made["state"] == "held"
        assert made["history"][-1]["document"]["reason"]
        assert made["due"]["publish"] > made["created"]
        assert made["allowed"] == ["retract"]
        after = do(exchange, "analyst", "submissions", made["id"], name, document)
        shown = read(exchange, "member-a", "submissions", made["id"]).json
        assert shown["state"] == after["state"] == CONTRACT_STATES[name]
        assert read(exchange, "member-b", "submissions", made["id"]).status == 404
        assert b"account" not in json.dumps(shown["history"][-1]).encode(), "which analyst it was is not told"
    reports = of_type(exchange, "member-b", "report")
    assert {one["description"] for one in reports} == {"Words to publish.", MINIMISED["content"]}


CONTRACT_STATES = {"publish": "published", "decline": "declined", "minimise": "minimised"}


@pytest.mark.parametrize("form", ["text", "csv", "stix"])
def test_minimising_never_publishes_anything_of_the_original(exchange: World, form: str) -> None:
    secret = "employee-name"
    if form == "text":
        sent = words(f"Seen by {secret}.", title=f"Call from {secret}")
        instead = MINIMISED
    elif form == "csv":
        sent = table(("domain-name", f"{secret}.south.example"), attribution="anonymous", title=secret)
        instead = {**MINIMISED, "content": CSV + "domain-name,a.example\n"}
    else:
        sent = stix(indicator(name=f"{secret} of South"), attribution="anonymous", title=secret)
        instead = {**MINIMISED, "content": json.dumps([indicator()])}
    made = make(exchange, "member-b", "submissions", sent)
    assert made["state"] == "held"
    do(exchange, "analyst", "submissions", made["id"], "minimise", instead)
    published = list(bodies(exchange, "member-a"))
    assert len([one for one in published if one["type"] in ("indicator", "report")]) == 1
    assert secret not in json.dumps(published)
    assert secret not in json.dumps(list(bodies(exchange, "analyst")))


@pytest.mark.parametrize(
    "content",
    [
        "7",
        "null",
        "{}",
        "[]",
        "[1]",
        '["x"]',
        '[{"type": "indicator"}]',
        "[",
        '[{"a":1,"a":2}]',
        '[{"x":"\\ud800"}]',
        "NaN",
    ],
)
def test_minimised_stix_is_looked_at_like_what_is_handed_in(exchange: World, content: str) -> None:
    sent = stix(indicator(name="of South"), attribution="anonymous")
    made = make(exchange, "member-b", "submissions", sent)["id"]
    before = everything(exchange)
    answer = step(exchange, "analyst", "submissions", made, "minimise", {**MINIMISED, "content": content})
    assert answer.status == 422, answer.body
    assert {one["pointer"] for one in answer.json["errors"]} == {"/content"}
    assert everything(exchange) == before


def test_invalid_stix_is_refused_with_its_place(exchange: World) -> None:
    before = everything(exchange)
    broken = {**indicator(), "pattern": "["}
    answer = create(exchange, "member-a", "submissions", stix(indicator(), broken, {"type": 7}))
    assert answer.status == 422
    assert {one["pointer"] for one in answer.json["errors"]} == {"/content/1", "/content/2"}
    assert everything(exchange) == before


def test_the_marking_of_a_submission_holds_for_everything_in_it(exchange: World) -> None:
    plain, own = indicator(), indicator(marks=["red"])
    make(exchange, "member-a", "submissions", stix(plain, own, marking="green"))
    (seen,) = of_type(exchange, "member-b", "indicator")
    assert seen["object_marking_refs"] == [TLP["green"]]
    before = everything(exchange)
    answer = create(exchange, "member-a", "submissions", stix(indicator(marks=["clear"]), marking="amber"))
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "/content/0"
    assert everything(exchange) == before
    make(exchange, "member-a", "submissions", stix(indicator(), marking="amber+strict"))
    assert len(of_type(exchange, "member-b", "indicator")) == 1


def shown_to_others(exchange: World) -> str:
    """All that another member is shown of anything, as one text."""
    found = [list(bodies(exchange, "member-a")), events(exchange, "member-a")]
    found += [listed(exchange, "member-a", one) for one in ("submissions", "alerts", "feedback", "recalls")]
    found += [exchange.as_("member-a").get("/functions/measures/").json]
    found += [exchange.as_("member-a").get("/functions/exports/indicators.csv").body.decode()]
    return json.dumps(found)


def test_an_anonymous_contributor_is_nowhere_in_what_others_are_shown(exchange: World) -> None:
    author = identity("The Southern Water Company")
    first = indicator(name="one", created_by_ref=author["id"], valid_from=stamp(0))
    second = malware("Bad", "green") | {"created_by_ref": author["id"]}
    link = {
        "type": "relationship",
        "spec_version": "2.1",
        "id": f"relationship--{uuid.uuid4()}",
        "created": stamp(0),
        "modified": stamp(0),
        "created_by_ref": author["id"],
        "relationship_type": "indicates",
        "source_ref": first["id"],
        "target_ref": second["id"],
        "description": f"See {first['id']}.",
        "external_references": [
            {"source_name": "ticket system of the author", "external_id": "T-17", "url": "https://tickets.example/17"},
            {"source_name": "cve", "external_id": "CVE-2026-0001", "description": "written by the author"},
        ],
    }
    sent = stix(author, first, second, link, attribution="anonymous")
    made = make(exchange, "member-b", "submissions", sent)
    assert made["state"] == "published"
    told = shown_to_others(exchange)
    for secret in ("south", "Southern Water", "ticket", "written by the author", "member-b", stamp(0), made["id"]):
        assert secret.lower() not in told.lower(), secret
    for one in (author, first, second, link):
        assert one["id"] not in told
    (relation,) = of_type(exchange, "member-a", "relationship")
    ends = {one["id"] for one in of_type(exchange, "member-a", "indicator", "malware")}
    assert {relation["source_ref"], relation["target_ref"]} == ends
    assert relation["external_references"] == [{"source_name": "cve", "external_id": "CVE-2026-0001"}]
    assert {one["created_by_ref"] for one in bodies(exchange, "member-a")} == {identity_of("exchange")}
    (bad,) = of_type(exchange, "member-a", "malware")
    assert set(bad) == set(second), "nothing is added"
    assert read(exchange, "analyst", "submissions", made["id"]).json["contributor"] == "south"


def test_what_is_published_anonymously_keeps_no_label_custom_property_or_custom_extension(exchange: World) -> None:
    custom = f"extension-definition--{uuid.uuid4()}"
    own = {custom: {"extension_type": "property-extension", "ticket": "T-17"}}
    marked = indicator(labels=["desk-17"], x_ticket="T-17", extensions=own, description="what happened")
    observable = {
        "type": "file",
        "spec_version": "2.1",
        "id": f"file--{uuid.uuid4()}",
        "name": "invoice.zip",
        "extensions": {"archive-ext": {"contains_refs": [f"file--{uuid.uuid4()}"]}},
    }
    make(exchange, "member-b", "submissions", stix(marked, observable, attribution="anonymous"))
    (shown,) = of_type(exchange, "member-a", "indicator")
    assert shown.keys() == marked.keys() - {"labels", "x_ticket"} | {"created_by_ref", "object_marking_refs"}
    assert shown["extensions"] == {custom: {"extension_type": "property-extension"}}
    assert shown["description"] == "what happened"
    (file,) = of_type(exchange, "member-a", "file")
    assert file["extensions"] == observable["extensions"], "what STIX itself defines is content"


def test_two_anonymous_contributors_of_one_observable_do_not_learn_of_each_other(exchange: World) -> None:
    observable = {"type": "ipv4-addr", "spec_version": "2.1", "id": f"ipv4-addr--{uuid.uuid4()}", "value": "192.0.2.17"}
    narrow, wide = (stix(observable, attribution="anonymous", marking=one) for one in ("amber+strict", "green"))
    assert make(exchange, "member-b", "submissions", narrow)["state"] == "published"
    made = make(exchange, "member-a", "submissions", wide)
    assert made["state"] == "published"
    (shown,) = of_type(exchange, "peer", "ipv4-addr")
    assert (shown["value"], [shown["id"]]) == ("192.0.2.17", made["facts"]["published"])
    again = make(exchange, "peer", "submissions", wide)
    do(exchange, "member-a", "submissions", made["id"], "retract", {"reason": "Drill."})
    (left,) = of_type(exchange, "member-a", "ipv4-addr")
    assert [left["id"]] == again["facts"]["published"]


def test_a_label_that_is_handed_in_anonymously_with_its_definition_keeps_its_meaning(exchange: World) -> None:
    definition = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP["green"],
        "created": "2022-10-01T00:00:00.000Z",
        "name": "TLP:GREEN",
        "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                "extension_type": "property-extension",
                "tlp_2_0": "green",
            }
        },
    }
    sent = stix(definition, indicator(marks=["green"]), attribution="anonymous", marking="green")
    make(exchange, "member-b", "submissions", sent)
    assert len(of_type(exchange, "peer", "indicator")) == 1


@pytest.mark.parametrize(
    "sent",
    [
        table(("domain-name", "mail.south.example"), attribution="anonymous"),
        table(attribution="anonymous") | {"content": "type,value,description\ndomain-name,a.example,seen at SOUTH\n"},
        stix(indicator(description="Found by member-b"), attribution="anonymous"),
        stix(indicator(), identity("South"), attribution="anonymous"),
    ],
    ids=["in-a-value", "in-a-description", "by-the-account", "as-an-identity"],
)
def test_an_anonymous_submission_that_names_its_contributor_waits_for_a_person(
    exchange: World, sent: dict[str, Any]
) -> None:
    assert make(exchange, "member-b", "submissions", sent)["state"] == "held"
    assert not list(bodies(exchange, "member-a"))
    others = create(exchange, "member-a", "submissions", sent)
    if '"identity"' in json.dumps(sent):
        assert others.status == 422, "an identity with the name of another organization"
    else:
        assert others.json["state"] in ("published", "held")


def test_an_anonymous_submission_that_refers_to_its_contributors_own_waits_for_a_person(exchange: World) -> None:
    own = malware("Bad", "green")
    exchange.share("member-b", own)
    link = {**indicator(), "type": "note", "id": f"note--{uuid.uuid4()}", "content": "x", "object_refs": [own["id"]]}
    for name in ("pattern", "pattern_type", "valid_from"):
        del link[name]
    assert make(exchange, "member-b", "submissions", stix(link, attribution="anonymous"))["state"] == "held"
    assert make(exchange, "member-a", "submissions", stix(link, attribution="anonymous"))["state"] == "published"


@pytest.mark.parametrize("label", ["amber+strict", "red"])
@pytest.mark.parametrize("attribution", ["attributed", "anonymous"])
def test_what_is_handed_in_for_nobody_else_leaves_no_trace_for_others(
    exchange: World, label: str, attribution: str
) -> None:
    before = [shown_to_others(exchange), list(bodies(exchange, "peer"))]
    make(
        exchange, "member-b", "submissions", table(("domain-name", "a.example"), marking=label, attribution=attribution)
    )
    assert [shown_to_others(exchange), list(bodies(exchange, "peer"))] == before


def test_an_author_is_introduced_to_the_readers_of_what_it_wrote_and_no_wider(exchange: World) -> None:
    make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), marking="amber"))
    assert of_type(exchange, "peer", "identity") == []
    assert [one["name"] for one in of_type(exchange, "member-a", "identity")] == ["South"]
    make(exchange, "member-b", "submissions", table(("domain-name", "b.example"), marking="green"))
    assert [one["name"] for one in of_type(exchange, "peer", "identity")] == ["South"]
    make(exchange, "member-b", "submissions", table(("domain-name", "c.example"), marking="green"))
    assert len(of_type(exchange, "member-a", "identity")) == 2, "two versions, not three"


def known(exchange: World, account: str, record: str) -> set[str]:
    return {one["id"] for one in read(exchange, account, "submissions", record).json.get("facts", {}).get("known", [])}


@pytest.mark.parametrize(("label", "told"), [("green", True), ("amber", True), ("amber+strict", False), ("red", False)])
def test_correlation_tells_only_what_the_contributor_may_read(exchange: World, label: str, told: bool) -> None:
    first = make(exchange, "member-a", "submissions", table(("domain-name", "a.example"), marking=label))
    (earlier,) = first["facts"]["published"]
    sent = create(exchange, "member-b", "submissions", table(("domain-name", "a.example"), marking="green"))
    assert (earlier.encode() in sent.body) is told
    assert known(exchange, "member-b", sent.json["id"]) == ({earlier} if told else set())
    staff = read(exchange, "analyst", "submissions", sent.json["id"]).json["facts"]["staff"]
    assert staff["known"] == [earlier]
    assert known(exchange, "member-a", first["id"]) == set()
    links = of_type(exchange, "member-a", "relationship") + of_type(exchange, "member-b", "relationship")
    assert (len(links) == 2) is told


def test_what_is_hidden_changes_nothing_in_the_answer_to_who_hands_in_the_same(exchange: World) -> None:
    def answer(value: str) -> Any:
        sent = create(exchange, "member-b", "submissions", table(("domain-name", value))).json
        shown = {name: sent[name] for name in ("state", "allowed", "document")}
        return json.dumps([shown, sorted(sent["facts"]), sent["facts"]["known"]]).replace(value, "x")

    make(exchange, "member-a", "submissions", table(("domain-name", "hidden.example"), marking="red"))
    exchange.share("member-a", indicator(pattern="[domain-name:value = 'hidden.example']"), collection=DROPBOX)
    assert answer("hidden.example") == answer("nothing.example")
    assert of_type(exchange, "member-b", "relationship") == []


def test_a_link_is_shown_to_those_only_who_may_read_both(exchange: World) -> None:
    first = make(exchange, "member-a", "submissions", table(("domain-name", "a.example"), marking="amber"))
    second = make(exchange, "peer", "submissions", table(("domain-name", "a.example"), marking="green"))
    (link,) = of_type(exchange, "member-b", "relationship")
    assert {link["source_ref"], link["target_ref"]} == {*first["facts"]["published"], *second["facts"]["published"]}
    assert of_type(exchange, "peer", "relationship") == []
    exchange.share(
        "operator", indicator(pattern="[domain-name:value = 'b.example']", marks=["green"]), collection=LIBRARY
    )
    make(exchange, "peer", "submissions", table(("domain-name", "b.example"), marking="green"))
    assert of_type(exchange, "peer", "relationship") == []
    assert len(of_type(exchange, "member-b", "relationship")) == 2
    assert first["facts"]["published"][0] not in json.dumps(list(bodies(exchange, "peer")))


def test_a_link_does_not_tell_whether_an_anonymous_contributor_is_the_same(exchange: World) -> None:
    make(exchange, "member-b", "submissions", table(("domain-name", "a.example")))
    make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), attribution="anonymous"))
    make(exchange, "member-b", "submissions", table(("domain-name", "b.example")))
    make(exchange, "peer", "submissions", table(("domain-name", "b.example"), attribution="anonymous"))
    links = of_type(exchange, "member-a", "relationship")
    assert len(links) == 2
    assert links[0]["description"] == links[1]["description"] == "Two indicators with the same pattern."


def test_revoked_items_are_not_known_any_more(exchange: World) -> None:
    item = indicator(pattern="[domain-name:value = 'a.example']", marks=["green"])
    exchange.share("member-a", item)
    exchange.share("member-a", {**item, "revoked": True, "modified": stamp(5)})
    made = make(exchange, "member-b", "submissions", table(("domain-name", "a.example")))
    assert made["facts"]["known"] == []
    assert of_type(exchange, "member-b", "relationship") == []


def test_words_refer_only_to_what_all_their_readers_may_read(exchange: World) -> None:
    for name, label in (("OpenBadger", "green"), ("SecretBadger", "red"), ("MembersBadger", "amber")):
        exchange.share("member-a", malware(name, label))
    made = make(exchange, "member-a", "submissions", words("We saw OpenBadger, SecretBadger and MembersBadger."))
    known = {one["name"] for one in made["facts"]["known"]}
    assert known == {"OpenBadger", "MembersBadger"}, "RED is for one account, and its colleagues read the record"
    do(exchange, "analyst", "submissions", made["id"], "publish")
    (report,) = of_type(exchange, "member-b", "report")
    names = {one["id"]: one["name"] for one in of_type(exchange, "analyst", "malware")}
    assert {names[one] for one in report["object_refs"]} == {"OpenBadger"}


def test_what_is_taken_back_is_revoked_and_its_recipients_are_told_of_what_they_had(exchange: World) -> None:
    amber, green = indicator(marks=["amber"]), indicator(marks=["green"])
    made = make(exchange, "member-a", "submissions", stix(amber, green))
    exchange.seen("member-b")
    exchange.seen("peer")
    assert step(exchange, "member-b", "submissions", made["id"], "retract", {"reason": "x"}).status == 404
    assert step(exchange, "analyst", "submissions", made["id"], "retract", {"reason": "x"}).status == 403
    after = do(exchange, "member-a2", "submissions", made["id"], "retract", {"reason": "A mistake."})
    assert after["state"] == "retracted"
    for account, had in (("member-b", {amber["id"], green["id"]}), ("peer", {green["id"]}), ("government", set())):
        told = [one for one in events(exchange, account) if "recalled" in one]
        assert {stix_id for one in told for stix_id in one["recalled"]} == had
        assert made["id"] not in json.dumps(told), "the submission itself is not theirs to know of"
        assert all(one["resource"] == "objects" for one in told)
    latest = {one["id"]: one.get("revoked") for one in bodies(exchange, "member-b")}
    assert {latest[amber["id"]], latest[green["id"]]} == {True}
    assert step(exchange, "member-a", "submissions", made["id"], "retract", {"reason": "x"}).status == 409


def test_links_go_with_what_they_link(exchange: World) -> None:
    make(exchange, "member-a", "submissions", table(("domain-name", "a.example")))
    made = make(exchange, "member-b", "submissions", table(("domain-name", "a.example"), attribution="anonymous"))
    assert len(of_type(exchange, "member-a", "relationship")) == 1
    do(exchange, "member-b", "submissions", made["id"], "retract", {"reason": "x"})
    assert of_type(exchange, "member-a", "relationship")[-1]["revoked"] is True


def test_taking_back_one_of_two_equal_observables_leaves_the_other(exchange: World) -> None:
    address = {"type": "domain-name", "spec_version": "2.1", "value": "a.example"}
    namespace, value = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), '{"value":"a.example"}'
    address["id"] = f"domain-name--{uuid.uuid5(namespace, value)}"
    ids = [make(exchange, "member-b", "submissions", stix(address, title=title))["id"] for title in ("first", "second")]
    do(exchange, "member-b", "submissions", ids[1], "retract", {"reason": "x"})
    assert [one["id"] for one in of_type(exchange, "member-a", "domain-name")] == [address["id"]]
    do(exchange, "member-b", "submissions", ids[0], "retract", {"reason": "x"})
    assert of_type(exchange, "member-a", "domain-name") == []


def test_a_long_table_of_known_values_is_taken_in_time(exchange: World) -> None:
    lines = [("ipv4-addr", f"10.{n // 250}.{n % 250}.1") for n in range(400)]
    make(exchange, "member-a", "submissions", table(*lines))
    made = make(exchange, "member-b", "submissions", table(*lines))
    assert len(made["facts"]["known"]) == 400
    assert len(of_type(exchange, "member-b", "relationship")) == 100


def test_a_submission_under_red_is_not_even_for_colleagues(exchange: World) -> None:
    for marking, shown in (("amber+strict", True), ("red", False)):
        made = make(exchange, "member-a", "submissions", words(marking=marking))["id"]
        assert read(exchange, "member-a", "submissions", made).status == 200
        assert (read(exchange, "member-a2", "submissions", made).status == 200) is shown
        assert (made in [one["id"] for one in listed(exchange, "member-a2", "submissions")]) is shown
        assert any(one.get("record") == made for one in events(exchange, "member-a2")) is shown
        do(exchange, "analyst", "submissions", made, "decline", {"reason": "x"})
        assert (read(exchange, "member-a2", "submissions", made).status == 200) is shown
