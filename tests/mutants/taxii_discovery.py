"""Faults of discovery (TAXII 2.1, sections 4.1 and 8.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tests.support.answering import Forward, Reply, Seen, on, refusal
from tests.support.mutation import Fault, mutant


@mutant(
    breaks="TAXII-4.1-1",
    also={"ISAO-GOV-016": "The capability document names this discovery URL; it does not answer as a service."},
)
def discovery_is_not_found_while_the_api_root_works(fault: Fault) -> None:
    """GET /taxii2/ is answered 404 to everybody, though the API root serves the same account."""
    fault.change_answers(on("discovery"), lambda _seen, _reply: refusal(404))


@mutant(
    breaks="TAXII-4.1-1",
    size="subtle",
    also={"ISAO-GOV-016": "The capability document names this discovery URL; it does not answer as a service."},
)
def discovery_is_answered_203(fault: Fault) -> None:
    """Discovery comes with 203, as from a proxy that rewrites answers; section 4.1 names 200 only."""
    fault.change_answers(on("discovery"), lambda _, reply: reply.with_status(203) if reply.status == 200 else reply)


@mutant(breaks="TAXII-4.1.1-1")
def the_default_is_a_root_that_is_not_listed(fault: Fault) -> None:
    """default names an API root that api_roots does not have."""

    def other_default(found: dict[str, Any]) -> None:
        found["default"] = "/retired/"

    fault.change_json(on("discovery"), other_default)


@mutant(breaks="TAXII-4.1.1-1", size="subtle")
def the_default_lacks_the_final_slash(fault: Fault) -> None:
    """default is the listed root without its final slash, hence none of the items of api_roots."""

    def without_slash(found: dict[str, Any]) -> None:
        found["default"] = found["default"].rstrip("/")

    fault.change_json(on("discovery"), without_slash)


@mutant(breaks="TAXII-4.1.1-2")
def an_api_root_is_listed_as_plain_http(fault: Fault) -> None:
    """The second API root is an http:// URL, as a server writes it that stands behind a TLS terminator."""

    def with_http(found: dict[str, Any]) -> None:
        found["api_roots"].append("http://taxii.example/exchange/")

    fault.change_json(on("discovery"), with_http)


@mutant(
    breaks="TAXII-4.1.1-2",
    size="subtle",
    also={"TAXII-4.1.1-3": "What begins with two slashes does not begin with one."},
)
def an_api_root_begins_with_two_slashes(fault: Fault) -> None:
    """A relative root begins with two slashes, so that its first segment is read as a host (RFC 3986, 4.2)."""

    def with_two_slashes(found: dict[str, Any]) -> None:
        found["api_roots"].append("//archive/exchange/")

    fault.change_json(on("discovery"), with_two_slashes)


@mutant(breaks="TAXII-4.1.1-4")
def an_api_root_has_a_query(fault: Fault) -> None:
    """One listed root selects its tenant by a query component."""

    def with_query(found: dict[str, Any]) -> None:
        found["api_roots"].append("/archive/?tenant=1")

    fault.change_json(on("discovery"), with_query)


@mutant(breaks="TAXII-4.1.1-4", size="subtle")
def an_api_root_ends_with_an_empty_query(fault: Fault) -> None:
    """One listed root ends with a question mark: an empty query component is one (RFC 3986, 3.4)."""

    def with_empty_query(found: dict[str, Any]) -> None:
        found["api_roots"].append("/archive/?")

    fault.change_json(on("discovery"), with_empty_query)


def _elsewhere(fault: Fault, instead: Reply) -> None:
    """Serve discovery at /services/taxii2/, where the operator declares it, and `instead` at its proper place."""

    async def moved(seen: Seen, forward: Forward) -> Reply:
        if seen.path.startswith("/services/taxii2"):
            return await forward(seen.at("/taxii2/"))
        return instead

    def declared(document: dict[str, Any]) -> None:
        service = document["services"]["taxii"]
        service["discovery"] = service["discovery"].replace("/taxii2/", "/services/taxii2/")

    fault.around(lambda seen: seen.path.startswith(("/services/taxii2", "/taxii2")), moved)
    fault.change_json(lambda seen: seen.path == "/.well-known/isao.json", declared)
    fault.change_target(
        lambda target: replace(target, discovery=target.discovery.replace("/taxii2/", "/services/taxii2/"))
    )


