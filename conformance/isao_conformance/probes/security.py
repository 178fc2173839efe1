"""Probes of security: transport, isolation of rivals on one exchange, hostile input, credentials, bare errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

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
from isao_conformance.session import Session
from isao_conformance.survey import CAPABILITY_PATH

SECURITY_TXT = "/.well-known/security.txt"
CALIBRATION_SECONDS = 1.1
"""Between two calibrating questions, so that what follows the clock in whole seconds shows itself."""


# --- transport -----------------------------------------------------------------------------------


@probe("ISAO-SEC-001", statement="b39ff114", needs=["tls"])
def content_is_served_over_tls_1_2_or_newer_and_never_without_tls(lab: Lab) -> None:
    """Without TLS everybody on the way reads what members share, and their credentials (RFC 9325, 3.1.1).

    A handshake that offers TLS 1.3 alone or 1.2 alone succeeds with a trusted certificate. What is served over TLS
    without credentials is then asked for in plain HTTP at the same host and port; a success with a body is content,
    and so is the same body under any status.
    """
    target = lab.target
    versions = {v: lab.outsider.handshake(target.base_url, v) for v in ("TLSv1_3", "TLSv1_2")}
    accepted = any(told["accepted"] for told in versions.values())
    lab.expect(accepted, "a handshake with TLS 1.2 or 1.3 succeeds", got=json.dumps(versions))
    documents = [urljoin(target.base_url, path) for path in (CAPABILITY_PATH, SECURITY_TXT)] + [target.discovery]
    secure = {url: lab.outsider.get(url, accept="*/*") for url in documents if url.startswith("https://")}
    open_ones = {url: answer.body for url, answer in secure.items() if answer.status == 200 and answer.body}
    lab.control(bool(open_ones), "something is served over TLS without credentials")
    for url, body in open_ones.items():
        answer = lab.outsider.plain_http(url)
        served = 200 <= answer.status < 300 and bool(answer.body)
        lab.expect(
            not served and answer.body != body,
            f"plain HTTP serves no content at {urlsplit(url).path}",
            expected="no answer, an error, or a redirect",
            got=answer,
        )


@probe("ISAO-SEC-014", statement="99ddac1b", needs=["tls"])
def handshakes_with_tls_1_0_and_1_1_are_refused(lab: Lab) -> None:
    """RFC 8996 retires TLS 1.0 and 1.1: an exchange that still speaks them can be talked down to them.

    Each old version is offered alone; TLS 1.2 or 1.3 offered in the same way is the control. Where the TLS library of
    the machine that runs the harness cannot offer an old version, nothing is judged about it.
    """
    url = lab.target.base_url

    def newer() -> bool:
        return any(lab.outsider.handshake(url, v)["accepted"] for v in ("TLSv1_3", "TLSv1_2"))

    lab.control(newer(), "a handshake with TLS 1.2 or 1.3 succeeds before")
    cannot = []
    for version, words in (("TLSv1", "TLS 1.0"), ("TLSv1_1", "TLS 1.1")):
        told = lab.outsider.handshake(url, version)
        if not told["offered"]:
            cannot.append(words)
        else:
            lab.control(newer(), "a handshake with TLS 1.2 or 1.3 succeeds after")
            lab.expect(not told["accepted"], f"{words} is refused", got=json.dumps(told))
    if cannot:
        lab.no_verdict(f"this machine's TLS library cannot offer {' and '.join(cannot)}")


# --- the exchange's own contact for vulnerabilities ----------------------------------------------


@probe("ISAO-SEC-005", statement="797e3a9f")
def a_valid_security_txt_is_published(lab: Lab) -> None:
    """Whoever finds a hole in the exchange has to know whom to tell (RFC 9116).

    GET without credentials; Contact holds at least one URI (section 2.5.3), Expires stands exactly once and lies in
    the future (2.5.5), the type is text/plain (3). An invented path beside it does not give the same text.
    """
    url = urljoin(lab.target.base_url, SECURITY_TXT)
    answer = lab.outsider.get(url, accept="text/plain")
    lab.expect(answer.status == 200, f"{SECURITY_TXT} is served", expected="200", got=answer)
    if answer.status != 200:
        return
    beside = f"/.well-known/security-{lab.token(8)}.txt"
    other = lab.outsider.get(urljoin(lab.target.base_url, beside), accept="text/plain")
    lab.control(other.status != 200 or other.body != answer.body, "an invented path does not give the same text")
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
            expected="a date and time of RFC 3339 after the time of the run",
            got=expires[0],
        )


# --- isolation -----------------------------------------------------------------------------------


@probe(
    "ISAO-SEC-003",
    statement="7d9b3183",
    needs=["member-a", "member-b", "writable", "capability-document"],
    exclusive=True,
)
def a_restricted_item_changes_nothing_that_other_readers_are_answered(lab: Lab) -> None:
    """Rivals share one exchange; counts, cursors, headers and errors can tell what the objects do not.

    Each reader asks the same questions twice, then once more after member-a posted an item labelled RED: status,
    headers, body and number of pages are equal, but for what differed in the calibrating answers already; a header
    that did so for one question is left out of all. An item that member-b may see does change its answers, so the
    questions are able to notice. Runs while no other probe does.
    """
    declared = declared_map(lab)
    anchors = contribute(lab, {"one": lab.indicator("clear"), "two": lab.indicator("clear")})
    readers = [r for r in lent(lab, ("member-b", "peer", "outsider")) if can_read(lab, r, anchors.where)]
    lab.control("member-b" in readers, "member-b may read the collection")
    member, hidden = relation(lab, "member-b"), lab.indicator("red")
    before = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    lab.wait(CALIBRATION_SECONDS)
    again = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    lab.publish([hidden], by=CONTRIBUTOR, collection=anchors.where)
    found = reads(lab, CONTRIBUTOR, anchors.where, hidden["id"])
    lab.control(found is not None, "the contributor reads its restricted item")
    after = {r: _questions(lab, r, anchors, hidden["id"]) for r in readers}
    unsteady, noise = [], _noisy_headers(before, again)
    for reader in readers:
        for words, one in before[reader].items():
            two, three = again[reader][words], after[reader][words]
            if _unsteady(one, two, three, hidden["id"]):
                unsteady.append(f"{words} to {reader}")
                continue
            leaks = _leaks(one, two, three, noise)
            name = f"{words} are answered alike to {reader}"
            equal = f"equal; left out: {', '.join(sorted(noise)) or 'nothing'}"
            lab.expect(not leaks, name, expected="the same answers before and after", got="; ".join(leaks) or equal)
    open_item = lab.indicator(next((x for x in ("green", "clear", "amber") if declared.promises(x, member)), "clear"))
    lab.publish([open_item], by=CONTRIBUTOR, collection=anchors.where)
    lab.control(reads(lab, "member-b", anchors.where, open_item["id"]) is not None, "member-b reads an open item")
    changed = _questions(lab, "member-b", anchors, hidden["id"])
    first, second = before["member-b"]["objects"], again["member-b"]["objects"]
    lab.control(bool(_leaks(first, second, changed["objects"], noise)), "an open item changes member-b's answers")
    if unsteady:
        lab.no_verdict(f"these differ by themselves: {', '.join(unsteady)}")


Questions = dict[str, dict[str, list[Answer]]]
"""Pages by reader and question."""


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


def _noisy_headers(before: Questions, again: Questions) -> frozenset[str]:
    """Headers that differ by themselves for any question: two samples of a random number may be equal by chance."""
    pairs = (
        (one, two)
        for reader, asked in before.items()
        for words, pages in asked.items()
        for one, two in zip(pages, again[reader][words], strict=False)
    )
    noise = (likeness.differences(likeness.facets(one), likeness.facets(two)) for one, two in pairs)
    return frozenset(name for differing in noise for name in differing if name.startswith("header "))


def _leaks(one: list[Answer], two: list[Answer], three: list[Answer], noise: frozenset[str]) -> list[str]:
    if len(two) != len(three):
        return [f"{len(two)} pages then {len(three)}"]
    leaks = []
    for before, again, after in zip(one, two, three, strict=True):
        first, second, third = map(likeness.facets, (before, again, after))
        if differing := likeness.leaks(first, second, third) - noise:
            leaks.append(likeness.told(differing, first, third))
    return leaks


# --- hostile input -------------------------------------------------------------------------------


@probe("ISAO-SEC-006", statement="9286baa4", needs=["member-a", "writable"])
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


@probe("ISAO-SEC-012", statement="a61cd268", needs=["member-a", "writable"])
def wrong_credentials_are_refused_on_every_path_where_right_ones_work(lab: Lab) -> None:
    """Everything about readers rests on knowing who asks, on every path and not only on the first one.

    Made-up accounts in each lent scheme, and the lent name with a made-up password, are refused on paths where the
    right credentials succeed before and after. What wrong credentials tried to contribute is not stored.
    """
    where, right = lab.workspace, lab.as_(CONTRIBUTOR)
    own = lab.share("green", by=CONTRIBUTOR)
    root = lab.survey.api_root
    paths: dict[str, Callable[[Session], Answer]] = {
        "discovery": lambda session: session.get(lab.target.discovery),
        "the collection": lambda session: session.collection(where),
        "objects": lambda session: session.objects(where, match_id=own["id"]),
        "an object": lambda session: session.object(where, own["id"]),
        "the manifest": lambda session: session.manifest(where, match_id=own["id"]),
    }
    if root:
        paths["the API root"] = lambda session: session.get(root)
        paths["the list of collections"] = lambda session: session.collections(root)
    for words, ask in paths.items():
        lab.control(ask(right).status == 200, f"the lent credentials succeed at {words} before")
        refusals = {name: ask(session) for name, session in _wrong(lab).items()}
        lab.control(ask(right).status == 200, f"the lent credentials succeed at {words} after")
        for name, answer in refusals.items():
            refused = answer.status in REFUSALS and own["id"] not in answer.ids
            lab.expect(refused, f"{name} is refused at {words}", expected=CODES, got=answer)
    stored = []
    for name, session in _wrong(lab).items():
        attempt = lab.indicator("green")
        lab.created(where, [attempt["id"]], by=CONTRIBUTOR)
        stored.append(attempt["id"])
        answer = session.add(where, [attempt])
        lab.expect(answer.status in REFUSALS, f"{name} cannot contribute", expected=CODES, got=answer)
    found = right.objects(where, match_id=",".join([own["id"], *stored]))
    lab.control(own["id"] in found.ids, "what the lent credentials contributed reads back")
    lab.expect(not set(stored) & set(found.ids), "nothing of wrong credentials is stored", got=found)


CODES = "401, 403 or 404"


def _wrong(lab: Lab) -> dict[str, Session]:
    """Sessions with wrong credentials: a made-up account in each lent scheme, and the lent name with a wrong secret."""
    schemes = {actor.scheme: actor.name for actor in lab.target.actors.values() if actor.authorization}
    wrong = {f"a made up {scheme} account": lab.wrong_credentials(name) for scheme, name in sorted(schemes.items())}
    if lab.as_(CONTRIBUTOR).actor.scheme == "basic":
        wrong["a known name with a wrong secret"] = lab.wrong_secret(CONTRIBUTOR)
    return wrong


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
        r"SQLSTATE|ORA-\d{5}|SQLITE_\w+|syntax error at or near|You have an error in your SQL"
        r"|UNIQUE constraint failed|no such (?:table|column):"
        r"|\bSELECT\b.{1,200}\bFROM\b|\bINSERT INTO\b|\bDELETE FROM\b|\bUPDATE \w+ SET\b"
    ),
    "a source path": re.compile(
        r"(?<![\w.:/-])/(?:usr|home|opt|srv|root|etc|var|tmp|app)/[\w./-]+\.(?:pyc?|rb|php|js|java|so|db|sqlite\w*|conf)\b"
        r"|\b[A-Z]:\\\\?(?:[\w .-]+\\\\?)+\.\w{2,4}\b"
    ),
}


@watcher("ISAO-SEC-013", statement="71dfc61b")
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
    """The fields by lower-cased name (RFC 9116, 2 and 4), read inside a clear signature (RFC 4880, 7)."""
    fields: dict[str, list[str]] = {}
    text = answer.body.decode("utf-8", "replace").replace("\r\n", "\n")
    if text.startswith("-----BEGIN PGP SIGNED MESSAGE-----\n"):
        signed = text.partition("\n\n")[2].partition("\n-----BEGIN PGP SIGNATURE-----")[0]
        text = "\n".join(line.removeprefix("- ") for line in signed.splitlines())
    for line in text.splitlines():
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
