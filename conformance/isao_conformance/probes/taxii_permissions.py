"""Failed authentication and missing grants at the endpoints of a collection (TAXII 2.1, 1.6.9, 5.2 to 5.8, 8.2.2).

Rows: spec requirements/taxii_permissions.yaml. The same rules for collections, objects and POST stand in taxii_errors
and taxii_objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL
from isao_conformance.grants import (
    NOT_OFFERED,
    Grant,
    accounts,
    closed_place,
    granted,
    hidden,
    own_object,
    refuse_wrong_logins,
)
from isao_conformance.lab import Lab
from isao_conformance.listings import served
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import kind_of
from isao_conformance.session import Session, object_url

REGISTERED = {
    *("basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "oauth"),
    *("privatetoken", "scram-sha-1", "scram-sha-256", "vapid"),
}
"""Names in the HTTP Authentication Scheme Registry, in lower case: scheme names are case-insensitive."""

WRITE_ONLY = "capability write-only-collection"
NOT_ACCEPTABLE = 406
BROKEN = b'{"objects": ['
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")


# --- failed authentication ------------------------------------------------------------------------


def _refused(lab: Lab, what: str, ask: Callable[[Session], Answer]) -> None:
    """The request with the lent credentials is answered 200, with wrong ones 401 or 404."""
    control = ask(lab.reader)
    lab.control(control.status == 200, f"{what} with the lent credentials gave {control.brief()}")
    refuse_wrong_logins(lab, what, ask)


def _closed_object(lab: Lab) -> tuple[str, str]:
    where, stix_id = lab.fixture(closed_place)
    if not stix_id:
        lab.no_verdict("no collection that is closed to strangers lists an object")
    return where, stix_id


@probe("TAXII-5.2-auth", statement="b5b873b4")
def a_collection_is_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.2: a client that fails authentication MUST get 401 or 404. The lent credentials open the same URL."""
    where, _ = lab.fixture(closed_place)
    _refused(lab, "GET of a collection", lambda session: session.collection(where))


@probe("TAXII-5.3-auth", statement="1a344fb3")
def the_manifest_is_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.3: a client that fails authentication MUST get 401 or 404. The lent credentials open the same URL."""
    where, _ = lab.fixture(closed_place)
    _refused(lab, "GET manifest", lambda session: session.manifest(where, limit=1))


@probe("TAXII-5.6-auth", statement="35fa3fae")
def an_object_is_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.6: a client that fails authentication MUST get 401 or 404. The lent credentials fetch the same object."""
    where, stix_id = _closed_object(lab)
    _refused(lab, "GET of an object", lambda session: session.object(where, stix_id))


