"""What a process of its own runs to serve a database: the command `isao serve`, as users start it.

The processes are forked from one that has imported all of it and has never served anything, which saves each of them a
second of importing.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.context import ForkServerContext
from pathlib import Path

from isao_reference import app  # noqa: F401  # imported for the processes that are forked from this one
from isao_reference.cli.serve import serve
from isao_reference.content import schemas
from isao_spec import load

if os.environ.get("ISAO_TESTS_FORK_SERVER"):
    load()
    schemas.compiled()


def run(database: Path, out: Path, log: Path) -> None:
    """Serves until it is stopped or killed; its output goes to two files."""
    for number, path in ((1, out), (2, log)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    arguments = ["--plain-http", "--port", "0", "--database", str(database)]
    serve.main(arguments, standalone_mode=False)


def context() -> ForkServerContext:
    """Where such processes are made."""
    os.environ["ISAO_TESTS_FORK_SERVER"] = "1"
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([__name__])
    return found
