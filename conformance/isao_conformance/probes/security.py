"""Probes of security: transport, isolation of rivals on one exchange, hostile input, credentials, bare errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin

from isao_conformance import likeness
from isao_conformance.errors import NoAnswer
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.lab import Lab
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.readers import (
    CONTRIBUTOR,
    REFUSALS,
    Posted,
    can_read,
    contribute,
    declared_map,
    lent,
    reads,
    relation,
)
from isao_conformance.survey import CAPABILITY_PATH

SECURITY_TXT = "/.well-known/security.txt"
CALIBRATION_SECONDS = 1.1
"""Between two calibrating questions, so that what follows the clock in whole seconds shows itself."""


# --- transport -----------------------------------------------------------------------------------


@probe("ISAO-SEC-001", statement="00000000", needs=["tls"])
def content_is_served_over_tls_1_2_or_newer_and_never_without_tls(lab: Lab) -> None:
    """Without TLS everybody on the way reads what members share, and their credentials.

    A handshake that offers TLS 1.3 alone or 1.2 alone succeeds with a trusted certificate; the same host and port,
    asked in plain HTTP without credentials for a document that it serves over TLS, does not serve it.
    """
    document = urljoin(lab.target.base_url, CAPABILITY_PATH)
    over_tls = lab.outsider.get(document, accept="application/json")
    versions = {v: lab.outsider.handshake(document, v) for v in ("TLSv1_3", "TLSv1_2")}
    lab.expect(
        any(told["accepted"] for told in versions.values()),
        "a handshake with TLS 1.2 or 1.3 succeeds",
        got=json.dumps(versions),
    )
    lab.control(over_tls.status == 200, f"{document} is served over TLS: {over_tls.brief()}")
    plain = lab.outsider.plain_http(document)
    served = 200 <= plain.status < 300 or plain.body == over_tls.body
    lab.expect(
        not served,
        "plain HTTP serves no content",
        expected="the connection is refused or closed, or an error or a redirect without the document",
        got=plain,
    )


@probe("ISAO-SEC-014", statement="00000000", needs=["tls"])
def handshakes_with_tls_1_0_and_1_1_are_refused(lab: Lab) -> None:
    """RFC 8996 retires TLS 1.0 and 1.1: an exchange that still speaks them can be talked down to them.

    Each old version is offered alone; TLS 1.2 or 1.3 offered in the same way is the control. Where the TLS library of
    the machine that runs the harness cannot offer an old version, nothing is judged about it.
    """
    url = lab.target.base_url
    newer = [lab.outsider.handshake(url, v) for v in ("TLSv1_3", "TLSv1_2")]
    lab.control(any(told["accepted"] for told in newer), "a handshake with TLS 1.2 or 1.3 succeeds")
    cannot = []
    for version, words in (("TLSv1", "TLS 1.0"), ("TLSv1_1", "TLS 1.1")):
        told = lab.outsider.handshake(url, version)
        if not told["offered"]:
            cannot.append(words)
        else:
            lab.expect(not told["accepted"], f"{words} is refused", got=json.dumps(told))
    if cannot:
        lab.no_verdict(f"this machine's TLS library cannot offer {' and '.join(cannot)}")


# --- the exchange's own contact for vulnerabilities ----------------------------------------------


@probe("ISAO-SEC-005", statement="00000000")
def a_valid_security_txt_is_published(lab: Lab) -> None:
    """Whoever finds a hole in the exchange has to know whom to tell (RFC 9116).

    GET without credentials; Contact holds at least one URI (section 2.5.3), Expires stands exactly once and lies in
    the future (2.5.5), the type is text/plain (3). An invented path beside it does not give the same text.
    """
    answer = lab.outsider.get(urljoin(lab.target.base_url, SECURITY_TXT), accept="text/plain")
    lab.expect(answer.status == 200, f"{SECURITY_TXT} is served", expected="200", got=answer)
    if answer.status != 200:
        return
    beside = f"/.well-known/security-{lab.token(8)}.txt"
    other = lab.outsider.get(urljoin(lab.target.base_url, beside), accept="text/plain")
    lab.control(other.status != 200 or other.body != answer.body, "an invented path gives the same text")
    fields = _security_txt(answer)
    contacts, expires = fields.get("contact", []), fields.get("expires", [])
    lab.expect(answer.media_type[0] == "text/plain", "its media type is text plain", got=answer)
    lab.expect(
        bool(contacts) and all(re.match(r"(mailto:|tel:|https://)\S+$", c) for c in contacts),
        "contact holds a URI that can be used",
        expected="mailto:, tel: or https:// in every Contact field, and at least one",
        got=contacts or "no Contact field",
    )
    lab.expect(len(expires) == 1, "expires stands exactly once", got=expires or "no Expires field")
    if len(expires) == 1:
        ends = _instant(expires[0])
        lab.expect(
            ends is not None and ends > lab.now(),
            "expires lies in the future",
            expected="a date and time of RFC 3339 after the day of the run",
            got=expires[0],
        )


# --- isolation -----------------------------------------------------------------------------------


@probe(
    "ISAO-SEC-003",
    statement="00000000",
    needs=["member-a", "member-b", "writable", "capability-document"],
    exclusive=True,
)
def a_restricted_item_changes_nothing_that_other_readers_are_answered(lab: Lab) -> None:
    """Rivals share one exchange; counts, cursors, headers and errors can tell what the objects do not.

    Each reader asks the same questions twice, then once more after member-a posted a restricted item: status, headers,
    body and number of pages are equal, but for what differed in the two calibrating answers already. An item that
    member-b may see does change its answers, so the questions are able to notice. Runs while no other probe does.
    """
    declared = declared_map(lab)
    anchors = contribute(lab, {"one": lab.indicator("clear"), "two": lab.indicator("clear")})
    readers = [r for r in lent(lab, ("member-b", "peer", "outsider")) if can_read(lab, r, anchors.where)]
    lab.control("member-b" in readers, "member-b may read the collection")
    member = relation(lab, "member-b")
    hidden = lab.indicator("red" if declared.permits("amber+strict", member) else "amber+strict")
    before = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    lab.wait(CALIBRATION_SECONDS)
    again = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    lab.publish([hidden], by=CONTRIBUTOR, collection=anchors.where)
    found = reads(lab, CONTRIBUTOR, anchors.where, hidden["id"])
    lab.control(found is not None, "the contributor reads its restricted item")
    after = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    unsteady = []
    for reader in readers:
        for words, one in before[reader].items():
            two, three = again[reader][words], after[reader][words]
            if _unsteady(one, two, three, hidden["id"]):
                unsteady.append(f"{words} to {reader}")
                continue
            leaks = _leaks(one, two, three)
            name = f"{words} are answered alike to {reader}"
            lab.expect(not leaks, name, expected="the same answers before and after", got="; ".join(leaks) or "equal")
    open_item = lab.indicator(next((x for x in ("green", "clear", "amber") if declared.promises(x, member)), "clear"))
    lab.publish([open_item], by=CONTRIBUTOR, collection=anchors.where)
    lab.control(reads(lab, "member-b", anchors.where, open_item["id"]) is not None, "member-b reads an open item")
    changed = _questions(lab, "member-b", anchors, hidden["id"])
    three, four = after["member-b"]["objects"], changed["objects"]
    lab.control(bool(_leaks(again["member-b"]["objects"], three, four)), "an open item changes member-b's answers")
    if unsteady:
        lab.no_verdict(f"these differ by themselves: {', '.join(unsteady)}")


def _questions(lab: Lab, reader: str, around: Posted, hidden: str) -> dict[str, list[Answer]]:
    """What a curious reader asks; the restricted item's id is asked for before it exists, too."""
    session, where, since = lab.as_(reader), around.where, around.since
    asked = {
        "objects": lab.walk(session.objects, where, added_after=since),
        "objects in pages of one": lab.walk(session.objects, where, added_after=since, limit=1),
        "objects of its type": lab.walk(session.objects, where, added_after=since, match_type="indicator"),
        "objects in all versions": lab.walk(session.objects, where, added_after=since, match_version="all"),
        "objects by its id": [session.objects(where, match_id=hidden)],
        "manifest records": lab.walk(session.manifest, where, added_after=since),
        "manifest pages of one": lab.walk(session.manifest, where, added_after=since, limit=1),
        "manifest records by its id": [session.manifest(where, match_id=hidden)],
        "questions for the object": [session.object(where, hidden)],
        "questions for its versions": [session.versions(where, hidden)],
        "questions for the collection": [session.collection(where)],
    }
    if lab.survey.api_root:
        asked["lists of collections"] = [session.collections(lab.survey.api_root)]
    return asked


