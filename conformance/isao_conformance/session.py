"""One actor's side of a conversation with the target, as a probe sees it.

Low level: `request` sends anything. Above it, one method for each TAXII 2.1 endpoint; each takes the
collection's URL, so no URL layout is assumed (TAXII 2.1, sections 4 and 5).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from isao_conformance.errors import NoAnswer, OriginNotDeclared, Untestable
from isao_conformance.evidence import Conduit, placeholder
from isao_conformance.exchange import Answer, Exchange, Headers, Key, Request
from isao_conformance.limits import LIMITS
from isao_conformance.target import Actor, origin_of

TAXII = "application/taxii+json;version=2.1"
USER_AGENT = "isao-conformance/0.1"
TRY_LATER = (429, 503)
LONE = "surrogatepass"
"""JSON can hold half a character; a target that sends one as an id or a cursor is sent the same back."""

PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
"""What stays as it is in an address. Anything else, out of an id that a target chose, is percent-encoded: it could not
be sent, and half a character not even be written down."""

READING = ("GET", "HEAD", "TLS", "PLAIN", "STREAM")
READ_ONLY = Untestable("the run is read-only", blocked_by="option --read-only")


class Session:
    """Requests of one actor within one probe, each recorded under (probe, actor, ordinal).

    Sessions of one probe share `ordinals`, so that the order between actors is on record.
    """

    def __init__(
        self,
        conduit: Conduit,
        probe: str,
        actor: Actor,
        origins: tuple[str, ...],
        ordinals: Iterator[int] | None = None,
        read_only: bool = False,
    ) -> None:
        self._conduit = conduit
        self._probe = probe
        self.actor = actor
        self._origins = origins
        self._read_only = read_only
        self._ordinals = ordinals if ordinals is not None else count(1)
        self.last: Exchange | None = None
        self._answered: list[tuple[Answer, Key]] = []

    def send(self, method: str, url: str, headers: Headers, body: bytes = b"") -> Answer:
        """Send exactly these headers (Host is added) and return the answer.

        Raises OriginNotDeclared for a URL elsewhere, NoAnswer when none came or it says to come back later, Untestable
        for anything but reading in a run that is read-only, whatever a probe has in mind.
        """
        key, request = self._next(method, url, headers, body)
        return self._told(self._conduit.exchange(key, request, self.actor))

    def listen(
        self,
        url: str,
        *,
        after: str | None = None,
        then: Callable[[], None] = lambda: None,
        until: Callable[[bytes], bool] = lambda body: False,
    ) -> Answer:
        """Open an event stream (Server-Sent Events) after the id `after`, call `then` once it answers with 200, and
        read until `until` is content with the octets so far or `LIMITS.stream_seconds` have passed since `then`.

        Raises what `send` raises, and what `then` raises.
        """
        extra = (("Last-Event-ID", after),) if after is not None else ()
        key, request = self._next("STREAM", url, (*self._usual("text/event-stream"), *extra))
        return self._told(self._conduit.listen(key, request, self.actor, then, until))

    def _next(self, method: str, url: str, headers: Headers, body: bytes = b"") -> tuple[Key, Request]:
        if self._read_only and method not in READING:
            raise READ_ONLY
        url = quote(url, safe=PRINTABLE, errors=LONE)
        if len(url) > LIMITS.url_octets:
            raise Untestable(f"{url[:200]}… is longer than the {LIMITS.url_octets} octets that the harness asks for")
        if origin_of(url) not in self._origins:
            raise OriginNotDeclared(
                f'{url} is outside the declared origins; add "{origin_of(url)}" to origins in the target file'
            )
        key = Key(self._probe, self.actor.name, next(self._ordinals))
        if method != "TLS":
            headers = (("Host", urlsplit(url).netloc.rpartition("@")[2]), *headers)
        return key, Request(method, url, headers, body)

    def _told(self, exchange: Exchange) -> Answer:
        self.last = exchange
        asked = f"{exchange.request.method} {exchange.request.url}"
        if exchange.answer is None:
            raise NoAnswer(f"{asked}: {exchange.problem}")
        self._answered.append((exchange.answer, exchange.key))
        if exchange.answer.status in TRY_LATER and exchange.request.method != "PLAIN":
            raise NoAnswer(f"{asked}: the target answered {exchange.answer.status}; nothing is judged by that")
        return exchange.answer

    def key_of(self, answer: Answer) -> Key | None:
        """Under which key this very answer was recorded; None when another session got it."""
        return next((key for known, key in self._answered if known is answer), None)

    def showing(self, stix_id: str) -> list[Answer]:
        """The first answer of this session that lists an object or record of that id; empty when none did."""
        return next(([answer] for answer, _ in self._answered if stix_id in answer.ids), [])

    def request(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, Any] | str | None = None,
        accept: str | None = TAXII,
        content_type: str | None = None,
        body: bytes = b"",
        extra: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Send a request with the usual headers. `query` is a mapping (None values are left out) or a ready string."""
        headers = self._usual(accept)
        if content_type is not None:
            headers.append(("Content-Type", content_type))
        if body or method in ("POST", "PUT"):
            headers.append(("Content-Length", str(len(body))))
        return self.send(method, with_query(url, query), (*headers, *extra), body)

    def _usual(self, accept: str | None) -> list[tuple[str, str]]:
        headers = [("User-Agent", USER_AGENT), ("Accept-Encoding", "identity")]
        if accept is not None:
            headers.append(("Accept", accept))
        if self.actor.authorization is not None:
            # A made-up credential is no secret: it stands in evidence as it was sent.
            credential = placeholder(self.actor) if self.actor.secrets else self.actor.authorization
            headers.append(("Authorization", credential))
        return headers

    def get(self, url: str, query: Mapping[str, Any] | str | None = None, accept: str | None = TAXII) -> Answer:
        """GET any URL of a declared origin."""
        return self.request("GET", url, query=query, accept=accept)

    def collections(self, api_root: str) -> Answer:
        """Get Collections (5.1)."""
        return self.get(api_root + "collections/")

    def collection(self, collection: str) -> Answer:
        """Get a Collection (5.2)."""
        return self.get(collection)

    def manifest(self, collection: str, **query: Any) -> Answer:
        """Get Object Manifests (5.3); `match_type="x"` is sent as match[type]=x."""
        return self.get(collection + "manifest/", filters(query))

    def objects(self, collection: str, **query: Any) -> Answer:
        """Get Objects (5.4)."""
        return self.get(collection + "objects/", filters(query))

    def object(self, collection: str, object_id: str, **query: Any) -> Answer:
        """Get an Object (5.6)."""
        return self.get(object_url(collection, object_id), filters(query))

    def versions(self, collection: str, object_id: str, **query: Any) -> Answer:
        """Get Object Versions (5.8)."""
        return self.get(object_url(collection, object_id) + "versions/", filters(query))

    def status(self, api_root: str, status_id: str) -> Answer:
        """Get Status (4.3)."""
        return self.get(f"{api_root}status/{quote(status_id, safe='', errors=LONE)}/")

    def add(self, collection: str, objects: Iterable[Mapping[str, Any]]) -> Answer:
        """Add Objects (5.5). Prefer `lab.publish`, which waits for completion and keeps the clean-up list."""
        return self.add_raw(collection, json.dumps({"objects": list(objects)}, ensure_ascii=False).encode())

    def add_raw(
        self, collection: str, body: bytes, content_type: str | None = TAXII, accept: str | None = TAXII
    ) -> Answer:
        """Add Objects with any body: only for bodies that must not be stored, or through `lab.publish`."""
        if len(body) > LIMITS.request_octets:
            raise Untestable(f"the harness sends at most {LIMITS.request_octets} octets")
        return self.request("POST", collection + "objects/", accept=accept, content_type=content_type, body=body)

    def delete(self, collection: str, object_id: str, **query: Any) -> Answer:
        """Delete an Object (5.7). Only for objects that the run itself created."""
        return self.request("DELETE", object_url(collection, object_id), query=filters(query))

    def handshake(self, url: str, version: str, suites: str = "") -> dict[str, Any]:
        """A TLS handshake that offers one version only; see `tls_handshake.shake` for the answer."""
        chosen = (("suites", suites),) if suites else ()
        return self.send("TLS", url, (("offer", version), *chosen)).resource

    def tickets(self, url: str) -> dict[str, Any]:
        """The session tickets of TLS 1.3 that the target sends; see `tls_handshake.tickets` for the answer."""
        return self.send("TLS", url, (("tickets", "TLSv1_3"),)).resource

    def plain_http(self, url: str) -> Answer:
        """A GET without TLS and without credentials to the host and port of a URL; see `transport.Wire.plain`."""
        asks = (("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"), ("Accept", "*/*"))
        return self.send("PLAIN", url, asks)


def object_url(collection: str, object_id: str) -> str:
    """URL of an object in a collection, ending with a slash (5.6)."""
    return f"{collection}objects/{quote(object_id, safe='', errors=LONE)}/"


def filters(query: Mapping[str, Any]) -> dict[str, Any]:
    """Python keyword names to TAXII parameter names: match_type -> match[type], match_spec_version likewise."""
    return {
        f"match[{name.removeprefix('match_')}]" if name.startswith("match_") else name: value
        for name, value in query.items()
    }


def with_query(url: str, query: Mapping[str, Any] | str | None) -> str:
    """The URL with a query, percent-encoded (RFC 3986 does not allow raw brackets there).

    Commas stay: they separate the values of a match field (TAXII 2.1, 3.4), and RFC 3986 gives a server the right
    to read an encoded delimiter as plain data.
    """
    if not query:
        return url
    given = {k: v for k, v in query.items() if v is not None} if not isinstance(query, str) else {}
    text = query if isinstance(query, str) else urlencode(given, safe=",", errors=LONE)
    return f"{url}?{text}" if text else url
