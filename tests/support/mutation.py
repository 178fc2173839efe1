"""Mutants: servers with one deliberate fault each, which prove that the probes can fail.

A mutant is written from a clause, without a look at the probe that judges it. It says what it breaks before
its first run. Most change requests or answers on their way (`Fault.change_answers` and its kin); where the
fault lies inside, one named function of the reference is replaced. Nothing of this is in the wheel.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from isao_conformance.creations import Creations
from isao_conformance.evidence import Redactor
from isao_conformance.runner import Judged, Plan, Run, execute
from isao_conformance.target import Target, load_target, origin_of
from isao_conformance.verdict import Outcome
from isao_reference import demo, remembered, server
from isao_reference.settings import Settings
from isao_spec import load
from tests.support.answering import Change, Forward, Handler, Reply, Seen, layer
from tests.support.inprocess import InProcessWire
from tests.support.live import live_demo, prepared_demo_database
from tests.support.pace import HurriedLive, Pace

SEED = "mutation"
RED = (Outcome.FAIL, Outcome.WARN)
SIZES = ("gross", "subtle")

# Where the machine has a file system in memory, a mutant's database costs no waiting for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

Anywhere = Callable[[Seen], bool]


@dataclass(frozen=True)
class Mutant:
    """A declared fault. `also` are rows it cannot help breaking, each with the reason from the clauses;
    `traffic` are rows whose probes visit the broken place, for watchers that see only what others ask."""

    name: str
    breaks: str
    size: str
    also: Mapping[str, str]
    traffic: tuple[str, ...]
    inject: Callable[[Fault], None]

    @property
    def declared(self) -> frozenset[str]:
        """The rows that have to turn red, and no others."""
        return frozenset({self.breaks, *self.also})


@dataclass
class Fault:
    """Collects the changes of one mutant for one server; made anew for each start, so that state is fresh."""

    layers: list[tuple[Anywhere, Handler]] = field(default_factory=list)
    undo: ExitStack = field(default_factory=ExitStack)
    beside: list[AbstractContextManager[Callable[[Target], Target]]] = field(default_factory=list)
    targets: list[Callable[[Target], Target]] = field(default_factory=list)
    replaced: list[tuple[Any, Any]] = field(default_factory=list)
    actors: dict[str, str] = field(default_factory=dict)
    page_limit: int | None = None
    pace: Pace = field(default_factory=Pace)
    """The clock of the server, and of the harness where its pauses are hurried."""

    def around(self, when: Anywhere, handler: Handler) -> None:
        """`handler(seen, forward)` answers instead of the server; `forward(seen)` asks the server."""
        self.layers.append((when, handler))

    def change_answers(self, when: Anywhere, change: Callable[[Seen, Reply], Reply]) -> None:
        """Rewrite the answers to some requests."""

        async def handler(seen: Seen, forward: Forward) -> Reply:
            return change(seen, await forward(seen))

        self.around(when, handler)

    def change_json(self, when: Anywhere, change: Change) -> None:
        """Rewrite the JSON of successful answers; `change` alters the parsed body, or returns another one."""
        self.change_answers(when, lambda _, reply: reply.rewritten(change) if reply.ok and reply.body else reply)

    def change_requests(self, when: Anywhere, change: Callable[[Seen], Seen]) -> None:
        """Rewrite requests before the server sees them."""

        async def handler(seen: Seen, forward: Forward) -> Reply:
            return await forward(change(seen))

        self.around(when, handler)

    def change_query(self, when: Anywhere, name: str, change: Callable[[str], str | None]) -> None:
        """Rewrite one query parameter where it is sent once; None leaves it out."""
        self.change_requests(
            lambda seen: [sent for sent, _ in seen.query].count(name) == 1 and when(seen),
            lambda seen: seen.asking(**{name: change(seen.value(name) or "")}),
        )

    def replace(self, dotted: str, value: Any) -> None:
        """Replace one function of the reference while the server runs. AttributeError when there is none."""
        module, name = _place(dotted)
        original = getattr(module, name)
        setattr(module, name, value)
        self.replaced.append((original, value))
        forget()
        self.undo.callback(forget)
        self.undo.callback(setattr, module, name, original)

    def tls(self, minimum: str = "TLSv1_2", maximum: str = "TLSv1_3") -> None:
        """Serve only these versions of TLS (names of ssl.TLSVersion)."""
        configuration = server._configuration

        def narrowed(*given: Any) -> Any:
            config = configuration(*given)
            assert config.ssl is not None
            config.ssl.minimum_version = ssl.TLSVersion[minimum]
            config.ssl.maximum_version = ssl.TLSVersion[maximum]
            return config

        self.replace("isao_reference.server._configuration", narrowed)

    def serve_beside(self, app: Any, declare: Callable[[Target, str], Target]) -> None:
        """Run a second, plain HTTP server; `declare(target, its URL)` says how the target file names it."""

        @contextmanager
        def running() -> Iterator[Callable[[Target], Target]]:
            with server.running(app) as url:
                yield lambda target: declare(target, url)

        self.beside.append(running())

    def change_target(self, change: Callable[[Target], Target]) -> None:
        """Let the target file say something else."""
        self.targets.append(change)

    def authorization_of(self, actor: str) -> str:
        """The header value that logs an actor of the demonstration in."""
        return next(header for header, name in self.actors.items() if name == actor)


_MUTANTS: dict[str, Mutant] = {}
Inject = Callable[[Fault], None]


def mutant(
    breaks: str, *, size: str = "gross", also: Mapping[str, str] | None = None, traffic: Iterable[str] = ()
) -> Callable[[Inject], Inject]:
    """Declare a mutant. All arguments are literals: the guidelines site reads them as text."""

    def register(inject: Inject) -> Inject:
        name = inject.__name__
        if size not in SIZES or (name in _MUTANTS and _MUTANTS[name].inject.__module__ != inject.__module__):
            raise ValueError(f"{name}: a second mutant of this name, or a size that is none of {SIZES}")
        _MUTANTS[name] = Mutant(name, breaks, size, dict(also or {}), tuple(traffic), inject)
        return inject

    return register


@cache
def _import_all() -> None:
    import tests.mutants as folder

    for module in sorted(m.name for m in pkgutil.iter_modules(folder.__path__)):
        importlib.import_module(f"{folder.__name__}.{module}")


def all_mutants() -> dict[str, Mutant]:
    """Every mutant by name, in alphabetical order."""
    _import_all()
    return dict(sorted(_MUTANTS.items()))


@contextmanager
def faulty_exchange(entry: Mutant | None, folder: Path, fault: Fault | None = None) -> Iterator[tuple[Target, Any]]:
    """Serve the demonstration exchange with this fault (None: with none) and yield its target and its application.
    `fault` collects the mutant's changes where the caller wants to look at them."""
    fault = fault or Fault()
    prepared_demo_database()  # before the fault, or it would be in the database of every later start
    with fault.undo:
        fault.undo.callback(setattr, demo, "Settings", demo.Settings)
        demo.Settings = partial(Settings, clock=fault.pace.clock)
        if entry is not None:
            entry.inject(fault)
        with ExitStack() as stack:
            served: list[Any] = []

            def wrap(app: Any) -> Any:
                served.append(layer(app, fault.layers, fault.actors))
                return served[0]

            exchange = stack.enter_context(live_demo(folder, wrap=wrap, page_limit=fault.page_limit))
            target = load_target(exchange.target_path)
            fault.actors.update({a.authorization: name for name, a in target.actors.items() if a.authorization})
            for change in [*(stack.enter_context(b) for b in fault.beside), *fault.targets]:
                target = change(target)
            yield target, served[0]


