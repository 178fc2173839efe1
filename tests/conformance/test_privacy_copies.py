"""Which copies of what it sent a run counts as its own: clean-up deletes them, so none of others may be among them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from isao_conformance.exchange import Answer
from isao_conformance.probes.privacy import _write_down_copies

SENT, COPY = (f"indicator--00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
OURS = {"id": COPY, "labels": ["isao-conformance-run", "run-0123456789ab"]}


def written_down(message: str, held: list[dict[str, Any]]) -> list[str]:
    """What a lab writes down after a status with this message, of a target that holds these objects."""
    found: list[str] = []
    answer = Answer(200, (), json.dumps({"objects": held}).encode())
    lab: Any = SimpleNamespace(
        run="run-0123456789ab",
        workspace="https://host/c/",
        as_=lambda _: SimpleNamespace(objects=lambda *_, **__: answer),
        created=lambda _, ids, by: found.extend(ids),
    )
    status = Answer(202, (), json.dumps({"failures": [{"id": SENT, "message": message}]}).encode())
    _write_down_copies(lab, status, [{"id": SENT}])
    return found


def test_a_copy_that_a_message_names_is_written_down() -> None:
    assert written_down(f"Shared as {COPY}.", [OURS]) == [COPY]


@pytest.mark.parametrize(
    ("message", "held"),
    [
        (f"Like {COPY}.", [{"id": COPY, "labels": ["of somebody else"]}]),
        (f"Like {COPY}.", [{"id": COPY}]),
        (f"Like {COPY}.", [{"id": COPY, "labels": ["run-ffffffffffff"]}]),
        (f"Like {COPY}.", [{**OURS, "id": SENT}]),
        (f"Like {COPY}.", []),
        (f"Refused: {SENT}.", [OURS]),
        ("Shared as indicator--../../x.", [OURS]),
        ("", [OURS]),
    ],
    ids=["of others", "without labels", "of another run", "not the one", "gone", "the same", "no id", "silent"],
)
def test_nothing_of_others_is_written_down(message: str, held: list[dict[str, Any]]) -> None:
    assert written_down(message, held) == []


def test_a_target_names_no_more_copies_than_it_was_sent_objects() -> None:
    others = " ".join(COPY[:-1] + digit for digit in "3456789")
    assert written_down(f"{COPY} {others}", [OURS]) == [COPY]
    assert written_down(f"{others} {COPY}", [OURS]) == []
