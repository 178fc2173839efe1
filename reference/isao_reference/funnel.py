"""The one way in: every request passes here, so no endpoint can forget a check.

Order: who asks, is there such an operation, can the answer be taken, is there a body we
read and how much of it; then the endpoint in a thread; then the error forms.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from starlette.types import Receive, Scope, Send

from isao_reference import auth, client_certificates, errors, limits, pace, problems
from isao_reference.allowances import Levels
from isao_reference.audit.record import DONE, Draft, known_purpose
from isao_reference.audit.trail import OfRequest, Trail
from isao_reference.auth import Door, Shown
from isao_reference.call import Answer, Call
from isao_reference.errors import Refusal
from isao_reference.faults import log_fault
from isao_reference.policy.principal import ANONYMOUS, Principal
from isao_reference.settings import Settings
from isao_reference.store.api_roots import ApiRoot
from isao_reference.store.guarded import Guarded
from isao_reference.store.sqlite import Store
from isao_reference.wire import media_types, timestamps

OUR_FAULT = "This is our fault; quote the error_id."
UNCERTAIN = (
    f"{OUR_FAULT} What was asked for may have been done all the same: send the same request again, with the same"
    " Idempotency-Key where there was one."
)
FUNCTION_TYPES = ("application/json", "text/csv", "text/plain")

T = TypeVar("T")


class Surface(StrEnum):
    """What kind of address it is: public documents ask nobody who they are, TAXII has media types and errors of its
    own, the function API speaks JSON and problems."""

    PUBLIC = "public"
    TAXII = "taxii"
    FUNCTIONS = "functions"


@dataclass(frozen=True)
class Operation:
    """One method of one address. `does` is its action and what that is about, as the audit log calls them; `takes_body`
    reads an envelope or a document; `stix_too` lets Accept name the STIX type, as the tables of TAXII 2.1 sections 5.3
    to 5.6 print it; `writes` says that it may have to wait for other writers, and refuses credentials that were given
    for reading only."""

    run: Callable[[Call], Answer]
    does: str = "read document"
    takes_body: bool = False
    stix_too: bool = False
    writes: bool = False


@dataclass
class Machine:
    """What all addresses of one running exchange share."""

    settings: Settings
    store: Store
    pool: ThreadPoolExecutor
    writing_pool: ThreadPoolExecutor
    trail: Trail
    door: Door = field(default_factory=Door)
    written: Levels = field(default_factory=Levels)

    async def in_thread(self, work: Callable[[], T], *, writes: bool = False) -> T:
        """Runs blocking work beside the event loop; writers have threads of their own."""
        pool = self.writing_pool if writes else self.pool
        return await asyncio.get_running_loop().run_in_executor(pool, work)


@dataclass(frozen=True)
class Request:
    """The head of one HTTP request; header names are lower case, in order of arrival. `certificate` is the SHA-256 of
    the client certificate of its connection, `address` where it came from."""

    method: str
    headers: tuple[tuple[str, str], ...]
    query: bytes
    path: Mapping[str, str]
    certificate: str | None = None
    address: str = ""

    def all_of(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    def joined(self, name: str) -> str | None:
        """A list header's values as one (RFC 9110 section 5.3), None when it is absent."""
        values = self.all_of(name)
        return ", ".join(values) if values else None


