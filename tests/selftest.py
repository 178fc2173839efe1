"""`make selftest`: runs every mutant against both profiles and prints the kill matrix.

Exit 0 when every mutant turns exactly its declared rows red, the exchange without a fault is all green, and the
committed matrix says the same; 1 otherwise. `--write` takes the run over into the committed matrix (a test holds
that against what the mutants declare); names as arguments run only those mutants and compare nothing else.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from isao_conformance.verdict import Outcome
from tests.support import matrix
from tests.support.matrix import Trial
from tests.support.mutation import RED, all_mutants
from tests.support.reach import Reach, recorded

WORKERS = os.cpu_count() or 1


def _trial(name: str, touched: frozenset[str] | None) -> Trial:
    return matrix.trial(all_mutants()[name], touched)


def _unharmed(reach: Reach) -> list[str]:
    bad = matrix.rows_with(reach.judged, Outcome.ERROR, *RED, Outcome.UNTESTABLE)
    return [f"the exchange without a fault: {row}: {seen}" for row, seen in bad.items()]


def main(arguments: list[str]) -> int:
    """Run, print, compare."""
    names = [name for name in arguments if not name.startswith("--")]
    chosen, writing = names or list(all_mutants()), "--write" in arguments
    started, reach = time.monotonic(), recorded(matrix.profile_rows(None))
    problems, done, before = _unharmed(reach), [], matrix.committed()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        trials = [pool.submit(_trial, name, reach.touched(all_mutants()[name])) for name in chosen]
        for found in (trial.result() for trial in trials):
            done.append(found.line)
            drift = [] if writing or before.get(found.line.mutant) == found.line else ["differs from the matrix"]
            mark = "KILLED  " if not found.faults else "WRONG   "
            print(
                mark, found.line.breaks, found.line.size, found.line.mutant, *found.faults, *drift, sep="  ", flush=True
            )
            if writing:  # at once, so that an interrupted run is not lost
                matrix.write([found.line, *(line for name, line in before.items() if name != found.line.mutant)])
                before[found.line.mutant] = found.line
            problems += [f"{found.line.mutant}: {text}" for text in (*found.faults, *drift)]
    if not names:
        gone = sorted(before.keys() - all_mutants().keys())
        problems += [] if writing else [f"{name}: in the matrix and no longer a mutant" for name in gone]
    rows = len({line.breaks for line in done})
    print(f"{len(done)} mutants of {rows} requirements in {time.monotonic() - started:.0f} s; {len(problems)} problems")
    for text in problems:
        print("  ", text)
    if writing and not names:
        matrix.write(done)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
