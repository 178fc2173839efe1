"""`isao serve` and `isao account`: from an empty folder to an exchange with members; TLS as it should be."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from isao_reference import server
from isao_reference.cli.account import account
from isao_reference.cli.serve import is_loopback, serve
from isao_reference.tls import CertificateFiles, issue_loopback_certificate
from tests.support.live import live_demo, session_certificate

TAXII = {"Accept": "application/taxii+json;version=2.1"}
ISAO_SERVE = [sys.executable, "-c", "from isao_reference.cli.serve import serve; serve()"]


@contextmanager
def _serve(folder: Path, *options: str) -> Iterator[list[str]]:
    """A running `isao serve` on exchange.sqlite in `folder`; yields its output up to the line that tells the URL.
    At the end it is told to stop, and has to do so in order."""
    command = [*ISAO_SERVE, "--database", "exchange.sqlite", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env={**os.environ})
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("Serving "):
                break
        yield lines
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=10)
        assert (process.returncode, rest) == (0, "Stopped\n")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _url(lines: list[str]) -> str:
    return lines[-1].split()[1]


def _account(database: Path, *arguments: str) -> Result:
    command, *rest = arguments
    return CliRunner().invoke(account, [command, "--database", str(database), *rest])


def _get(url: str, pair: tuple[str, str] | None = None, **options: Any) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    return session.get(url, headers=TAXII, auth=pair, timeout=10, **options)


def test_the_first_start_prints_the_operators_secret_and_the_second_does_not(tmp_path: Path) -> None:
    with _serve(tmp_path, "--plain-http") as lines:
        (secret,) = re.findall(r"^Secret of operator \(shown only now\): (\S{40,})$", lines[0])
        assert _get(_url(lines) + "taxii2/", ("operator", secret)).status_code == 200
        assert _get(_url(lines) + "taxii2/", ("operator", "wrong")).status_code == 401
    assert stat.S_IMODE((tmp_path / "exchange.sqlite").stat().st_mode) == 0o600
    with _serve(tmp_path) as lines:
        assert len(lines) == 1
        assert secret not in lines[0]
        assert _get(_url(lines) + "taxii2/", ("operator", secret)).status_code == 200


def test_the_operators_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("correct-horse-battery-staple\n")
    with _serve(tmp_path, "--operator-token-file", "token") as lines:
        assert "correct-horse" not in "".join(lines)
        assert _get(_url(lines) + "taxii2/", ("operator", "correct-horse-battery-staple")).status_code == 200


def test_the_operators_secret_can_be_written_to_a_file_of_its_own(tmp_path: Path) -> None:
    with _serve(tmp_path, "--write-operator-token", "token") as lines:
        secret = (tmp_path / "token").read_text()
        assert secret not in "".join(lines)
        assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
        assert _get(_url(lines) + "taxii2/", ("operator", secret)).status_code == 200


@pytest.mark.parametrize("weak", ["", "admin", "x" * 15])
def test_no_exchange_starts_with_a_secret_that_could_be_guessed(tmp_path: Path, weak: str) -> None:
    (tmp_path / "token").write_text(weak)
    database = tmp_path / "exchange.sqlite"
    result = CliRunner().invoke(
        serve, ["--database", str(database), "--operator-token-file", str(tmp_path / "token"), "--port", "0"]
    )
    assert (result.exit_code, "at least 16 characters" in result.stderr) == (2, True)
    assert not database.exists()


def test_a_founder_sets_up_an_exchange_and_suspends_a_member(tmp_path: Path) -> None:
    database = tmp_path / "exchange.sqlite"
    with _serve(tmp_path) as lines:
        assert _account(database, "add-organization", "mill", "--name", "Mill (fictional)").exit_code == 0
        added = _account(database, "add-account", "mill-soc", "--organization", "mill")
        secret = added.stdout.rsplit(" ", 1)[1].strip()
        key = tmp_path / "key"
        hidden = _account(
            database,
            *("add-account", "mill-feed", "--organization", "mill", "--auth", "bearer", "--secret-file", str(key)),
        )
        assert key.read_text() not in hidden.stdout
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert _account(
            database, "add-collection", "Indicators", "--alias", "indicators", "--reader", "members"
        ).stdout.startswith("Collection Indicators: ")

        collection = _url(lines) + "exchange/collections/indicators/"
        assert _get(collection, ("mill-soc", secret)).json()["can_read"] is True
        bearer = {"Authorization": f"Bearer {key.read_text()}"} | TAXII
        assert requests.get(collection, headers=bearer, timeout=10).status_code == 200

        assert _account(database, "suspend", "mill").exit_code == 0
        assert _get(collection, ("mill-soc", secret)).status_code == 401
        listed = _account(database, "list").stdout
        assert "mill-soc  mill (member, suspended)  member\n" in listed
        assert re.search(r"[0-9a-f]{16}  mill-soc  password  read-write  cybersecurity  usable  ends: never\n", listed)
        assert re.search(r"  mill-feed  api-key  read-write  cybersecurity  usable  ends: 2\d{3}-", listed)
        assert "Indicators  read: members  write: nobody" in listed
        assert secret not in listed
        assert _account(database, "reinstate", "mill").exit_code == 0
        assert _get(collection, ("mill-soc", secret)).status_code == 200


def test_account_faults_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    missing = _account(tmp_path / "no.sqlite", "list")
    assert (missing.exit_code, len(missing.stderr.splitlines())) == (2, 1)
    assert "isao serve --database" in missing.stderr
    with live_demo(tmp_path) as live:
        for arguments, words in {
            ("suspend", "nobody"): "no organization 'nobody'",
            ("add-account", "x", "--organization", "nobody"): "no organization 'nobody'",
            ("add-account", "peer", "--organization", "lakeside-isao"): "already an account 'peer'",
            ("add-account", "x", "--organization", "lakeside-isao", "--role", "operator"): "only accounts of an",
            ("add-organization", "Not A Slug", "--name", "x"): "lower case",
        }.items():
            result = _account(live.settings.database, *arguments)
            assert (result.exit_code, words in result.stderr) == (2, True), result.stderr
            assert len(result.stderr.splitlines()) == 1


REFUSED = {
    "--host 0.0.0.0": "not a loopback address",
    "--host 192.0.2.1 --plain-http": "not a loopback address",
    "--host :: ": "not a loopback address",
    "--tls-cert x.pem": "give both",
    "--tls-cert x.pem --tls-key x.key": "No such file",
    "--plain-http --tls-cert x.pem --tls-key x.key": "exclude each other",
    "--client-ca ca.pem": "needs TLS",
    "--operator-token-file a --write-operator-token b": "exclude each other",
    "--operator-token-file nowhere": "cannot be read",
}


@pytest.mark.parametrize("options", REFUSED)
def test_serve_refuses_what_would_be_unsafe_or_cannot_work(tmp_path: Path, options: str) -> None:
    database = tmp_path / "exchange.sqlite"
    result = CliRunner().invoke(serve, ["--database", str(database), *options.split()])
    assert result.exit_code == 2
    assert REFUSED[options] in result.stderr
    assert not database.exists()


def test_a_taken_port_and_a_key_that_does_not_fit_are_said_in_one_line(tmp_path: Path) -> None:
    with live_demo(tmp_path) as live:
        port = live.base_url.rsplit(":", 1)[1].strip("/")
        result = CliRunner().invoke(serve, ["--database", str(tmp_path / "x.sqlite"), "--port", port])
    assert (result.exit_code, "choose another with --port" in result.stderr) == (2, True)
    one, other = (tmp_path / "1", tmp_path / "2")
    one.mkdir()
    other.mkdir()
    pair = [
        *("--tls-cert", str(issue_loopback_certificate(one).certificate)),
        *("--tls-key", str(issue_loopback_certificate(other).key)),
    ]
    result = CliRunner().invoke(serve, ["--database", str(tmp_path / "x.sqlite"), *pair])
    assert (result.exit_code, "belong together" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.0.2.1", "isao.example", "localhost.example", "::ffff:192.0.2.1"]
)
def test_other_addresses_are_not_taken_for_loopback(host: str) -> None:
    assert not is_loopback(host)
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))


def test_serve_with_tls_and_a_public_url(tmp_path: Path) -> None:
    files = session_certificate()
    options = ["--tls-cert", str(files.certificate), "--tls-key", str(files.key)]
    with _serve(tmp_path, *options) as lines:
        assert _url(lines).startswith("https://127.0.0.1:")
        assert _get(_url(lines) + "taxii2/", verify=str(files.authority)).status_code == 401
    with _serve(tmp_path, *options, "--public-url", "https://isao.example") as lines:
        assert _url(lines) == "https://isao.example"


# --- the certificate and the TLS settings ------------------------------------------------------------------


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture(scope="module")
def tls_address() -> Iterator[tuple[str, int, CertificateFiles]]:
    files = session_certificate()
    with server.running(_hello, certificate=files) as url:
        yield "127.0.0.1", int(url.rsplit(":", 1)[1].strip("/")), files


def _handshake(address: tuple[str, int, CertificateFiles], context: ssl.SSLContext, name: str) -> str | None:
    host, port, _ = address
    with socket.create_connection((host, port), 10) as raw, context.wrap_socket(raw, server_hostname=name) as wrapped:
        return wrapped.version()


def _strict(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files.authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_strict_verification_accepts_the_certificate(
    tls_address: tuple[str, int, CertificateFiles], name: str, version: ssl.TLSVersion
) -> None:
    context = _strict(tls_address[2])
    context.minimum_version = context.maximum_version = version
    assert _handshake(tls_address, context, name) == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]


def test_another_name_and_another_authority_are_refused(
    tls_address: tuple[str, int, CertificateFiles], tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(tls_address, _strict(tls_address[2]), "isao.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(tls_address, _strict(issue_loopback_certificate(tmp_path)), "localhost")


def _old(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A context that speaks one old version, with the security level of its time."""
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _meet(client: ssl.SSLContext, host: ssl.SSLContext) -> str | None:
    """The version two contexts agree on, in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname="localhost"), host.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[0].version()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused_by_the_server(
    tls_address: tuple[str, int, CertificateFiles], version: ssl.TLSVersion
) -> None:
    """The control: the same client and certificate agree with a host that still speaks the old version."""
    files = tls_address[2]
    host = _old(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
    host.load_cert_chain(files.certificate, files.key)
    assert _meet(_old(_strict(files), version), host) in ("TLSv1", "TLSv1.1")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _handshake(tls_address, _old(_strict(files), version), "localhost")


def test_the_private_key_is_its_owners_and_the_authoritys_key_is_nowhere(tmp_path: Path) -> None:
    files = issue_loopback_certificate(tmp_path)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.pem", "server.key", "server.pem"]
    assert (tmp_path / "ca.pem").read_bytes().count(b"PRIVATE") == 0


def test_an_application_that_does_not_start_is_a_fault_and_frees_the_address() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    listener = server.bind()
    port = listener.getsockname()[1]
    with pytest.raises(server.ServerFault), server.running(broken, listener=listener):
        pass
    server.bind(port=port).close()


def test_the_stop_does_not_wait_for_idle_connections() -> None:
    files = session_certificate()
    with requests.Session() as session:
        session.trust_env = False
        with server.running(_hello, certificate=files) as url:
            assert session.get(url, verify=str(files.authority), timeout=10).text == "hi"
            start = time.monotonic()
        assert time.monotonic() - start < 1.5
