"""`isao account`: who takes part in an exchange and where they share."""

from __future__ import annotations

from pathlib import Path

import click

from isao_reference.cli import credentials
from isao_reference.cli.common import CLASSES, DATABASE, LABELS, PATH, hand_over, opened


@click.group(short_help="Organizations, accounts, credentials and collections of an exchange.")
def account() -> None:
    """Say who takes part in an exchange, by what they prove it, and where they share.

    Changes count from the next request on; the exchange may be running.
    """


for command in (
    credentials.add_credential,
    credentials.rotate,
    credentials.revoke,
    credentials.remove,
    credentials.set_role,
):
    account.add_command(command)


@account.command("add-organization", short_help="Add a member, peer or government organization.")
@DATABASE
@click.argument("id")
@click.option("--name", required=True, help="Name as people know it.")
@click.option(
    "--kind", type=click.Choice(("member", "peer", "government", "exchange")), default="member", show_default=True
)
@click.option("--applicant", is_flag=True, help="It waits to be let in; its accounts see nothing of the members'.")
def add_organization(database: Path, id: str, name: str, kind: str, applicant: bool) -> None:
    """Add the organization ID (lower case letters, digits and hyphens)."""
    from isao_reference import setup

    with opened(database) as store:
        setup.create_organization(store, id, name, kind, "applicant" if applicant else "good")
    click.echo(f"Organization {id} added")


@account.command("add-account", short_help="Add an account and show its secret once.")
@DATABASE
@click.argument("name")
@click.option("--organization", required=True, metavar="ID", help="Organization that the account belongs to.")
@click.option("--role", type=click.Choice(("member", "analyst", "operator")), default="member", show_default=True)
@click.option(
    "--auth",
    type=click.Choice(("basic", "bearer")),
    default="basic",
    show_default=True,
    help="How its client logs in: name and password, or an API key alone as a token.",
)
@click.option(
    "--valid-days",
    type=credentials.VALID_DAYS,
    help="Days until its credential expires; 365 for bearer, no end for basic unless told.",
)
@click.option("--secret-file", type=PATH, help="Write the secret to this file (0600) instead of printing it.")
def add_account(
    database: Path,
    name: str,
    organization: str,
    role: str,
    auth: str,
    valid_days: int | None,
    secret_file: Path | None,
) -> None:
    """Add the account NAME of an organization, with a first credential."""
    from isao_reference import setup

    expires = credentials.ends("api-key" if auth == "bearer" else "password", valid_days)
    with opened(database) as store:
        secret = setup.create_account(store, name, organization, role, auth=auth, expires=expires)
    hand_over(name, secret, secret_file)


@account.command("add-identity", short_help="Let nobody but an organization speak in a STIX identity.")
@DATABASE
@click.argument("organization")
@click.argument("identity")
def add_identity(database: Path, organization: str, identity: str) -> None:
    """Register IDENTITY, the id of a STIX identity object, as ORGANIZATION's own.

    Objects whose created_by_ref names it are taken from that organization only. Register the identities that members
    use in their own systems; what other sources say in identities that are nobody's here may be passed on by everybody.
    """
    from isao_reference import setup

    with opened(database) as store:
        setup.add_identity(store, organization, identity)
    click.echo(f"{identity} is {organization}'s")


@account.command("add-collection", short_help="Add a collection with its readers and writers.")
@DATABASE
@click.argument("title")
@click.option("--alias", help="Short name that can stand in for the id.")
@click.option("--description", default="")
@click.option("--reader", "readers", multiple=True, type=click.Choice(CLASSES), help="May be repeated.")
@click.option("--writer", "writers", multiple=True, type=click.Choice(CLASSES[1:]), help="May be repeated.")
@click.option("--api-root", default="exchange", show_default=True, help="One of `add-api-root`, or the first one.")
@click.option("--label", type=click.Choice(LABELS), help="Whatever lies in it counts at least as this.")
def add_collection(
    database: Path,
    title: str,
    alias: str | None,
    description: str,
    readers: tuple[str, ...],
    writers: tuple[str, ...],
    api_root: str,
    label: str | None,
) -> None:
    """Add a collection; operators and analysts may always read and write it."""
    from isao_reference import setup

    with opened(database) as store:
        identifier = setup.create_collection(
            store,
            title,
            alias=alias,
            readers=readers,
            writers=writers,
            description=description,
            api_root=api_root,
            label=label or "",
        )
    click.echo(f"Collection {title}: {identifier}")


