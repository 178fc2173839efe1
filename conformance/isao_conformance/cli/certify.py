"""`isao certify`: run the harness against a target and write its report."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from isao_conformance.target import Target


@click.command(short_help="Certify an exchange over HTTP and write its report.")
@click.argument("url", required=False)
@click.option("--target", "target_file", type=click.Path(path_type=Path), help="Target file (TOML) in place of a URL.")
@click.option("--profile", "profiles", multiple=True, help="Profile to certify; may be repeated. Overrides the file.")
@click.option("--select", multiple=True, metavar="ID|PATTERN", help="Judge only these rows; nothing can be claimed.")
@click.option("--read-only", is_flag=True, help="Write nothing to the target.")
@click.option("--seed", default=None, help="Repeat the random choices of an earlier run.")
@click.option("--no-claim", is_flag=True, help="Exit 0 with untestable MUSTs; no conformance is claimed.")
@click.option("--write", "write", multiple=True, metavar="URL", help="With a URL: a collection the run may write to.")
@click.option("--ca-file", type=click.Path(), help="With a URL: certificate authority to trust.")
@click.option(
    "--fuzz",
    "fuzz_seconds",
    type=click.IntRange(1, 3600),
    metavar="SECONDS",
    help="Then send made-up reading requests to the function API for so long; findings are no verdicts.",
)
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("isao-report"),
    show_default=True,
    help="Folder for the report and its evidence.",
)
def certify(
    url: str | None,
    target_file: Path | None,
    profiles: tuple[str, ...],
    select: tuple[str, ...],
    read_only: bool,
    seed: str | None,
    no_claim: bool,
    write: tuple[str, ...],
    ca_file: str | None,
    fuzz_seconds: int | None,
    folder: Path,
) -> None:
    """Certify the exchange at URL, or the one that a target file describes.

    With a URL, one account can be lent by the environment: ISAO_USERNAME and ISAO_SECRET (HTTP Basic), or
    ISAO_TOKEN (bearer). Several accounts, and what may be read and written, need a target file.

    \b
    Exit codes: 0 conformant, 1 a MUST failed, 2 usage or configuration, 3 unreachable,
    4 incomplete (untestable MUSTs), 5 harness error, 130 interrupted.

    Ctrl-C ends the run and removes what it wrote; a second one leaves that there, for `isao cleanup`.
    """
    from isao_conformance import certification
    from isao_conformance.errors import ConfigurationError, Unreachable
    from isao_conformance.interruption import heeded
    from isao_conformance.report import console
    from isao_conformance.verdict import ExitCode
    from isao_spec import load

    try:
        target = _target(url, target_file, write, ca_file)
        chosen = profiles or target.profiles or ("taxii-server",)
        options = certification.Options(chosen, select, read_only, no_claim, seed or secrets.token_hex(8))
        with heeded(*console.stopping(folder, target_file)) as stop:
            report, run, code = certification.certify(
                target,
                load(),
                options,
                folder,
                on_start=lambda plan: _say(console.header(plan, options.profiles)),
                on_group=lambda stem, judged: _say([console.group_line(stem, judged)]),
                stop=stop,
            )
    except ConfigurationError as fault:
        _stop(ExitCode.USAGE, str(fault))
    except Unreachable as fault:
        _stop(ExitCode.UNREACHABLE, f"nothing answers at the target: {fault}. Check the URL, the port and the network")
    except certification.Interrupted as fault:
        _stop(ExitCode.INTERRUPTED, console.interrupted(fault.created, fault.left, folder, target_file))
    if not any(actor.signs_in for actor in target.actors.values()):
        _say(console.stranger(run, target))
    _say(console.summary(report, folder))
    if stop.asked:  # too late to stop the run, and no reason to begin with anything else
        sys.exit(int(ExitCode.INTERRUPTED))
    if fuzz_seconds is not None:
        root = run.survey.capability_document.get("services", {}).get("functions", {}).get("root", "")
        _say(_fuzzed(target, str(root), fuzz_seconds, folder))
    sys.exit(int(code))


def _fuzzed(target: Target, root: str, seconds: int, folder: Path) -> list[str]:
    from isao_conformance import fuzz
    from isao_spec import load
    from isao_spec.openapi import document

    return fuzz.beside(target, root, document(load()), seconds, folder)


def _say(lines: list[str]) -> None:
    """Print lines at once, also into a pipe."""
    for line in lines:
        click.echo(line)
    sys.stdout.flush()


def _stop(code: int, message: str) -> None:
    click.echo(f"isao certify: {message}", err=True)
    sys.exit(int(code))


def _target(url: str | None, file: Path | None, write: tuple[str, ...], ca_file: str | None) -> Target:
    from isao_conformance.errors import ConfigurationError
    from isao_conformance.target import load_target, target_of_url

    if (url is None) == (file is None):
        raise ConfigurationError("give a URL or --target FILE, one of the two")
    if file is not None:
        if write or ca_file:
            raise ConfigurationError("--write and --ca-file belong to a URL; put them into the target file")
        return load_target(file)
    assert url is not None
    return target_of_url(url, write, ca_file, os.environ)
