"""Faults in which addresses and methods there are and how they answer (TAXII 2.1, sections 3.1 and 8.2.1)."""

from __future__ import annotations

from dataclasses import replace

from tests.support.answering import TAXII, Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant

_PAGE = b"<html><body><h1>Not Found</h1></body></html>"


@mutant(
    breaks="TAXII-3.1-3",
    also={
        "TAXII-1.6.7-1": "What is labelled as TAXII has to be JSON in an error as well.",
        "TAXII-3.6.1-1": "What is labelled as a TAXII error has to be an error message, and a page has no title.",
    },
    traffic=("TAXII-5.2-2", "TAXII-5.2-1"),
)
def an_error_page_is_labelled_as_taxii(fault: Fault) -> None:
    """The proxy's HTML page for an unknown collection goes out under the TAXII media type."""
    page = Reply(404, (("Content-Type", TAXII),), _PAGE)
    fault.change_answers(on("collection"), lambda _, reply: page if reply.status == 404 else reply)


@mutant(breaks="TAXII-3.1-18")
def there_is_no_manifest_without_a_filter(fault: Fault) -> None:
    """The manifest of a whole collection is 404; with a query it is found, as if it were a search."""
    fault.change_answers(
        lambda seen: on("manifest")(seen) and not seen.query,
        lambda _, reply: refusal(404) if reply.ok else reply,
    )


@mutant(
    breaks="TAXII-3.1-18",
    size="subtle",
    also={
        "TAXII-5.2-1": "The table of a collection's address lists 200 as the code of success.",
    },
)
def a_collection_is_answered_203(fault: Fault) -> None:
    """One endpoint answers 203 where its table lists 200, as from a proxy that rewrites answers."""
    fault.change_answers(on("collection"), lambda _, reply: reply.with_status(203) if reply.ok else reply)


@mutant(breaks="TAXII-3.1-20")
def put_is_taken_for_get(fault: Fault) -> None:
    """PUT of objects is answered like GET: the method is not looked at."""
    fault.change_requests(on("objects", method="PUT"), lambda seen: seen.at(seen.path, query=seen.query))


@mutant(breaks="TAXII-3.1-20", size="subtle")
def an_unknown_method_on_a_collection_is_taken_for_get(fault: Fault) -> None:
    """PUT, POST, PATCH and DELETE of a collection, or PUT of objects, are answered 200 with the collection."""

    async def shown(seen: Seen, forward: Forward) -> Reply:
        return await forward(seen.at(seen.path.removesuffix("objects/")))

    fault.around(
        lambda seen: (
            (seen.endpoint == "collection" and seen.method in ("PUT", "POST", "PATCH", "DELETE"))
            or on("objects", method="PUT")(seen)
        ),
        shown,
    )


def _nameless(seen: Seen) -> bool:
    return not seen.header("user-agent")


@mutant(breaks="TAXII-8.2.1-4")
def a_client_without_user_agent_is_refused(fault: Fault) -> None:
    """Every TAXII request without User-Agent is 403: whatever does not name itself counts as an attack."""
    fault.change_answers(lambda seen: bool(seen.endpoint) and _nameless(seen), lambda _seen, _reply: refusal(403))


@mutant(breaks="TAXII-8.2.1-4", size="subtle")
def a_client_without_user_agent_is_asked_to_log_in(fault: Fault) -> None:
    """Credentials count only beside a User-Agent: discovery without it is 401."""
    fault.change_requests(
        lambda seen: on("discovery")(seen) and _nameless(seen),
        lambda seen: replace(seen.by("Bearer none"), query=seen.query),
    )
