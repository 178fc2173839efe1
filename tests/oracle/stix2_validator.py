"""Asks stix2-validator 3.2.0, an independent validator of STIX content, in an environment of its own.

It is made once from the pins, under .cache/. The validator runs as a subprocess, several at a time for many
objects, as it takes some 10 ms an object.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PINS = HERE / "stix2-validator-3.2.0.txt"
SCRIPT = HERE / "run_stix2_validator.py"
PROCESSES = 2
CHUNK = 500


@dataclass(frozen=True)
class Verdict:
    """The oracle's word on one object. A crash counts as a rejection: it gives no other answer."""

    accepted: bool
    crashed: bool
    messages: tuple[str, ...]


def environment() -> Path:
    """The folder of the oracle's own virtual environment, made from the pins when they are new."""
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    folder = HERE.parents[1] / ".cache" / "oracle" / f"stix2-validator-{digest}"
    ready = folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:  # two test processes may come at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            install = ["install", "-q", "--require-hashes", "-r", str(PINS)]
            subprocess.run([str(folder / "bin/pip"), *install], check=True)
            ready.touch()
    return folder


def verdicts(objects: Iterable[Any], version: str | None = None) -> list[Verdict]:
    """One verdict an object, in their order; judged as STIX of the version, or as each object says."""
    lines = [json.dumps(item) for item in objects]
    chunks = [lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK)]
    command = [str(environment() / "bin/python"), str(SCRIPT), *(["--version", version] if version else [])]
    with ThreadPoolExecutor(PROCESSES) as pool:
        return [verdict for found in pool.map(lambda chunk: _ask(command, chunk), chunks) for verdict in found]


def _ask(command: list[str], lines: list[str]) -> list[Verdict]:
    text = "\n".join([*lines, ""])
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(lines), done.stderr
    return [Verdict(v["verdict"] == "valid", v["verdict"] == "crash", tuple(v["messages"])) for v in found]
