"""Several API roots on one exchange (TAXII 2.1, section 4.2): each with its own collections, statuses and limit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from isao_reference import setup
from isao_reference.app import create_app
from isao_reference.setup import SetupError
from tests.support.asgi import Client
from tests.support.older_forms import take_back
from tests.support.world import OPEN, World, indicator, objects_url, world

VAULT = "5c1b8c1e-6a0e-4d0a-9b57-0d8a1c8f1aff"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        setup.create_api_root(made.store, "vault", "Vault", max_content_length=3000)
        setup.create_collection(
            made.store, "Vault", id=VAULT, alias="vault", readers=["members"], writers=["members"], api_root="vault"
        )
        made.store.close()
        made.app = create_app(made.settings)
        made.clients["stranger"].close()
        fresh = Client(made.app)
        made.clients = {name: fresh.as_(client.authorization) for name, client in made.clients.items()}
        yield made


def test_a_root_shows_its_own_collections_only(exchange: World) -> None:
    member = exchange.as_("member-a")
    base = exchange.settings.public_url
    assert member.get("/taxii2/").json["api_roots"] == [f"{base}exchange/", f"{base}vault/"]
    assert member.get("/vault/").json["title"] == "Vault"
    assert [one["id"] for one in member.get("/vault/collections/").json["collections"]] == [VAULT]
    assert VAULT not in [one["id"] for one in member.get("/exchange/collections/").json["collections"]]
    assert member.get(f"/exchange/collections/{VAULT}/").status == 404
    assert member.get(f"/vault/collections/{OPEN}/objects/").status == 404


def test_a_status_is_known_in_the_root_that_gave_it(exchange: World) -> None:
    member = exchange.as_("member-a")
    here = member.post(f"/vault/collections/{VAULT}/objects/", {"objects": [indicator()]}).json["id"]
    there = member.post(objects_url(), {"objects": [indicator()]}).json["id"]
    assert member.get(f"/vault/status/{here}/").status == 200
    assert member.get(f"/exchange/status/{here}/").status == 404
    assert member.get(f"/exchange/status/{there}/").status == 200
    assert member.get(f"/vault/status/{there}/").status == 404


def test_each_root_has_its_own_limit(exchange: World) -> None:
    member = exchange.as_("member-a")
    large = {"objects": [indicator(description="x" * 4000)]}
    assert member.get("/vault/").json["max_content_length"] == 3000
    assert member.post(f"/vault/collections/{VAULT}/objects/", large).status == 413
    assert member.post(objects_url(), large).status == 202


def test_who_may_use_nothing_in_a_root_learns_nothing_of_it(exchange: World) -> None:
    peer, stranger = exchange.as_("peer"), exchange.as_("stranger")
    assert peer.get("/taxii2/").json["api_roots"] == [f"{exchange.settings.public_url}exchange/"]
    assert stranger.get("/taxii2/").json["api_roots"] == [f"{exchange.settings.public_url}exchange/"]
    assert peer.get("/vault/").status == 404
    assert stranger.get("/vault/").status == 401
    assert exchange.as_("member-a").get("/vault/").status == 200


@pytest.mark.parametrize("account", ["peer", "stranger"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "rest",
    [
        *("", "/", "/collections/", "/collections", f"/collections/{VAULT}/", f"/collections/{VAULT}/objects/"),
        *(
            f"/collections/{VAULT}/manifest/",
            f"/collections/{VAULT}/objects/x--1/",
            f"/status/{VAULT}/",
            "/no/such",
            "/%0a",
        ),
    ],
)
def test_a_root_of_others_answers_like_one_that_is_not_there(
    exchange: World, account: str, method: str, rest: str
) -> None:
    client = exchange.as_(account)
    for more in ({}, {"accept": "image/png"}, {"body": b"{}", "content_type": "application/taxii+json;version=2.1"}):
        there, not_there = (client.request(method, f"/{root}{rest}", **more) for root in ("vault", "fault"))
        assert there == not_there
    assert client.get("/robots.txt").status == 404


@pytest.mark.parametrize(("name", "why"), [("exchange", "serves something else"), ("A b", "lower case")])
def test_a_name_that_cannot_be_is_refused(exchange: World, name: str, why: str) -> None:
    with pytest.raises(SetupError, match=why):
        setup.create_api_root(exchange.store, name, "X")


def test_a_root_twice_and_a_collection_of_no_root_are_refused(exchange: World) -> None:
    with pytest.raises(SetupError, match="already an API root"):
        setup.create_api_root(exchange.store, "vault", "Again")
    with pytest.raises(SetupError, match="no API root"):
        setup.create_collection(exchange.store, "X", api_root="nowhere")


def test_a_database_of_the_first_form_is_brought_up_to_date_with_its_content(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.share("member-a", indicator())
        before = made.seen("member-b")
        made.store.close()
        with closing(sqlite3.connect(made.settings.database)) as db:
            take_back(db, 1)
        made.app = create_app(made.settings)
        member = Client(made.app, made.clients["member-b"].authorization)
        assert [one["id"] for one in member.get(objects_url()).json["objects"]] == [before[0][0]]
        assert member.get("/taxii2/").json["api_roots"] == [f"{made.settings.public_url}exchange/"]
        member.close()
