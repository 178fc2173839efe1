"""Subcommands of `isao account` about credentials: add, rotate, revoke; and what ends an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isao_reference.cli.common import DATABASE, PATH, Fault, hand_over, opened

if TYPE_CHECKING:
    from isao_reference.identity import ClientCertificate, Handed

VALID_DAYS = click.IntRange(1, 3660)
CERTIFICATE = click.option("--certificate", type=PATH, help="PEM file of a client certificate.")
SECRET_FILE = click.option("--secret-file", type=PATH, help="Write the secret to this file (0600) instead.")


@click.command("add-credential", short_help="Add a credential to an account.")
@DATABASE
@click.argument("name")
@click.option("--way", required=True, type=click.Choice(("password", "api-key", "certificate")))
@click.option("--scope", type=click.Choice(("read", "read-write")), default="read-write", show_default=True)
@click.option(
    "--purpose", "purposes", multiple=True, help="Purpose of use; may be repeated. cybersecurity unless told."
)
@click.option(
    "--valid-days", type=VALID_DAYS, help="Days until it expires; 365 for an api-key, else no end unless told."
)
@CERTIFICATE
@SECRET_FILE
def add_credential(
    database: Path,
    name: str,
    way: str,
    scope: str,
    purposes: tuple[str, ...],
    valid_days: int | None,
    certificate: Path | None,
    secret_file: Path | None,
) -> None:
    """Add a credential to the account NAME. Those it has stay as they are.

    An api-key is sent alone (Bearer), a password with the name (Basic); a certificate is shown in the handshake of TLS
    and ends with its own date.
    """
    from isao_reference import identity
    from isao_reference.store.credentials import DEFAULT_PURPOSES

    with opened(database) as store:
        handed = identity.add_credential(
            store,
            name,
            way,
            certificate=_read(certificate),
            scope=scope,
            purposes=purposes or DEFAULT_PURPOSES,
            expires=ends(way, valid_days),
        )
    _hand_over(name, handed, secret_file)


@click.command("rotate", short_help="Put a new credential in the place of an old one.")
@DATABASE
@click.argument("name")
@click.option("--credential", help="Id of the old one; not needed where the account has one that is usable.")
@click.option("--overlap-hours", type=click.FloatRange(0, 24 * 90), default=24, show_default=True)
@click.option(
    "--valid-days", type=VALID_DAYS, help="Days until the new one expires; as many as the old one's unless told."
)
@CERTIFICATE
@SECRET_FILE
def rotate(
    database: Path,
    name: str,
    credential: str | None,
    overlap_hours: float,
    valid_days: int | None,
    certificate: Path | None,
    secret_file: Path | None,
) -> None:
    """Add a credential to the account NAME that is as good as an old one, which ends after the overlap."""
    from isao_reference import identity

    with opened(database) as store:
        handed = identity.rotate(
            store,
            name,
            credential,
            overlap=timedelta(hours=overlap_hours),
            certificate=_read(certificate),
            expires=None if valid_days is None else _in_days(valid_days),
        )
    _hand_over(name, handed, secret_file)
    click.echo(f"The old one ends in {overlap_hours:g} hours")


@click.command("revoke", short_help="End a credential at once.")
@DATABASE
@click.argument("credential")
def revoke(database: Path, credential: str) -> None:
    """End the credential with the id CREDENTIAL (see `isao account list`), from the next answer on and for good."""
    from isao_reference import identity

    with opened(database) as store:
        identity.revoke(store, credential)
    click.echo(f"Credential {credential} revoked")


@click.command("remove", short_help="Remove an account for good.")
@DATABASE
@click.argument("name")
def remove(database: Path, name: str) -> None:
    """Remove the account NAME with its credentials; what it contributed stays, and its name is never given again."""
    from isao_reference import identity

    with opened(database) as store:
        identity.remove_account(store, name)
    click.echo(f"Account {name} removed")


@click.command("set-role", short_help="Give an account another role.")
@DATABASE
@click.argument("name")
@click.argument("role", type=click.Choice(("member", "analyst", "operator")))
def set_role(database: Path, name: str, role: str) -> None:
    """Give the account NAME another ROLE, from the next answer on."""
    from isao_reference import identity

    with opened(database) as store:
        identity.set_role(store, name, role)
    click.echo(f"Account {name}: {role}")


def ends(way: str, valid_days: int | None) -> datetime | None:
    """When a new credential ends (UTC). Keys of machines end in a year unless told otherwise: a forgotten one must not
    live for ever. Passwords of people do not end by date."""
    if valid_days is None and way != "api-key":
        return None
    return _in_days(valid_days or 365)


def _in_days(days: int) -> datetime:
    from isao_reference.settings import utc_now

    return utc_now() + timedelta(days=days)


def _read(certificate: Path | None) -> ClientCertificate | None:
    from isao_reference import identity, setup

    if certificate is None:
        return None
    try:
        return identity.read_certificate(certificate)
    except setup.SetupError as fault:
        raise Fault(str(fault)) from None


def _hand_over(name: str, handed: Handed, file: Path | None) -> None:
    click.echo(f"Credential {handed.id} of {name}")
    if handed.secret is not None:
        hand_over(name, handed.secret, file)
