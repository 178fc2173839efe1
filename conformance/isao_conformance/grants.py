"""What the lent accounts may do where, as the server itself tells each of them, and how wrong logins are sent.

A permission is only judged where a collection's resource says it to that very account (TAXII 2.1, 5.2.1); an object
that a probe names in a collection it may not read is one that this run put there, or one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from isao_conformance.errors import NoAnswer, OriginNotDeclared, Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL
from isao_conformance.lab import Lab
from isao_conformance.session import Session
from isao_conformance.survey import Collection
from isao_conformance.target import CERTIFICATE, OUTSIDER

ACCOUNTS_TRIED = 3
"""How many accounts a rule about a client's own grants is tried with."""

NOT_OFFERED = (405, 501)
"""Codes by which a server says that it has no DELETE at all."""


@dataclass(frozen=True)
class Grant:
    """A collection as its resource shows it to an account."""

    account: str
    collection: Collection

    @property
    def url(self) -> str:
        """URL of the collection, ending with a slash."""
        return self.collection.url


def accounts(lab: Lab) -> list[str]:
    """The lent accounts, the primary one first. Empty when there is none with credentials."""
    primary = lab.survey.primary
    return [name for name in dict.fromkeys((primary, *lab.target.accounts)) if name != OUTSIDER]


def shown(lab: Lab) -> Mapping[str, tuple[Grant, ...]]:
    """What the list of collections shows to each account that it is shown to with 200. A fixture."""
    known = {c.id: c.url for c in lab.survey.collections}
    root = lab.survey.api_root
    found: dict[str, tuple[Grant, ...]] = {}
    for account in accounts(lab):
        try:
            listing = lab.as_(account).collections(root)
        except (NoAnswer, OriginNotDeclared):
            continue
        told = [e for e in listing.list_of("collections") if isinstance(e, dict) and isinstance(e.get("id"), str)]
        if listing.status == 200:
            found[account] = tuple(
                Grant(account, Collection(known.get(e["id"], f"{root}collections/{e['id']}/"), e["id"], r, w, e))
                for e in told
                for r, w in [(e.get("can_read") is True, e.get("can_write") is True)]
            )
    return found


def granted(lab: Lab, can_read: bool, can_write: bool | None = None) -> list[Grant]:
    """One collection with exactly these grants for each account that is shown one, for a few accounts.

    A collection that the run may write to comes first, since objects of its own can stand there. `can_write` None
    leaves that grant open.
    """
    found = []
    for grants in lab.fixture(shown).values():
        fitting = [
            g
            for g in grants
            if g.collection.resource.get("can_read") is can_read
            and (can_write is None or g.collection.resource.get("can_write") is can_write)
        ]
        found += sorted(fitting, key=lambda g: g.url not in lab.target.write)[:1]
    return found[:ACCOUNTS_TRIED]


def hidden(lab: Lab) -> list[Grant]:
    """Collections that one account is shown and another one, who is let in, is not; under the latter's name."""
    told = lab.fixture(shown)
    everything = {g.url: g for grants in told.values() for g in grants}
    found = []
    for account, grants in told.items():
        kept = [url for url in everything if url not in {g.url for g in grants}]
        kept.sort(key=lambda url: url not in lab.target.write)
        found += [Grant(account, everything[url].collection) for url in kept[:1]]
    return found[:ACCOUNTS_TRIED]


def dropped(lab: Lab) -> Mapping[str, str]:
    """An own object in each place the run may write to, by the place's URL: put there by an account that may, and
    only ever asked for. Places that took none are left out. A fixture."""
    found: dict[str, str] = {}
    writers = {g.url: g.account for grants in lab.fixture(shown).values() for g in grants if g.collection.can_write}
    for url in lab.target.write:
        if url in writers:
            try:
                found[url] = lab.share(LABEL, by=writers[url], collection=url)["id"]
            except Untestable:
                continue
    return found


def own_object(lab: Lab, url: str) -> str:
    """The id of an own object in a collection, or one that nobody ever used where the run may not write."""
    try:
        _ = lab.workspace
        return lab.fixture(dropped).get(url) or f"indicator--{lab.uuid()}"
    except Untestable:
        return f"indicator--{lab.uuid()}"


def closed_place(lab: Lab) -> tuple[str, str]:
    """A collection that the primary account reads and strangers do not, and the id of an object in it, or "".

    Untestable when every readable collection is open to strangers. A fixture.
    """
    found: tuple[str, str] | None = None
    for url in lab.survey.readable:
        try:
            if lab.outsider.objects(url, limit=1).status == 200:
                continue
        except NoAnswer:
            pass  # strangers may be ignored (8.2.2)
        listed = lab.reader.objects(url, limit=1).ids
        found = found or (url, "")
        if listed:
            return url, listed[0]
    if found is None:
        raise Untestable("every readable collection is open to strangers, or none is readable")
    return found


def wrong_logins(lab: Lab) -> Iterator[tuple[str, Session]]:
    """Sessions that fail authentication, each with how: a made-up user or key in every scheme that works for a lent
    account, and a real user with a wrong password. Untestable when no account with credentials is lent."""
    primary = lab.survey.primary
    yield "made-up credentials", lab.wrong_credentials()
    scheme = lab.target.actors[primary].scheme
    told = {name: lab.target.actors[name].scheme for name in accounts(lab)}
    other = next((name for name, found in told.items() if found not in (scheme, CERTIFICATE)), None)
    if other is not None:
        yield f"made-up {lab.target.actors[other].scheme} credentials", lab.wrong_credentials(of=other)
    basic = next((name for name in accounts(lab) if lab.target.actors[name].scheme == "basic"), None)
    if basic is not None:
        yield "a wrong secret", lab.wrong_secret(basic)


def refuse_wrong_logins(lab: Lab, what: str, ask: Callable[[Session], Answer]) -> None:
    """Judge one request by each wrong login: 401 or 404 meets the rule, success, a redirect and 403 break it, other
    codes are a warning. No answer is lawful (8.2.2) and says nothing. Ends without a verdict when none was answered."""
    judged = 0
    for how, session in wrong_logins(lab):
        try:
            answer = ask(session)
        except NoAnswer:
            continue
        judged += 1
        lab.expect(
            answer.status in (401, 404),
            f"{what} with {how} is answered 401 or 404",
            expected="401 or 404",
            got=answer,
            soft=not (answer.status < 400 or answer.status == 403),
        )
    if not judged:
        lab.no_verdict("wrong credentials are not answered at all, which 8.2.2 allows")
