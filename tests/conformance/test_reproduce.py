"""Scripts are really run by sh and curl against a server whose cursors, ids and times are new at every start."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from isao_conformance import reproduce
from isao_conformance.exchange import Answer, Exchange, Headers, Key, Request
from isao_conformance.fixture_use import fixtures_of
from isao_conformance.lab import Check
from isao_conformance.reproduce import Transcript
from isao_spec.model import Level, Requirement, Status, Verification, VerifiedBy

RECORDED = "http://recorded.example:8080"
ROW = Requirement(
    id="TAXII-3.5-1",
    function="taxii_paging",
    title="A row",
    level=Level.MUST,
    statement="s",
    rationale="r",
    sources=(),
    profiles=("taxii-server",),
    verification=Verification(VerifiedBy.PROBE, "m", "c"),
    remediation="r",
    status=Status.APPROVED,
    since="0.1",
)
UUID_A = "11111111-1111-4111-8111-111111111111"
UUID_B = "22222222-2222-4222-8222-222222222222"
MINE, OTHERS = f"indicator--{UUID_A}", f"indicator--{UUID_B}"


@dataclass
class Heard:
    """A request as it arrived, octet for octet."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Server:
    """What it was asked, and what it answers to each request in turn (the last one for all further ones)."""

    base: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[tuple[int, Headers, bytes]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.heard.append(Heard(self.command, self.path, list(self.headers.items()), body))
            status, headers, content = state.answers[min(len(state.heard), len(state.answers)) - 1]
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else content)

        do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def asked(
    method: str = "GET",
    path: str = "/x/",
    *,
    actor: str = "member-a",
    ordinal: int = 1,
    probe: str = "a_probe",
    headers: Headers = (),
    body: bytes = b"",
    answer: Any = None,
    status: int = 200,
    answer_headers: Headers = (),
) -> Exchange:
    host = ("Host", "recorded.example:8080")
    content = answer if isinstance(answer, bytes) else json.dumps({} if answer is None else answer).encode()
    request = Request(method, RECORDED + path, (host, *headers), body)
    return Exchange(Key(probe, actor, ordinal), request, Answer(status, answer_headers, content))


def check_on(*exchanges: Exchange, name: str = "a_probe/it_holds") -> Check:
    return Check(name, False, "this", "that", tuple(str(e.key) for e in exchanges))


