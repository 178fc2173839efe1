"""The command line as a newcomer uses it: certify, replay, explain, clean up, and every bad input."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from isao_conformance.target import load_target
from isao_spec import load
from isao_spec.schema_check import problems
from tests.hostile.dead import always_500, canned, serving
from tests.support.live import LiveExchange, live_demo

FILES = ("report.json", "report.html", "junit.xml", "summary.md", "transcript.ndjson", "created.ndjson")


def isao(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user does, with none of our environment's credentials."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ISAO_")}
    command = [sys.executable, "-m", "isao_conformance.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**kept, **environment}, timeout=600)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveExchange]:
    with live_demo(tmp_path_factory.mktemp("exchange")) as running:
        yield running


@pytest.fixture(scope="module")
def certified(
    exchange: LiveExchange, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("report")
    words = ["certify", "--target", str(exchange.target_path), "--output", str(folder), "--seed", "first-light"]
    return isao(*words, "--profile", "taxii-server", "--profile", "exchange", "--profile", "foundational"), folder


def test_the_reference_exchange_is_conformant(
    certified: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    run, folder = certified
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert problems("report", report) == []
    outcomes = {row["id"]: row["outcome"] for row in report["requirements"]}
    assert set(outcomes) == {row.id for row in load().in_profiles(("taxii-server", "exchange", "foundational"))}
    assert set(outcomes.values()) == {"pass"}
    assert {claim["profile"]: claim["conformant"] for claim in report["claims"]} == {
        "taxii-server": True,
        "exchange": True,
        "foundational": True,
    }
    assert all(proof["ok"] for proof in report["gate"])
    left = [item for item in report["leftovers"] if item["kind"] == "object"]
    assert left == []
    assert len(report["created"]) > 50
    judged = {row["function"] for row in report["requirements"]}
    for group in (group for group in load().groups if group.stem in judged):
        assert re.search(rf"^{group.stem}\b.*pass", run.stdout, re.MULTILINE), group.stem


def test_every_file_of_the_report_is_there_and_says_self_run(
    certified: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, folder = certified
    for name in FILES:
        assert (folder / name).stat().st_size > 0, name
    page = (folder / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["']https?://(?!127\.0\.0\.1)[^"']+\.(?:js|css|png|woff2?)""", page)
    assert "self-run" in page.lower()
    assert "self-run" in (folder / "summary.md").read_text("utf-8").lower()
    cases = ElementTree.parse(folder / "junit.xml").getroot().iter("testcase")
    assert len(list(cases)) == len(load().in_profiles(("taxii-server", "exchange", "foundational")))


