"""The one exception by which any layer refuses a request, and the refusals with a fixed text.

A refusal's text must be the same for what is hidden and for what is absent, so none of
these texts repeats an identifier the client sent.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from isao_reference import limits


class Refusal(Exception):
    """A request that ends with an HTTP error. `headers` are added to the answer, `members` to the body of a problem.

    The audit log is told `why`, where the status does not say it, and whose `account` it was, where that was proven and
    refused all the same.
    """

    def __init__(
        self,
        status: int,
        title: str,
        description: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        members: Mapping[str, object] | None = None,
        why: str = "",
        account: str | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.description = description
        self.headers = headers
        self.members = members or {}
        self.why = why
        self.account = account


def bad_request(description: str) -> Refusal:
    """400: the server did not understand the request or its filters (TAXII 2.1 section 3.4)."""
    return Refusal(400, "The request was not understood", description)


def not_found() -> Refusal:
    """404 for what is absent and for what the caller may not know about, word for word the same."""
    return Refusal(404, "Not found", "There is nothing here that this account may see.")


def forbidden(description: str) -> Refusal:
    """403 for something the caller may know about but not do."""
    return Refusal(403, "Not permitted", description)


def unauthorized() -> Refusal:
    """401 with both challenges the exchange understands (RFC 7235 section 4.1)."""
    return Refusal(
        401,
        "Authentication is needed",
        "Send valid credentials of an account in good standing.",
        headers=(
            ("WWW-Authenticate", 'Basic realm="ISAO exchange"'),
            ("WWW-Authenticate", 'Bearer realm="ISAO exchange"'),
        ),
    )


def too_many_guesses(seconds: int) -> Refusal:
    """429: wrong credentials came from this address, or for this name, faster than they are looked at (RFC 6585,
    section 4)."""
    return Refusal(
        429,
        "Too many wrong credentials",
        "Correct the credentials, and send the request again after the time in Retry-After.",
        headers=(("Retry-After", str(seconds)),),
    )


def too_much_written(seconds: int) -> Refusal:
    """429: an organization has written more than its share (RFC 6585, section 4)."""
    return Refusal(
        429,
        "Too much was written",
        "This organization has written more than its share; send the request again after the time in Retry-After.",
        headers=(("Retry-After", str(seconds)),),
    )


def other_purpose(account: str) -> Refusal:
    """403: the credential of an account was not given for the purpose of use that the request names."""
    words = "The credential is not for the purpose of use that ISAO-Purpose names."
    return Refusal(403, "Not permitted", words, why="purpose", account=account)


def changed_meanwhile() -> Refusal:
    """503: what the account may do has changed between its authentication and the answer; nothing was done."""
    return Refusal(
        503,
        "The rights of this account have just changed",
        "Send the request again.",
        headers=(("Retry-After", "1"),),
    )


def method_not_allowed(allowed: tuple[str, ...]) -> Refusal:
    """405, naming the methods that exist (RFC 9110 section 15.5.6)."""
    return Refusal(
        405,
        "Method not allowed",
        f"This address answers {', '.join(allowed)}.",
        headers=(("Allow", ", ".join(allowed)),),
    )


def not_acceptable() -> Refusal:
    """406: no media range of the Accept header fits what this address can serve."""
    return Refusal(
        406,
        "Not acceptable",
        "Accept has to allow application/taxii+json;version=2.1.",
    )


def too_large(limit: int) -> Refusal:
    """413: the body is longer than max_content_length (TAXII 2.1 section 4.2.1)."""
    return Refusal(413, "The body is too large", f"The limit is {limit} octets.")


def unsupported_media_type(description: str) -> Refusal:
    """415: a body in a format or encoding the exchange does not take."""
    return Refusal(415, "Unsupported content", description)


def unprocessable(description: str) -> Refusal:
    """422: well-formed JSON that is not what the address takes (TAXII 2.1 section 5.5)."""
    return Refusal(422, "The content could not be processed", description)


def too_slow() -> Refusal:
    """408: the body did not arrive in time."""
    return Refusal(408, "The body took too long", "Send the request again.")


def invalid_document(findings: Iterable[tuple[str, str]]) -> Refusal:
    """422 with a JSON Pointer (RFC 6901) and a sentence for each fault; the whole document is the empty pointer. A
    refusal is no way to make the exchange send more than it was sent, so there is a ceiling on faults and words."""
    cut = limits.MAX_FAULT_TEXT
    found = list(itertools.islice(findings, limits.MAX_FAULTS + 1))
    listed = [{"pointer": pointer[:cut], "detail": detail[:cut]} for pointer, detail in found[: limits.MAX_FAULTS]]
    more = "" if len(found) == len(listed) else f" Only the first {len(listed)} are listed."
    return Refusal(
        422, "The document is not valid", f"Each fault has its place in `errors`.{more}", members={"errors": listed}
    )


def wrong_state(state: str, allowed: Iterable[str]) -> Refusal:
    """409: the step does not start from the state the record is in."""
    members = {"state": state, "allowed": sorted(allowed)}
    return Refusal(409, "Not possible in this state", "The record stands elsewhere; see `state`.", members=members)


def stale() -> Refusal:
    """412: the record has changed since the caller read it (RFC 9110 section 13.1.1)."""
    return Refusal(412, "The record has changed", "Read it again and send its new ETag in If-Match.")


def precondition_required() -> Refusal:
    """428: what replaces a document says which one (RFC 6585 section 3)."""
    return Refusal(428, "If-Match is needed", "Send the ETag of the record as it was read.")
