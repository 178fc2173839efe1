"""Evidence holds no secret, and a replay gives back exactly what was recorded or says that it cannot."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from isao_conformance.errors import NoAnswer, ReplayDivergence
from isao_conformance.evidence import Live, Redactor, Replay, read_transcript
from isao_conformance.exchange import Answer, Headers, Key, Request, parse_media_type
from isao_conformance.target import Actor, basic_actor, bearer_actor
from isao_conformance.transport import TlsFiles, Wire

SECRET = "c0rrect horse/bättery"
MEMBER = basic_actor("member-a", "ann", SECRET)
PEER = bearer_actor("peer", "key-0123456789")
KEY = Key("probe", "member-a", 1)
ASKED = Request("GET", "https://host/", (("Authorization", "{{member-a}}"),), b"")


class Echo(Wire):
    """A wire that answers with everything it was sent, and with the secrets in further encodings."""

    def __init__(self) -> None:
        super().__init__(TlsFiles())
        self.sent: list[Headers] = []

    def send(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        self.sent.append(headers)
        told = [dict(headers)["Authorization"], SECRET, base64.b64encode(SECRET.encode()).decode()]
        told += ["c0rrect%20horse%2Fb%C3%A4ttery", PEER.secrets[0]]
        return Answer(200, (("X-Echo", told[0]),), "\n".join(told).encode())


def recorded(tmp_path: Path) -> tuple[Live, Echo]:
    wire = Echo()
    live = Live(wire, Redactor([MEMBER, PEER]))
    live.exchange(KEY, ASKED, MEMBER)
    live.value("probe", "now", 1, lambda: 5.0)
    live.write(tmp_path / "transcript.ndjson", {"seed": "s"})
    return live, wire


def test_the_secret_is_sent_and_never_recorded(tmp_path: Path) -> None:
    live, wire = recorded(tmp_path)
    assert dict(wire.sent[0])["Authorization"] == MEMBER.authorization
    text = (tmp_path / "transcript.ndjson").read_text("utf-8") + repr(live.all_exchanges())
    assert MEMBER.authorization is not None
    for form in (SECRET, MEMBER.authorization.split()[1], "horse%2F", PEER.secrets[0]):
        assert form not in text
    assert base64.b64encode(SECRET.encode()).decode() not in text
    assert "{{member-a}}" in text


def test_a_replay_gives_back_what_was_recorded(tmp_path: Path) -> None:
    live, _ = recorded(tmp_path)
    header, lines = read_transcript(tmp_path)
    assert header["seed"] == "s"
    replay = Replay(lines)
    again = replay.exchange(KEY, ASKED, Actor("member-a"))
    assert again.answer is not None
    assert again == live.all_exchanges()[0]
    assert replay.value("probe", "now", 1, lambda: 99.0) == 5.0


def test_a_replay_refuses_what_was_not_recorded(tmp_path: Path) -> None:
    recorded(tmp_path)
    replay = Replay(read_transcript(tmp_path)[1])
    with pytest.raises(ReplayDivergence, match="no such exchange"):
        replay.exchange(Key("probe", "member-a", 2), ASKED, MEMBER)
    with pytest.raises(ReplayDivergence, match="another request"):
        replay.exchange(KEY, Request("GET", "https://host/else"), MEMBER)
    with pytest.raises(ReplayDivergence, match="no input"):
        replay.value("probe", "now", 2, lambda: 1.0)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "isao-transcript/1"}\nnot json'])
def test_something_that_is_no_transcript_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "transcript.ndjson").write_text(text)
    with pytest.raises(ValueError, match="transcript"):
        read_transcript(tmp_path)


def test_a_problem_is_recorded_like_an_answer() -> None:
    class Dead(Wire):
        def send(self, *_: Any) -> Answer:
            raise NoAnswer("gone")

    done = Live(Dead(TlsFiles()), Redactor([])).exchange(KEY, ASKED, MEMBER)
    assert (done.answer, done.problem) == (None, "gone")


@pytest.mark.parametrize("body", [b"", b"\xff", b"nope", b"[" * 5000 + b"]" * 5000, b"[" * 80 + b"]" * 80, b"1e"])
def test_a_body_that_is_no_usable_json_is_none(body: bytes) -> None:
    assert Answer(200, (), body).data is None
    assert Answer(200, (), body).objects == []


def test_media_types_compare_parsed() -> None:
    same = ("application/taxii+json", {"version": "2.1"})
    for text in ("application/taxii+json;version=2.1", 'Application/TAXII+json ; Version="2.1"'):
        assert parse_media_type(text) == same
    assert json.dumps(parse_media_type("")) == '["", {}]'
