"""`isao cleanup`: remove what a run left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(short_help="Remove what a broken run left behind.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--target", "target_file", type=click.Path(path_type=Path), required=True, help="The run's target file.")
def cleanup(run: Path, target_file: Path) -> None:
    """Delete every object that the run in folder RUN wrote down as created, as the actor that created it. Records of
    the function API and what the target published for them are listed only.

    Exit codes: 0 nothing is left, 2 usage, 3 unreachable, 4 something may be left (listed).
    """
    from isao_conformance.ceilings import Ceilings
    from isao_conformance.cleanup import remove
    from isao_conformance.creations import read_journal
    from isao_conformance.errors import ConfigurationError
    from isao_conformance.evidence import Live, Redactor
    from isao_conformance.target import load_target
    from isao_conformance.transport import Wire
    from isao_conformance.verdict import ExitCode

    try:
        target = load_target(target_file)
        created = read_journal(run)
    except (ConfigurationError, OSError, ValueError) as fault:
        click.echo(f"isao cleanup: {fault}", err=True)
        sys.exit(int(ExitCode.USAGE))
    live = Live(
        Wire(target.tls, target.exchange_seconds),
        Redactor(target.actors.values()),
        target.requests_per_second,
        Ceilings(target.run_octets, target.run_seconds),
    )
    left = remove(target, live, created)
    for item in left:
        click.echo(f"may be left: {item.created.id} in {item.created.collection}: {item.why}")
    click.echo(f"{len(created) - len(left)} of {len(created)} objects are gone")
    asked = live.all_exchanges()
    silent = bool(asked) and all(e.answer is None for e in asked)
    sys.exit(int(ExitCode.UNREACHABLE if silent else ExitCode.INCOMPLETE if left else ExitCode.CONFORMANT))
