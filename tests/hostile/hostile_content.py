"""Servers whose answers are sound HTTP and hostile in what they say: redirects, refusals, tricks, given back secrets.

They join the table of `hostile.py`, which says what a scenario is.
"""

from __future__ import annotations

import base64
import json
from itertools import count
from urllib.parse import quote

from tests.hostile.hostile import MEBIBYTE, OK, Asked, scenario

MOVED = b"HTTP/1.1 302 Found\r\nLocation: %s\r\n"
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
TRICKS = (
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "</script></style></textarea><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "]]><x/><!--",
    "=HYPERLINK(\"http://x\";1)+cmd|' /C calc'!A0",
    "\x1b[2J\x1b]0;title\x07\x9b31m",
    "line\r\nbreak\u2028and\u2029another",
    "\u202egnirts\u202c\u0000",
    "../../../../etc/passwd",
    "..\\..\\x",
    "$(touch x)`touch y`';touch z;'",
)
"""Texts that a page, a table, a terminal, a log, a file system or a shell could take for more than text."""
ELSEWHERE = ("http://169.254.169.254/latest/meta-data/", "http://[::1]:22/", "http://127.0.0.2:9/", "//localhost:1/")


# --- redirects: each is a complete answer, and none of them may be followed ------------------


@scenario(15)
def redirect_loop(asked: Asked) -> None:
    """Sends every address to itself."""
    asked.answer(b"", MOVED % asked.path.encode())


@scenario(16)
def redirect_to_a_metadata_address(asked: Asked) -> None:
    """Sends every address to a link-local or loopback address by turns, in headers and in the body."""
    there = ELSEWHERE[len(asked.path) % len(ELSEWHERE)]
    body = json.dumps({"title": "x", "api_roots": [there], "default": there, "next": there}).encode()
    asked.answer(body, MOVED % there.encode() + b"Refresh: 0;url=%s\r\n" % there.encode())


@scenario(17)
def redirect_to_another_host(asked: Asked) -> None:
    """Sends every address to another host that asks for the credentials once more."""
    asked.answer(
        b"", b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere.invalid%s\r\n" % asked.path.encode()
    )


@scenario(17)
def api_roots_of_another_host(asked: Asked) -> None:
    """Answers discovery with API roots elsewhere only: a link of the content leads away instead of a redirect."""
    asked.answer(b'{"title": "x", "default": "//elsewhere.invalid/a/", "api_roots": ["http://user@127.0.0.1:1/b/"]}')


@scenario(18)
def redirect_from_https_to_http(asked: Asked) -> None:
    """Sends every address to plain HTTP on the port that was asked."""
    asked.answer(b"", MOVED % f"http://{asked.headers.get('host', 'x')}{asked.path}".encode())


# --- refusals --------------------------------------------------------------------------------


@scenario(37)
def too_many_requests_for_ever(asked: Asked) -> None:
    """Answers everything with 429."""
    asked.answer(b'{"title": "later"}', b"HTTP/1.1 429 Too Many Requests\r\n")


@scenario(37)
def unavailable_for_ever(asked: Asked) -> None:
    """Answers everything with 503."""
    asked.answer(b"", b"HTTP/1.1 503 Service Unavailable\r\n")


@scenario(38)
def come_back_in_a_year(asked: Asked) -> None:
    """Asks every request to come back in a year, or at a date that no calendar holds."""
    later = b"31536000" if len(asked.path) % 2 else b"Fri, 99 Foo 99999 00:00:00 GMT"
    asked.answer(b'{"title": "later"}', b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %s\r\n" % later)


# --- content ---------------------------------------------------------------------------------

BROKEN = (
    b'{"title": "a", "title": "b", "api_roots": [NaN, 1e400, -Infinity]}',
    b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"title": ' + b"9" * 6000 + b"}",
    b'{"title": "\\ud800", "api_roots": ["\\udfff/"], "collections": [{"id": "\\ud800", "can_read": true}]}',
    b"\xef\xbb\xbf" + b'{"title": "\\u0000"}',
    '{"title": "x"}'.encode("utf-16"),
    b'{"title": "\xc0\xaf"}',
    b'{"objects": ' + b"[" * 65 + b"]" * 65 + b"}",
    b'{"title": "x"} {"title": "y"}',
    b"[]",
    b"null",
    b'{"objects": {"0": null}, "api_roots": {"a": 1}, "collections": "x", "more": "yes", "next": {"a": []}}',
    b'{"' + b"k" * MEBIBYTE + b'": 1}',
    b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(100_000)) + b"}",
)


@scenario(14)
def broken_json(asked: Asked) -> None:
    """Answers with JSON that is broken, doubled, too deep, too large or of other types, by turns."""
    asked.answer(BROKEN[next(_TURN) % len(BROKEN)])


_TURN = count()


@scenario(14)
def a_collection_named_by_half_a_character(asked: Asked) -> None:
    """Answers everything with a resource whose ids are half a character, a line break, or another host."""
    names = ["\ud800", "a\r\nX-Injected: 1", "@elsewhere.invalid/", "?x=1#y", "\u00e4/../..", "x" * 100_000]
    listed = [{"id": name, "title": "t", "can_read": True, "can_write": True} for name in names]
    told = {"title": "\udfff", "api_roots": ["/\ud800/"], "default": "/\ud800/", "collections": listed}
    asked.answer(json.dumps({**told, "objects": [{"id": f"indicator--{name}"} for name in names]}).encode())


