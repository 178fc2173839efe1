"""The exchange as an ASGI application: which address answers with which endpoint."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from isao_reference import deletions, limits, wellknown
from isao_reference.audit.trail import Trail
from isao_reference.faults import log_fault
from isao_reference.functions import audit_log, clock, endpoints, exports, measures, stream
from isao_reference.funnel import Funnel, Machine, Operation, Surface
from isao_reference.settings import Settings
from isao_reference.store.api_roots import ApiRoot, further_api_roots
from isao_reference.store.sqlite import Store
from isao_reference.taxii import (
    add_objects,
    api_root,
    collections,
    delete_object,
    discovery,
    embargoes,
    manifest,
    objects,
    one_object,
    status,
    versions,
)

Operations = Mapping[str, Operation]

# Writes queue behind one lock; two threads keep it busy, and readers never wait for a thread.
WRITING_WORKERS = 2

CLOCK_SECONDS = 1.0
"""How often the exchange looks whether a step of the clock is due."""

DISCOVERY_PATH = "/taxii2/"
_ROOT = re.compile(r"/[a-z0-9-]+(/.*)?", re.DOTALL)
_NO_ROOT = ("/functions", "/policies", "/taxii2")
"""Where no API root can be."""

# Endpoints are looked up in their modules at each call, so that one of them can be replaced.
DISCOVERY: Operations = {"GET": Operation(lambda call: discovery.get_discovery(call), "read discovery")}
_COLLECTION = "collections/{collection}/"
_OBJECT = _COLLECTION + "objects/{object}/"
# Below an API root.
TAXII: Mapping[str, Operations] = {
    "": {"GET": Operation(lambda call: api_root.get_api_root(call), "read api-root")},
    "status/{status}/": {"GET": Operation(lambda call: status.get_status(call), "read status")},
    "collections/": {"GET": Operation(lambda call: collections.get_collections(call), "read collections")},
    _COLLECTION: {"GET": Operation(lambda call: collections.get_collection(call), "read collection")},
    _COLLECTION + "manifest/": {
        "GET": Operation(lambda call: manifest.get_manifest(call), "read manifest", stix_too=True)
    },
    _COLLECTION + "objects/": {
        "GET": Operation(lambda call: objects.get_objects(call), "read objects", stix_too=True),
        "POST": Operation(
            lambda call: add_objects.add_objects(call), "contribute objects", takes_body=True, writes=True
        ),
    },
    _OBJECT: {
        "GET": Operation(lambda call: one_object.get_object(call), "read object", stix_too=True),
        "DELETE": Operation(lambda call: delete_object.delete_object(call), "delete object", writes=True),
    },
    _OBJECT + "versions/": {"GET": Operation(lambda call: versions.get_versions(call), "read versions", stix_too=True)},
}
_RECORD = "/functions/{resource}/{record}/"
FUNCTIONS: Mapping[str, Operations] = {
    "/functions/": {"GET": Operation(lambda call: endpoints.get_index(call), "read functions")},
    "/functions/events/": {"GET": Operation(lambda call: stream.get_events(call), "read events")},
    "/functions/audit/": {"GET": Operation(lambda call: audit_log.get_log(call), "read audit")},
    "/functions/audit/head/": {"GET": Operation(lambda call: audit_log.get_head(call), "read audit")},
    "/functions/audit/consistency/": {"GET": Operation(lambda call: audit_log.get_proof(call), "read audit")},
    "/functions/measures/": {"GET": Operation(lambda call: measures.get_measures(call), "read measures")},
    "/functions/exports/{name}": {"GET": Operation(lambda call: exports.get_export(call), "export objects")},
    "/functions/{resource}/": {
        "GET": Operation(lambda call: endpoints.get_records(call), "read records"),
        "POST": Operation(lambda call: endpoints.post_record(call), "create record", takes_body=True, writes=True),
    },
    _RECORD: {"GET": Operation(lambda call: endpoints.get_record(call), "read record")},
    _RECORD + "{step}/": {
        "POST": Operation(lambda call: endpoints.post_step(call), "step record", takes_body=True, writes=True)
    },
}
PUBLIC: Mapping[str, Operations] = {
    "/functions/openapi.json": {"GET": Operation(lambda call: endpoints.get_openapi(call))},
    "/.well-known/isao.json": {"GET": Operation(lambda call: wellknown.get_capability_document(call))},
    "/.well-known/security.txt": {"GET": Operation(lambda call: wellknown.get_security_txt(call))},
    "/policies/{name}": {"GET": Operation(lambda call: wellknown.get_policy(call))},
}


def routes(machine: Machine, roots: Sequence[ApiRoot]) -> list[BaseRoute]:
    """Every address, TAXII's also without the final slash. Discovery belongs to the first of the API roots."""
    addresses = [(DISCOVERY_PATH, DISCOVERY, roots[0])]
    addresses += [(root.path + rest, operations, root) for root in roots for rest, operations in TAXII.items()]
    table: list[BaseRoute] = []
    for path, operations, root in addresses:
        endpoint = Funnel(machine, operations, root)
        table += [Route(path, endpoint), Route(path.rstrip("/"), endpoint)]
    table += [Route(path, Funnel(machine, operations)) for path, operations in PUBLIC.items()]
    for path, operations in FUNCTIONS.items():
        endpoint = Funnel(machine, operations, surface=Surface.FUNCTIONS)
        table += [Route(path, endpoint), *([Route(path.rstrip("/"), endpoint)] if path.endswith("/") else [])]
    return table


