"""`isao explain` and `isao spec` print what the specification knows, for every row, and help with a wrong id."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from isao_conformance.cli.explain import WIDTH, explain, lines
from isao_conformance.cli.spec import spec
from isao_conformance.probe import all_probes, all_watchers
from isao_spec import load
from isao_spec.model import Requirement

CATALOGUE = load()


def run(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("row", CATALOGUE.requirements.values(), ids=lambda row: row.id)
def test_every_row_is_explained_in_full(row: Requirement) -> None:
    told = squeezed("\n".join(lines(CATALOGUE, row)))
    parts = [row.statement, row.rationale, row.verification.method, row.verification.control, row.remediation]
    parts += [CATALOGUE.sources[cited.source].address for cited in row.sources]
    judges = [p.name for p in all_probes().values() if p.requirement == row.id]
    judges += [w.name for w in all_watchers().values() if w.requirement == row.id]
    for part in [row.id, row.title, str(row.level), row.digest, *row.profiles, *judges, *filter(None, parts)]:
        assert squeezed(part) in told, part


def test_lines_fit_a_terminal_but_for_addresses() -> None:
    for row in CATALOGUE.requirements.values():
        long = [line for line in lines(CATALOGUE, row) if len(line) > WIDTH and "https://" not in line]
        assert long == [], row.id


def test_a_wrong_id_is_answered_with_near_ones() -> None:
    told = run(explain, "TAXII-3.5-11")
    assert told.exit_code == 2
    assert "no requirement TAXII-3.5-11" in told.output
    assert "TAXII-3.5-1" in told.output.partition("near it")[2]


def test_small_letters_are_understood() -> None:
    row = next(iter(CATALOGUE.requirements))
    assert run(explain, row.lower()).output == run(explain, row).output


def test_the_list_is_narrowed_by_profile_function_and_level() -> None:
    rows = CATALOGUE.requirements.values()
    for option, value, kept in (
        ("--profile", "foundational", lambda row: "foundational" in row.profiles),
        ("--function", "taxii_paging", lambda row: row.function == "taxii_paging"),
        ("--level", "must not", lambda row: row.level == "MUST NOT"),
    ):
        told = run(spec, "list", option, value)
        assert told.exit_code == 0
        assert [line.split()[0] for line in told.output.splitlines()[:-1]] == [row.id for row in rows if kept(row)]
    assert run(spec, "list", "--profile", "nobodys").exit_code == 2


def test_show_gives_the_digest_in_words_and_as_json() -> None:
    row = next(iter(CATALOGUE.requirements.values()))
    assert row.digest in run(spec, "show", row.id).output
    told = json.loads(run(spec, "show", row.id, "--json").output)
    assert (told["id"], told["digest"], told["statement"]) == (row.id, row.digest, row.statement)
    assert run(spec, "show", "NOPE-1").exit_code == 2


def test_naming_the_commands_loads_nothing_heavy() -> None:
    code = (
        "import sys; import isao_conformance.cli.explain, isao_conformance.cli.spec; "
        "print([m for m in ('yaml', 'jsonschema_rs', 'jinja2', 'ssl', 'isao_spec') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
