"""`isao validate` as a process: what it reads, what it says with rule, clause and pointer, and how it ends."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ISAO_VALIDATE = [sys.executable, "-c", "from isao_reference.cli.validate import validate; validate()"]

TIMES = {"created": "2026-10-05T08:00:00.000Z", "modified": "2026-10-05T08:00:00.000Z"}
GOOD: dict[str, Any] = {
    "type": "campaign",
    "spec_version": "2.1",
    "id": "campaign--7d4be4c6-4c0e-43c6-9a2e-4a58d5f0b6c1",
    **TIMES,
    "name": "Drill (invented)",
}
LATE = {**GOOD, "modified": "2026-10-04T08:00:00.000Z"}
WARNED = {**GOOD, "colour": "blue"}
BUNDLE_ID = "bundle--a1c0da95-ee13-4bf8-a199-757444660501"


def isao_validate(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*ISAO_VALIDATE, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def written(path: Path, *documents: Any, indent: int | None = None) -> Path:
    text = "\n".join(json.dumps(document, indent=indent) for document in documents).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def bundle(*objects: Any) -> dict[str, Any]:
    return {"type": "bundle", "id": BUNDLE_ID, "objects": list(objects)}


@pytest.mark.parametrize(
    ("name", "documents", "place"),
    [
        ("bundle.json", [bundle(GOOD | {"id": GOOD["id"][:-1] + "2"}, LATE)], " /objects/1/modified: "),
        ("envelope.json", [{"more": False, "objects": [LATE]}], " /objects/0/modified: "),
        ("object.json.gz", [LATE], " line 1 /modified: "),
        ("many.ndjson", [GOOD | {"id": GOOD["id"][:-1] + "2"}, bundle(LATE)], " line 2 /objects/0/modified: "),
    ],
)
def test_each_form_of_file_is_judged_and_the_place_named(
    tmp_path: Path, name: str, documents: list[Any], place: str
) -> None:
    indent = 2 if len(documents) == 1 and not name.startswith("object") else None
    done = isao_validate(written(tmp_path / name, *documents, indent=indent))
    assert done.returncode == 1, done.stderr
    line = done.stdout.splitlines()[0]
    assert line.startswith(f"{tmp_path / name}:{place}MUST S-VER-1 (stix-2.1, 3.2): ")
    assert GOOD["id"] in line
    assert done.stdout.splitlines()[-1].startswith("not valid: ")


def test_valid_content_ends_with_0_and_a_count(tmp_path: Path) -> None:
    done = isao_validate(written(tmp_path / "good.json", bundle(GOOD)))
    assert (done.returncode, done.stdout) == (0, "valid: 1 objects, 0 errors, 0 warnings\n")


def test_a_warning_is_printed_and_is_no_error(tmp_path: Path) -> None:
    file = written(tmp_path / "warned.json", WARNED)
    done = isao_validate(file)
    assert done.returncode == 0
    assert "SHOULD S-EXT-8 (stix-2.1, 11.1.1): " in done.stdout
    assert isao_validate("--errors-only", file).stdout == "valid: 1 objects, 0 errors, 1 warnings\n"


def test_files_are_compared_with_each_other(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", GOOD)
    two = written(tmp_path / "two.json", {**GOOD, "name": "Another text"})
    assert isao_validate(one).returncode == isao_validate(two).returncode == 0
    done = isao_validate(one, two)
    assert done.returncode == 1
    assert f"{two}: line 1 /: MUST S-VER-3 (stix-2.1, 3.6): " in done.stdout


def test_json_output_says_all_of_it(tmp_path: Path) -> None:
    file = written(tmp_path / "late.json", bundle(LATE), indent=1)
    done = isao_validate("--json", file)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["valid"], document["objects"], document["errors"], document["warnings"]) == (False, 1, 1, 0)
    (finding,) = document["findings"]
    assert finding.pop("message")
    assert finding == {
        "file": str(file),
        "place": "",
        "pointer": "/objects/0/modified",
        "object_id": GOOD["id"],
        "rule": "S-VER-1",
        "level": "MUST",
        "source": "stix-2.1",
        "clause": "3.2",
    }


def test_stix_20_is_judged_as_stix_20(tmp_path: Path) -> None:
    item = {key: value for key, value in GOOD.items() if key != "spec_version"}
    assert isao_validate(written(tmp_path / "old.json", item)).returncode == 0
    done = isao_validate(written(tmp_path / "late.json", item | {"modified": LATE["modified"]}))
    assert done.returncode == 1
    assert "MUST S-20-1 (stix-2.0, Part 1, 3.1): " in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"{", "not JSON"),
        (b'{"type": "campaign"}\n{"type": ', "line 2: not JSON"),
        (b'{"type": "campaign", "type": "tool"}', "'type' occurs twice"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(content)
    done = isao_validate(file)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {file}: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_usage_ends_with_2(tmp_path: Path) -> None:
    file = written(tmp_path / "good.json", GOOD)
    for words in ((), (file, file), ("--yaml", file), (tmp_path / "none.json",), (tmp_path,)):
        assert isao_validate(*words).returncode == 2
