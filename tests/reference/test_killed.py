"""`isao serve` is killed with SIGKILL under mixed load, at random moments: nothing acknowledged is lost, nothing is
torn, and what was never answered is done exactly once when it is sent again.

This proves the death of the process, not of the machine: what the operating system has taken survives a kill. For what
a storage does that fails, see `test_failing_storage.py`.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.crashes import Site, check_after_death, load_until_killed, read_back, repeat_unanswered

KILLS = 10
PIECES = 20


def kill_many(folder: Path, seed: int, kills: int) -> dict[str, int]:
    """Kills two exchanges in turn, so that one starts while the other is under load; what was sent to both."""
    chance = random.Random(seed)
    counts = {"kills": 0, "repeated": 0}
    with ExitStack() as stack:
        sites = [Site(folder / name) for name in ("one", "other")]
        for site in sites:
            stack.callback(site.kill)
            site.launch()
        for number in range(kills):
            site = sites[number % 2]
            site.await_start()
            counts["repeated"] += repeat_unanswered(site)
            read_back(site)
            load_until_killed(site, chance.uniform(0.05, 0.45), chance.getrandbits(32))
            counts["kills"] += 1
            check_after_death(site)
            site.launch()
        for site in sites:
            site.await_start()
            counts["repeated"] += repeat_unanswered(site)
            read_back(site)
            site.kill()
            check_after_death(site)
            assert all(one.acknowledged for one in site.sent)
    sent = [one for site in sites for one in site.sent]
    counts["envelopes"] = sum(bool(one.ids) for one in sent)
    counts["records"] = sum(one.status == 201 for one in sent)
    counts["steps"] = len(sent) - counts["envelopes"] - counts["records"]
    return counts


def test_nothing_acknowledged_is_lost_and_nothing_torn_when_the_exchange_is_killed(tmp_path: Path) -> None:
    counts = kill_many(tmp_path, random.randrange(2**32), KILLS)
    assert counts["kills"] == KILLS
    assert counts["envelopes"] >= KILLS
    assert counts["records"] + counts["steps"] >= KILLS


@pytest.mark.full
@pytest.mark.parametrize("piece", range(PIECES))
def test_nor_when_it_is_killed_two_hundred_times(tmp_path: Path, piece: int) -> None:
    counts = kill_many(tmp_path, 20_261_122 + piece, KILLS)
    print(f"piece {piece + 1} of {PIECES}: {counts}; 0 lost, 0 torn")
    assert counts["kills"] == KILLS
    assert counts["envelopes"] >= KILLS
