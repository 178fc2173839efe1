"""Client certificates: who shows one is the account it was given to; the handshake refuses what is not in force."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from isao_reference import identity, server, setup
from isao_reference.app import create_app
from isao_reference.cli.account import account
from isao_reference.cli.serve import serve
from isao_reference.client_certificates import sha256_of
from isao_reference.setup import SetupError
from isao_reference.tls import CertificateFiles
from tests.support.asgi import TAXII, basic
from tests.support.certificates import Authority, authority
from tests.support.live import session_certificate
from tests.support.world import World, objects_url, world


@dataclass
class Served:
    """A small exchange behind TLS that takes client certificates, and the authority of those."""

    exchange: World
    clients: Authority
    url: str

    def get(
        self, path: str, certificate: CertificateFiles | None = None, authorization: str | None = None, **more: str
    ) -> tuple[int, bytes]:
        """Status and body of a GET with this certificate and this header."""
        with closing(self.connect(certificate)) as connection:
            headers = {"Accept": TAXII, **more} | ({"Authorization": authorization} if authorization else {})
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def connect(self, certificate: CertificateFiles | None) -> http.client.HTTPSConnection:
        address = urlsplit(self.url)
        context = ssl.create_default_context(cafile=str(session_certificate().authority))
        if certificate is not None:
            context.load_cert_chain(certificate.certificate, certificate.key)
        return http.client.HTTPSConnection(str(address.hostname), address.port, timeout=10, context=context)

    def given(self, name: str, to: str, **more: timedelta) -> CertificateFiles:
        """A new certificate that an account is given."""
        files = self.clients.issue(name, **more)
        identity.add_credential(
            self.exchange.store, to, "certificate", certificate=identity.read_certificate(files.certificate)
        )
        return files


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    from isao_reference.settings import utc_now

    clients = authority(tmp_path)
    with world(tmp_path, clock=utc_now) as made:
        certificate = replace(session_certificate(), client_authority=clients.file)
        with server.running(create_app(made.settings), certificate=certificate) as url:
            yield Served(made, clients, url)


def role_of(served: Served, *how: CertificateFiles | str | None) -> int:
    return served.get(objects_url(), *how)[0]


def test_a_certificate_is_the_account_it_was_given_to(served: Served) -> None:
    one, other = served.given("one", "member-a"), served.given("other", "government")
    with closing(served.connect(one)) as connection:
        for _ in range(2):
            connection.request("GET", objects_url(), headers={"Accept": TAXII})
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
    listed = [
        {c["title"] for c in json.loads(served.get("/exchange/collections/", files)[1])["collections"]}
        for files in (one, other, None)
    ]
    assert listed[0] > listed[1] > listed[2], "each is shown what its account is shown"


def test_a_certificate_of_nobody_is_a_wrong_credential(served: Served) -> None:
    stranger = served.clients.issue("stranger")
    wrong = served.get("/taxii2/", None, "Bearer nonsense")
    for path in ("/taxii2/", objects_url()):
        assert served.get(path, stranger) == wrong
    assert wrong[0] == 401
    assert served.get("/.well-known/isao.json", stranger) == served.get("/.well-known/isao.json")
    right = basic("member-a", served.exchange.secrets["member-a"])
    assert served.get("/taxii2/", stranger, right) == wrong, "nor does it become right beside a right one"


def test_a_certificate_and_a_header_have_to_be_of_one_account(served: Served) -> None:
    files = served.given("one", "member-a")
    own, others = (basic(name, served.exchange.secrets[name]) for name in ("member-a", "member-b"))
    assert role_of(served, files, own) == 200
    assert role_of(served, files, others) == 401
    assert role_of(served, files, "Bearer nonsense") == 401
    assert role_of(served, files, f"Bearer {served.exchange.secrets['member-a2']}") == 401, "of the same organization"


def test_with_two_credentials_both_have_to_be_good_and_the_narrower_counts(served: Served) -> None:
    files = served.given("one", "member-a")
    handed = identity.add_credential(served.exchange.store, "member-a", "api-key", scope="read")
    bearer = f"Bearer {handed.secret}"
    url = "/exchange/collections/11111111-1111-4111-8111-111111111111/"
    assert json.loads(served.get(url, files)[1])["can_write"] is True
    assert json.loads(served.get(url, files, bearer)[1])["can_write"] is False
    identity.revoke(served.exchange.store, handed.id)
    assert served.get(url, files, bearer)[0] == 401
    assert served.get(url, files)[0] == 200


def test_a_revoked_certificate_is_refused_on_an_open_connection(served: Served) -> None:
    files = served.given("one", "member-a")
    (own,) = [one for one, _ in identity.list_credentials(served.exchange.store) if one.way == "certificate"]
    with closing(served.connect(files)) as connection:
        for expected in (200, 401):
            connection.request("GET", "/taxii2/", headers={"Accept": TAXII})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == expected
            identity.revoke(served.exchange.store, own.id)


def test_the_handshake_refuses_what_is_expired_or_of_another_authority(served: Served, tmp_path: Path) -> None:
    other = authority(tmp_path, "somebody-else")
    late = served.clients.issue("late", start=-timedelta(days=1), end=-timedelta(hours=1))
    early = served.clients.issue("early", start=timedelta(hours=1))
    for files in (late, early, other.issue("foreign")):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            served.get("/taxii2/", files)
    assert served.get("/taxii2/", served.given("in-force", "member-a"))[0] == 200


def test_a_credential_ends_with_its_certificate(served: Served) -> None:
    files = served.clients.issue("short", end=timedelta(hours=2))
    found = identity.read_certificate(files.certificate)
    assert found.sha256 == sha256_of(files.certificate.read_text())
    identity.add_credential(served.exchange.store, "member-a", "certificate", certificate=found)
    (own,) = [one for one, _ in identity.list_credentials(served.exchange.store) if one.way == "certificate"]
    assert own.expires == int(found.expires.timestamp()) * 1_000_000
    late = served.clients.issue("late", start=-timedelta(days=1), end=-timedelta(hours=1))
    with pytest.raises(SetupError, match="after now"):
        served.given("late-again", "member-a", start=-timedelta(days=1), end=-timedelta(hours=1))
    with pytest.raises(SetupError, match="already a credential"):
        identity.add_credential(served.exchange.store, "member-b", "certificate", certificate=found)
    with pytest.raises(SetupError, match="no certificate"):
        identity.read_certificate(late.key)


def test_certificates_are_given_and_rotated_on_the_command_line(served: Served) -> None:
    setup.create_organization(served.exchange.store, "mill", "Mill (fictional)", "member")
    served.exchange.add("mill-feed", "mill")
    database = str(served.exchange.settings.database)
    first, second = served.clients.issue("first"), served.clients.issue("second")

    def run(*arguments: str, fault: str = "") -> str:
        command, *rest = arguments
        result = CliRunner().invoke(account, [command, "--database", database, *rest])
        assert (result.exit_code, fault in result.stderr) == (2 if fault else 0, True), result.output
        return result.stdout

    told = run("add-credential", "mill-feed", "--way", "certificate", "--certificate", str(first.certificate))
    (identifier,) = [line.split()[1] for line in told.splitlines()]
    assert served.get(objects_url(), first)[0] == 200
    run("rotate", "mill-feed", fault="name one of")
    run("rotate", "mill-feed", "--credential", identifier, fault="followed by another certificate")
    run("add-credential", "mill-feed", "--way", "api-key", "--certificate", str(first.certificate), fault="no other")
    with_file = ("--credential", identifier, "--certificate", str(second.certificate))
    run("rotate", "mill-feed", *with_file, "--overlap-hours", "0")
    assert [served.get(objects_url(), files)[0] for files in (first, second)] == [401, 200]
    key = next(line for line in run("list").splitlines() if "  mill-feed  api-key" in line).split()[1]
    run("revoke", key)
    assert served.exchange.as_("mill-feed").get("/taxii2/").status == 401
    run("revoke", "no-such-id", fault="no credential")
    run("set-role", "mill-feed", "analyst", fault="only accounts of an exchange")
    run("remove", "mill-feed")
    assert served.get(objects_url(), second)[0] == 401
    assert "mill-feed" not in run("list")


def test_what_is_no_authority_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    files = session_certificate()
    pair = ["--tls-cert", str(files.certificate), "--tls-key", str(files.key)]
    for wrong in (files.key, tmp_path / "nowhere.pem"):
        database = tmp_path / "x.sqlite"
        result = CliRunner().invoke(serve, ["--database", str(database), *pair, "--client-ca", str(wrong)])
        assert (result.exit_code, "certificate of an authority" in result.stderr) == (2, True)
        assert not database.exists()
