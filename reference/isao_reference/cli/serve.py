"""`isao serve`: run an exchange on a database of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isao_reference.cli.common import Fault, hand_over, opened_or_created

if TYPE_CHECKING:
    from isao_reference.tls import CertificateFiles

PATH = click.Path(path_type=Path)
OPERATOR = "operator"
ORGANIZATION = "exchange"
SHORTEST_TOKEN = 16


@click.command(short_help="Run an exchange.")
@click.option("--database", required=True, type=PATH, help="Database file; created at the first start.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8443, show_default=True, type=click.IntRange(0, 65535))
@click.option("--tls-cert", type=PATH, help="Certificate chain (PEM).")
@click.option("--tls-key", type=PATH, help="Private key of the certificate (PEM).")
@click.option("--client-ca", type=PATH, help="Authority (PEM) whose client certificates are taken: mutual TLS.")
@click.option("--plain-http", is_flag=True, help="No TLS; only on a loopback address.")
@click.option("--public-url", help="URL that clients use, when a proxy stands in front.")
@click.option(
    "--operator-token-file",
    type=PATH,
    help="At the first start: read the operator's secret from here instead of printing a new one.",
)
@click.option(
    "--write-operator-token",
    type=PATH,
    help="At the first start: write the new secret of the operator to this file (0600) instead of printing it.",
)
@click.option("--organization-name", default="This exchange", help="At the first start: name of the organization.")
def serve(
    database: Path,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    plain_http: bool,
    public_url: str | None,
    operator_token_file: Path | None,
    write_operator_token: Path | None,
    organization_name: str,
) -> None:
    """Run an exchange until it is stopped (Ctrl-C or SIGTERM).

    The first start creates the database with one operator account and prints its secret once;
    `isao account` adds everybody else. Without --tls-cert and --tls-key the exchange answers over
    plain HTTP, which is refused on any address but loopback. With --client-ca a client may log in with a certificate
    that `isao account add-credential --way certificate` has given to an account.
    """
    certificate = _certificate(host, tls_cert, tls_key, client_ca, plain_http)
    if operator_token_file and write_operator_token:
        raise click.UsageError("--operator-token-file and --write-operator-token exclude each other; give one of them")
    _first_start(database, operator_token_file, write_operator_token, organization_name)

    from isao_reference import server
    from isao_reference.app import create_app
    from isao_reference.cli.signals import stop_signals
    from isao_reference.settings import Settings

    try:
        listener = server.bind(host, port)
    except OSError as fault:
        raise Fault(f"cannot listen on {host} port {port} ({fault.strerror}); choose another with --port") from None
    url = public_url or server.base_url(listener, tls=certificate is not None)
    app = create_app(Settings(database=database, public_url=url.rstrip("/") + "/", title=organization_name))
    with stop_signals() as stopped, server.running(app, certificate=certificate, listener=listener):
        click.echo(f"Serving {url} from {database}; stop with Ctrl-C")
        stopped.wait()
    click.echo("Stopped")


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach `host`."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _certificate(
    host: str, tls_cert: Path | None, tls_key: Path | None, client_ca: Path | None, plain_http: bool
) -> CertificateFiles | None:
    from isao_reference.tls import CertificateFiles

    if plain_http and (tls_cert or tls_key):
        raise click.UsageError("--plain-http and --tls-cert exclude each other; give one of them")
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key go together; give both")
    if client_ca and not tls_cert:
        raise click.UsageError("--client-ca needs TLS; give --tls-cert and --tls-key too")
    if tls_cert and tls_key:
        _check_pair(tls_cert, tls_key)
        _check_authority(client_ca)
        return CertificateFiles(tls_cert, tls_key, client_authority=client_ca)
    if not is_loopback(host):
        raise click.UsageError(f"{host} is not a loopback address and there is no TLS; give --tls-cert and --tls-key")
    return None


def _check_pair(tls_cert: Path, tls_key: Path) -> None:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls_cert, tls_key)
    except FileNotFoundError as fault:
        missing = tls_cert if not tls_cert.exists() else tls_key
        raise Fault(f"{missing}: {fault.strerror}; check the path") from None
    except (ssl.SSLError, OSError) as fault:
        raise Fault(f"{tls_cert} with {tls_key}: {fault}; both are PEM files that belong together") from None


def _check_authority(client_ca: Path | None) -> None:
    import ssl

    if client_ca is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(client_ca)
    except (ssl.SSLError, OSError) as fault:
        raise Fault(f"{client_ca}: {fault}; it is a PEM file with the certificate of an authority") from None


def _given_token(token_file: Path) -> str:
    """The operator's secret from a file. A short one could be guessed."""
    try:
        given = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise Fault(f"{token_file}: cannot be read ({fault}); check the path") from None
    if len(given) < SHORTEST_TOKEN:
        raise Fault(
            f"{token_file}: the operator's secret has at least {SHORTEST_TOKEN} characters; this one has {len(given)}"
        )
    return given


def _first_start(database: Path, token_file: Path | None, write_to: Path | None, organization_name: str) -> None:
    """Create the operator when the database has no account yet."""
    from isao_reference import setup

    given = None if token_file is None else _given_token(token_file)
    with opened_or_created(database) as store:
        if setup.list_accounts(store):
            return
        setup.create_organization(store, ORGANIZATION, organization_name, "exchange")
        secret = setup.create_account(store, OPERATOR, ORGANIZATION, "operator", secret=given)
        if given is None:
            hand_over(OPERATOR, secret, write_to)
        else:
            click.echo(f"Account {OPERATOR} created with the secret in {token_file}")