def run(
    exchanges: list[Exchange], check: Check, server: Server, out: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    text = reproduce.script(Transcript(exchanges), ROW, check, RECORDED + "/")
    out.mkdir(exist_ok=True)
    return subprocess.run(
        ["sh"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "ISAO_BASE": server.base, "ISAO_OUT": str(out), **environment},
    )


def plain(answer: Any, status: int = 200, headers: Headers = ()) -> tuple[int, Headers, bytes]:
    return status, headers, json.dumps(answer).encode()


def test_exactly_the_recorded_headers_arrive(server: Server, tmp_path: Path) -> None:
    server.answers = [plain({})]
    headers = (("Accept", "a/b"), ("Accept", "c/d"), ("X-Empty", ""), ("X-Odd", 'it\'s "$HOME" `id` \\n'))
    one = asked(headers=headers)
    done = run([one], check_on(one), server, tmp_path)
    assert done.returncode == 0, done.stderr
    got = [(k, v) for k, v in server.heard[0].headers if k != "Host"]
    assert sorted(got) == sorted(headers)


def test_no_header_of_curls_own_is_sent_with_a_body(server: Server, tmp_path: Path) -> None:
    server.answers = [plain({})]
    body = b'{"a": 1}'
    one = asked("POST", headers=(("Content-Length", str(len(body))),), body=body)
    run([one], check_on(one), server, tmp_path)
    assert sorted(k for k, _ in server.heard[0].headers) == ["Content-Length", "Host"]
    assert server.heard[0].body == body


@pytest.mark.parametrize(
    "body",
    [
        b'it\'s 100% \\n `id` $HOME "x"\n\n',
        bytes(range(256)),
        "żółć 🎉".encode(),
        b"\r\n",
        b"%s" * 40000,
        b"-",
        b"@/etc/hostname",
    ],
)
def test_any_octets_arrive_as_recorded(server: Server, tmp_path: Path, body: bytes) -> None:
    server.answers = [plain({})]
    one = asked("POST", headers=(("Content-Length", str(len(body))),), body=body)
    done = run([one], check_on(one), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.heard[0].body == body


def test_padding_is_packed() -> None:
    one = asked("POST", body=b"a" * 2_000_000)
    assert len(reproduce.script(Transcript([one]), ROW, check_on(one), RECORDED)) < 20_000


def test_paths_and_queries_are_not_normalised(server: Server, tmp_path: Path) -> None:
    server.answers = [plain({})]
    path = "/x/../y//z/%2e%2e/?a[b]=c&match%5Btype%5D=q&x={1,2}&'"
    one = asked(path=path)
    run([one], check_on(one), server, tmp_path)
    assert server.heard[0].path == path


def test_methods_arrive_and_head_does_not_wait_for_a_body(server: Server, tmp_path: Path) -> None:
    server.answers = [plain({"a": "b"})]
    listed = [asked(method, ordinal=n) for n, method in enumerate(("HEAD", "DELETE", "PUT", "POST"), 1)]
    assert run(listed, check_on(*listed), server, tmp_path).returncode == 0
    assert [heard.method for heard in server.heard] == ["HEAD", "DELETE", "PUT", "POST"]


def test_credentials_come_from_the_environment(server: Server, tmp_path: Path) -> None:
    server.answers = [plain({})]
    lent = asked(headers=(("Authorization", "{{member-a}}"),))
    made_up = asked(actor="nobody", ordinal=2, headers=(("Authorization", "Bearer made-up"),))
    wrong = "member-a-with-a-wrong-secret"
    wrongly = asked(actor=wrong, ordinal=3, headers=(("Authorization", "{{" + wrong + "}}"),))
    exchanges = [lent, made_up, wrongly]
    without = run(exchanges, check_on(*exchanges), server, tmp_path)
    assert without.returncode != 0
    assert "ISAO_AUTH_MEMBER_A" in without.stderr
    assert server.heard == []
    done = run(exchanges, check_on(*exchanges), server, tmp_path, ISAO_AUTH_MEMBER_A="Basic dTpw")
    assert done.returncode == 0, done.stderr
    sent = [dict(heard.headers)["Authorization"] for heard in server.heard]
    assert sent == ["Basic dTpw", "Bearer made-up", "Basic dTpub3QtdGhlLXBhc3N3b3Jk"]


def test_a_wrong_password_comes_after_the_right_one() -> None:
    early, right = asked(), asked(ordinal=2)
    other = asked(actor="member-b", ordinal=3)
    wrong = asked(actor="member-a-with-a-wrong-secret", ordinal=4)
    found = reproduce.steps(Transcript([early, right, other, wrong]), check_on(wrong))
    assert [step.last.key.ordinal for step in found] == [2, 4]


def test_a_cursor_is_taken_from_the_new_answer(server: Server, tmp_path: Path) -> None:
    first = asked(answer={"more": True, "next": "7"})
    second = asked(path="/x/?limit=1&next=7", ordinal=2, answer={"more": False})
    server.answers = [plain({"more": True, "next": "a b/+&=é%"}), plain({})]
    done = run([first, second], check_on(second), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.heard[1].path == "/x/?limit=1&next=a%20b%2F%2B%26%3D%C3%A9%25"


def test_a_time_is_taken_by_the_items_id_and_a_computed_one_moves_along(server: Server, tmp_path: Path) -> None:
    body = json.dumps({"objects": [{"id": MINE}]}).encode()
    when, other = "2026-11-22T10:00:00.123456Z", "2026-11-22T10:00:09.000000Z"
    posted = asked("POST", body=body)
    listed = asked(
        ordinal=2,
        answer={"objects": [{"id": OTHERS, "date_added": other}, {"id": MINE, "date_added": when}, {"id": OTHERS}]},
    )
    exact = asked(path=f"/x/?added_after={when}", ordinal=3)
    before = asked(path="/x/?added_after=2026-11-22T10:00:00.123455Z", ordinal=4)
    new = {"objects": [{"id": MINE, "date_added": "2031-01-01T00:00:00.000000Z"}]}
    server.answers = [plain({}), plain(new), plain({})]
    done = run([posted, listed, exact, before], check_on(exact, before), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.heard[2].path == "/x/?added_after=2031-01-01T00%3A00%3A00.000000Z"
    assert server.heard[3].path == "/x/?added_after=2030-12-31T23%3A59%3A59.999999Z"


def test_a_place_in_the_log_is_taken_from_the_head_of_this_instance(server: Server, tmp_path: Path) -> None:
    head = asked(path="/audit/head/", answer={"size": 73, "root": "aa"})
    page = asked(path="/audit/?after=73&limit=2", ordinal=2)
    server.answers = [plain({"size": 5, "root": "bb"}), plain({})]
    done = run([head, page], check_on(page), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.heard[1].path == "/audit/?after=5&limit=2"


def test_a_value_of_a_record_is_not_looked_for_under_an_id_that_each_instance_gives_anew(
    server: Server, tmp_path: Path
) -> None:
    digest, record = "a1" * 32, {"id": "82b24227-6180-493d-bab0-680305286137", "facts": {"sha256": "a1" * 32}}
    made = asked("POST", path="/f/", status=201, answer={"id": record["id"]})
    shown = asked(path=f"/f/{record['id']}/", ordinal=2, answer=record)
    listed = asked(path="/f/", ordinal=3, answer={"records": [{"id": "other", "facts": {"sha256": "b2" * 32}}, record]})
    signed = asked("POST", path=f"/f/{record['id']}/sign/", ordinal=4, body=json.dumps({"sha256": digest}).encode())
    there = {"id": "4de76fdf-b907-425f-94ad-92bcbffbe811", "facts": {"sha256": "c3" * 32}}
    server.answers = [plain({"id": there["id"]}, 201), plain(there), plain({})]
    done = run([made, shown, listed, signed], check_on(signed), server, tmp_path)
    assert done.returncode == 0, done.stdout
    assert [heard.path for heard in server.heard] == ["/f/", f"/f/{there['id']}/", f"/f/{there['id']}/sign/"]
    assert json.loads(server.heard[2].body) == there["facts"]


def test_a_change_is_conditional_on_the_tag_that_this_instance_gave(server: Server, tmp_path: Path) -> None:
    shown = asked(path="/f/", answer_headers=(("ETag", '"5bcceb7eee83"'),))
    current = asked("POST", "/f/", ordinal=2, headers=(("If-Match", '"5bcceb7eee83"'),))
    made_up = asked("POST", "/f/", ordinal=3, headers=(("If-Match", '"no-tag-was-given-1"'),))
    server.answers = [plain({}, 200, (("ETag", '"0123 $HOME"'),)), plain({})]
    done = run([shown, current, made_up], check_on(current, made_up), server, tmp_path)
    assert done.returncode == 0, done.stdout
    assert [dict(heard.headers).get("If-Match") for heard in server.heard] == [
        None,
        '"0123 $HOME"',
        '"no-tag-was-given-1"',
    ]


def test_a_header_and_a_status_id_are_taken_and_our_own_words_stay(server: Server, tmp_path: Path) -> None:
    body = json.dumps({"objects": [{"id": MINE, "created": "2026-01-05T08:00:00.000Z"}]}).encode()
    posted = asked(
        "POST",
        body=body,
        status=202,
        answer={"id": "status-0001", "status": "complete", "successes": [{"id": MINE}]},
        answer_headers=(("X-TAXII-Date-Added-Last", "2026-11-22T10:00:00.000001Z"),),
    )
    later = asked(
        path=f"/status/status-0001/{MINE}/2026-01-05T08%3A00%3A00.000Z/?added_after=2026-11-22T10%3A00%3A00.000001Z",
        ordinal=2,
    )
    last = ("X-TAXII-Date-Added-Last", "2031-01-01T00:00:00.000001Z")
    server.answers = [plain({"id": "status-9999"}, 202, (last,)), plain({})]
    done = run([posted, later], check_on(later), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.heard[1].path == (
        f"/status/status-9999/{MINE}/2026-01-05T08%3A00%3A00.000Z/?added_after=2031-01-01T00%3A00%3A00.000001Z"
    )


def test_a_value_is_taken_into_a_body(server: Server, tmp_path: Path) -> None:
    first = asked(answer={"objects": [{"id": MINE, "token": 'abc"12345'}]})
    second = asked("POST", ordinal=2, body=json.dumps({"a": 'abc"12345', "b": MINE}).encode())
    server.answers = [plain({"objects": [{"id": MINE, "token": 'new"é'}]}), plain({})]
    done = run([first, second], check_on(second), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(server.heard[1].body) == {"a": 'new"é', "b": MINE}


def test_lasting_content_stays_and_what_other_probes_made_is_taken_by_place(server: Server, tmp_path: Path) -> None:
    elsewhere = asked("POST", probe="another", body=json.dumps({"objects": [{"id": OTHERS}]}).encode())
    listed = asked(answer={"objects": [{"id": MINE}, {"id": MINE, "version": "x"}, {"id": OTHERS}]})
    single = asked(path=f"/x/{MINE}/{OTHERS}/", ordinal=2)
    server.answers = [plain({"objects": [{"id": "indicator--new"}]}), plain({})]
    done = run([elsewhere, listed, single], check_on(single), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.heard[1].path == f"/x/{MINE}/indicator--new/"


def test_a_walk_that_is_over_sooner_is_judged_by_its_last_page(server: Server, tmp_path: Path) -> None:
    first = asked(answer={"next": "abcdefgh1", "objects": [1]})
    second = asked(path="/x/?next=abcdefgh1", ordinal=2, answer={"objects": [2]})
    server.answers = [plain({"objects": [3]})]
    done = run([first, second], check_on(second), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the walk was over at step 1" in done.stdout
    assert len(server.heard) == 1


def test_an_answer_without_the_value_ends_the_script_in_words(server: Server, tmp_path: Path) -> None:
    first = asked(answer={"token": "abcdefgh1"})
    second = asked(path="/x/?token=abcdefgh1", ordinal=2)
    server.answers = [plain({})]
    done = run([first, second], check_on(second), server, tmp_path)
    assert done.returncode == 3
    assert "step 1 did not answer as in the run" in done.stderr
    assert len(server.heard) == 1


def test_a_pending_status_is_asked_again(server: Server, tmp_path: Path) -> None:
    recorded = asked(answer={"id": "s", "status": "complete"})
    server.answers = [plain({"status": "pending"}), plain({"status": "complete"})]
    done = run([recorded], check_on(recorded), server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(server.heard) == 2
    assert json.loads((tmp_path / "1.body").read_text()) == {"status": "complete"}


def test_a_poll_is_one_step_that_ends_when_the_answer_changes(server: Server, tmp_path: Path) -> None:
    polls = [asked(ordinal=n, answer={"n": n // 5}) for n in range(1, 6)]
    server.answers = [plain({"n": 0}), plain({"n": 0}), plain({"n": 1})]
    record, check = Transcript(polls), check_on(polls[-1])
    assert [len(step.exchanges) for step in reproduce.steps(record, check)] == [5]
    assert run(polls, check, server, tmp_path).returncode == 0
    assert len(server.heard) == 3


def test_fixtures_come_first_and_other_probes_stay_out() -> None:
    probe = "no_answer_holds_more_entries_than_limit"
    fixture = asked("POST", probe="fixture_mixed_types")
    unneeded = asked("POST", probe="fixture_to_page_through")
    beside = asked("POST", probe="another")
    own, late = asked(probe=probe), asked(probe=probe, ordinal=2)
    record = Transcript([beside, fixture, own, late, unneeded])
    found = reproduce.steps(record, check_on(own, name=f"{probe}/x"))
    assert [step.last.key.probe for step in found] == ["fixture_mixed_types", probe]


def test_a_check_of_one_contract_leaves_out_what_was_done_to_records_of_others() -> None:
    probe = "fixture_one_after_the_other"
    paths = ("/f/alerts/", "/c/objects/", "/f/recalls/", "/f/recalls/1/withdraw/")
    own = [asked("POST", path, ordinal=number, probe=probe) for number, path in enumerate(paths)]
    derived = check_on(own[-1], name="recalls/withdraw/answered_409")
    found = reproduce.steps(Transcript(own), derived)
    assert [step.last.request.path for step in found] == list(paths[1:])
    whole = reproduce.steps(Transcript(own), check_on(own[-1], name=f"{probe}/x"))
    assert [step.last.request.path for step in whole] == list(paths)


def test_reading_what_a_record_is_about_is_part_of_the_way_to_it() -> None:
    shared = asked("POST", "/c/objects/", body=json.dumps({"objects": [{"id": MINE}]}).encode())
    other = asked(path="/c/objects/", ordinal=2, actor="peer", answer={"objects": [{"id": OTHERS}]})
    given = asked(path="/c/objects/", ordinal=3, actor="member-b", answer={"objects": [{"id": MINE}]})
    recall = asked("POST", "/f/recalls/", ordinal=4, body=json.dumps({"subject": MINE}).encode())
    found = reproduce.steps(Transcript([shared, other, given, recall]), check_on(recall))
    assert [step.last for step in found] == [shared, given, recall]


def test_a_fixture_stands_after_those_it_needs_and_knows_its_own() -> None:
    made = {"fixture_mixed_types", "fixture_three_versions", "fixture_to_page_through"}
    assert fixtures_of("no_answer_holds_more_entries_than_limit", made) == [
        "fixture_mixed_types",
        "fixture_three_versions",
    ]
    assert fixtures_of("no_answer_holds_more_entries_than_limit", set()) == []
    assert fixtures_of("fixture_mixed_types", made) == []
    assert fixtures_of("survey_member-a", made) == []
    harvest = "fixture_one_after_the_other"
    assert fixtures_of("a_repeated_request_changes_nothing", {harvest}) == []  # it gives checks, with their evidence


def test_the_actors_of_a_probe_take_turns_as_they_did() -> None:
    first, second = asked("POST", actor="member-b"), asked(actor="analyst", ordinal=2)
    third, fourth = asked(actor="member-b", ordinal=3), asked(actor="analyst", ordinal=4)
    record = Transcript([second, fourth, first, third])
    assert [s.last.key.ordinal for s in reproduce.steps(record, check_on(second, third))] == [1, 2, 3]
    assert reproduce.evidence_steps(record, check_on(second, third)) == [2, 3]


def test_a_watcher_is_reproduced_by_its_shortest_evidence() -> None:
    posted = [asked("POST", f"/{n}/", probe="a_probe", ordinal=n) for n in (1, 2)]
    late = asked(probe="a_probe", ordinal=3)
    early = asked(probe="survey_member-a", ordinal=9)
    record = Transcript([*posted, late, early])
    check = check_on(late, early, name="a_watcher")
    assert [step.last.key.probe for step in reproduce.steps(record, check)] == ["survey_member-a"]
    assert reproduce.evidence_steps(record, check) == [1]


def test_a_script_holds_only_what_its_answer_needs() -> None:
    posted, looked = asked("POST", "/p/", ordinal=1), asked(path="/look/", ordinal=2)
    first = asked(path="/first/", ordinal=3, answer={"next": "abcdefgh1"})
    judged = asked(path="/x/?next=abcdefgh1", ordinal=4)
    after = asked("DELETE", "/late/", ordinal=5)
    record = Transcript([posted, looked, first, judged, after])
    found = reproduce.steps(record, check_on(judged))
    assert [step.last.request.path for step in found] == ["/p/", "/first/", "/x/?next=abcdefgh1"]
    assert reproduce.evidence_steps(record, check_on(judged)) == [3]


def test_words_of_the_target_stay_data(server: Server, tmp_path: Path) -> None:
    evil = "x\ntouch pwned\r\x1b[2J`touch pwned` $(touch pwned) '; touch pwned; '"
    one = asked(answer=evil.encode())
    check = Check("a_probe/x", False, evil, evil, (str(one.key),))
    server.answers = [(200, (("X-Evil", "\x1b[31m"),), evil.encode())]
    done = run([one], check, server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("pwned"))
    assert not Path("pwned").exists()
    assert "\x1b" not in done.stdout
    assert "touch pwned" in done.stdout


def test_the_answers_are_kept_and_the_judged_one_is_shown(server: Server, tmp_path: Path) -> None:
    first, second = asked(path="/1/"), asked(path="/2/", ordinal=2)
    server.answers = [plain({"n": 1}), plain({"n": 2}, 404, (("X-Mark", "seen"),))]
    done = run([first, second], check_on(first, second), server, tmp_path)
    assert (tmp_path / "1.status").read_text() == "200"
    assert (tmp_path / "2.status").read_text() == "404"
    assert json.loads((tmp_path / "2.body").read_text()) == {"n": 2}
    assert "X-Mark: seen" in (tmp_path / "2.headers").read_text()
    shown = done.stdout.partition("The answer that was judged, step 2:")[2]
    assert "404" in shown
    assert "X-Mark: seen" in shown
    assert '{"n": 2}' in shown
    assert "expected: this" in shown
    assert "got in the run: that" in shown


def test_redirects_are_not_followed(server: Server, tmp_path: Path) -> None:
    server.answers = [(302, (("Location", server.base + "/elsewhere"),), b"")]
    one = asked()
    assert run([one], check_on(one), server, tmp_path).returncode == 0
    assert [heard.path for heard in server.heard] == ["/x/"]


def test_no_answer_is_a_status_of_zeros(server: Server, tmp_path: Path) -> None:
    one = asked()
    done = run([one], check_on(one), server, tmp_path, ISAO_BASE="http://127.0.0.1:9")
    assert done.returncode == 0
    assert (tmp_path / "1.status").read_text() == "000"
    assert server.heard == []


def test_handshakes_and_plain_http_are_curl_too(server: Server, tmp_path: Path) -> None:
    shake = asked("TLS", headers=(("offer", "TLSv1_1"),), status=0)
    unencrypted = asked("PLAIN", ordinal=2, headers=(("Accept", "*/*"),))
    server.answers = [plain({})]
    text = reproduce.script(Transcript([shake, unencrypted]), ROW, check_on(shake, unencrypted), RECORDED)
    assert "--tlsv1.1 --tls-max 1.1" in text
    base = server.base.replace("http://", "https://")
    done = run([shake, unencrypted], check_on(shake, unencrypted), server, tmp_path, ISAO_BASE=base)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "1.body").read_text()) == {"accepted": False}
    assert [heard.path for heard in server.heard if heard.method == "GET"] == ["/x/"]


def test_a_check_without_exchanges_has_no_script() -> None:
    assert reproduce.script(Transcript([]), ROW, Check("a_probe/x", False), RECORDED) == ""
    gone = Check("a_probe/x", False, exchanges=("a_probe|member-a|1",))
    assert reproduce.script(Transcript([]), ROW, gone, RECORDED) == ""