@scenario(25)
def script_under_a_wrong_media_type(asked: Asked) -> None:
    """Answers with a page that holds a script, labelled as HTML or as TAXII by turns."""
    asked.answer(b"<html><script>alert(document.cookie)</script>", HTML if len(asked.path) % 2 else OK)


@scenario(26, 27, 28, 29, 30)
def tricks_in_every_reflected_field(asked: Asked) -> None:
    """Puts texts that try to be more than texts into every field, key and header of an otherwise fitting answer."""
    trick = TRICKS[next(_TURN) % len(TRICKS)]
    told = {name: trick for name in ("title", "description", "default", "id", "name", trick)}
    lists = {"api_roots": [trick], "objects": [{**told, "can_read": True}], "collections": [{**told, "can_read": True}]}
    plain = "".join(c for c in trick if 31 < ord(c) < 127).encode()
    asked.answer(json.dumps({**told, **lists}).encode(), OK + b"X-Trick: %s\r\nLink: <%s>\r\n" % (plain, plain))


@scenario(34)
def dates_of_no_calendar(asked: Asked) -> None:
    """Gives dates of the years 0, 1, 1970 and 9999 in every header and field that holds one."""
    when = ("0000-00-00T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60.999999+23:59", "1970-01-01T00:00:00Z")
    date = when[next(_TURN) % len(when)]
    head = OK + b"Date: Fri, 31 Dec 9999 23:59:60 GMT\r\nX-TAXII-Date-Added-Last: %s\r\n" % date.encode()
    listed = [{"id": f"indicator--{date}", "date_added": date, "version": date, "created": date, "modified": date}]
    asked.answer(json.dumps({"title": date, "more": True, "objects": listed, "versions": [date]}).encode(), head)


# --- secrets ---------------------------------------------------------------------------------


def _told(asked: Asked) -> tuple[str, str]:
    """The token of the request and the secret in it; two words that are no secrets when there is none."""
    token = asked.headers.get("authorization", "none none").partition(" ")[2]
    try:
        return token, base64.b64decode(token).decode().partition(":")[2] or "nothing"
    except ValueError:
        return token, token


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" for c in text)


@scenario(31)
def echo_of_the_token(asked: Asked) -> None:
    """Gives the credentials back in plain, Base64, percent-encoded, hexadecimal and escaped form, as every field."""
    token, secret = _told(asked)
    forms = [token, secret, f"x{secret}", quote(secret), quote(secret, safe="").lower(), secret.encode().hex()]
    forms += [base64.b64encode(f"{'x' * n}{secret}y".encode()).decode() for n in range(3)]
    forms += [base64.urlsafe_b64encode(secret.encode()).decode(), "".join(f"%{octet:02X}" for octet in secret.encode())]
    quoted = [json.dumps(form) for form in forms] + [f'"{_escaped(secret)}"', f'"{_escaped(token)}"']
    plain = f'{{"title": {quoted[1]}, "default": "/{_escaped(token)}/", "echo": [{", ".join(quoted)}]}}'
    asked.answer(plain.encode(), OK + b"X-Echo: %s\r\nX-%s: %s\r\n" % (token.encode(), b"A", secret.encode()))


@scenario(31)
def echo_of_the_token_split_over_chunks(asked: Asked) -> None:
    """Gives the token and the secret back in chunks of three octets."""
    token, secret = _told(asked)
    body = json.dumps({"title": f"{token} {secret}", "description": quote(secret)}, ensure_ascii=False).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in _cut(body, 3))
    asked.send(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[place : place + size] for place in range(0, len(body), size)]


@scenario(31)
def echo_of_the_token_as_an_encoding(asked: Asked) -> None:
    """Names the token as the content coding, for a reason that repeats it."""
    asked.answer(b"{}", OK + b"Content-Encoding: %s\r\n" % _told(asked)[0].encode())


@scenario(31)
def echo_of_the_token_as_an_address(asked: Asked) -> None:
    """Names the escaped token as the place of the API root, at home and elsewhere, for requests that repeat it."""
    token = _escaped(_told(asked)[0])
    asked.answer(f'{{"title": "x", "api_roots": ["http://elsewhere.invalid/{token}/", "/{token}/"]}}'.encode())


@scenario(42)
def answers_of_the_request_before(asked: Asked) -> None:
    """Answers every request with what the one before it said."""
    before = _BEFORE[-1] if _BEFORE else b"{}"
    _BEFORE[:] = [asked.body or json.dumps({"title": asked.path, "objects": [{"id": asked.path}]}).encode()]
    asked.answer(before)


_BEFORE: list[bytes] = []


def unavailable_after_discovery(asked: Asked) -> None:
    """Answers discovery, the API root and its collections, and takes no object: a run with the twin of every proof."""
    if asked.method != "GET":
        asked.answer(b'{"title": "no"}', b"HTTP/1.1 422 Unprocessable Entity\r\n")
    else:
        asked.answer(b'{"title": "x", "collections": []}')
