"""Faults of error answers and of refused credentials (TAXII 2.1, sections 3.1, 3.6.1 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant


def _errors(fault: Fault, when: Callable[[Seen], bool], status: int, change: Callable[[Any], Any]) -> None:
    """Rewrite the JSON of the errors of one code."""
    fault.change_answers(
        when, lambda _, reply: reply.rewritten(change) if reply.status == status and reply.body else reply
    )


def _taxii(seen: Seen) -> bool:
    return bool(seen.endpoint)


@mutant(breaks="TAXII-3.1-7")
def errors_are_labelled_as_plain_json(fault: Fault) -> None:
    """Every error body comes as application/json, from a framework's own error handler."""

    def plain(_: Seen, reply: Reply) -> Reply:
        return reply.with_header("Content-Type", "application/json") if reply.status >= 400 and reply.body else reply

    fault.change_answers(_taxii, plain)


@mutant(breaks="TAXII-3.1-7", size="subtle")
def refused_filters_are_labelled_without_version(fault: Fault) -> None:
    """Only the 400 of the manifest lacks the version parameter in its Content-Type."""

    def unversioned(_: Seen, reply: Reply) -> Reply:
        return reply.with_header("Content-Type", "application/taxii+json") if reply.status == 400 else reply

    fault.change_answers(on("manifest"), unversioned)


@mutant(breaks="TAXII-3.6.1-1")
def an_error_message_has_only_a_description(fault: Fault) -> None:
    """Refused filters are explained in description, and there is no title."""

    def untitled(error: dict[str, Any]) -> None:
        error["description"] = error.pop("title")

    _errors(fault, _taxii, 400, untitled)


@mutant(breaks="TAXII-3.6.1-1", size="subtle")
def the_title_of_an_error_message_is_null(fault: Fault) -> None:
    """title is null in the message about an unknown collection."""

    def null_title(error: dict[str, Any]) -> None:
        error["title"] = None

    _errors(fault, on("collection", "objects", "manifest"), 404, null_title)


@mutant(breaks="TAXII-3.6.1-2")
def http_status_is_always_400(fault: Fault) -> None:
    """The error message of a 404 says that its http_status is 400."""

    def always_400(error: dict[str, Any]) -> None:
        error["http_status"] = "400"

    _errors(fault, _taxii, 404, always_400)


@mutant(breaks="TAXII-3.6.1-2", size="subtle")
def http_status_of_a_refused_client_is_403(fault: Fault) -> None:
    """The message of the 401 says 403: the code was changed on its way, the message was not."""

    def says_403(error: dict[str, Any]) -> None:
        error["http_status"] = "403"

    _errors(fault, on("collections"), 401, says_403)


@mutant(breaks="TAXII-3.6.1-3")
def http_status_is_a_number(fault: Fault) -> None:
    """http_status is an integer in every error message (reported of a server by users of OpenCTI, issue 3765)."""

    def as_number(error: dict[str, Any]) -> None:
        error["http_status"] = int(error["http_status"])

    for status in (400, 401, 403, 404, 406, 413, 415, 422):
        _errors(fault, _taxii, status, as_number)


@mutant(breaks="TAXII-3.6.1-3", size="subtle")
def details_of_an_error_message_are_text(fault: Fault) -> None:
    """details is a sentence instead of a JSON object, in the message about a refused filter."""

    def with_details(error: dict[str, Any]) -> None:
        error["details"] = "see the manual"

    _errors(fault, _taxii, 400, with_details)


def _known_only_as_refused(reply: Reply) -> Reply:
    return refusal(403) if reply.status == 401 else reply


@mutant(breaks="TAXII-5.1-auth")
def wrong_credentials_on_collections_are_answered_403(fault: Fault) -> None:
    """Failed authentication counts as a missing right: 403, which section 5.1 keeps for known clients."""
    fault.change_answers(on("collections"), lambda _, reply: _known_only_as_refused(reply))


@mutant(breaks="TAXII-5.4-auth")
def wrong_credentials_on_objects_are_answered_403(fault: Fault) -> None:
    """Failed authentication on GET objects is answered 403; everywhere else it is 401."""
    fault.change_answers(on("objects"), lambda _, reply: _known_only_as_refused(reply))


@mutant(breaks="TAXII-5.4-auth", size="subtle")
def a_known_name_with_a_wrong_secret_is_answered_403(fault: Fault) -> None:
    """On GET objects a wrong secret of a name that logged in before gives 403, an unknown name 401."""
    known: set[str] = set()

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.ok and seen.user:
            known.add(seen.user)
        return refusal(403) if reply.status == 401 and seen.user in known and on("objects")(seen) else reply

    fault.around(_taxii, handler)


@mutant(breaks="TAXII-5.5-auth")
def wrong_credentials_on_adding_are_answered_403(fault: Fault) -> None:
    """Failed authentication on POST objects is answered 403."""
    fault.change_answers(on("objects", method="POST"), lambda _, reply: _known_only_as_refused(reply))


@mutant(
    breaks="TAXII-5.5-auth",
    size="subtle",
    also={"ISAO-SEC-012": "What comes with wrong credentials is not refused when it is stored."},
)
def a_refused_post_is_stored_all_the_same(fault: Fault) -> None:
    """The body is taken in before the credentials are looked at: the answer is 401, the objects stay."""

    async def stored_first(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 401 and seen.principal == "?":
            await forward(seen.by(fault.authorization_of("member-a")))
        return reply

    fault.around(on("objects", method="POST"), stored_first)


@mutant(breaks="TAXII-5-401")
def a_401_comes_without_challenge(fault: Fault) -> None:
    """No 401 carries WWW-Authenticate (so that browsers show no dialog)."""
    fault.change_answers(
        _taxii, lambda _, reply: reply.with_header("WWW-Authenticate", None) if reply.status == 401 else reply
    )


@mutant(breaks="TAXII-5-401", size="subtle")
def the_challenge_of_a_401_names_no_scheme(fault: Fault) -> None:
    """WWW-Authenticate holds a parameter without a scheme before it (RFC 7235, section 4.1)."""
    fault.change_answers(
        on("collections"),
        lambda _, reply: reply.with_header("WWW-Authenticate", 'realm="exchange"') if reply.status == 401 else reply,
    )


@mutant(breaks="TAXII-5.1-auth", size="subtle")
def a_known_name_with_a_wrong_secret_gets_403_for_the_collections(fault: Fault) -> None:
    """On the list of collections a wrong secret of a name that logged in before gives 403, an unknown name 401."""
    known: set[str] = set()

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.ok and seen.user:
            known.add(seen.user)
        return refusal(403) if reply.status == 401 and seen.user in known and on("collections")(seen) else reply

    fault.around(_taxii, handler)