def run_plan(
    entry: Mutant | None, rows: Iterable[str], fault: Fault | None = None, conduit: type[HurriedLive] = HurriedLive
) -> tuple[Run, Target]:
    """Judge these rows on the demonstration exchange with this fault, always with the same seed, and let its pauses
    take no time; the run, and the target that it was of. `fault` and `conduit` are for callers that look on."""
    catalogue = load()
    chosen = tuple(catalogue.requirements[row] for row in dict.fromkeys(rows))
    fault = fault or Fault()
    with (
        tempfile.TemporaryDirectory(prefix="mutant-", dir=MEMORY) as name,
        faulty_exchange(entry, Path(name), fault) as served,
    ):
        target, app = served
        creations = Creations(Path(name))
        wire = InProcessWire(target.tls, app, origin_of(target.base_url))
        redactor = Redactor(target.actors.values())
        live = conduit(wire, redactor, fault.pace)
        try:
            return execute(Plan(target, catalogue, chosen, SEED, threads=1), live, creations), target
        finally:
            creations.close()
            wire.close()


def run_rows(entry: Mutant | None, rows: Iterable[str]) -> dict[str, Judged]:
    """What becomes of these rows on the exchange with this fault (None: without any)."""
    return {judged.row.id: judged for judged in run_plan(entry, rows)[0].judged}


def judge(entry: Mutant | None, rows: Iterable[str]) -> dict[str, Outcome]:
    """The outcome of each of these rows on the exchange with this fault (None: without any)."""
    return {row: judged.outcome for row, judged in run_rows(entry, rows).items()}


def forget() -> None:
    """Forget what functions of the reference remember: another one in their place would have found something else."""
    remembered._known.clear()
    for module in [m for name, m in sys.modules.items() if name.startswith("isao_reference.")]:
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def _place(dotted: str) -> tuple[ModuleType, str]:
    module, _, name = dotted.rpartition(".")
    found = importlib.import_module(module)
    if not hasattr(found, name):
        raise AttributeError(f"{module} has no {name} that a mutant could replace")
    return found, name