def _unsteady(one: list[Answer], two: list[Answer], three: list[Answer], hidden: str) -> bool:
    """True when the answers differ by themselves, or somebody else's item came in between."""
    if len(one) != len(two):
        return True
    noise = (likeness.differences(likeness.facets(a), likeness.facets(b)) for a, b in zip(one, two, strict=True))
    if any(likeness.unjudgeable(differing) for differing in noise):
        return True
    known = {i for page in two for i in page.ids} | {hidden}
    return any(i not in known for page in three for i in page.ids)


def _leaks(one: list[Answer], two: list[Answer], three: list[Answer]) -> list[str]:
    if len(two) != len(three):
        return [f"{len(two)} pages then {len(three)}"]
    leaks = []
    for before, again, after in zip(one, two, three, strict=True):
        first, second, third = map(likeness.facets, (before, again, after))
        if differing := likeness.leaks(first, second, third):
            leaks.append(likeness.told(differing, first, third))
    return leaks


# --- hostile input -------------------------------------------------------------------------------


@probe("ISAO-SEC-006", statement="00000000", needs=["member-a", "writable"])
def malformed_contributions_are_refused_cleanly_and_nothing_of_them_is_stored(lab: Lab) -> None:
    """Shared data is shaped by attackers; a contribution that is not JSON must end at the door.

    Bodies that RFC 8259 does not allow are answered 4xx and their objects do not read back; bodies that a parser
    may or may not take (duplicate keys, a byte order mark, deep nesting, huge numbers) only must not make the server
    fail. The well-formed twin is taken and reads back, so the refusals are for the form.
    """
    where, session = lab.workspace, lab.as_(CONTRIBUTOR)
    twin = lab.share("clear", by=CONTRIBUTOR)
    lab.control(reads(lab, CONTRIBUTOR, where, twin["id"]) is not None, "the well-formed twin reads back")
    never, either = _not_json(lab), _unusual_json(lab)
    lab.created(where, [stix_id for stix_id, _ in (*never.values(), *either.values())], by=CONTRIBUTOR)
    silent = []
    for words, (_, body) in (never | either).items():
        try:
            answer = session.add_raw(where, body)
        except NoAnswer as fault:
            silent.append(f"{words} ({fault.why})")
            continue
        if words in never:
            refused = 400 <= answer.status < 500
            lab.expect(refused, f"{words} is refused", expected="a status from 400 to 499", got=answer)
        else:
            lab.expect(answer.status < 500, f"{words} does not make the server fail", got=answer)
    ids = [stix_id for stix_id, _ in never.values()]
    found = session.objects(where, match_id=",".join([twin["id"], *ids]))
    lab.control(twin["id"] in found.ids, "the well-formed twin still reads back afterwards")
    stored = [words for words, (stix_id, _) in never.items() if stix_id in found.ids]
    lab.expect(not stored, "nothing of a malformed body is stored", got=f"stored: {', '.join(stored) or 'nothing'}")
    if silent:
        lab.no_verdict(f"no answer to: {'; '.join(silent)}")


