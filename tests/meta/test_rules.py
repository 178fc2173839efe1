"""Every rule holds for this repository, and every rule can fail: each is shown something broken."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from isao_conformance.probe import Probe, Watcher, all_probes, all_watchers
from isao_spec import load
from isao_spec.model import Catalogue, Level
from tests.meta import rules
from tests.support.mutation import all_mutants

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = ["/" + "work/", "pypi" + ".org", "farm" + "-bench", "farm" + "-studio"]


@dataclass
class Fake:
    """A mutant declaration made up for a test."""

    name: str = "fake"
    breaks: str = "TAXII-3.4-2"
    also: dict[str, str] = field(default_factory=dict)


def tracked(pattern: str = "*.py") -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return {name: (ROOT / name).read_text("utf-8") for name in listed if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="module")
def judges() -> list[Probe | Watcher]:
    return [*all_probes().values(), *all_watchers().values()]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for top in ("spec", "reference", "conformance"):
        shutil.copytree(ROOT / top, tmp_path / top, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_import_arrows_hold_and_a_broken_one_is_seen(copy: Path) -> None:
    assert rules.broken_arrows(ROOT) == []
    assert rules.broken_arrows(copy) == []
    (copy / "conformance/isao_conformance/probes/leak.py").write_text("from isao_reference import app\n")
    (copy / "spec/isao_spec/leak.py").write_text("import isao_conformance.probe\n")
    assert rules.broken_arrows(copy) == [
        "spec/isao_spec/leak.py imports isao_conformance",
        "conformance/isao_conformance/probes/leak.py imports isao_reference",
    ]


def test_top_folders_hold_one_package_and_a_stranger_is_seen(copy: Path) -> None:
    assert rules.strangers_in_top_folders(ROOT) == []
    (copy / "spec/schemas").mkdir()
    assert rules.strangers_in_top_folders(copy) == ["spec/schemas"]


def test_probes_draw_only_from_the_lab_and_another_source_is_seen() -> None:
    probes = {n: t for n, t in tracked().items() if "/probes/" in n or n.endswith("isao_conformance/fixtures.py")}
    assert len(probes) >= 19
    assert rules.probes_with_their_own_randomness(probes) == []
    assert rules.probes_with_their_own_randomness({"x.py": "import random\nfrom datetime import datetime\n"}) == [
        "x.py imports random"
    ]
    assert rules.probes_with_their_own_randomness({"x.py": "t = datetime.now()"}) == ["x.py reads the clock"]


def test_every_row_has_a_probe_every_must_a_mutant_and_a_gap_is_seen(catalogue: Catalogue) -> None:
    probes, watchers, mutants = all_probes().values(), all_watchers().values(), list(all_mutants().values())
    assert rules.untested_musts(catalogue, probes, watchers, mutants) == []
    without_one = [p for p in probes if p.requirement != "TAXII-3.4-2"]
    assert rules.untested_musts(catalogue, without_one, watchers, mutants) == ["TAXII-3.4-2 has no probe"]
    unkilled = [m for m in mutants if m.breaks != "TAXII-3.4-2"]
    assert rules.untested_musts(catalogue, probes, watchers, unkilled) == ["TAXII-3.4-2 has no mutant"]


def test_probes_fit_the_wording_of_their_rows_and_an_edited_must_is_seen(
    catalogue: Catalogue, judges: list[Probe | Watcher]
) -> None:
    assert rules.stale_statements(catalogue, judges) == []
    row = catalogue.requirements["TAXII-3.4-2"]
    for edited in (replace(row, statement=row.statement + " Always."), replace(row, level=Level.SHOULD)):
        changed = replace(catalogue, requirements={**catalogue.requirements, row.id: edited})
        assert any(row.id in line for line in rules.stale_statements(changed, judges))


def test_probes_stand_beside_their_rows_and_a_misplaced_one_is_seen(
    catalogue: Catalogue, judges: list[Probe | Watcher]
) -> None:
    assert rules.misplaced_judges(catalogue, judges) == []
    row = catalogue.requirements["TAXII-3.4-2"]
    moved = replace(catalogue, requirements={**catalogue.requirements, row.id: replace(row, function="marking")})
    assert any("marking" in line for line in rules.misplaced_judges(moved, judges))


def test_every_stem_has_rows_probes_and_mutants_and_a_lone_one_is_seen(tmp_path: Path, catalogue: Catalogue) -> None:
    assert rules.incomplete_stems(ROOT, catalogue) == []
    for top in ("spec", "conformance", "tests/mutants"):
        shutil.copytree(ROOT / top, tmp_path / top, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests/mutants/marking.py").unlink()
    (tmp_path / "conformance/isao_conformance/probes/alone.py").touch()
    assert rules.incomplete_stems(tmp_path, catalogue) == [
        "spec/isao_spec/requirements/alone.yaml",
        "tests/mutants/alone.py",
        "tests/mutants/marking.py",
    ]


def test_mutants_declare_soundly_and_an_unsound_one_is_seen(catalogue: Catalogue) -> None:
    assert rules.unsound_mutants(catalogue, all_mutants().values()) == []
    three = {"TAXII-3.4-1": "a", "TAXII-3.4-3": "b", "TAXII-3.5-1": " "}
    assert len(rules.unsound_mutants(catalogue, [Fake(breaks="NO-1"), Fake(also=three)])) == 3


def test_ids_are_never_lost_and_a_lost_one_is_seen(catalogue: Catalogue) -> None:
    known = (ROOT / "tests/meta/known_ids.txt").read_text("utf-8").split()
    assert len(known) >= 45
    assert rules.lost_ids(catalogue, known) == []
    assert rules.lost_ids(catalogue, ["ISAO-GONE-001"]) == ["ISAO-GONE-001"]
    assert sorted(catalogue.requirements) == sorted(known), "new rows are written into tests/meta/known_ids.txt"


def test_modules_stay_small_and_a_long_one_is_seen() -> None:
    assert rules.long_modules(tracked()) == []
    assert rules.long_modules({"spec/x.py": "\n" * 401, "tests/x.py": "\n" * 600}) == ["spec/x.py has 401 lines"]


def test_tests_assert_and_a_silent_one_is_seen() -> None:
    tests = {name: text for name, text in tracked().items() if name.rpartition("/")[2].startswith("test_")}
    assert len(tests) > 10
    assert rules.tests_that_assert_nothing(tests) == []
    assert rules.tests_that_assert_nothing({"t.py": "def test_nothing():\n    print(1)\n"}) == ["t.py::test_nothing"]


def test_no_private_words_and_one_is_seen() -> None:
    texts: dict[str, str] = {}
    for pattern in ("*.py", "*.md", "*.yaml", "*.toml", "*.json", "Makefile", ".ci/run", "requirements/*"):
        texts |= tracked(pattern)
    assert rules.private_words(texts, PRIVATE) == []
    assert rules.private_words({"x.md": "see " + PRIVATE[0]}, PRIVATE) == [f"x.md says {PRIVATE[0]}"]


def test_nothing_is_expected_to_fail_and_a_silenced_test_is_seen() -> None:
    files = {name: text for name, text in tracked().items() if "tests/meta/" not in name}
    assert rules.silenced_checks(files) == []
    assert rules.silenced_checks({"t.py": "@pytest.mark.xfail"}) == ["t.py says pytest.mark.xfail"]
