"""`isao deletions`: what members deleted over TAXII, for as long as it can be brought back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isao_reference.cli.common import DATABASE, Fault, opened

if TYPE_CHECKING:
    from isao_reference.store.deletions import Chosen

Decorator = Callable[[Callable[..., None]], Callable[..., None]]
ORGANIZATION: Decorator = click.option("--organization", default="", metavar="ID", help="What this one contributed.")
SINCE: Decorator = click.option(
    "--since", default="", metavar="TIME", help="What was deleted from this moment on, as 2026-01-31T09:00:00Z."
)
OBJECTS: Decorator = click.argument("objects", nargs=-1, metavar="[OBJECT]...")


@click.group(short_help="What was deleted in the last seven days: look at it, bring it back, have it forgotten.")
def deletions() -> None:
    """Undo what was deleted by mistake or with a stolen key, or have it forgotten at once.

    What a member deletes is gone for everybody at once. The exchange keeps it for seven days, where only these commands
    find it. OBJECT is the id of an object; all of an organization's when none is named.
    """


@deletions.command("list", short_help="Show what can be brought back.")
@DATABASE
@ORGANIZATION
@SINCE
@OBJECTS
def show(database: Path, organization: str, since: str, objects: tuple[str, ...]) -> None:
    """Print a line for each deleted object: when, whose, by which account, where, how many versions."""
    from isao_reference import deletions as done
    from isao_reference.wire import timestamps

    with opened(database) as store:
        found = done.listed(store, _chosen(organization, since, objects))
    for one in found:
        time = timestamps.format_micros(one.time)
        click.echo(f"{time}  {one.organization}  by {one.by}  {one.collection}  {one.object_id}  {one.versions}")
    click.echo(f"{len(found):,} deletions can be undone")


@deletions.command("undo", short_help="Bring back what was deleted.")
@DATABASE
@ORGANIZATION
@SINCE
@OBJECTS
def undo(database: Path, organization: str, since: str, objects: tuple[str, ...]) -> None:
    """Share deleted objects again, under the same markings, for those who are entitled to them now.

    They get new dates, so that clients find them. Say at least whose, since when, or which objects.

    \b
    Exit codes: 0 all are there again, 1 some are not, 2 usage, or nothing was found.
    """
    from isao_reference import deletions as done

    chosen = _narrowed(organization, since, objects)
    with opened(database) as store:
        _require_some(done.listed(store, chosen))
        found = done.undo(store, chosen)
    for name, why in found.refused:
        click.echo(f"stays deleted: {name}: {why}")
    click.echo(f"{found.restored:,} versions are there again, {len(found.refused):,} stay deleted")
    if found.refused:
        raise click.exceptions.Exit(1)


@deletions.command("forget", short_help="Remove what was deleted for good.")
@DATABASE
@ORGANIZATION
@SINCE
@OBJECTS
def forget(database: Path, organization: str, since: str, objects: tuple[str, ...]) -> None:
    """Remove deleted objects for good before their time, where the law or their contributor asks for it.

    Say at least whose, since when, or which objects. Backups of the database are yours to look after.
    """
    from isao_reference import deletions as done

    chosen = _narrowed(organization, since, objects)
    with opened(database) as store:
        _require_some(done.listed(store, chosen))
        click.echo(f"{done.forget(store, chosen):,} versions are gone for good")


def _narrowed(organization: str, since: str, objects: tuple[str, ...]) -> Chosen:
    if not (organization or since or objects):
        raise click.UsageError("say which: --organization, --since, or the ids of objects")
    return _chosen(organization, since, objects)


def _chosen(organization: str, since: str, objects: tuple[str, ...]) -> Chosen:
    from isao_reference.store.deletions import Chosen
    from isao_reference.wire import timestamps

    moment = timestamps.rfc3339_micros(since) if since else 0
    if moment is None:
        raise click.UsageError(f"--since {since!r} is no moment like 2026-01-31T09:00:00Z")
    return Chosen(organization, moment, objects)


def _require_some(found: object) -> None:
    if not found:
        raise Fault("nothing was deleted that fits; `isao deletions list` shows what can be brought back")
