"""Probes of security: transport, isolation of rivals on one exchange, hostile input, credentials, bare errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin

from isao_conformance.errors import NoAnswer
from isao_conformance.exchange import Answer, Exchange
from isao_conformance.function_api import JSON, is_offered, root_of
from isao_conformance.lab import Lab
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.readers import (
    CONTRIBUTOR,
    REFUSALS,
    reads,
)
from isao_conformance.session import Session
from isao_conformance.survey import SECURITY_TXT
from isao_conformance.target import EXPIRED, REVOKED

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
    own = lab.share("green", by=CONTRIBUTOR)
    _refused_where_the_contributor_succeeds(lab, _wrong(lab), own["id"], _paths(lab, own["id"]))


@probe("ISAO-SEC-002", statement="ce57740f", needs=[CONTRIBUTOR, EXPIRED, REVOKED, "writable"])
def expired_and_revoked_credentials_are_refused_where_a_good_one_works(lab: Lab) -> None:
    """Keys are copied into configuration and backups; one that cannot end makes every copy a way in for good.

    The lent credentials of member-a's organization that have expired or were revoked are refused on each path where
    member-a succeeds before and after, the events of a function API among them. What they tried to contribute is not
    stored. That they were good once is the operator's word.
    """
    own = lab.share("green", by=CONTRIBUTOR)
    paths = {words: ask for words, ask in _paths(lab, own["id"]).items() if words not in ABOUT_THE_SERVER}
    if is_offered(lab):
        paths["events"] = lambda session: session.get(f"{root_of(lab)}events/", accept=JSON)
        if paths["events"](lab.as_(CONTRIBUTOR)).status != 200:
            del paths["events"]  # not every function API has them
    ended = {"the expired credential": lab.as_(EXPIRED), "the revoked credential": lab.as_(REVOKED)}
    _refused_where_the_contributor_succeeds(lab, ended, own["id"], paths)


CODES = "401, 403 or 404"
ABOUT_THE_SERVER = ("discovery", "the API root")
Paths = dict[str, Callable[[Session], Answer]]


def _paths(lab: Lab, item: str) -> Paths:
    """What an account can be asked to read, by what it is."""
    where, root = lab.workspace, lab.survey.api_root
    paths: Paths = {
        "discovery": lambda session: session.get(lab.target.discovery),
        "the collection": lambda session: session.collection(where),
        "objects": lambda session: session.objects(where, match_id=item),
        "an object": lambda session: session.object(where, item),
        "the manifest": lambda session: session.manifest(where, match_id=item),
    }
    if root:
        paths["the API root"] = lambda session: session.get(root)
        paths["the list of collections"] = lambda session: session.collections(root)
    return paths


def _refused_where_the_contributor_succeeds(lab: Lab, wrong: dict[str, Session], item: str, paths: Paths) -> None:
    """Judges each of the wrong sessions on each path, and by a contribution."""
    where, right = lab.workspace, lab.as_(CONTRIBUTOR)
    for words, ask in paths.items():
        lab.control(ask(right).status == 200, f"the lent credentials succeed at {words} before")
        refusals = {name: ask(session) for name, session in wrong.items()}
        lab.control(ask(right).status == 200, f"the lent credentials succeed at {words} after")
        for name, answer in refusals.items():
            refused = answer.status in REFUSALS and item not in answer.ids
            lab.expect(refused, f"{name} is refused at {words}", expected=CODES, got=answer)
    stored = []
    for name, session in wrong.items():
        attempt = lab.indicator("green")
        lab.created(where, [attempt["id"]], by=CONTRIBUTOR)
        stored.append(attempt["id"])
        answer = session.add(where, [attempt])
        lab.expect(answer.status in REFUSALS, f"{name} cannot contribute", expected=CODES, got=answer)
    found = right.objects(where, match_id=",".join([item, *stored]))
    lab.control(item in found.ids, "what the lent credentials contributed reads back")
    lab.expect(not set(stored) & set(found.ids), "nothing of wrong credentials is stored", got=found)


def _wrong(lab: Lab) -> dict[str, Session]:
    """Sessions with wrong credentials: a made-up account in each lent scheme, and the lent name with a wrong secret."""
    schemes = {actor.scheme: actor.name for actor in lab.target.actors.values() if actor.authorization}
    if not schemes:
        schemes = {"bearer": CONTRIBUTOR}  # who signs in with certificates only takes a made-up key for nobody's
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