@account.command("add-group", short_help="Add a sharing group that items can be addressed to.")
@DATABASE
@click.argument("id")
@click.option("--title", required=True)
@click.option("--organization", "organizations", multiple=True, metavar="ID", help="In the group; may be repeated.")
def add_group(database: Path, id: str, title: str, organizations: tuple[str, ...]) -> None:
    """Add the group ID."""
    from isao_reference import setup

    with opened(database) as store:
        setup.create_group(store, id, title)
        for one in organizations:
            setup.set_in_group(store, id, one, True)
    click.echo(f"Group {id} added with {len(organizations)} organizations")


@account.command("set-in-group", short_help="Put an organization into a group, or take it out.")
@DATABASE
@click.argument("group")
@click.argument("organization")
@click.option("--out", is_flag=True, help="Take it out.")
def set_in_group(database: Path, group: str, organization: str, out: bool) -> None:
    """Put ORGANIZATION into GROUP; it counts from the next answer on."""
    from isao_reference import setup

    with opened(database) as store:
        setup.set_in_group(store, group, organization, not out)
    click.echo(f"Organization {organization} is {'not ' if out else ''}in {group}")


@account.command("add-api-root", short_help="Add an API root beside the first one.")
@DATABASE
@click.argument("name")
@click.option("--title", required=True)
@click.option("--description", default="")
def add_api_root(database: Path, name: str, title: str, description: str) -> None:
    """Add an API root at /NAME/; `isao serve` serves it from its next start on."""
    from isao_reference import setup

    with opened(database) as store:
        setup.create_api_root(store, name, title, description)
    click.echo(f"API root {title}: /{name}/")


@account.command("suspend", short_help="Refuse an organization's accounts from the next request on.")
@DATABASE
@click.argument("organization")
@click.option("--former", is_flag=True, help="The organization has left for good.")
def suspend(database: Path, organization: str, former: bool) -> None:
    """Suspend ORGANIZATION: its accounts are refused, what it contributed stays."""
    _set_standing(database, organization, "former" if former else "suspended")


@account.command("reinstate", short_help="Let a suspended organization in again.")
@DATABASE
@click.argument("organization")
def reinstate(database: Path, organization: str) -> None:
    """Put ORGANIZATION back in good standing."""
    _set_standing(database, organization, "good")


def _set_standing(database: Path, organization: str, standing: str) -> None:
    from isao_reference import setup

    with opened(database) as store:
        setup.set_standing(store, organization, standing)
    click.echo(f"Organization {organization}: {standing}")


@account.command("list", short_help="List accounts and collections.")
@DATABASE
def list_all(database: Path) -> None:
    """List accounts with their organizations and credentials, identities, and collections with readers and writers.

    Secrets are not known and not listed; the id of a credential is what `rotate` and `revoke` take.
    """
    from isao_reference import identity, setup
    from isao_reference.store import collections, identities
    from isao_reference.wire import timestamps

    with opened(database) as store:
        for found in setup.list_accounts(store):
            click.echo(f"account     {found.name}  {found.organization} ({found.kind}, {found.standing})  {found.role}")
        for one, state in identity.list_credentials(store):
            end = "never" if one.expires is None else timestamps.format_micros(one.expires)
            click.echo(
                f"credential  {one.id}  {one.account}  {one.way}  {one.scope}  {','.join(one.purposes)}"
                f"  {state}  ends: {end}"
            )
        with store.reading() as db:
            for stix_id, organization in identities.registered(db):
                click.echo(f"identity    {stix_id}  {organization}")
            for collection in collections.all_collections(db):
                readers, writers = (", ".join(names) or "nobody" for names in (collection.readers, collection.writers))
                click.echo(
                    f"collection  /{collection.api_root}/  {collection.id}  {collection.alias or '-'}"
                    f"  {collection.title}  read: {readers}  write: {writers}"
                )
