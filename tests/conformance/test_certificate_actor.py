"""An account that signs in with a client certificate is judged like any other, replayed, and reproduced."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from isao_conformance.creations import Creations
from isao_conformance.errors import ConfigurationError
from isao_conformance.evidence import Live, Redactor
from isao_conformance.exchange import to_json
from isao_conformance.lab import Check
from isao_conformance.reproduce import Transcript, script
from isao_conformance.runner import Plan, Run, execute
from isao_conformance.target import CERTIFICATE, Actor, Target, load_target
from isao_conformance.transport import Wire
from isao_conformance.verdict import Outcome
from isao_reference import demo, identity, setup
from isao_reference.tls import CertificateFiles
from isao_spec import load
from tests.support.certificates import authority
from tests.support.live import prepared_demo_database, session_certificate

ROWS = ("ISAO-MEM-005", "ISAO-MEM-015", "ISAO-SEC-012", "ISAO-MRK-003", "TAXII-5.4-auth", "TAXII-5.1-auth", "TAXII-B-2")


@dataclass(frozen=True)
class Served:
    """A demonstration whose target file names a certificate for one actor."""

    target: Target
    file: Path
    certificate: CertificateFiles


@contextmanager
def served(folder: Path, actor: str) -> Iterator[Served]:
    clients = authority(folder)
    files = clients.issue(actor)
    certificate = replace(session_certificate(), client_authority=clients.file)
    with demo.demo_exchange(folder, prepared=prepared_demo_database(), certificate=certificate) as running:
        store = setup.open_store(running.settings.database)
        found = identity.read_certificate(files.certificate)
        identity.add_credential(store, actor, "certificate", certificate=found)
        store.close()
        text = running.target_file.read_text("utf-8")
        block = re.search(rf"\[actors\.{actor}\]\n(?:.+\n)*", text)
        assert block is not None
        organization = running.actors[actor].organization
        lines = [
            f"[actors.{actor}]",
            'auth = "certificate"',
            f'client_cert = "{files.certificate}"',
            f'client_key = "{files.key}"',
            f'organization = "{organization}"\n',
        ]
        running.target_file.write_text(text.replace(block[0], "\n".join(lines)), "utf-8")
        yield Served(load_target(running.target_file), running.target_file, files)


def run(target: Target, folder: Path) -> Run:
    catalogue = load()
    rows = tuple(catalogue.requirements[row] for row in ROWS)
    creations = Creations(folder)
    try:
        live = Live(Wire(target.tls), Redactor(target.actors.values()))
        return execute(Plan(target, catalogue, rows, "certificate", threads=2), live, creations)
    finally:
        creations.close()


@pytest.mark.parametrize("actor", ["member-b", "member-a"])
def test_rows_are_judged_with_an_actor_that_has_a_certificate(tmp_path: Path, actor: str) -> None:
    with served(tmp_path, actor) as demonstration:
        actors = demonstration.target.actors
        assert actors[actor].scheme == CERTIFICATE
        assert actors[actor].signs_in
        assert not actors["outsider"].signs_in
        found = run(demonstration.target, tmp_path)
    outcomes = {one.row.id: (one.outcome, one.reason) for one in found.judged}
    assert {outcome for outcome, _ in outcomes.values()} == {Outcome.PASS}, outcomes
    sent = [exchange for exchange in found.exchanges if exchange.key.actor == actor]
    assert len(sent) > 5
    assert not any(name == "Authorization" for exchange in sent for name, _ in exchange.request.headers)
    key = demonstration.certificate.key.read_text()
    assert key.splitlines()[1] not in "".join(str(to_json(exchange)) for exchange in found.exchanges)


def test_the_script_of_a_failed_check_shows_the_certificate(tmp_path: Path) -> None:
    """The last request of member-b is judged; the script asks for its certificate and gets the answer of the run."""
    with served(tmp_path, "member-b") as demonstration:
        found = run(demonstration.target, tmp_path)
        asked = next(e for e in found.exchanges if e.key.actor == "member-b" and e.answer is not None and e.answer.ids)
        check = Check(f"{asked.key.probe}/x", False, "x", "y", (str(asked.key),))
        row = load().requirements[ROWS[0]]
        text = script(Transcript(found.exchanges), row, check, demonstration.target.base_url, frozenset({"member-b"}))
        file = tmp_path / "reproduce.sh"
        file.write_text(text)
        lent = {
            "ISAO_AUTH_" + name.upper().replace("-", "_"): actor.authorization
            for name, actor in demonstration.target.actors.items()
            if actor.authorization
        }
        environment = {**os.environ, **lent, "ISAO_CA": str(demonstration.target.tls.ca_file)}
        refused = subprocess.run(["sh", str(file)], env=environment, capture_output=True, text=True, timeout=60)
        assert (refused.returncode != 0, "client certificate of member-b" in refused.stderr) == (True, True)
        environment["ISAO_CERT_MEMBER_B"] = str(demonstration.certificate.certificate)
        environment["ISAO_KEY_MEMBER_B"] = str(demonstration.certificate.key)
        done = subprocess.run(["sh", str(file)], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "  status 200" in done.stdout
    assert "  status 401" not in done.stdout


Spoil = Callable[[str], str]
BAD: dict[str, tuple[Spoil, str]] = {
    "no file": (lambda text: text.replace(".pem", ".nothing"), "cannot be used"),
    "somebody else's key": (lambda text: re.sub(r"client_key.*", "", text), "cannot be used"),
    "no certificate": (lambda text: re.sub(r"client_cert.*", "", text), "client_cert"),
}


@pytest.mark.parametrize("spoil", BAD)
def test_a_certificate_that_cannot_be_used_is_refused_by_name(tmp_path: Path, spoil: str) -> None:
    files = authority(tmp_path).issue("m")
    text = (
        'schema = "isao-target/1"\nbase_url = "https://host/"\n[actors.member-b]\nauth = "certificate"\n'
        f'client_cert = "{files.certificate}"\nclient_key = "{files.key}"\n'
    )
    path = tmp_path / "target.toml"
    path.write_text(text)
    assert load_target(path).actors["member-b"] == Actor(
        "member-b", CERTIFICATE, client_cert=str(files.certificate), client_key=str(files.key)
    )
    path.write_text(BAD[spoil][0](text))
    with pytest.raises(ConfigurationError, match=BAD[spoil][1]):
        load_target(path)
