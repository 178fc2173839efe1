"""What the commands share: faults that end with exit code 2, opening a database, printing a secret once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from isao_reference.store.sqlite import Store

PATH = click.Path(path_type=Path)
DATABASE = click.option("--database", required=True, type=PATH, help="Database file of the exchange.")
CLASSES = ("public", "members", "peers", "government", "analysts")
LABELS = ("clear", "green", "amber", "amber+strict", "red")


class Fault(click.ClickException):
    """The command cannot be done as asked: one line that names fault and remedy, exit code 2."""

    exit_code = 2


@contextmanager
def opened(database: Path) -> Iterator[Store]:
    """An existing database. A fault of the store or of what is asked of it ends the command."""
    if not database.is_file():
        raise Fault(f"{database}: no such database; `isao serve --database {database}` creates it")
    with opened_or_created(database) as store:
        yield store


@contextmanager
def opened_or_created(database: Path) -> Iterator[Store]:
    """Like `opened`, but a missing file is created, readable by its owner only."""
    import sqlite3

    from isao_reference import setup
    from isao_reference.store.sqlite import StoreError

    try:
        store = setup.open_store(database)
    except (StoreError, sqlite3.DatabaseError, OSError) as fault:
        raise Fault(f"{database}: cannot be opened as a database of an exchange ({fault}); check the path") from None
    try:
        yield store
    except setup.SetupError as fault:
        raise Fault(str(fault)) from None
    except sqlite3.OperationalError as fault:
        raise Fault(f"{database}: {fault}; is another process holding it, or is the disk full?") from None
    finally:
        store.close()


def hand_over(name: str, secret: str, file: Path | None) -> None:
    """Print a new account's secret once, or write it to a new owner-only file."""
    if file is None:
        click.echo(f"Secret of {name} (shown only now): {secret}")
        return
    from isao_reference.tls import write_private

    try:
        write_private(file, secret.encode())
    except OSError as fault:
        raise Fault(f"{file}: the secret cannot be written ({fault.strerror}); name another file") from None
    click.echo(f"Secret of {name} written to {file}")
