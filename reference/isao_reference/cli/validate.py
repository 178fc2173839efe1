"""`isao validate`: what is wrong with STIX files, by rule, clause and place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isao_reference.cli.common import Fault

if TYPE_CHECKING:
    from isao_reference.content.files import Judgement, Located


@click.command(short_help="Say what is wrong with STIX files.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
@click.option("--errors-only", is_flag=True, help="Leave out warnings: rules that are SHOULD or SHOULD NOT.")
def validate(files: tuple[Path, ...], as_json: bool, errors_only: bool) -> None:
    """Judge bundles, TAXII envelopes, newline-delimited STIX or single objects, plain or gzip.

    All files are judged together: versions of an object, translations and markings are compared across them.
    Objects without spec_version that could be STIX 2.0 are taken as STIX 2.0 and judged lightly.

    \b
    Exit codes: 0 valid (warnings may be printed), 1 a MUST is broken, 2 usage or an unreadable file.
    """
    from isao_reference.content.files import judge_files
    from isao_reference.stix_files import UnreadableFile

    if len(set(files)) != len(files):
        raise click.UsageError("a file is named twice; name each once")
    try:
        judgement = judge_files(files)
    except UnreadableFile as fault:
        raise Fault(str(fault)) from None
    shown = [entry for entry in judgement.found if entry.finding.binding or not errors_only]
    if as_json:
        _print_json(judgement, shown)
    else:
        _print_lines(judgement, shown)
    if not judgement.valid:
        raise click.exceptions.Exit(1)


def _clause(entry: Located) -> tuple[str, str]:
    """(document, section) that a finding rests on."""
    from isao_spec import stix

    return stix.rules()[entry.finding.rule].source, entry.finding.clause


def _print_lines(judgement: Judgement, shown: list[Located]) -> None:
    for entry in shown:
        finding = entry.finding
        source, clause = _clause(entry)
        place = " ".join(part for part in (entry.place, finding.pointer or "/") if part)
        about = f" [{finding.object_id}]" if finding.object_id else ""
        line = f"{entry.file}: {place}: {finding.level} {finding.rule} ({source}, {clause}): {finding.message}{about}"
        click.echo(line)
    errors = sum(entry.finding.binding for entry in judgement.found)
    warnings = len(judgement.found) - errors
    verdict = "valid" if judgement.valid else "not valid"
    click.echo(f"{verdict}: {judgement.objects:,} objects, {errors:,} errors, {warnings:,} warnings")


def _print_json(judgement: Judgement, shown: list[Located]) -> None:
    import json

    errors = sum(entry.finding.binding for entry in judgement.found)
    document: dict[str, Any] = {
        "valid": judgement.valid,
        "objects": judgement.objects,
        "errors": errors,
        "warnings": len(judgement.found) - errors,
        "findings": [_as_json(entry) for entry in shown],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=True))


def _as_json(entry: Located) -> dict[str, str]:
    finding = entry.finding
    source, clause = _clause(entry)
    return {
        "file": str(entry.file),
        "place": entry.place,
        "pointer": finding.pointer,
        "object_id": finding.object_id,
        "rule": finding.rule,
        "level": str(finding.level),
        "source": source,
        "clause": clause,
        "message": finding.message,
    }