def elsewhere(machine: Machine, roots: Sequence[ApiRoot]) -> ASGIApp:
    """What answers where nothing is, in the error form of the part of the exchange that the path begins with. A route
    with a wildcard would leave out what no wildcard fits, such as a path with a line break."""
    answers = [(root.path, Funnel(machine, {}, root)) for root in roots]
    answers.append((DISCOVERY_PATH, Funnel(machine, {}, roots[0])))
    answers.append(("/functions/", Funnel(machine, {}, surface=Surface.FUNCTIONS)))
    others, no_root = Funnel(machine, {}), without_root(machine)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        found = (funnel for prefix, funnel in answers if path.startswith(prefix))
        may_be_root = _ROOT.fullmatch(path) is not None and not path.startswith(_NO_ROOT)
        await next(found, no_root if may_be_root else others)(scope, receive, send)

    return answer


def without_root(machine: Machine) -> ASGIApp:
    """What answers where an API root could be and none is: all that an API root does, for one in which nobody may use
    anything. So a root that is there for others only answers like one that is not there."""
    nothing = ApiRoot("", "", "", limits.MAX_CONTENT_LENGTH)
    table: list[BaseRoute] = []
    for rest, operations in TAXII.items():
        endpoint = Funnel(machine, operations, nothing)
        path = "/{root}/" + rest
        table += [Route(path, endpoint), Route(path.rstrip("/"), endpoint)]
    return Router(table, redirect_slashes=False, default=Funnel(machine, {}, nothing))


def create_app(settings: Settings) -> Starlette:
    """An exchange over the database of `settings`, ready for any ASGI server. The open store is `app.state.store`, and
    `app.state.trail` writes its audit log; both end when the server shuts down. `app.state.machine` is what all
    addresses share. API roots are read once: one that is added later is served from the next start on."""
    store = Store(settings.database)
    with store.reading() as db:
        roots = [settings.first_api_root, *further_api_roots(db)]
    pool = ThreadPoolExecutor(max_workers=settings.workers, thread_name_prefix="isao")
    writing_pool = ThreadPoolExecutor(max_workers=WRITING_WORKERS, thread_name_prefix="isao-writing")
    trail = Trail(store)
    machine = Machine(settings, store, pool, writing_pool, trail)

    async def every_second() -> None:
        while True:
            try:
                await machine.in_thread(lambda: clock.run_due(settings, store), writes=True)
                await machine.in_thread(lambda: embargoes.release_due(settings, store), writes=True)
                await machine.in_thread(lambda: clock.forget_old_events(settings, store), writes=True)
                await machine.in_thread(lambda: deletions.forget_old(settings, store), writes=True)
            except Exception as fault:  # they are tried again
                log_fault("doing=steps-of-the-clock", fault)
            await asyncio.sleep(CLOCK_SECONDS)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        trail.start()
        ticking = asyncio.ensure_future(every_second())
        yield
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        pool.shutdown(wait=True)
        writing_pool.shutdown(wait=True)
        trail.stop()
        store.close()

    app = Starlette(routes=routes(machine, roots), lifespan=lifespan)
    app.router.redirect_slashes = False
    app.router.default = elsewhere(machine, roots)
    app.state.store = store
    app.state.trail = trail
    app.state.machine = machine
    return app
