"""Probes of submissions: what members have to say can be handed in, followed, and taken back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from isao_conformance import function_api
from isao_conformance.distribution import ORGANIZATION
from isao_conformance.drills import (
    REASON,
    UNDECIDED,
    Document,
    create,
    decided,
    found,
    given_now,
    history,
    organization,
    part,
    published,
    record,
    refused,
    submission,
    take,
    withheld,
)
from isao_conformance.exchange import Answer
from isao_conformance.function_api import functions_of
from isao_conformance.handled import follows_handling
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, lent, reads, relation

OTHER = "member-b"


def _table(lab: Lab) -> dict[str, str]:
    """A value of each kind that nobody meets outside of documentation, by the type that stands beside it."""
    word = lab.token(12)
    return {
        "ipv4-addr": f"203.0.113.{int(word[:2], 16)}",
        "ipv6-addr": f"2001:db8::{word[:4]}",
        "domain-name": f"{word}.drill.example",
        "url": f"https://{word}.drill.example/{lab.token(6)}",
        "file-hash": lab.token(64),
        "file-name": f"drill-{word}.exe",
    }


def _csv(values: Mapping[str, str]) -> str:
    return "type,value\n" + "".join(f"{kind},{value}\n" for kind, value in values.items())


@probe("ISAO-GAT-002", statement="15556930", needs=["functions", "member-a", "member-b", "writable"])
def indicators_tables_and_words_can_be_handed_in_and_are_found_by_their_values(lab: Lab) -> None:
    """Most incidents are first described in a mail or a spreadsheet, so an exchange that takes STIX alone is told late.

    One submission of each form is taken; another member finds, over TAXII, an object for each value of the list and
    the table, and the words. The same table with one value that is none of its type is refused, and its line is named,
    counted with the head or without it.
    """
    member = functions_of(lab, CONTRIBUTOR)
    values, words, stix = _table(lab), f"Drill words {lab.token(16)}", lab.indicator("green")
    pattern = f"[domain-name:value = '{lab.token(12)}.drill.example']"
    forms: dict[str, tuple[Document, list[str]]] = {
        "STIX objects": (submission(lab, "stix", [{**stix, "pattern": pattern}]), [pattern.split("'")[1]]),
        "a table": (submission(lab, "csv", _csv(values)), list(values.values())),
        "plain words": (submission(lab, "text", words), [words]),
    }
    for name, (document, wanted) in forms.items():
        answer = member.create("submissions", document)
        lab.expect(answer.status == 201, f"{name} can be handed in", expected="201", got=answer)
        if answer.status != 201:
            continue
        ids = published(decided(lab, member, answer))
        if not ids:
            lab.no_verdict("the record names nothing that was published for it", blocked_by="ISAO-GAT-004")
        texts = [json.dumps(one, ensure_ascii=False) for one in found(lab, OTHER, ids).values()]
        missing = [value for value in wanted if not any(value in text for text in texts)]
        lab.expect(not missing, f"{name} are found by another member by their values", got=f"missing: {missing}")
    bad = member.create("submissions", submission(lab, "csv", _csv({**values, "domain-name": "no name at all"})))
    lab.expect(refused(bad), "a table with a broken line is refused", expected="4xx", got=bad)
    said = bad.body.decode("utf-8", "replace")
    named = re.search(r"\b[34]\b", said) is not None
    lab.expect(named, "the refusal names the line", expected="line 4, or 3 without the head", got=bad)


@probe(
    "ISAO-GAT-004",
    statement="eb0b8a2e",
    needs=["functions", "may-decide", "analyst", "member-a", "member-b", "writable"],
)
def the_contributor_reads_what_became_of_a_submission_and_another_member_does_not(lab: Lab) -> None:
    """People who send into a void stop sending; what was not published is nobody else's to read.

    Three submissions of words are published, minimised and declined by an analyst. At each stage the contributor reads
    the state, the reason where one was given, the promised time while nothing is decided, and what was published; the
    other member is refused the record and finds it in no list, and is shown what was published of it.
    """
    member, other, analyst = (functions_of(lab, name) for name in (CONTRIBUTOR, OTHER, "analyst"))
    decisions: dict[str, tuple[str, Document | None]] = {
        "publish": ("published", None),
        "minimise": ("minimised", {"content": f"Drill, shortened {lab.token(8)}", "removed": "A drill: one word."}),
        "decline": ("declined", REASON),
    }
    for step, (state, document) in decisions.items():
        made = create(member, "submissions", submission(lab, "text", f"Drill words {lab.token(16)}"))
        waiting = record(member.get("submissions", made), "the submission", "ISAO-API-004")
        if waiting.get("state") not in UNDECIDED:
            lab.no_verdict(f"words are {waiting.get('state')} without a person's decision")
        promised = list(part(waiting, "due").values())
        lab.expect(bool(promised), "the contributor reads by when a decision is promised", got=waiting)
        if waiting["state"] == "received":
            take(analyst, "submissions", made, "hold", REASON)
            waiting = record(member.get("submissions", made), "the submission", "ISAO-API-004")
        why = [part(line, "document").get("reason") for line in history(waiting, "hold")]
        lab.expect(any(why), "the contributor reads why it is held", got=waiting)
        take(analyst, "submissions", made, step, document)
        shown = record(member.get("submissions", made), "the submission", "ISAO-API-004")
        lab.expect(shown.get("state") == state, f"the contributor reads that it is {state}", got=shown)
        if step == "decline":
            told = [part(line, "document").get("reason") for line in history(shown, step)]
            lab.expect(REASON["reason"] in told, "the contributor reads why it was declined", got=shown)
        else:
            ids = published(shown)
            lab.expect(bool(ids), f"the contributor reads the ids of what was {state}", got=shown)
            given = found(lab, OTHER, ids)
            lab.control(not ids or given.keys() == set(ids), f"another member is shown what was {state}")
        single, listed = other.get("submissions", made), made in other.ids("submissions", limit=200)
        lab.expect(withheld(single), f"another member is not shown the submission that was {state}", got=single)
        lab.expect(not listed, f"another member finds no submission that was {state} in its list")


@probe("ISAO-SHARE-010", statement="0fe7aa8e", needs=["member-a", "member-b", "writable"])
def a_contributor_takes_back_what_it_shared_and_a_rival_does_not_the_same_way(lab: Lab) -> None:
    """Members share more when they know that a mistake can be undone, and less when a rival can undo it.

    Of two items of one member, both shown to another as live, the contributor takes one back, and the other member
    tries to take back the second. The first is then shown revoked or not at all, the second to its contributor as live.
    """
    where = lab.workspace
    mine, kept = (lab.share("green", by=CONTRIBUTOR) for _ in range(2))
    for stix in (mine, kept):
        seen = reads(lab, OTHER, where, stix["id"])
        lab.control(seen is not None and not seen.get("revoked"), f"{OTHER} is shown each item as live")
    answer = take_back(lab, CONTRIBUTOR, mine)
    lab.expect(answer.status < 300, "the contributor's taking back is accepted", expected="2xx", got=answer)
    after = shown_live(lab, OTHER, where, mine["id"])
    lab.expect(not after, "what was taken back is no longer shown as live", got=f"{mine['id']} is still shown as live")
    take_back(lab, OTHER, kept)
    left = reads(lab, CONTRIBUTOR, where, kept["id"])
    lab.expect(
        left is not None and not left.get("revoked"),
        "an item that another member tried to take back is still shown as live",
        got=left or "it is gone",
    )


def take_back(lab: Lab, actor: str, stix: Mapping[str, Any]) -> Answer:
    """What an actor does to take back an item: a recall, or a revoked version where no function API is offered."""
    if not function_api.is_offered(lab):
        lab.created(lab.workspace, [str(stix["id"])], by=actor)
        return lab.as_(actor).add(lab.workspace, [{**stix, "revoked": True, "modified": "2026-06-05T08:00:00.000Z"}])
    return functions_of(lab, actor).create("recalls", {"subject": stix["id"], "reason": f"Drill {lab.run}."})


def shown_live(lab: Lab, actor: str, where: str, stix_id: str) -> bool:
    """Whether an actor goes on being shown an item as live, for as long as a change may take to spread."""

    def gone() -> bool | None:
        listed = lab.as_(actor).objects(where, match_id=stix_id).objects
        return True if all(one.get("revoked") is True for one in listed if one.get("id") == stix_id) else None

    return lab.poll(gone) is None


@probe(
    "ISAO-SHARE-016",
    statement="cd5d0d78",
    needs=["functions", "member-a", "member-b", "writable", "capability-document"],
)
def what_a_submission_says_about_its_handling_is_kept(lab: Lab) -> None:
    """Who writes a table instead of STIX wants to choose its readers no less.

    A CLEAR table and a CLEAR list, both for member B's organization. Each reader outside the contributor's organization
    is judged once it is shown what came of a CLEAR table without an address.
    """
    follows_handling(lab)
    member = functions_of(lab, CONTRIBUTOR)
    for_b = {"marking": "clear", "handling": {"addressed_to": [f"organization:{organization(lab, OTHER)}"]}}
    lines = {name: f"{lab.token(12)}.drill.example" for name in ("first", "second", "twin")}
    table = "type,value\n" + "".join(f"domain-name,{lines[name]}\n" for name in ("first", "second"))
    forms = {
        "the table": submission(lab, "csv", table, **for_b),
        "the list": submission(lab, "stix", [lab.indicator("clear"), lab.indicator("clear")], **for_b),
    }
    addressed: dict[str, list[str]] = {}
    for name, document in forms.items():
        answer = member.create("submissions", document)
        lab.expect(answer.status == 201, f"{name} with a handling is taken", expected="201", got=answer)
        if answer.status == 201:
            addressed[name] = published(decided(lab, member, answer))
            lab.control(bool(addressed[name]), f"the record says what was published of {name}", "ISAO-GAT-004")
    document = submission(lab, "csv", f"type,value\ndomain-name,{lines['twin']}\n", marking="clear")
    twin = published(decided(lab, member, member.create("submissions", document)))
    lab.control(bool(found(lab, OTHER, twin)), f"{OTHER} is shown the twin", "ISAO-MRK-002")
    for name, ids in addressed.items():
        given = [one for one in ids if found(lab, OTHER, [one])]
        lab.expect(given == ids, f"{name} reaches {OTHER}", got=f"{len(given)} of {len(ids)}")
    others = [one for one in lent(lab) if one != OTHER and relation(lab, one) != ORGANIZATION]
    judged = [reader for reader in others if given_now(lab, reader, twin)]
    lab.control(bool(judged), f"another reader than {OTHER} is shown the twin", "ISAO-MRK-002")
    for reader in judged:
        for name, ids in addressed.items():
            seen = [one for one in ids if given_now(lab, reader, [one])]
            lab.expect(
                not seen,
                f"{name} for {OTHER} is not shown to {reader}",
                got=f"shown: {seen or 'nothing'}",
                seen=lab.as_(reader).showing(seen[0]) if seen else [],
            )