@probe("TAXII-5.8-auth", statement="0b1a302e")
def the_versions_are_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.8: a client that fails authentication MUST get 401 or 404. The lent credentials list the same versions."""
    where, stix_id = _closed_object(lab)
    _refused(lab, "GET versions", lambda session: session.versions(where, stix_id))


@probe("TAXII-5.7-auth", statement="d8033bb8", needs=["deletable"])
def a_delete_is_refused_with_401_or_404_to_wrong_credentials(lab: Lab) -> None:
    """5.7: a client that fails authentication MUST get 401 or 404, and deletes nothing. The object is the run's own,
    and the account that posted it deletes it afterwards, so DELETE is offered here."""
    stix = lab.share(LABEL)
    where = lab.workspace
    before = lab.reader.object(where, stix["id"])
    lab.control(served(before, stix["id"]), f"the object is not served before the DELETE: {before.brief()}")
    lab.control(not _refuses_delete(lab), "DELETE is not offered here, or not to this account", "capability delete")
    refuse_wrong_logins(lab, "DELETE", lambda session: session.delete(where, stix["id"]))
    after = lab.reader.object(where, stix["id"])
    lab.expect(served(after, stix["id"]), "the object is still there", expected="the object as before", got=after)


def _refuses_delete(lab: Lab) -> bool:
    """True when a DELETE of another own object by the lent account does not succeed."""
    other = lab.share(LABEL)
    return not 200 <= lab.reader.delete(lab.workspace, other["id"]).status < 300


@watcher("TAXII-5-401b", statement="119af7f7")
def challenges_name_registered_schemes(exchange: Exchange) -> Looked:
    """1.6.9: the schemes of a challenge should be registered with IANA. A header that is no challenge, or none at all,
    is another row; a run in which wrong credentials got 404 meets this one."""
    answer = exchange.answer
    if answer is None or not (kind_of(exchange) or answer.is_taxii):
        return False
    if answer.status != 401:
        return answer.status == 404 and exchange.key.actor.startswith("nobody-instead-of-")
    strange = [s for s in schemes(", ".join(answer.header_all("www-authenticate"))) if s.lower() not in REGISTERED]
    if strange:
        return Finding("schemes of the IANA registry, such as Basic", f"the scheme {strange[0][:60]!r}")
    return True


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf"{_TOKEN}[ \t]*=(?!=*$)")
_SCHEME = re.compile(rf"({_TOKEN})(?:[ \t]|$)")


def schemes(value: str) -> list[str]:
    """The scheme names in a WWW-Authenticate value; text that is no challenge names none."""
    pieces, start, quoted, escaped = [], 0, False, False
    for place, letter in enumerate(value + ","):
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter == ",":
            pieces.append(value[start:place].strip())
            start = place + 1
    found = [_SCHEME.match(piece) for piece in pieces if not _PARAMETER.match(piece)]
    return [match.group(1) for match in found if match is not None]


@probe("TAXII-8.2.2-6", statement="94621ce7")
def basic_authentication_is_offered(lab: Lab) -> None:
    """8.2.2: HTTP Basic SHOULD be implemented. A Basic account that is let in shows it, else the challenge of a 401."""
    url = f"{lab.survey.api_root}collections/"
    for name in accounts(lab):
        if lab.target.actors[name].scheme == "basic":
            answer = lab.as_(name).get(url)
            if answer.status == 200:
                lab.expect(True, "Basic is implemented", got=answer)
                return
    answer = lab.wrong_credentials().get(url)
    if answer.status != 401:
        lab.no_verdict(f"no Basic account is let in, and wrong credentials gave no 401: {answer.brief()}")
    offered = schemes(", ".join(answer.header_all("www-authenticate")))
    lab.expect(
        "basic" in [scheme.lower() for scheme in offered],
        "Basic is implemented",
        expected="a challenge for Basic, or a Basic account that is let in",
        got=f"401 with challenges for {', '.join(offered) or 'nothing'}",
        seen=[answer],
    )


# --- missing grants -------------------------------------------------------------------------------


def _unreadable(lab: Lab, what: str, ask: Callable[[Session, str, str], Answer]) -> None:
    """An account whose resource says can_read false is answered 403 or 404, whatever it asks for there."""
    tried = 0
    for grant in granted(lab, can_read=False):
        session = lab.as_(grant.account)
        resource = session.collection(grant.url)
        if resource.status != 200 or resource.resource.get("can_read") is not False:
            continue
        answer = ask(session, grant.url, own_object(lab, grant.url))
        if answer.status == NOT_ACCEPTABLE:
            lab.no_verdict(f"{what} is refused for its Accept: {answer.brief()}", "TAXII-3.1-9")
        tried += 1
        lab.expect(
            answer.status in (403, 404),
            f"{what} is refused to {grant.account}",
            expected="403 or 404",
            got=answer,
        )
    if not tried:
        lab.no_verdict("no account is shown a collection with can_read false", WRITE_ONLY)


@probe("TAXII-5.3-noread", statement="96df4f21")
def the_manifest_of_a_collection_without_can_read_is_refused(lab: Lab) -> None:
    """5.3: can_read false MUST give 403 or 404. The account is let in: its collection resource says can_read false."""
    _unreadable(lab, "GET manifest", lambda session, url, _: session.manifest(url))


@probe("TAXII-5.6-noread", statement="88e337e3")
def an_object_of_a_collection_without_can_read_is_refused(lab: Lab) -> None:
    """5.6: can_read false MUST give 403 or 404, not an empty envelope. Asked for is an own object where the run may
    put one, since an object that is not there is not found anyway."""
    _unreadable(lab, "GET of an object", lambda session, url, stix_id: session.object(url, stix_id))


@probe("TAXII-5.8-noread", statement="0c98d937")
def the_versions_in_a_collection_without_can_read_are_refused(lab: Lab) -> None:
    """5.8: can_read false MUST give 403 or 404. Asked for are the versions of an own object where the run may put one.
    Other refusals say that the endpoint is not offered at all."""

    def ask(session: Session, url: str, stix_id: str) -> Answer:
        answer = session.versions(url, stix_id)
        if answer.status in NOT_OFFERED:
            lab.no_verdict(f"the versions endpoint is not offered: {answer.brief()}", "capability versions-endpoint")
        return answer

    _unreadable(lab, "GET versions", ask)


@probe("TAXII-5.5-nowrite2", statement="31268db4", needs=["writable"])
def a_post_that_is_no_json_is_refused_where_can_write_is_false(lab: Lab) -> None:
    """5.5 leaves the order of checks open: 403 or 404 for the missing grant, 400, 415 or 422 for the body, all refuse.
    Success, 401 or a server error does not fit an account that is let in and may not write; a server that fails on
    such a body everywhere says nothing about grants."""
    tried = 0
    for grant in granted(lab, can_read=True, can_write=False):
        answer = lab.as_(grant.account).add_raw(grant.url, BROKEN)
        if answer.status >= 500 and lab.reader.add_raw(lab.workspace, BROKEN).status >= 500:
            lab.no_verdict("broken JSON makes the server fail wherever it is posted", "ISAO-SEC-006")
        tried += 1
        lab.expect(
            answer.status in (400, 403, 404, 415, 422),
            f"POST of broken JSON is refused to {grant.account}",
            expected="403 or 404, or 400, 415 or 422 for the body",
            got=answer,
        )
    if not tried:
        lab.no_verdict("no account is shown a collection with can_write false", "capability read-only-collection")


@probe("TAXII-5-hidden", statement="7062e896")
def a_hidden_collection_is_not_found_like_one_that_does_not_exist(lab: Lab) -> None:
    """Appendix B: errors should not give away what a user may not know. A collection that another account is shown is
    asked for by one that is not, beside two that do not exist: ids and times masked, the 404 is the same. Where the
    two that do not exist already differ nothing can be told."""
    compared = 0
    for grant in hidden(lab):
        session = lab.as_(grant.account)
        for name, path in _paths(lab).items():
            there = session.get(grant.url + path)
            if there.status != 404:
                continue
            one, other = (session.get(f"{lab.survey.api_root}collections/{lab.uuid()}/{path}") for _ in range(2))
            if one.status != 404 or _masked(one) != _masked(other):
                continue
            compared += 1
            lab.expect(
                _masked(there, grant) == _masked(one),
                f"{name} of a hidden collection is not found like any other for {grant.account}",
                expected=one.brief(),
                got=there,
                seen=[one, there],
            )
    if not compared:
        lab.no_verdict("no collection is hidden by 404 from an account that is let in", "capability several-accounts")


def _paths(lab: Lab) -> dict[str, str]:
    stix_id = f"indicator--{lab.uuid()}"
    return {
        "the resource": "",
        "the manifest": "manifest/",
        "the list of objects": "objects/",
        "an object": object_url("", stix_id),
    }


def _masked(answer: Answer, grant: Grant | None = None) -> tuple[str, bytes]:
    """Label and body without what lawfully differs: ids, times, and the alias of the collection."""
    text = _TIME.sub("(time)", _UUID.sub("(id)", answer.body.decode("utf-8", "replace")))
    alias = grant.collection.resource.get("alias") if grant else None
    if isinstance(alias, str) and alias:
        text = text.replace(alias, "(id)")
    return answer.header("content-type") or "", text.encode()
