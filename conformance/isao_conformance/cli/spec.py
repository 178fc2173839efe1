"""`isao spec`: list and show the requirements, print the HTTP API."""

from __future__ import annotations

import json
import sys

import click


@click.group(short_help="List and show the requirements.")
def spec() -> None:
    """The specification that this installation certifies against."""


@spec.command("list")
@click.option("--profile", help="Only rows of this profile.")
@click.option("--function", "function", help="Only rows of this function, such as taxii_paging.")
@click.option("--level", help="Only rows of this level, such as MUST.")
def list_(profile: str | None, function: str | None, level: str | None) -> None:
    """Print one line a requirement: id, level, function, title.

    Exit codes: 0 printed, 2 nothing matches.
    """
    from isao_spec import load

    catalogue = load()
    rows = [
        row
        for row in catalogue.requirements.values()
        if (profile is None or profile in row.profiles)
        and (function is None or function == row.function)
        and (level is None or level.upper() == row.level)
    ]
    if not rows:
        click.echo(
            f"isao: nothing matches; profiles: {', '.join(catalogue.profiles)}; "
            f"functions: {', '.join(group.stem for group in catalogue.groups)}",
            err=True,
        )
        sys.exit(2)
    for row in rows:
        click.echo(f"{row.id:18} {row.level:10} {row.function:18} {row.title}")
    click.echo(f"{len(rows)} requirements, {catalogue.name} {catalogue.version}, digest {catalogue.digest[:16]}")


@spec.command("show")
@click.argument("requirement", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the row as JSON.")
def show(requirement: str, as_json: bool) -> None:
    """Print one row, with the digest that its probe has to name.

    Exit codes: 0 printed, 2 there is no such requirement.
    """
    from dataclasses import asdict

    from isao_conformance.cli.explain import find, lines
    from isao_spec import load

    catalogue = load()
    row = find(catalogue, requirement)
    if as_json:
        click.echo(json.dumps({**asdict(row), "digest": row.digest}, indent=2, default=str))
        return
    for line in lines(catalogue, row):
        click.echo(line)
    click.echo(f"\nwritten in {row.file}, line {row.line}")


@spec.command("openapi")
def openapi() -> None:
    """Print the HTTP API of an exchange as an OpenAPI 3.1 document.

    It is generated from the function contracts and the TAXII 2.1 endpoints. Exit codes: 0 printed.
    """
    from isao_spec import load
    from isao_spec.openapi import text

    click.echo(text(load()), nl=False)
