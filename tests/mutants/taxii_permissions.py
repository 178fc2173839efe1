"""Faults of refused credentials and missing permissions, endpoint by endpoint (TAXII 2.1, sections 5 and 8.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from isao_conformance.target import Target
from tests.mutants import DROPBOX, LIBRARY
from tests.support.answering import Forward, Reply, Seen, on, refusal, taxii
from tests.support.mutation import Fault, mutant

When = Callable[[Seen], bool]


def _refused_as_unentitled(fault: Fault, when: When) -> None:
    """Answer 403, which is for known clients, where the credentials are wrong."""
    fault.change_answers(when, lambda _, reply: refusal(403) if reply.status == 401 else reply)


def _known_names_are_unentitled(fault: Fault, when: When) -> None:
    """Answer 403 to a wrong secret of a name that logged in before; an unknown name gets 401."""
    known: set[str] = set()

    async def handler(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.ok and seen.user:
            known.add(seen.user)
        return refusal(403) if reply.status == 401 and seen.user in known and when(seen) else reply

    fault.around(lambda seen: bool(seen.endpoint), handler)


def _empty_for_strangers(fault: Fault, when: When) -> None:
    """Answer wrong credentials as if there were nothing to see: 200 with an empty resource."""
    fault.change_answers(
        lambda seen: when(seen) and seen.principal == "?",
        lambda _, reply: taxii({}) if reply.status == 401 else reply,
    )


@mutant(breaks="TAXII-5.2-auth")
def wrong_credentials_on_a_collection_are_answered_403(fault: Fault) -> None:
    """Failed authentication on GET collection is answered 403."""
    _refused_as_unentitled(fault, on("collection"))


@mutant(breaks="TAXII-5.2-auth", size="subtle")
def a_wrong_secret_on_a_collection_is_answered_403(fault: Fault) -> None:
    """On GET collection a wrong secret of a name that logged in before gives 403, an unknown name 401."""
    _known_names_are_unentitled(fault, on("collection"))


@mutant(breaks="TAXII-5.3-auth")
def wrong_credentials_on_the_manifest_are_answered_403(fault: Fault) -> None:
    """Failed authentication on GET manifest is answered 403."""
    _refused_as_unentitled(fault, on("manifest"))


@mutant(breaks="TAXII-5.3-auth", size="subtle", also={"ISAO-SEC-012": "A wrong credential is not refused there."})
def wrong_credentials_see_an_empty_manifest(fault: Fault) -> None:
    """Failed authentication on GET manifest is 200 {}: whoever is nobody may see nothing."""
    _empty_for_strangers(fault, on("manifest"))


@mutant(breaks="TAXII-5.6-auth")
def wrong_credentials_on_one_object_are_answered_403(fault: Fault) -> None:
    """Failed authentication on GET object is answered 403."""
    _refused_as_unentitled(fault, on("object"))


@mutant(breaks="TAXII-5.6-auth", size="subtle", also={"ISAO-SEC-012": "A wrong credential is not refused there."})
def wrong_credentials_see_an_empty_envelope_for_one_object(fault: Fault) -> None:
    """Failed authentication on GET object is 200 {}: whoever is nobody may see nothing."""
    _empty_for_strangers(fault, on("object"))


@mutant(breaks="TAXII-5.7-auth")
def wrong_credentials_on_a_deletion_are_answered_403(fault: Fault) -> None:
    """Failed authentication on DELETE is answered 403."""
    _refused_as_unentitled(fault, on("object", method="DELETE"))


@mutant(breaks="TAXII-5.7-auth", size="subtle")
def a_refused_deletion_is_carried_out_all_the_same(fault: Fault) -> None:
    """DELETE with wrong credentials is answered 401, and the object is gone."""

    async def deleted_first(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        if reply.status == 401 and seen.principal == "?":
            await forward(seen.by(fault.authorization_of("member-a")))
        return reply

    fault.around(on("object", method="DELETE"), deleted_first)


@mutant(breaks="TAXII-5.8-auth")
def wrong_credentials_on_versions_are_answered_403(fault: Fault) -> None:
    """Failed authentication on GET versions is answered 403."""
    _refused_as_unentitled(fault, on("versions"))


@mutant(breaks="TAXII-5.8-auth", size="subtle")
def wrong_credentials_see_an_empty_list_of_versions(fault: Fault) -> None:
    """Failed authentication on GET versions is 200 {}: whoever is nobody may see nothing."""
    _empty_for_strangers(fault, on("versions"))


def _challenged(fault: Fault, when: When, challenge: str) -> None:
    fault.change_answers(
        when, lambda _, reply: reply.with_header("WWW-Authenticate", challenge) if reply.status == 401 else reply
    )


@mutant(breaks="TAXII-5-401b", traffic=("TAXII-5.1-auth",))
def the_challenge_names_a_home_made_scheme(fault: Fault) -> None:
    """Every 401 asks for the scheme Token, which is in no registry."""
    _challenged(fault, lambda seen: bool(seen.endpoint), 'Token realm="exchange"')


@mutant(breaks="TAXII-5-401b", size="subtle", traffic=("TAXII-5.1-auth",))
def the_second_challenge_names_a_home_made_scheme(fault: Fault) -> None:
    """The 401 of collections asks for Basic, and beside it for ApiKey, which is in no registry."""
    _challenged(fault, on("collections"), 'Basic realm="exchange", ApiKey realm="exchange"')


def _write_only(*endpoints: str) -> When:
    return lambda seen: on(*endpoints)(seen) and seen.collection == DROPBOX and seen.principal.startswith("member")


def _instead(fault: Fault, when: When, answer: Reply) -> None:
    fault.change_answers(when, lambda _, reply: answer if reply.status in (403, 404) else reply)


@mutant(breaks="TAXII-5.3-noread")
def the_manifest_of_a_write_only_collection_is_read(fault: Fault) -> None:
    """GET manifest of a collection with can_read false lists its content to those who may write there."""

    async def read(seen: Seen, forward: Forward) -> Reply:
        reply = await forward(seen)
        return await forward(seen.by(fault.authorization_of("analyst"))) if reply.status == 403 else reply

    fault.around(_write_only("manifest"), read)


@mutant(breaks="TAXII-5.3-noread", size="subtle")
def the_manifest_of_a_write_only_collection_asks_to_log_in(fault: Fault) -> None:
    """GET manifest of a collection with can_read false is 401 to a client who is logged in."""
    _instead(fault, _write_only("manifest"), refusal(401))


@mutant(breaks="TAXII-5.6-noread")
def an_object_of_a_write_only_collection_is_an_empty_envelope(fault: Fault) -> None:
    """GET object in a collection with can_read false is 200 {}."""
    _instead(fault, _write_only("object"), taxii({}))


@mutant(breaks="TAXII-5.6-noread", size="subtle")
def an_object_of_a_write_only_collection_asks_to_log_in(fault: Fault) -> None:
    """GET object in a collection with can_read false is 401 to a client who is logged in."""
    _instead(fault, _write_only("object"), refusal(401))


@mutant(breaks="TAXII-5.8-noread")
def the_versions_in_a_write_only_collection_are_an_empty_list(fault: Fault) -> None:
    """GET versions in a collection with can_read false is 200 {}."""
    _instead(fault, _write_only("versions"), taxii({}))


@mutant(breaks="TAXII-5.8-noread", size="subtle")
def the_versions_in_a_write_only_collection_ask_to_log_in(fault: Fault) -> None:
    """GET versions in a collection with can_read false is 401 to a client who is logged in."""
    _instead(fault, _write_only("versions"), refusal(401))


def _garbage_to_the_library(seen: Seen) -> bool:
    return on("objects", method="POST")(seen) and seen.collection == LIBRARY and not seen.posted


@mutant(breaks="TAXII-5.5-nowrite2")
def a_body_that_is_no_json_breaks_a_read_only_collection(fault: Fault) -> None:
    """A body that is no envelope is 500 in a collection with can_write false."""
    _instead(fault, _garbage_to_the_library, refusal(500))


@mutant(breaks="TAXII-5.5-nowrite2", size="subtle")
def a_body_that_is_no_json_is_accepted_by_a_read_only_collection(fault: Fault) -> None:
    """A body that is no envelope is 202 in a collection with can_write false, as there is nothing to refuse in it."""
    counts = {"total_count": 0, "success_count": 0, "failure_count": 0, "pending_count": 0}
    status = {"id": "0c0f5d5e-3c6c-4d1e-8f55-2b8f0a2f7c11", "status": "complete", **counts}
    _instead(fault, _garbage_to_the_library, taxii(status, 202))


@mutant(breaks="TAXII-5-hidden")
def a_hidden_collection_says_that_access_is_denied(fault: Fault) -> None:
    """The 404 of a collection that is there for others has another title than that of one that is not."""

    def denied(_: Seen, reply: Reply) -> Reply:
        told = {"title": "Access denied", "http_status": "404"}
        return reply.with_json({**reply.json, **told}) if reply.status == 404 else reply

    fault.change_answers(lambda seen: on("collection")(seen) and seen.collection == DROPBOX, denied)


@mutant(breaks="TAXII-5-hidden", size="subtle")
def a_hidden_collection_has_an_error_with_details(fault: Fault) -> None:
    """The 404 of a collection that is there for others carries its alias in details; the rest is alike."""

    def detailed(_: Seen, reply: Reply) -> Reply:
        told = {"details": {"collection": "dropbox"}}
        return reply.with_json({**reply.json, **told}) if reply.status == 404 else reply

    fault.change_answers(lambda seen: on("collection")(seen) and seen.collection == DROPBOX, detailed)


@mutant(breaks="TAXII-8.2.2-6")
def there_is_no_basic_authentication(fault: Fault) -> None:
    """All accounts have keys for Bearer; Basic credentials are refused and no challenge names Basic (MISP, 9858)."""
    keys: dict[str, str] = {}

    def keyed(target: Target) -> Target:
        actors = dict(target.actors)
        for name, actor in actors.items():
            if actor.scheme == "basic" and actor.authorization:
                key = f"key-of-{name}-4f1d9a2c7b"
                keys[f"Bearer {key}"] = actor.authorization
                actors[name] = replace(
                    actor, scheme="bearer", authorization=f"Bearer {key}", secrets=(key,), username=""
                )
        return replace(target, actors=actors)

    async def bearer_only(seen: Seen, forward: Forward) -> Reply:
        given = seen.authorization or ""
        basic = given.lower().startswith("basic ")
        reply = await forward(seen.by("Bearer none") if basic else seen.by(keys[given]) if given in keys else seen)
        return reply.with_header("WWW-Authenticate", 'Bearer realm="exchange"') if reply.status == 401 else reply

    fault.change_target(keyed)
    fault.around(lambda _: True, bearer_only)
