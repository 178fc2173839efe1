"""Guides work as written: their shell blocks are run in order by one bash, and each prints what the guide shows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "@@ end of block"
PATIENCE = 240
"""Seconds for a whole guide."""


@dataclass(frozen=True)
class Block:
    """One box to copy, and the box with what it prints; None when the guide shows nothing."""

    line: int
    commands: str
    shown: str | None


def blocks_of(text: str) -> list[Block]:
    """The shell blocks of a guide, each with the text block that comes next, if that follows before another one."""
    found = [(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in FENCE.finditer(text)]
    following = [*found[1:], ("", "", 0)]
    return [
        Block(line, body, after if kind == "text" else None)
        for (language, body, line), (kind, after, _) in zip(found, following, strict=True)
        if language == "bash"
    ]


def pattern_of(shown: str) -> str:
    """A regular expression of what a text block stands for: `…` is anything in a line, a line of it any lines."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else ".+?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.splitlines()
    ]
    return "".join(lines)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def run(blocks: list[Block], folder: Path, **environment: str) -> list[tuple[Block, str, int]]:
    """What each block printed, errors included, and with what status it ended."""
    tools = folder / "bin"
    tools.mkdir()
    for name, command in (("isao", "-m isao_conformance.cli.main"), ("python3", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        (tools / name).chmod(0o755)
    script = "".join(f"{{ {one.commands}\n}} 2>&1\nprintf '\\n%s %s\\n' '{MARK}' $?\n" for one in blocks)
    variables = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PORT": str(_free_port()), **environment}
    variables |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "NO_PROXY": "*", "no_proxy": "*"}
    (folder / "guide.sh").write_text(script, "utf-8")
    ended = subprocess.run(
        ["bash", "guide.sh"],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    printed = re.split(rf"\n{MARK} (\d+)\n", ended.stdout)
    assert len(printed) == 2 * len(blocks) + 1, (ended.stdout[-2000:], ended.stderr[-2000:])
    return [(one, printed[2 * n], int(printed[2 * n + 1])) for n, one in enumerate(blocks)]


def differences(name: str, ran: list[tuple[Block, str, int]]) -> list[str]:
    """The blocks that failed, or printed something else than the guide shows."""
    found = []
    for block, printed, status in ran:
        wanted = (block.shown or "").rstrip("\n")
        text = "\n".join(line.rstrip() for line in printed.splitlines()).rstrip("\n")
        if status or not re.fullmatch(pattern_of(wanted), text + "\n" if text else ""):
            found.append(f"{name}:{block.line} ended with {status}\n--- shown\n{wanted}\n--- printed\n{text}")
    return found


def test_a_guide_that_shows_something_else_is_seen(tmp_path: Path) -> None:
    text = "```bash\necho one; echo two\n```\n\n```text\none\n{}\n```\n\n```bash\n{}\n```\n"
    for shown, second, wrong in (("two", "true", 0), ("…", "true", 0), ("t…o", "true", 0), ("to", "true", 1)):
        folder = tmp_path / shown
        folder.mkdir()
        assert len(differences("x.md", run(blocks_of(text.format(shown, second)), folder))) == wrong
    for second in ("false", "echo more"):
        folder = tmp_path / second
        folder.mkdir()
        assert len(differences("x.md", run(blocks_of(text.format("two", second)), folder))) == 1


def test_a_day_in_an_isao_goes_as_written(tmp_path: Path) -> None:
    blocks = blocks_of((DOCS / "a-day-in-an-isao.md").read_text("utf-8"))
    assert len(blocks) > 20
    found = differences("a-day-in-an-isao.md", run(blocks, tmp_path))
    assert not found, "\n\n".join(found)


def test_correlation_with_attack_goes_as_written(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "mobile-attack-17.1.json.gz"
    if not file.is_file():
        pytest.skip(f"there is no {file.name} among the real data")
    blocks = blocks_of((DOCS / "correlate-with-attack.md").read_text("utf-8"))
    found = differences("correlate-with-attack.md", run(blocks, tmp_path, ATTACK=str(file)))
    assert not found, "\n\n".join(found)
