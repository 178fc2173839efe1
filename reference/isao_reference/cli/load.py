"""`isao load`: STIX files into collections of an exchange."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isao_reference.cli.common import CLASSES, Fault, opened

if TYPE_CHECKING:
    from isao_reference.load import Tally
    from isao_reference.store.sqlite import Store

LABELS = ("clear", "green", "amber", "amber+strict", "red")
PATH = click.Path(path_type=Path)


@click.command(short_help="Load STIX files into an exchange.")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--database", required=True, type=PATH, help="Database file of the exchange.")
@click.option("--account", required=True, metavar="NAME", help="Account that the objects come from.")
@click.option("--collection", metavar="ID|ALIAS", help="Load all files into this collection.")
@click.option("--new-collection", metavar="TITLE", help="Load all files into a new collection.")
@click.option(
    "--reader",
    "readers",
    multiple=True,
    type=click.Choice(CLASSES),
    help="Who may read a new collection; may be repeated.  [default: members]",
)
@click.option("--default-tlp", type=click.Choice(LABELS), help="Label asserted for objects without one.")
@click.option("--reviewed-by", metavar="NAME", help="Operator or analyst account that answers for --default-tlp.")
@click.option(
    "--keep-invalid", is_flag=True, help="Take objects that break a MUST of STIX too; `isao validate` says which."
)
@click.option("--review", is_flag=True, help="Set aside what a privacy review finds, as it is done over TAXII.")
def load(
    files: tuple[Path, ...],
    database: Path,
    account: str,
    collection: str | None,
    new_collection: str | None,
    readers: tuple[str, ...],
    default_tlp: str | None,
    reviewed_by: str | None,
    keep_invalid: bool,
    review: bool,
) -> None:
    """Load bundles, TAXII envelopes or newline-delimited STIX objects, plain or gzip.

    Without --collection or --new-collection each file goes into a new collection named after it. All files
    are read to their end before the first object is stored. Loading a file again changes nothing. An object
    that breaks a MUST of STIX is refused, as it is over TAXII; `isao validate` says what is wrong beforehand. Who loads
    files answers for them: personal information in them is looked for with --review only.

    \b
    Exit codes: 0 all objects loaded, 1 some refused, 2 usage or an unreadable file.
    """
    if review and keep_invalid:
        raise click.UsageError("--review looks at valid objects only; leave out --keep-invalid")
    _check_options(files, collection, new_collection, readers, default_tlp, reviewed_by)
    from isao_reference.load import load_files
    from isao_reference.stix_files import UnreadableFile, check_files

    try:
        count = check_files(files)
        with opened(database) as store:
            _check_accounts(store, account, reviewed_by)
            homes = _homes(store, files, collection, new_collection, readers or ("members",))
            strict, progress = not keep_invalid, _Progress(count)
            tally = load_files(
                store, homes, account, default_tlp, progress, strict=strict, reviewed_by=reviewed_by, review=review
            )
    except UnreadableFile as fault:
        raise Fault(str(fault)) from None
    _tell(tally, default_tlp, reviewed_by)
    if tally.refused:
        raise click.exceptions.Exit(1)


def _check_options(
    files: tuple[Path, ...],
    collection: str | None,
    new_collection: str | None,
    readers: tuple[str, ...],
    default_tlp: str | None,
    reviewed_by: str | None,
) -> None:
    if collection and new_collection:
        raise click.UsageError("--collection and --new-collection exclude each other; give one of them")
    if collection and readers:
        raise click.UsageError("--reader is for new collections; --collection names one that has its readers")
    if default_tlp and not reviewed_by:
        raise click.UsageError("--default-tlp asserts a label; say with --reviewed-by who answers for it")
    if reviewed_by and not default_tlp:
        raise click.UsageError("--reviewed-by goes with --default-tlp; say which label was reviewed")
    if len(set(files)) != len(files):
        raise click.UsageError("a file is named twice; name each once")


def _check_accounts(store: Store, account: str, reviewed_by: str | None) -> None:
    from isao_reference import setup

    accounts = {found.name: found for found in setup.list_accounts(store)}
    known = ", ".join(accounts) or "none yet"
    for name in filter(None, (account, reviewed_by)):
        if name not in accounts:
            raise Fault(f"there is no account {name!r}; accounts are: {known}")
    if reviewed_by and accounts[reviewed_by].role not in ("operator", "analyst"):
        raise Fault(f"{reviewed_by} is a {accounts[reviewed_by].role}; a label is asserted by an operator or analyst")


def _homes(
    store: Store,
    files: tuple[Path, ...],
    collection: str | None,
    new_collection: str | None,
    readers: tuple[str, ...],
) -> dict[Path, str]:
    """The collection of each file; new ones are created here and told."""
    from isao_reference import setup
    from isao_reference.load import title_of
    from isao_reference.store import collections

    if collection:
        with store.reading() as db:
            if collections.by_id_or_alias(db, collection) is None:
                known = ", ".join(found.alias or found.id for found in collections.all_collections(db))
                raise Fault(f"there is no collection {collection!r}; collections are: {known or 'none yet'}")
        return dict.fromkeys(files, collection)
    if new_collection:
        identifier = setup.create_collection(store, new_collection, readers=readers)
        click.echo(f"Collection {new_collection}: {identifier}")
        return dict.fromkeys(files, identifier)
    homes = {}
    for path in files:
        title = title_of(path)
        homes[path] = setup.create_collection(store, title, readers=readers)
        click.echo(f"Collection {title}: {homes[path]}")
    return homes


class _Progress:
    """Says on standard error how far the load is, at most about twice a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done: dict[Path, int] = {}
        self._last = 0.0

    def __call__(self, path: Path, count: int) -> None:
        import time

        self._done[path] = count
        done = sum(self._done.values())
        if done == self._total or time.monotonic() - self._last > 0.5:
            self._last = time.monotonic()
            click.echo(f"{done:,} of {self._total:,} objects ({path.name})", err=True)


def _tell(tally: Tally, default_tlp: str | None, reviewed_by: str | None) -> None:
    for refused in tally.refusals:
        click.echo(f"refused: {refused.file}: {refused.position}: {refused.id or 'no id'}: {refused.why}")
    unshown = tally.refused - len(tally.refusals)
    if unshown:
        click.echo(f"refused: {unshown:,} more")
    click.echo(f"{tally.stored:,} objects loaded, {tally.refused:,} refused")
    if tally.held:
        click.echo(f"{tally.held:,} of them wait for a person: GET /functions/reviews/?state=held")
    if default_tlp:
        click.echo(f"Objects without a label count as TLP:{default_tlp.upper()}, asserted by {reviewed_by}")
