"""One small exchange for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import World, world


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[World]:
    """An empty exchange with organizations, accounts and four collections."""
    with world(tmp_path) as made:
        yield made