@mutant(breaks="TAXII-8.2.1-1")
def discovery_is_at_another_path_only(fault: Fault) -> None:
    """Discovery stands at /services/taxii2/ and is declared there; /taxii2/ is not found."""
    _elsewhere(fault, refusal(404))


@mutant(breaks="TAXII-8.2.1-1", size="subtle")
def discovery_is_redirected_to_another_path(fault: Fault) -> None:
    """/taxii2/ only points to the place where discovery is declared (308 and Location)."""
    _elsewhere(fault, Reply(308, (("Location", "/services/taxii2/"),), b""))


@mutant(
    breaks="TAXII-4.1-2",
    also={"ISAO-SEC-012": "Wrong credentials are not refused at discovery by a code that says so."},
)
def discovery_sends_strangers_to_a_login_page(fault: Fault) -> None:
    """Who fails to log in is sent from discovery to a page of HTML with a form (302)."""
    login = Reply(302, (("Location", "/login"), ("Content-Type", "text/html")), b"<title>Log in</title>")
    fault.change_answers(on("discovery"), lambda _, reply: login if reply.status == 401 else reply)


@mutant(
    breaks="TAXII-4.1-2",
    size="subtle",
    also={"ISAO-SEC-012": "Wrong credentials are not refused at discovery by a code that says so."},
)
def discovery_answers_a_wrong_password_400(fault: Fault) -> None:
    """Who fails to log in is answered 400 by discovery, as if the request were malformed."""
    fault.change_answers(on("discovery"), lambda _, reply: refusal(400) if reply.status == 401 else reply)


def _last_root(fault: Fault, spelled: Callable[[str], str]) -> None:
    """The last of several API roots is listed as a relative URL in another spelling."""

    def respelled(found: dict[str, Any]) -> None:
        if len(found["api_roots"]) > 1:
            found["api_roots"][-1] = spelled(urlsplit(found["api_roots"][-1]).path)

    fault.change_json(on("discovery"), respelled)


@mutant(
    breaks="TAXII-4.1.1-3",
    also={"TAXII-4.1.1-2": "What begins with ../ does not begin with one slash."},
)
def an_api_root_climbs_up(fault: Fault) -> None:
    """The last listed root begins with ../ and counts from the address of discovery."""
    _last_root(fault, lambda root: ".." + root)


@mutant(
    breaks="TAXII-4.1.1-3",
    size="subtle",
    also={"TAXII-4.1.1-2": "What begins with two slashes does not begin with one."},
)
def the_last_api_root_begins_with_two_slashes(fault: Fault) -> None:
    """The last listed root is a right one with a slash too many before it, from joining two parts."""
    _last_root(fault, lambda root: "/" + root)


@mutant(breaks="TAXII-4.1.1-6")
def an_api_root_that_is_gone_is_still_listed(fault: Fault) -> None:
    """The list of API roots ends with one that was closed, and is 404 with all below it."""

    def listed(found: dict[str, Any]) -> None:
        found["api_roots"].append("/museum/")

    fault.change_json(on("discovery"), listed)


@mutant(breaks="TAXII-4.1.1-6", size="subtle")
def a_listed_api_root_is_found_by_nobody(fault: Fault) -> None:
    """The second of the listed roots is 404 with all below it, to those, too, to whom it is listed."""
    fault.change_answers(lambda seen: seen.path.startswith("/archive/"), lambda _seen, _reply: refusal(404))


def _no_root(fault: Fault, instead: Reply) -> None:
    """No API root answers as one, and discovery lists none; the collections below them are served."""

    def unlisted(found: dict[str, Any]) -> None:
        found.pop("default", None)
        found.pop("api_roots", None)

    fault.change_json(on("discovery"), unlisted)
    fault.change_answers(
        lambda seen: seen.path in ("/exchange/", "/archive/"), lambda _, reply: instead if reply.ok else reply
    )


@mutant(
    breaks="TAXII-8.2.1-2",
    also={"TAXII-4.2-3": "GET of the API root of an entitled client is not answered 200."},
)
def the_server_is_discovery_only(fault: Fault) -> None:
    """Discovery lists no API root, and the address of the only known one is not found."""
    _no_root(fault, refusal(404))


@mutant(
    breaks="TAXII-8.2.1-2",
    size="subtle",
    also={"TAXII-4.2-3": "GET of the API root of an entitled client is not answered 200."},
)
def every_api_root_is_a_bad_request(fault: Fault) -> None:
    """The addresses of API roots ask for something that TAXII does not know, and answer 400 without it."""
    _no_root(fault, refusal(400))
