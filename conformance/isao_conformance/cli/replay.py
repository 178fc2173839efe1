"""`isao replay`: judge a recorded run again, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(short_help="Judge a recorded run again, without a network.")
@click.argument("folder", type=click.Path(path_type=Path))
def replay(folder: Path) -> None:
    """Run the probes over the transcript in FOLDER and compare every outcome with its report.

    Exit codes: 0 identical, 1 an outcome differs, 2 no usable report and transcript, 5 harness error.
    """
    from isao_conformance.errors import ConfigurationError
    from isao_conformance.replay import replay as judge_again
    from isao_conformance.verdict import ExitCode, Outcome
    from isao_spec import load

    try:
        run, differences = judge_again(folder, load())
    except ConfigurationError as fault:
        click.echo(f"isao replay: {fault}", err=True)
        sys.exit(int(ExitCode.USAGE))
    for line in differences:
        click.echo(line)
    if any(judged.outcome is Outcome.ERROR for judged in run.judged):
        click.echo("some probes did not run to their end over this transcript")
        sys.exit(int(ExitCode.HARNESS_ERROR))
    if differences or not run.judged:
        click.echo(f"{len(differences)} differences: the report and its transcript do not agree")
        sys.exit(int(ExitCode.NOT_CONFORMANT))
    click.echo(f"identical: {len(run.judged)} requirements, {len(run.exchanges)} exchanges, no network used")
