"""`isao demo`: a known-good exchange with invented organizations to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isao_reference.cli.common import Fault

if TYPE_CHECKING:
    from threading import Event

PATH = click.Path(path_type=Path)
TICK = 0.1  # seconds between looks at the harness and the stop signal
HARNESS_GRACE = 20  # seconds the harness gets to end after a stop
INTERRUPTED = 130


@click.command(short_help="Run a demonstration exchange, and certify it.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1.  [default: a free one]")
@click.option("--write-target", "target", type=PATH, help="Write the target file here.")
@click.option("--plain-http", is_flag=True, help="Without TLS: the TLS rows cannot be tested, nothing be claimed.")
@click.option("--certify", is_flag=True, help="Run `isao certify` on it and end with its exit code.")
@click.option("--output", type=PATH, help="With --certify: folder for the report.")
def demo(port: int, target: Path | None, plain_http: bool, certify: bool, output: Path | None) -> None:
    """Run an exchange with fictional organizations, real facts and fresh credentials until it is stopped.

    Everything stands in a private temporary folder that is removed at the end. Credentials are in
    owner-only files there; the target file says where.
    """
    if output and not certify:
        raise click.UsageError("--output goes with --certify")
    import tempfile
    from contextlib import ExitStack

    from isao_reference.cli.signals import stop_signals
    from isao_reference.demo import demo_exchange

    with ExitStack() as stack:
        stopped = stack.enter_context(stop_signals())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="isao-demo-"))
        try:
            running = stack.enter_context(demo_exchange(Path(folder), port, plain_http, target))
        except OSError as fault:
            raise Fault(f"the exchange cannot start: {fault}; choose another --port or --write-target") from None
        target_file = running.target_file.absolute()
        click.echo(f"Demonstration exchange at {running.base_url} (fictional organizations)")
        click.echo(f"Target file: {target_file}")
        if plain_http:
            click.echo("Warning: plain HTTP. The TLS rows are untestable and nothing can be claimed.", err=True)
        if not certify:
            click.echo(f"Next: isao certify --target {target_file}")
        _flush()
        code = _certify(target_file, output or Path("isao-report"), stopped) if certify else _wait(stopped)
    raise click.exceptions.Exit(code)


def _wait(stopped: Event) -> int:
    stopped.wait()
    return 0


def _certify(target: Path, output: Path, stopped: Event) -> int:
    """Run the harness as a process of its own, on our own standard output, and return its exit code.

    It gets a process group of its own and one SIGINT from us, so that Ctrl-C does not reach it twice.
    """
    import os
    import signal
    import subprocess
    import sys

    command = [sys.executable, "-m", "isao_conformance.cli.main", "certify"]
    process = subprocess.Popen(
        [*command, "--target", str(target), "--output", str(output)],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        process_group=0,
    )
    try:
        while process.poll() is None and not stopped.wait(TICK):
            pass
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        code = process.wait(HARNESS_GRACE)
    except subprocess.TimeoutExpired:
        code = INTERRUPTED
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return code if code >= 0 else INTERRUPTED


def _flush() -> None:
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