def _envelope(lab: Lab, **properties: object) -> tuple[str, bytes]:
    stix = lab.indicator("clear", **properties)
    return stix["id"], json.dumps({"objects": [stix]}).encode()


def _changed(lab: Lab, changes: Mapping[str, Callable[[bytes], bytes]]) -> dict[str, tuple[str, bytes]]:
    cases = {}
    for words, change in changes.items():
        stix_id, body = _envelope(lab, x_drill="@@")
        cases[words] = (stix_id, change(body))
    return cases


def _not_json(lab: Lab) -> dict[str, tuple[str, bytes]]:
    """Bodies that no JSON parser may take (RFC 8259), each with the id of the object that it holds."""
    changes: dict[str, Callable[[bytes], bytes]] = {
        "a truncated body": lambda body: body[:-2],
        "text after the end": lambda body: body + b"]",
        "NaN as a number": lambda body: body.replace(b'"@@"', b"NaN"),
        "a bare word as a value": lambda body: body.replace(b'"@@"', b"undefined"),
        "a raw line break in a string": lambda body: body.replace(b"@@", b"a\nb"),
        "an octet that is not UTF 8": lambda body: body.replace(b"@@", b"\xc0\xaf"),
        "an unfinished escape": lambda body: body.replace(b"@@", b"\\u12"),
    }
    return _changed(lab, changes)


def _unusual_json(lab: Lab) -> dict[str, tuple[str, bytes]]:
    """Bodies on which parsers lawfully differ; a strict exchange refuses them, a lenient one may not."""
    changes: dict[str, Callable[[bytes], bytes]] = {
        "a name given twice": lambda body: body.replace(b'"x_drill"', b'"name": "other", "x_drill"'),
        "half of a surrogate pair": lambda body: body.replace(b"@@", b"\\ud800"),
        "the character U 0000": lambda body: body.replace(b"@@", b"\\u0000"),
        "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
        "five thousand levels": lambda body: body.replace(b'"@@"', b"[" * 5000 + b"]" * 5000),
        "a number of five thousand digits": lambda body: body.replace(b'"@@"', b"9" * 5000),
        "a number beyond all floats": lambda body: body.replace(b'"@@"', b"1e400"),
        "a bare array": lambda body: body[len(b'{"objects": ') : -1],
        "a bare null": lambda body: b"null",
        "an empty body": lambda body: b"",
    }
    return _changed(lab, changes)


