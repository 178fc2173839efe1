"""Faults of Accept and Content-Type at the edges of what TAXII 2.1, section 3.1, leaves open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.support.answering import TAXII, Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

_BARE = "application/taxii+json"
_STIX = "application/stix+json"
_READING = ("discovery", "api_root", "status", "collections", "collection", "manifest", "objects", "object", "versions")

_posting = on("objects", method="POST")


def _accept(seen: Seen) -> str:
    return (seen.header("accept") or "").replace(" ", "").lower()


def _content_type(seen: Seen) -> str:
    return (seen.header("content-type") or "").replace(" ", "").lower()


def _accepting(accept: str, *endpoints: str) -> Callable[[Seen], bool]:
    there = on(*endpoints)
    return lambda seen: there(seen) and _accept(seen) == accept


def _refused(fault: Fault, when: Callable[[Seen], bool], status: int = 406) -> None:
    fault.change_answers(when, lambda _seen, _reply: refusal(status))


def _labelled(media_type: str) -> Callable[[Seen, Reply], Reply]:
    return lambda _, reply: reply.with_header("Content-Type", media_type) if reply.ok else reply


@mutant(breaks="TAXII-3.1-8")
def without_a_version_the_old_one_is_served(fault: Fault) -> None:
    """Discovery is labelled as TAXII 2.0 for a client that names no version."""
    fault.change_answers(_accepting(_BARE, "discovery"), _labelled("application/taxii+json;version=2.0"))


@mutant(breaks="TAXII-3.1-8", size="subtle")
def without_a_version_the_versions_list_is_of_the_old_one(fault: Fault) -> None:
    """One endpoint is labelled as TAXII 2.0 for a client that names no version."""
    fault.change_answers(_accepting(_BARE, "versions"), _labelled("application/taxii+json;version=2.0"))


@mutant(breaks="TAXII-3.1-10")
def accept_without_version_is_refused(fault: Fault) -> None:
    """Every endpoint answers 406 to the TAXII media type without a version."""
    _refused(fault, _accepting(_BARE, *_READING))


@mutant(breaks="TAXII-3.1-10", size="subtle")
def the_versions_list_refuses_accept_without_version(fault: Fault) -> None:
    """One endpoint answers 406 to the TAXII media type without a version."""
    _refused(fault, _accepting(_BARE, "versions"))


@mutant(breaks="TAXII-3.1-13")
def a_content_type_without_version_is_refused(fault: Fault) -> None:
    """POST objects answers 415 to the TAXII media type without a version."""
    _refused(fault, lambda seen: _posting(seen) and _content_type(seen) == _BARE, 415)


@mutant(breaks="TAXII-3.1-14")
def a_browser_breaks_the_server(fault: Fault) -> None:
    """Discovery answers 500 to Accept: text/html."""
    _refused(fault, _accepting("text/html", "discovery"), 500)


@mutant(breaks="TAXII-3.1-14", size="subtle")
def a_type_that_is_no_text_is_a_bad_request(fault: Fault) -> None:
    """Collections answer 400 to an Accept that asks for an image; for other types it is 406."""
    _refused(fault, lambda seen: on("collections")(seen) and _accept(seen).startswith("image/"), 400)


@mutant(breaks="TAXII-3.1-15")
def plain_text_breaks_the_server(fault: Fault) -> None:
    """POST objects answers 500 to Content-Type: text/plain."""
    _refused(fault, lambda seen: _posting(seen) and _content_type(seen).startswith("text/plain"), 500)


@mutant(breaks="TAXII-3.1-15", size="subtle")
def plain_text_is_not_acceptable(fault: Fault) -> None:
    """POST objects answers 406, which is about Accept, to Content-Type: text/plain."""
    _refused(fault, lambda seen: _posting(seen) and _content_type(seen).startswith("text/plain"), 406)


def _unheard_of(seen: Seen) -> bool:
    return _accept(seen).startswith(_BARE + ";version=") and _accept(seen) != TAXII and "," not in _accept(seen)


@mutant(breaks="TAXII-3.1-16")
def a_version_that_does_not_exist_is_served(fault: Fault) -> None:
    """Discovery in TAXII 2.1 is labelled with whatever version Accept asks for."""

    async def echoed(seen: Seen, forward: Forward) -> Reply:
        headers = tuple(pair for pair in seen.headers if pair[0] != "accept")
        reply = await forward(replace(seen, headers=(*headers, ("accept", TAXII))))
        return reply.with_header("Content-Type", seen.header("accept")) if reply.ok else reply

    fault.around(lambda seen: on("discovery")(seen) and _unheard_of(seen), echoed)


@mutant(breaks="TAXII-3.1-16", size="subtle")
def a_version_that_does_not_exist_breaks_discovery(fault: Fault) -> None:
    """Discovery answers 500 to a version of TAXII that it does not serve."""
    _refused(fault, lambda seen: on("discovery")(seen) and _unheard_of(seen), 500)


def _is_list(seen: Seen) -> bool:
    return on("manifest")(seen) and "," in _accept(seen) and _STIX in _accept(seen)


@mutant(breaks="TAXII-3.1-21")
def the_manifest_refuses_two_types(fault: Fault) -> None:
    """The manifest answers 406 to Accept with the TAXII type and the STIX type, though its table prints both."""
    _refused(fault, _is_list)


@mutant(breaks="TAXII-3.1-21", size="subtle")
def the_manifest_looks_at_the_last_type_only(fault: Fault) -> None:
    """The manifest answers 406 where the STIX type stands after the TAXII type; the other order is taken."""
    _refused(fault, lambda seen: _is_list(seen) and _accept(seen).rpartition(",")[2].startswith(_STIX))


@mutant(breaks="TAXII-3.1-25")
def the_manifest_refuses_the_stix_type(fault: Fault) -> None:
    """The manifest answers 406 to Accept with the STIX type alone, which its table prints."""
    _refused(fault, lambda seen: on("manifest")(seen) and _accept(seen).startswith(_STIX) and "," not in _accept(seen))
