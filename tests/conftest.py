"""Options and fixtures that several test folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA = "ISAO_REAL_DATA"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-real-data",
        action="store_true",
        help=f"fail, instead of skip, the tests on real threat data when {REAL_DATA} names no folder",
    )


@pytest.fixture(scope="session")
def real_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real STIX files. Without it the test is skipped, or fails under --require-real-data."""
    named = os.environ.get(REAL_DATA, "")
    if named and Path(named).is_dir():
        return Path(named)
    reason = f"set {REAL_DATA} to a folder of STIX files (.json, .ndjson, plain or .gz); it is {named!r} now"
    if request.config.getoption("--require-real-data"):
        pytest.fail(reason)
    pytest.skip(reason)
