"""The text of a reproduction: one curl command a step, in a POSIX shell.

Everything that came from the target stands in it as quoted data or as a comment of one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus, urlsplit

from isao_conformance import shell_functions
from isao_conformance.captures import CONDITION, Source, Used
from isao_conformance.chunks import unframed
from isao_conformance.exchange import Exchange
from isao_conformance.lab import Check
from isao_conformance.limits import LIMITS
from isao_conformance.shell import one_line, quoted, variable, write_file
from isao_conformance.target import origin_of
from isao_conformance.tls_handshake import LISTED_SUITES
from isao_spec.model import Requirement

_PLACEHOLDER = re.compile(r"\{\{([a-z0-9-]+)\}\}")
WRONG_SECRET = "-with-a-wrong-secret"
"""How the lab ends the name of an actor that has the right user name and a wrong password."""
_CURSOR = ("next",)
_BREAKS = re.compile(r"([/?&=,]|%2C)")
_CURL_ADDS = ("User-Agent", "Accept", "Content-Type", "Expect")
# Every suite of TLS 1.2 but those with an ephemeral key exchange and an AEAD cipher (RFC 7540, Appendix A).
_LISTED = "ALL:!aNULL:!eNULL" + "".join(
    f":!{exchange}+{cipher}" for exchange in ("ECDHE", "DHE") for cipher in ("AESGCM", "AESCCM", "ARIAGCM", "CHACHA20")
)
_LISTED += ":@SECLEVEL=0"
_TLS_OPTIONS = {"TLSv1": "1.0", "TLSv1_1": "1.1", "TLSv1_2": "1.2", "TLSv1_3": "1.3"}
_POLLS = 30


@dataclass(frozen=True)
class Step:
    """One numbered step of a script: exchanges that are the same request repeated, usually one.

    `captured` says which values of the request come from earlier answers.
    """

    number: int
    exchanges: tuple[Exchange, ...]
    captured: tuple[tuple[Used, Source], ...] = ()

    @property
    def last(self) -> Exchange:
        """The exchange whose answer counts."""
        return self.exchanges[-1]


@dataclass
class _Names:
    """Shell variables of captured values: the same value is taken once and used by all later steps."""

    of: dict[str, str] = field(default_factory=dict)

    def new(self, value: str) -> str:
        """The name of a new variable for that value."""
        self.of[value] = f"V{len(self.of) + 1}"
        return self.of[value]


def render(
    row: Requirement, check: Check, steps: list[Step], judged: list[int], origin: str, certified: frozenset[str]
) -> str:
    """The whole script. `judged` are the numbers of the steps that the check rests on; the last one was judged last.
    `certified` are the actors that sign in with a client certificate."""
    names = _Names()
    body = [line for step in steps for line in _step(step, names, origin, certified)]
    text = "\n".join(body)
    numbers = {"seconds": int(LIMITS.exchange_seconds), "shown": LIMITS.shown_octets}
    helpers = [shell_functions.CURL % numbers]
    helpers += [shell_functions.HANDSHAKE % numbers] if re.search(r"^handshake ", text, re.M) else []
    helpers += [shell_functions.TICKETS] if re.search(r"^tickets ", text, re.M) else []
    helpers += [shell_functions.PLAIN] if "$(plain_base)" in text else []
    helpers += [shell_functions.TAKE] if names.of else []
    helpers += [shell_functions.FILL] if re.search(r"^fill ", text, re.M) else []
    helpers += [shell_functions.OVER] if re.search(r"^else over ", text, re.M) else []
    helpers += [shell_functions.SHOW % numbers]
    return "\n".join(
        [
            "#!/bin/sh",
            f"# {row.id} ({row.level}): {one_line(row.title)}",
            f"# check {one_line(check.name)}",
            "#",
            "# Sends what the harness sent and ends with the answer that was judged. Needs sh, curl and python3.",
            "# ISAO_BASE is the target, ISAO_CA a certificate authority to trust, ISAO_CERT and ISAO_KEY a client",
            "# certificate, ISAO_OUT a folder for the answers. No credential stands in here: give each account's",
            "# whole Authorization value, such as ISAO_AUTH_MEMBER_A=\"Basic $(printf 'user:password' | base64)\".",
            "set -u",
            f': "${{ISAO_BASE:={origin}}}"',
            "ISAO_BASE=${ISAO_BASE%/}",
            *_credentials(steps),
            *_certificates(steps, certified),
            'if [ -z "${ISAO_OUT:-}" ]; then ISAO_OUT=$(mktemp -d); trap \'rm -rf "$ISAO_OUT"\' EXIT; fi',
            'mkdir -p "$ISAO_OUT"',
            "",
            *helpers,
            text,
            *(["wait"] if any(step.last.request.method == "STREAM" for step in steps) else []),
            "",
            *(f"show {number}" for number in judged or [steps[-1].number]),
            f"printf 'expected: %s\\n' {quoted(one_line(check.expected))}",
            f"printf 'got in the run: %s\\n' {quoted(one_line(check.got))}",
            "",
        ]
    )


def _credentials(steps: list[Step]) -> Iterator[str]:
    """Lines that ask for the accounts of the script; a wrong password is made from the right one."""
    texts = (value for step in steps for _, value in step.last.request.headers)
    actors = sorted({name for text in texts for name in _PLACEHOLDER.findall(text)})
    lent = {name.removesuffix(WRONG_SECRET) for name in actors}
    for name in sorted(lent):
        yield f': "${{{variable(name)}:?the whole Authorization value of {name}}}"'
    if lent != set(actors):
        yield shell_functions.WRONG.rstrip()
    for name in sorted(set(actors) - lent):
        right = variable(name.removesuffix(WRONG_SECRET))
        yield f'{variable(name)}=$(wrong_secret "${right}")'


def _certificates(steps: list[Step], certified: frozenset[str]) -> Iterator[str]:
    for name in sorted({step.last.key.actor for step in steps} & certified):
        yield f': "${{{variable(name, "CERT")}:?the file with the client certificate of {name}}}"'
        yield f': "${{{variable(name, "KEY")}:=}}"'
    if not certified.isdisjoint(step.last.key.actor for step in steps):
        yield "EVERYBODYS_CERT=${ISAO_CERT:-} EVERYBODYS_KEY=${ISAO_KEY:-}"


def _step(step: Step, names: _Names, origin: str, certified: frozenset[str]) -> Iterator[str]:
    exchange = step.last
    request, answer = exchange.request, exchange.answer
    came = f"answered {answer.status} in the run" if answer else f"no answer in the run: {exchange.problem}"
    actor, path = one_line(exchange.key.actor), one_line(request.path, 200)
    title = f"# step {step.number}: {request.method} {path} as {actor}"
    yield f"# {one_line(exchange.key.probe)}: {one_line(came, 200)}"
    yield f"printf '%s\\n' {quoted(title)}"
    over: list[str] = []
    for used, source in step.captured:
        if used.value not in names.of:
            taken = f"{names.new(used.value)}=$(take {source.step} {quoted(_want(source))})"
            if source.path == _CURSOR:
                yield f"if {taken}; then"
                over.append(f"else over {source.step} {step.number}; fi")
            else:
                yield f"{taken} || exit 3"
    if exchange.key.actor in certified:
        yield f"ISAO_CERT=${variable(exchange.key.actor, 'CERT')} ISAO_KEY=${variable(exchange.key.actor, 'KEY')}"
    yield from _request(step, names, origin)
    if exchange.key.actor in certified:
        yield "ISAO_CERT=$EVERYBODYS_CERT ISAO_KEY=$EVERYBODYS_KEY"
    yield from over


def _request(step: Step, names: _Names, origin: str) -> Iterator[str]:
    request = step.last.request
    if request.method == "TLS":
        offer, url = dict(request.headers), _url(request.url, names, origin)
        asks_tickets = "tickets" in offer
        yield f"tickets {step.number} {url}" if asks_tickets else f"handshake {step.number} {_tls(offer)} {url}"
        return
    command = f"ask {step.number} {' '.join(_arguments(step, names, origin))}"
    if request.method == "STREAM":
        # What the run did while it listened comes in the next steps; the end of the script waits for the stream.
        yield f"{command} --max-time {2 * int(LIMITS.stream_seconds)} & sleep 1"
        return
    if request.body:
        yield from _body(step, names)
    yield from _polled(step, command) if _is_poll(step) else [command]


def _want(source: Source) -> str:
    where: dict[str, object] = {"header": source.header} if source.header else {"path": list(source.path)}
    if source.shift or source.digits:
        where |= {"shift": source.shift, "digits": source.digits}
    return json.dumps(where)


def _tls(offer: Mapping[str, str]) -> str:
    version = _TLS_OPTIONS.get(offer.get("offer", ""), "1.2")
    suites = _LISTED if offer.get("suites") == LISTED_SUITES else "ALL:@SECLEVEL=0" if version < "1.2" else ""
    return f"--tlsv{version} --tls-max {version}" + (f" --ciphers '{suites}'" if suites else "")


def _arguments(step: Step, names: _Names, origin: str) -> Iterator[str]:
    request = step.last.request
    method = "GET" if request.method in ("PLAIN", "STREAM") else request.method
    yield "--head" if method == "HEAD" else f"-X {quoted(method) if not method.isalpha() else method}"
    sent = {name.lower() for name, _ in request.headers}
    for name, value in request.headers:
        if name.lower() == "host" and value == urlsplit(request.url).netloc:
            continue
        if name.lower() == "content-length" and value == str(len(request.body)):
            continue
        taken = names.of.get(value) if name.lower() == CONDITION else None
        yield f'-H "{name}: ${taken}"' if taken else f"-H {_header(name, value)}"
    for name in _CURL_ADDS:
        if name.lower() not in sent and (request.body or method == "POST" or name in ("User-Agent", "Accept")):
            yield f"-H '{name}:'"
    if request.body:
        yield f'--data-binary @"$ISAO_OUT/{step.number}.request"'
    elif "content-length" in sent:
        yield "--data-binary ''"
    yield _url(request.url, names, origin, plain=request.method == "PLAIN")


def _header(name: str, value: str) -> str:
    if not value:
        return quoted(f"{name};")
    credential = _PLACEHOLDER.fullmatch(value)
    return f'"{name}: ${variable(credential[1])}"' if credential else quoted(f"{name}: {value}")


def _url(url: str, names: _Names, origin: str, plain: bool = False) -> str:
    """The URL as shell words joined: the base from $ISAO_BASE, captured values from their variables."""
    place, rest = _origin_length(url)
    base = '"$ISAO_BASE"' if origin_of(url) == origin else quoted(place)
    if plain:
        base = '"$(plain_base)"' if origin_of(url) == origin else quoted(f"http://{urlsplit(url).netloc}")
    pieces = [base]
    literal = ""
    for token in _BREAKS.split(rest):
        name = _name_of(token, names)
        if name is None:
            literal += token
            continue
        pieces += [quoted(literal)] if literal else []
        pieces.append(f'"$(encoded "${name}")"')
        literal = ""
    return "".join([*pieces, quoted(literal)] if literal else pieces)


def _origin_length(url: str) -> tuple[str, str]:
    match = re.match(r"[^:/?#]+://[^/?#]*", url)
    cut = match.end() if match else 0
    return url[:cut], url[cut:]


def _name_of(token: str, names: _Names) -> str | None:
    return names.of.get(unquote_plus(token)) or names.of.get(unquote(token))


def _body(step: Step, names: _Names) -> Iterator[str]:
    """Writes the body to a file; captured values take the place of their marks. Curl makes the chunks itself."""
    request, path = step.last.request, f'"$ISAO_OUT/{step.number}.request"'
    body = unframed(request.headers, request.body)
    marks: dict[str, str] = {}
    for value, name in names.of.items():
        for spelt in {json.dumps(value), json.dumps(value, ensure_ascii=False)}:
            if spelt.encode() in body:
                marks[name] = f"@{name}-of-step-{step.number}@"
                body = body.replace(spelt.encode(), marks[name].encode())
    yield write_file(body, path)
    for name, mark in marks.items():
        yield f'fill {path} {quoted(mark)} "${name}"'


def _is_poll(step: Step) -> bool:
    return len(step.exchanges) > 1 or _is_complete_status(step.last)


def _is_complete_status(exchange: Exchange) -> bool:
    answer = exchange.answer
    return exchange.request.method == "GET" and answer is not None and answer.resource.get("status") == "complete"


def _polled(step: Step, command: str) -> list[str]:
    """Ask until the status is no longer pending; other polls until the body is another than the first."""
    out = f"$ISAO_OUT/{step.number}"
    if _is_complete_status(step.last):
        again = f'grep -Eq \'"status": *"pending"\' "{out}.body"'
        first = []
    else:
        again = f'cmp -s "{out}.first" "{out}.body"'
        first = [command, f'cp "{out}.body" "{out}.first"']
    return [
        *first,
        "tries=0",
        f"while {command}; {again} && [ $tries -lt {_POLLS} ]; do tries=$((tries + 1)); sleep 1; done",
    ]
