"""Hidden and absent are told apart by no answer: status, headers and body are the same, octet for octet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from isao_reference import errors
from isao_reference.taxii import delete_object
from tests.leaks import table
from tests.leaks.absence import differences, ways
from tests.leaks.stage import Secret, Stage, stage


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An exchange whose clock stands still, so that times of requests are equal."""
    with stage(tmp_path_factory.mktemp("absence"), "absence") as made:
        made.exchange.settings.clock.step = 0
        yield made


def hidden(made: Stage, relation: str) -> list[Secret]:
    """What somebody is not shown, and could ask for."""
    return [one for one in made.secrets if one.id and relation not in one.shown]


@pytest.mark.parametrize("relation", table.READERS)
def test_what_is_hidden_answers_as_what_is_absent(still: Stage, relation: str) -> None:
    chosen = hidden(still, relation)
    per_place = {
        (one.place, one.kind if one.kind in ("red", "under embargo", "not understood") else ""): one for one in chosen
    }
    for secret in per_place.values():
        assert list(differences(still, secret, relation, table.READERS[relation])) == [], secret.kind


@pytest.mark.full
@pytest.mark.parametrize("relation", table.READERS)
def test_everything_hidden_answers_as_what_is_absent(tmp_path: Path, relation: str) -> None:
    count = 0
    with stage(tmp_path, relation) as made:
        made.exchange.settings.clock.step = 0
        for secret in hidden(made, relation):
            assert list(differences(made, secret, relation, table.READERS[relation], wide=True)) == [], secret.kind
            count += len(ways(secret, wide=True))
    assert count > 200
    print(f"{relation}: {count} pairs of answers, 0 differences")


def test_a_refusal_that_tells_the_two_apart_is_found(still: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = next(one for one in still.objects() if one.kind == "red")
    assert "DELETE object" not in [name for name, _, _ in differences(still, secret, "peer", "peer")]

    def told(call: object) -> None:
        with call.store.reading() as db:
            found = db.execute("SELECT 1 FROM items WHERE object_id = ?", (call.path["object"],)).fetchone()
        raise errors.forbidden("It is not yours.") if found else errors.not_found()

    monkeypatch.setattr(delete_object, "delete_object", told)
    assert "DELETE object" in [name for name, _, _ in differences(still, secret, "peer", "peer")]
