"""Options and fixtures that several test folders share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

REAL_DATA = "ISAO_REAL_DATA"
STIX_FILES = (".json", ".ndjson", ".json.gz", ".ndjson.gz")


def real_files() -> list[Path]:
    """The STIX files in the folder that the environment names, by name; none without such a folder."""
    folder = Path(os.environ.get(REAL_DATA) or "/nonexistent")
    return sorted(path for path in folder.iterdir() if path.name.endswith(STIX_FILES)) if folder.is_dir() else []


def pytest_configure() -> None:
    # A shell starts what it puts into the background with SIGINT ignored, and every program that a test starts would
    # inherit that: a test of an interruption is to mean the same there.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-real-data",
        action="store_true",
        help=f"fail, instead of skip, the tests on real threat data when {REAL_DATA} names none",
    )


@pytest.fixture(scope="session")
def real_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real STIX files. Without it the test is skipped, or fails under --require-real-data."""
    files = real_files()
    if files:
        return files[0].parent
    named = os.environ.get(REAL_DATA, "")
    reason = f"set {REAL_DATA} to a folder of STIX files (.json, .ndjson, plain or .gz); it is {named!r} now"
    if request.config.getoption("--require-real-data"):
        pytest.fail(reason)
    pytest.skip(reason)