def test_no_credential_is_in_anything_that_was_written_or_printed(
    exchange: LiveExchange, certified: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    run, folder = certified
    secrets = [s for actor in load_target(exchange.target_path).actors.values() for s in actor.secrets]
    assert len(secrets) >= 8
    written = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    everything = b"\n".join([*written, run.stdout.encode(), run.stderr.encode()])
    assert [s for s in secrets if s.encode() in everything] == []


def test_a_replay_reaches_identical_outcomes_without_the_target(
    certified: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, folder = certified
    again = isao("replay", str(folder))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.startswith("identical: ")


def test_a_replay_finds_a_report_that_says_more_than_the_transcript(
    certified: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    _, folder = certified
    transcript = (folder / "transcript.ndjson").read_text("utf-8")
    report = (folder / "report.json").read_text("utf-8")
    (tmp_path / "transcript.ndjson").write_text(transcript)
    (tmp_path / "report.json").write_text(report.replace('"outcome": "pass"', '"outcome": "warn"', 1))
    told = isao("replay", str(tmp_path))
    assert told.returncode == 1
    assert "the transcript shows pass" in told.stdout
    changed = transcript.replace('"status": 400', '"status": 200')
    assert changed != transcript
    (tmp_path / "report.json").write_text(report)
    (tmp_path / "transcript.ndjson").write_text(changed)
    altered = isao("replay", str(tmp_path))
    assert altered.returncode == 1
    assert "the transcript shows fail" in altered.stdout


@pytest.mark.full
def test_the_same_seed_gives_the_same_names_and_outcomes(
    certified: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    _, folder = certified
    with live_demo(tmp_path) as untouched:  # on the first one the applicant was let in
        words = ["certify", "--target", str(untouched.target_path), "--output", str(tmp_path), "--seed", "first-light"]
        isao(*words, "--profile", "taxii-server", "--profile", "exchange", "--profile", "foundational")

    def told(where: Path) -> list[tuple[str, str, list[tuple[str, str]]]]:
        rows = json.loads((where / "report.json").read_text("utf-8"))["requirements"]
        return [(r["id"], r["outcome"], [(c["name"], c["outcome"]) for c in r["checks"]]) for r in rows]

    assert told(folder) == told(tmp_path)


def test_read_only_writes_nothing_and_stays_incomplete(exchange: LiveExchange, tmp_path: Path) -> None:
    words = ["certify", "--target", str(exchange.target_path), "--output", str(tmp_path), "--read-only"]
    run = isao(*words, "--profile", "taxii-server")
    assert run.returncode == 4, run.stdout + run.stderr
    methods = [
        line["request"]["method"]
        for line in map(json.loads, (tmp_path / "transcript.ndjson").read_text("utf-8").splitlines())
        if "request" in line
    ]
    assert {"GET"} <= set(methods) <= {"GET", "HEAD", "TLS", "PLAIN"}
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["created"] == []
    assert sum(row["outcome"] == "pass" for row in report["requirements"]) >= 70
    assert set(methods) <= {"GET", "HEAD", "TLS", "PLAIN"}
    lenient = isao(*words, "--profile", "taxii-server", "--no-claim")
    assert lenient.returncode == 0
    assert "no conformance claimed" in lenient.stdout.lower()


def test_a_selection_claims_nothing(exchange: LiveExchange, tmp_path: Path) -> None:
    words = ["certify", "--target", str(exchange.target_path), "--output", str(tmp_path)]
    run = isao(*words, "--select", "TAXII-3.4-2")
    assert run.returncode == 0
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [row["id"] for row in report["requirements"]] == ["TAXII-3.4-2"]
    assert not any(claim["conformant"] for claim in report["claims"])


def test_a_stranger_is_told_what_it_sees_and_what_to_do(exchange: LiveExchange, tmp_path: Path) -> None:
    words = ["certify", exchange.discovery, "--ca-file", str(exchange.ca_file), "--output", str(tmp_path)]
    run = isao(*words, "--profile", "taxii-server")
    assert run.returncode == 4, run.stdout + run.stderr
    for hint in ("ISAO_USERNAME", "ISAO_TOKEN", "--target", "isao.json"):
        assert hint in run.stdout, hint


def test_one_account_from_the_environment_gets_a_useful_report(exchange: LiveExchange, tmp_path: Path) -> None:
    member = exchange.actors["member-a"]
    words = ["certify", exchange.discovery, "--ca-file", str(exchange.ca_file), "--output", str(tmp_path)]
    words += ["--profile", "taxii-server", "--write", exchange.collection("workbench")]
    run = isao(*words, ISAO_USERNAME=member.name, ISAO_SECRET=member.secret)
    rows = json.loads((tmp_path / "report.json").read_text("utf-8"))["requirements"]
    counts = {word: sum(r["outcome"] == word for r in rows) for word in ("pass", "fail", "warn", "error")}
    assert counts["pass"] >= 75, (counts, run.stdout)
    assert counts["fail"] == counts["warn"] == counts["error"] == 0
    assert run.returncode == 4, "without may_delete and a second account some MUSTs stay open"


def test_cleanup_removes_what_a_broken_run_left(exchange: LiveExchange, tmp_path: Path) -> None:
    target = tmp_path / "keeps.toml"
    target.write_text(exchange.target_path.read_text("utf-8").replace("may_delete = true", "may_delete = false"))
    words = ["certify", "--output", str(tmp_path / "run"), "--select", "TAXII-5.5-1", "--target", str(target)]
    isao(*words)
    left = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["leftovers"]
    assert len(left) >= 2
    refused = isao("cleanup", str(tmp_path / "run"), "--target", str(target))
    assert refused.returncode == 4
    assert "may be left" in refused.stdout
    done = isao("cleanup", str(tmp_path / "run"), "--target", str(exchange.target_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(left)} of {len(left)} objects are gone" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["certify"], 2, "give a URL or --target FILE"),
        (["certify", "not-a-url"], 2, "give one such as https://host/taxii2/"),
        (["certify", "--target", "/no/such.toml"], 2, "there is no such file"),
        (["certify", "https://127.0.0.1:1/", "--target", "x.toml"], 2, "one of the two"),
        (["certify", "https://127.0.0.1:1/", "--profile", "platinum"], 2, "there is no profile platinum"),
        (["certify", "https://127.0.0.1:1/", "--select", "NOPE-1"], 2, "matches no requirement"),
        (["certify", "https://127.0.0.1:1/", "--ca-file", "/no/ca.pem"], 2, "does not exist"),
        (["certify", "https://127.0.0.1:1/", "--bogus"], 2, "--bogus"),
        (["certify", "https://127.0.0.1:1/"], 3, "nothing answers at the target"),
        (["replay", "/no/such/folder"], 2, "cannot be read"),
        (["cleanup", "/no/such/folder", "--target", "/no/such.toml"], 2, "no such file"),
        (["explain", "TAXII-9.9-9"], 2, "TAXII-9.9-9"),
        (["spec", "show", "NOPE"], 2, "NOPE"),
        (["teleport"], 2, "teleport"),
    ],
)
def test_bad_input_gets_one_clear_message_and_its_exit_code(
    words: list[str], code: int, says: str, tmp_path: Path
) -> None:
    output = ["--output", str(tmp_path)] if words[0] == "certify" else []
    run = isao(*words, *output)
    assert run.returncode == code, run.stdout + run.stderr
    assert says in run.stderr + run.stdout
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("handler", [always_500, canned], ids=["fails", "canned"])
def test_a_dead_target_is_never_exit_code_0(handler: object, tmp_path: Path) -> None:
    with serving(handler) as base:
        words = ["certify", base, "--profile", "taxii-server", "--no-claim", "--output", str(tmp_path)]
        run = isao(*words, ISAO_USERNAME="somebody", ISAO_SECRET="something-long")
    assert run.returncode == 4, run.stdout + run.stderr


def test_a_certificate_that_is_not_trusted_is_refused(exchange: LiveExchange, tmp_path: Path) -> None:
    run = isao("certify", exchange.discovery, "--output", str(tmp_path))
    assert run.returncode == 3
    assert "certificate is not trusted" in run.stderr


def test_help_lists_every_command() -> None:
    run = isao("--help")
    assert run.returncode == 0
    for command in ("account", "certify", "cleanup", "demo", "explain", "load", "replay", "serve", "spec"):
        assert re.search(rf"^  {command}\s+\S", run.stdout, re.MULTILINE), command


def test_explain_says_what_a_requirement_means_without_a_run() -> None:
    row = load().requirements["TAXII-3.5-1"]
    told = isao("explain", row.id)
    assert told.returncode == 0
    flat = " ".join(told.stdout.split())
    for words in (row.statement, row.remediation, "taxii-v2.1", row.verification.control):
        assert " ".join(words.split())[:60] in flat, words


def test_a_port_that_speaks_no_http_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.listen()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        target = tmp_path / "t.toml"
        target.write_text(
            f'schema = "isao-target/1"\nname = "t"\nbase_url = "{base}"\norigins = ["{base.rstrip("/")}"]\n'
            'profiles = ["taxii-server"]\n[limits]\nexchange_seconds = 0.3\n'
        )
        run = isao("certify", "--target", str(target), "--output", str(tmp_path / "out"))
    assert run.returncode == 3, run.stdout + run.stderr
    assert "within the time allowed" in run.stderr