# --- credentials ---------------------------------------------------------------------------------


@probe("ISAO-SEC-012", statement="00000000", needs=["member-a", "writable"])
def wrong_credentials_neither_read_nor_contribute(lab: Lab) -> None:
    """An account is only as good as the check of its secret, on every path and not only on the first one.

    A made-up account in each lent scheme, and a known user name with a made-up password, are refused where the right
    credentials read the objects and contribute. What they tried to contribute does not read back.
    """
    where, right = lab.workspace, lab.as_(CONTRIBUTOR)
    own = lab.share("green", by=CONTRIBUTOR)
    lab.control(reads(lab, CONTRIBUTOR, where, own["id"]) is not None, "right credentials contribute and read")
    wrong = {"a made up account": lab.wrong_credentials(CONTRIBUTOR)}
    other = {actor.scheme: actor.name for actor in lab.target.actors.values() if actor.authorization}
    for scheme, name in sorted(other.items()):
        if scheme != right.actor.scheme:
            wrong[f"a made up {scheme} account"] = lab.wrong_credentials(name)
    if right.actor.scheme == "basic":
        wrong["a known user with a wrong password"] = lab.wrong_secret(CONTRIBUTOR)
    for words, session in wrong.items():
        for path, answer in (
            ("objects", session.objects(where, match_id=own["id"])),
            ("the manifest", session.manifest(where, match_id=own["id"])),
            ("an object", session.object(where, own["id"])),
        ):
            refused = answer.status in REFUSALS and own["id"] not in answer.ids
            lab.expect(refused, f"{words} does not read {path}", expected="401, 403 or 404", got=answer)
        attempt = lab.indicator("green")
        lab.created(where, [attempt["id"]], by=CONTRIBUTOR)
        posted = session.add(where, [attempt])
        lab.expect(posted.status in REFUSALS, f"{words} does not contribute", expected="401, 403 or 404", got=posted)
        stored = right.objects(where, match_id=f"{attempt['id']},{own['id']}")
        lab.control(own["id"] in stored.ids, "right credentials still read")
        lab.expect(attempt["id"] not in stored.ids, f"nothing of {words} is stored", got=stored)


# --- errors --------------------------------------------------------------------------------------

INTERNALS = {
    "a stack trace": re.compile(
        r"Traceback \(most recent call last\)"
        r'|File "[^"\n]+", line \d+'
        r"|^\s*at [\w$.<>]+\([^)\n]*\)"
        r"|goroutine \d+ \[\w+\]"
        r"|\w+\.(?:py|rb|php|java|cs|go|ts|js):\d+",
        re.MULTILINE,
    ),
    "a database's words": re.compile(
        r"SQLSTATE|ORA-\d{5}|SQLITE_\w+|sqlite3\.\w+|psycopg\w*\.|syntax error at or near"
        r"|UNIQUE constraint failed|no such (?:table|column):|Mongo\w*Error|You have an error in your SQL"
    ),
    "a path of the machine": re.compile(
        r"(?<![\w.:/-])/(?:usr|home|opt|srv|root|etc|var|tmp)/[\w./-]+\.(?:py|pyc|rb|php|js|java|so|db|sqlite\w*|conf)\b"
    ),
}


@watcher("ISAO-SEC-013", statement="00000000")
def error_answers_show_nothing_of_the_insides(exchange: Exchange) -> Looked:
    """Stack traces, database errors and paths tell an attacker what to try next.

    Looks at every answer of the run with a status of 400 or more. Words that our own request contained are not held
    against the target.
    """
    answer = exchange.answer
    if answer is None or answer.status < 400:
        return False
    asked = exchange.request.url + exchange.request.body.decode("utf-8", "replace")
    text = "\n".join(value for _, value in answer.headers) + "\n" + answer.body.decode("utf-8", "replace")
    for what, pattern in INTERNALS.items():
        for match in pattern.finditer(text.replace("\\n", "\n").replace('\\"', '"')):
            if match.group(0).strip() not in asked:
                return Finding(
                    "an error answer that says what was wrong with the request, and no more",
                    f"{what}: {match.group(0).strip()[:80]!r}",
                )
    return True


# --- parts ---------------------------------------------------------------------------------------


def _security_txt(answer: Answer) -> dict[str, list[str]]:
    """The fields by lower-cased name (RFC 9116, 2.2 and 4); comments and signature armour hold none."""
    fields: dict[str, list[str]] = {}
    for line in answer.body.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith("#") and re.fullmatch(r"[A-Za-z-]+", name):
            fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
