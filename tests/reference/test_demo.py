"""`isao demo`: what it prints and writes, how it stops, and how it hands over to the harness."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import IO

import jsonschema_rs
import pytest
import requests

from isao_reference import scenario
from tests.support.live import live_demo, prepared_demo_database

TAXII = {"Accept": "application/taxii+json;version=2.1"}
ISAO_DEMO = [sys.executable, "-c", "from isao_reference.cli.demo import demo; demo()"]


@contextmanager
def _demo(tmp_path: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A running `isao demo` with its temporary folders under `tmp_path`; killed if the test leaves it running."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [*ISAO_DEMO, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), **environment},
        process_group=0,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _until(stream: IO[str] | None, words: str) -> list[str]:
    """The lines up to the first that holds `words`."""
    assert stream is not None
    lines: list[str] = []
    for line in stream:
        lines.append(line.rstrip("\n"))
        if words in line:
            return lines
    raise AssertionError(f"the output ended without {words!r}: {lines}")


def _session(target: dict[str, dict[str, str]]) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = target["tls"]["ca_file"] if "tls" in target else True
    return session


def _target_schema() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(files("isao_spec").joinpath("schemas/target.json").read_text()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_serves_what_its_target_file_says_and_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    with _demo(tmp_path, "--write-target", "target.toml") as process:
        lines = _until(process.stdout, "Next: ")
        target = tomllib.loads((tmp_path / "target.toml").read_text())
        assert target["base_url"] in lines[0]
        assert str(tmp_path / "target.toml") in lines[1]
        assert lines[2] == f"Next: isao certify --target {tmp_path / 'target.toml'}"
        assert list(_target_schema().iter_errors(target)) == []
        story = scenario.load()
        assert set(target["actors"]) == {one.name for one in story.accounts} | {one.actor for one in story.credentials}

        actor = target["actors"]["member-a"]
        secret = Path(actor["secret_file"])
        for private in (secret, Path(actor["username_file"]), secret.parent):
            assert stat.S_IMODE(private.stat().st_mode) & 0o077 == 0, private
        name, password = Path(actor["username_file"]).read_text(), secret.read_text()
        answer = _session(target).get(
            target["taxii"]["read"][0] + "objects/", headers=TAXII, auth=(name, password), timeout=10
        )
        assert answer.status_code == 200
        assert answer.json()["objects"]
        assert _session(target).get(target["taxii"]["discovery"], headers=TAXII, timeout=10).status_code == 200

        process.send_signal(number)
        assert process.wait(10) == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_without_write_target_the_target_file_stands_in_the_temporary_folder(tmp_path: Path) -> None:
    with _demo(tmp_path) as process:
        lines = _until(process.stdout, "Next: ")
        assert Path(lines[1].removeprefix("Target file: ")).is_relative_to(tmp_path / "tmp")
        process.terminate()
        assert process.wait(10) == 0


def test_plain_http_is_served_with_a_warning(tmp_path: Path) -> None:
    with _demo(tmp_path, "--plain-http", "--write-target", "target.toml") as process:
        _until(process.stdout, "Next: ")
        target = tomllib.loads((tmp_path / "target.toml").read_text())
        assert target["base_url"].startswith("http://127.0.0.1:")
        assert "tls" not in target
        assert requests.get(target["base_url"] + ".well-known/isao.json", timeout=10).status_code == 200
        process.terminate()
        assert "TLS rows are untestable and nothing can be claimed" in process.communicate()[1]


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with live_demo(tmp_path) as live, _demo(tmp_path, "--port", live.base_url.rsplit(":", 1)[1].strip("/")) as process:
        _, told = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "choose another --port" in told
        assert len(told.splitlines()) == 1


FAKE_HARNESS = """
import json, os, sys, time, tomllib
try:
    with open(sys.argv[sys.argv.index("--target") + 1], "rb") as file:
        peer = tomllib.load(file)["actors"]["peer"]
    print("on standard error", file=sys.stderr)
    print(json.dumps({"argv": sys.argv[1:], "secret": open(peer["secret_file"]).read()}))
    time.sleep(float(os.environ.get("WAIT", "0")))
except KeyboardInterrupt:
    print("interrupted once", flush=True)
    try:
        time.sleep(0.5)
    except KeyboardInterrupt:
        print("and once more", flush=True)
    sys.exit(130)
sys.exit(4)
"""


@pytest.fixture
def fake_harness(tmp_path: Path) -> str:
    """A stand-in for the harness, found before the real one; what PYTHONPATH has to be."""
    folder = tmp_path / "fake" / "isao_conformance" / "cli"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "main.py").write_text(FAKE_HARNESS)
    return os.pathsep.join([str(tmp_path / "fake"), os.environ.get("PYTHONPATH", "")])


def test_certify_runs_the_harness_on_the_running_exchange_and_ends_with_its_code(
    tmp_path: Path, fake_harness: str
) -> None:
    with _demo(tmp_path, "--certify", "--output", "out", PYTHONPATH=fake_harness) as process:
        told, errors = process.communicate(timeout=20)
    assert process.returncode == 4
    said = json.loads(told.splitlines()[-1])
    assert said["argv"][0] == "certify"
    assert said["argv"][3:] == ["--output", "out"]
    assert len(said["secret"]) > 20
    assert "on standard error" in errors
    assert list((tmp_path / "tmp").iterdir()) == []


def test_stopping_the_demo_interrupts_the_harness_once_and_waits_for_it(tmp_path: Path, fake_harness: str) -> None:
    with _demo(tmp_path, "--certify", "--output", "out", PYTHONPATH=fake_harness, WAIT="30") as process:
        _until(process.stdout, "argv")
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
        told, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert told.splitlines() == ["interrupted once"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_output_without_certify_is_a_usage_error(tmp_path: Path) -> None:
    with _demo(tmp_path, "--output", "out") as process:
        assert "--output goes with --certify" in process.communicate(timeout=20)[1]
    assert process.returncode == 2


def test_a_live_exchange_starts_in_less_than_half_a_second_once_prepared(tmp_path: Path) -> None:
    prepared_demo_database()
    session = requests.Session()
    session.trust_env = False
    taken = []
    for _ in range(3):
        start = time.monotonic()
        with live_demo(tmp_path) as live:
            taken.append(time.monotonic() - start)
            address = f"{live.base_url}.well-known/isao.json"
            document = session.get(address, verify=str(live.ca_file), timeout=10).json()
        assert document["services"]["taxii"]["discovery"] == live.discovery
    assert min(taken) < 0.5


def test_labels_reach_whom_the_distribution_map_says(tmp_path: Path) -> None:
    """The scenario shows each label at work: what is in the community, seen by each actor."""
    with live_demo(tmp_path) as live:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(live.ca_file)

        def seen(actor: str) -> set[str]:
            answer = session.get(
                live.collection("community") + "objects/",
                headers=TAXII | live.authorization(actor),
                params={"limit": "500"},
                timeout=10,
            )
            assert answer.status_code == 200
            return {item["id"] for item in answer.json()["objects"]}

        everything = seen("operator")
        assert seen("analyst") == everything
        assert seen("government") < seen("peer") < seen("member-b") < everything
        assert seen("member-a") - seen("member-a2")
        assert seen("member-a2") - seen("member-b")
        assert seen("member-b") - seen("member-a")
