"""Every rule of the loader refuses what breaks it, and says file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from isao_spec import SpecError
from isao_spec.loader import digest_of, load_from
from isao_spec.model import Level, Status, VerifiedBy
from tests.spec.tiny import FILES, ROW, replace, write

SECOND = FILES[ROW].partition("requirements:\n")[2]


def faults_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(SpecError) as caught:
        load_from(folder)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


def test_the_tiny_specification_loads(tmp_path: Path) -> None:
    catalogue = load_from(write(tmp_path))
    row = catalogue.requirements["ISAO-TINY-001"]
    assert (catalogue.name, catalogue.version) == ("Tiny", "1.2.3")
    assert (row.level, row.status, row.verification.by) == (Level.MUST, Status.APPROVED, VerifiedBy.PROBE)
    assert (row.function, row.file, row.line) == ("greeting", ROW, 3)
    assert row.applies_if == ("voice",)
    assert row.checked is not None
    assert row.checked.date.isoformat() == "2026-11-22"
    assert catalogue.in_profiles(("polite",)) == (row,)
    assert catalogue.profiles["polite"].may_not_be_absent == ("voice",)


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        # unknown keys, at the line of the key
        (
            ROW,
            "    title: It",
            "    titel: x\n    title: It",
            f"{ROW}:4: /requirements/0/titel: the key 'titel' is not known",
        ),
        (
            ROW,
            "      by: probe",
            "      by: probe\n      who: me",
            f"{ROW}:14: /requirements/0/verification/who: the key",
        ),
        (
            "catalogue.yaml",
            "name: Tiny",
            "name: Tiny\nowner: me",
            "catalogue.yaml:2: /owner: the key 'owner' is not known",
        ),
        ("profiles/polite.yaml", "gate: public", "gate: public\nrows: []", "profiles/polite.yaml:5: /rows: the key"),
        ("sources.yaml", "    title: On", "    isbn: 1\n    title: On", "sources.yaml:3: /sources/0/isbn: the key"),
        # duplicate keys, at the second one
        (ROW, "    level: MUST\n", "    level: MUST\n    level: MAY\n", f"{ROW}:6: the key 'level' stands twice"),
        # missing keys, at the row
        (ROW, "    remediation: Say good day.\n", "", f"{ROW}:3: /requirements/0: the key 'remediation' is missing"),
        (ROW, '    since: "0.1"\n', "", f"{ROW}:3: /requirements/0: the key 'since' is missing"),
        ("catalogue.yaml", "version: 1.2.3\n", "", "catalogue.yaml:1: /: the key 'version' is missing"),
        # wrong types and words
        (ROW, "level: MUST", "level: SHALL", f'{ROW}:5: /requirements/0/level: "SHALL" is not one of MUST, MUST NOT'),
        (
            ROW,
            "design_choice: true",
            "design_choice: 1",
            f"{ROW}:21: /requirements/0/design_choice: 1 has the wrong type",
        ),
        (ROW, 'since: "0.1"', "since: 0.1", f"{ROW}:22: /requirements/0/since: 0.1 has the wrong type"),
        (
            ROW,
            "date: 2026-11-22",
            "date: 2026-11-32",
            f'{ROW}:19: /requirements/0/checked/date: "2026-11-32" is not a valid date',
        ),
        (ROW, "profiles: [polite]", "profiles: polite", f"{ROW}:10: /requirements/0/profiles: "),
        (ROW, "id: ISAO-TINY-001", "id: TINY-1", f"{ROW}:3: /requirements/0/id: "),
        (
            "profiles/polite.yaml",
            "gate: public",
            "gate: open",
            'profiles/polite.yaml:4: /gate: "open" is not one of public',
        ),
        ("catalogue.yaml", "version: 1.2.3", "version: 1.2", "catalogue.yaml:2: /version: 1.2 has the wrong type"),
        # empty texts and lists
        (
            ROW,
            "statement: It greets everybody.",
            'statement: " "',
            f"{ROW}:6: /requirements/0/statement: must not be empty",
        ),
        (ROW, "title: It greets", "title:", f"{ROW}:4: /requirements/0/title: null has the wrong type"),
        (ROW, "profiles: [polite]", "profiles: []", f"{ROW}:10: a row stands in no profile exactly when"),
        # what belongs together
        (
            ROW,
            "    checked:\n      date: 2026-11-22\n      passage: Section 1 asks for it.\n",
            "",
            f"{ROW}:3: /requirements/0: the key 'checked' is missing",
        ),
        (
            ROW,
            "      control: A door that nobody uses stays silent.\n",
            "",
            f"{ROW}:12: /requirements/0/verification: the key 'control' is missing",
        ),
        (ROW, "by: probe", "by: none", f"{ROW}:12: /requirements/0/verification: the key 'reason' is missing"),
        (
            ROW,
            "    design_choice: true",
            "    contested: {why: Unclear.}",
            f"{ROW}:21: /requirements/0/contested: the key 'readings' is missing",
        ),
        (
            ROW,
            "    design_choice: true",
            "    contested: {why: Unclear., readings: []}",
            f"{ROW}:21: /requirements/0/contested/readings: must not be empty",
        ),
        # references to nothing
        (ROW, "source: manners", "source: manuals", f"{ROW}:9: the source 'manuals' is not in sources.yaml"),
        (ROW, "profiles: [polite]", "profiles: [polite, loud]", f"{ROW}:10: there is no file profiles/loud.yaml"),
        (
            ROW,
            "applies_if: voice",
            "applies_if: wings",
            f"{ROW}:11: the capability 'wings' is not in capabilities.yaml",
        ),
        (
            ROW,
            "applies_if: voice",
            "applies_if: [voice, wings]",
            f"{ROW}:11: the capability 'wings' is not in capabilities.yaml",
        ),
        ("profiles/polite.yaml", "[voice]", "[wings]", "profiles/polite.yaml:5: the capability 'wings' is not in"),
        # names of files
        (ROW, "function: greeting", "function: greetings", f"{ROW}:1: the function 'greetings' is not the file's name"),
        (
            "profiles/polite.yaml",
            "id: polite",
            "id: rude",
            "profiles/polite.yaml:1: the id 'rude' is not the file's name",
        ),
        (
            "catalogue.yaml",
            "stem: greeting",
            "stem: parting",
            "catalogue.yaml:4: there is no file requirements/parting.yaml",
        ),
        ("catalogue.yaml", "stem: greeting", "stem: parting", f"{ROW}:1: 'greeting' is not listed in catalogue.yaml"),
        # ids
        (ROW, "id: ISAO-TINY-001", "id: ISAO-TINY-009", f"{ROW}:3: the id ISAO-TINY-009 is retired (Said twice.)"),
        (ROW, FILES[ROW], FILES[ROW] + SECOND, f"{ROW}:23: the id 'ISAO-TINY-001' stands twice"),
        # YAML that is more than plain values
        (ROW, "title: It greets", "title: &a It greets\n    rationale: *a", f"{ROW}:4: anchors and aliases"),
        (ROW, "    level: MUST", "    on: x\n    level: MUST", f"{ROW}:5: the key 'on' is not a plain text"),
        (ROW, "function: greeting", "function: [greeting", f"{ROW}:2: not YAML: "),
        (ROW, FILES[ROW], "", f"{ROW}:1: the file is empty"),
    ],
)
def test_what_breaks_a_rule_is_refused(tmp_path: Path, name: str, old: str, new: str, fault: str) -> None:
    write(tmp_path)
    replace(tmp_path, name, old, new)
    faults = faults_of(tmp_path)
    assert any(line.startswith(fault) for line in faults), faults


def doubled(text: str) -> str:
    head, _, entries = text.partition(":\n")
    return f"{head}:\n{entries}{entries}"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("sources.yaml", "sources.yaml:7: the id 'manners' stands twice"),
        ("capabilities.yaml", "capabilities.yaml:5: the id 'voice' stands twice"),
        ("retired.yaml", "retired.yaml:4: the id 'ISAO-TINY-009' stands twice"),
    ],
)
def test_no_id_is_given_twice(tmp_path: Path, name: str, fault: str) -> None:
    write(tmp_path)
    (tmp_path / name).write_text(doubled(FILES[name]), encoding="utf-8")
    assert fault in faults_of(tmp_path)


def test_an_id_of_another_file_is_not_given_again(tmp_path: Path) -> None:
    write(tmp_path)
    again = FILES[ROW].replace("function: greeting", "function: parting")
    (tmp_path / "requirements/parting.yaml").write_text(again, encoding="utf-8")
    replace(
        tmp_path,
        "catalogue.yaml",
        FILES["catalogue.yaml"],
        FILES["catalogue.yaml"] + "  - {stem: parting, title: P, summary: P}\n",
    )
    assert "requirements/parting.yaml:3: the id 'ISAO-TINY-001' stands twice" in faults_of(tmp_path)


@pytest.mark.parametrize("name", ["catalogue.yaml", "sources.yaml", "capabilities.yaml", "retired.yaml"])
def test_a_missing_file_is_a_fault(tmp_path: Path, name: str) -> None:
    (write(tmp_path) / name).unlink()
    assert f"{name}:1: the file is missing" in faults_of(tmp_path)


def test_a_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    (write(tmp_path) / ROW).write_bytes(b"function: gr\xfc\xdfe\n")
    assert faults_of(tmp_path)[-1].startswith(f"{ROW}:1: cannot be read")


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path)
    replace(tmp_path, ROW, "level: MUST", "level: SHALL")
    replace(tmp_path, "sources.yaml", "publisher: Nobody\n", "")
    replace(tmp_path, "retired.yaml", "reason: Said twice.", "reason: ''")
    files = {fault.partition(":")[0] for fault in faults_of(tmp_path)}
    assert {ROW, "sources.yaml", "retired.yaml"} <= files


def test_the_digest_follows_every_file_that_decides(tmp_path: Path) -> None:
    before = load_from(write(tmp_path)).digest
    assert digest_of(tmp_path) == before
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes/0.1.md").write_text("prose", encoding="utf-8")
    assert digest_of(tmp_path) == before
    seen = {before}
    for name in FILES:
        text = (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text + "# looked at\n", encoding="utf-8")
        seen.add(load_from(tmp_path).digest)
    assert len(seen) == len(FILES) + 1


def test_moving_text_between_files_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("three\n", encoding="utf-8")
    before = digest_of(tmp_path)
    (tmp_path / "a.yaml").write_text("one\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("two\nthree\n", encoding="utf-8")
    assert digest_of(tmp_path) != before