def read_head(scope: Scope) -> Request:
    """The head of an ASGI request."""
    return Request(
        method=scope["method"],
        headers=tuple((key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in scope["headers"]),
        query=scope["query_string"],
        path=dict(scope.get("path_params", {})),
        certificate=client_certificates.shown_in(scope),
        address=(scope.get("client") or ("",))[0],
    )


def check_content_headers(request: Request, surface: Surface) -> None:
    """415 unless the body is announced as one plain document of a type that is taken there."""
    encodings = [value.strip(" \t").lower() for value in request.all_of("content-encoding")]
    if any(encoding not in ("", "identity") for encoding in encodings):
        raise errors.unsupported_media_type("A body is taken without Content-Encoding only.")
    types = request.all_of("content-type")
    if surface is Surface.FUNCTIONS:
        if len(types) > 1 or any(one.split(";")[0].strip().lower() not in FUNCTION_TYPES for one in types):
            raise errors.unsupported_media_type(f"A body is taken as {', '.join(FUNCTION_TYPES)}.")
        return
    if len(types) != 1 or not media_types.is_taxii_content(types[0]):
        raise errors.unsupported_media_type(f"A body is taken as {media_types.TAXII_21} only.")


def announced_length(request: Request) -> int | None:
    """Content-Length as a number, None when it is absent or no number."""
    value = request.joined("content-length")
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 19 else None


async def read_body(request: Request, receive: Receive, ceiling: int) -> bytes:
    """The whole body, at most `ceiling` octets however it is sent (TAXII 2.1 section 4.2.1).

    A little more than the ceiling is read and thrown away, so that a client still sending
    gets to see the 413; a body announced as far too large is refused unread.
    """
    announced = announced_length(request)
    expects = (request.joined("expect") or "").lower() == "100-continue"
    if announced is not None and announced > ceiling and (expects or announced > ceiling + limits.DRAIN_OCTETS):
        raise errors.too_large(ceiling)
    parts: list[bytes] = []
    received = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.bad_request("the body ended early")
        part = message.get("body", b"")
        more = message.get("more_body", False)
        received += len(part)
        if received <= ceiling:
            parts.append(part)
        elif received > ceiling + limits.DRAIN_OCTETS:
            break
        else:
            parts.clear()
    if received > ceiling:
        raise errors.too_large(ceiling)
    return b"".join(parts)


class Funnel:
    """The ASGI application of one address: its operations by method. `root` is None outside TAXII."""

    def __init__(
        self,
        machine: Machine,
        operations: Mapping[str, Operation],
        root: ApiRoot | None = None,
        surface: Surface = Surface.PUBLIC,
    ) -> None:
        self.machine = machine
        self.operations = operations
        self.surface = surface if root is None else Surface.TAXII
        self.taxii = self.surface is Surface.TAXII
        self.root = root or machine.settings.first_api_root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens."""
        request = read_head(scope)
        draft = Draft(path=request.path, query=request.query)
        try:
            answer = await self.answer(request, receive, draft)
        except Refusal as refusal:
            draft.refuse(refusal.status, refusal.why)
            draft.claimed = refusal.account or draft.claimed
            answer = self.refused(refusal)
        except Exception as fault:
            error_id = str(uuid.uuid4())
            log_fault(f"error_id={error_id} method={request.method}", fault)
            failure = Refusal(500, "The exchange failed", UNCERTAIN if self.writes(request) else OUR_FAULT)
            draft.fail()
            answer = self.refused(failure, error_id)
        try:
            self.put_on_record(draft, head=request.method == "HEAD")
        except Refusal as refusal:
            answer = self.refused(refusal)
        if answer.stream is not None and request.method != "HEAD":
            try:
                await respond_with_stream(send, receive, answer)
            except Exception as fault:  # the answer has begun: all that is left is to end it, and the log
                log_fault(f"method={request.method} stream=broken", fault)
        else:
            await respond(send, answer, head=request.method == "HEAD")

    def refused(self, refusal: Refusal, error_id: str | None = None) -> Answer:
        """The answer that a refusal is."""
        kind, body = problems.render(refusal, taxii=self.taxii, error_id=error_id)
        return Answer(body, refusal.status, kind, refusal.headers)

    def put_on_record(self, draft: Draft, *, head: bool) -> None:
        """Notes what became of a request, unless that was written with what it did. Public documents are for anybody,
        so who reads them is nobody's business. Refusal 503 when the log cannot be written."""
        if draft.written or self.surface is Surface.PUBLIC:
            return
        if head and draft.outcome == DONE:
            draft.give(())
        self.machine.trail.note(draft, timestamps.micros(self.machine.settings.clock()))

    def writes(self, request: Request) -> bool:
        """Whether a request may have changed something."""
        operation = self.operations.get(request.method)
        return operation is not None and operation.writes

    async def principal(self, request: Request) -> Principal:
        """Who asks; public documents ask nobody."""
        if self.surface is Surface.PUBLIC:
            return ANONYMOUS
        shown = Shown(
            tuple(request.all_of("authorization")),
            request.certificate,
            request.address,
            request.joined("isao-purpose") or None,
        )
        machine, clock = self.machine, self.machine.settings.clock
        return await machine.in_thread(lambda: auth.authenticate(machine.store, machine.door, shown, clock))

    def operation(self, request: Request, principal: Principal) -> Operation:
        """What the method does here: 404 where there is nothing at all, else 405."""
        found = self.operations.get("GET" if request.method == "HEAD" else request.method)
        if found is not None:
            return found
        if self.surface is not Surface.PUBLIC and principal.anonymous:
            raise errors.unauthorized()
        if not self.operations:
            raise errors.not_found()
        allowed = sorted({*self.operations, *(("HEAD",) if "GET" in self.operations else ())})
        raise errors.method_not_allowed(tuple(allowed))

    async def body(self, request: Request, principal: Principal, receive: Receive) -> bytes:
        """The envelope of a writing request; a stranger's is not even read."""
        if principal.anonymous:
            raise errors.unauthorized()
        check_content_headers(request, self.surface)
        ceiling = self.root.max_content_length
        try:
            async with asyncio.timeout(limits.BODY_SECONDS):
                return await read_body(request, receive, ceiling)
        except TimeoutError:
            raise errors.too_slow() from None

    async def known(self, request: Request, draft: Draft) -> Principal:
        """Who asks, on record also when it is not who it claims to be."""
        draft.action, draft.what = "sign-in", "account"
        draft.claimed = auth.claimed_name(request.all_of("authorization"))
        draft.purpose = known_purpose(request.joined("isao-purpose"))
        principal = await self.principal(request)
        draft.action, draft.what, draft.claimed = "read", "address", None
        draft.account, draft.organization = principal.account, principal.organization
        draft.credentials = principal.credentials
        draft.purpose = None if principal.anonymous else principal.purpose
        return principal

    async def answer(self, request: Request, receive: Receive, draft: Draft) -> Answer:
        """The answer of the endpoint, or a Refusal; either way `draft` says what is known of the request."""
        principal = await self.known(request, draft)
        operation = self.operation(request, principal)
        draft.action, draft.what = operation.does.split(" ")
        if self.taxii and not media_types.accepts_taxii(request.joined("accept"), stix_too=operation.stix_too):
            raise errors.not_acceptable()
        if operation.writes and principal.read_only:
            # The same for what is there and for what is not: nothing has been looked up yet.
            raise errors.forbidden("This credential was given for reading only.")
        organization = principal.organization if operation.writes else None
        if organization is not None:
            pace.require_room(self.machine.written, self.machine.settings, organization)
        body = await self.body(request, principal, receive) if operation.takes_body else b""
        if organization is not None:
            pace.count(self.machine.written, self.machine.settings, organization, len(body))
        machine, clock = self.machine, self.machine.settings.clock
        call = Call(
            machine.settings,
            Guarded(machine.store, auth.guard(principal, clock), OfRequest(draft, clock)),
            principal,
            self.root,
            request.path,
            request.query,
            body,
            request.method,
            request.headers,
            draft,
            machine.trail.flush,
        )
        return await machine.in_thread(lambda: operation.run(call), writes=operation.writes)


def encoded_headers(answer: Answer, length: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer. Nothing is cached: what an account may see can change at any moment."""
    headers = [
        ("Content-Type", answer.media_type),
        *length,
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        *answer.headers,
    ]
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def respond_with_stream(send: Send, receive: Receive, answer: Answer) -> None:
    """Sends what the answer's stream yields until it ends or the client leaves."""
    assert answer.stream is not None
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded_headers(answer, ())})
    parts = answer.stream()
    leaving = asyncio.ensure_future(_left(receive))
    try:
        while True:
            coming = asyncio.ensure_future(anext(parts, None))
            done, _ = await asyncio.wait({coming, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if coming not in done:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
                return
            part = coming.result()
            if part is None:
                break
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        leaving.cancel()
        await parts.aclose()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def respond(send: Send, answer: Answer, *, head: bool) -> None:
    """Sends one answer."""
    encoded = encoded_headers(answer, (("Content-Length", str(len(answer.body))),))
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
