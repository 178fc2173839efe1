"""Targets that are no exchange at all. Each must earn zero passed MUSTs (design, section 8).

Every one is a handler over the standard library's HTTP server: it shares nothing with the reference.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TAXII = "application/taxii+json;version=2.1"
COLLECTION = "9f0f6c0e-3c4f-4d6c-8f0c-0c1b5a2d7e11"
CANNED_OBJECT = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": "indicator--0f6f1c5e-5c49-4f4e-9d0e-0d5d6f6b2a10",
    "created": "2026-01-01T00:00:00.000Z",
    "modified": "2026-01-01T00:00:00.000Z",
    "name": "canned",
    "pattern": "[ipv4-addr:value = '192.0.2.1']",
    "pattern_type": "stix",
    "valid_from": "2026-01-01T00:00:00.000Z",
}

Reply = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes], Reply]


def empty_200(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Answers every request with 200 and nothing."""
    return 200, {"Content-Type": TAXII}, b""


def empty_object_200(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Answers every request with 200 and an empty JSON object."""
    return 200, {"Content-Type": TAXII}, b"{}"


def always_500(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Fails on everything."""
    return 500, {"Content-Type": "text/html"}, b"<h1>Internal Server Error</h1>"


def echo(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Sends back whatever it was told, labelled as TAXII."""
    told = {"title": "echo", "path": path, "headers": headers, "objects": [{"id": path}]}
    return (202 if method == "POST" else 200), {"Content-Type": TAXII}, body or json.dumps(told).encode()


def rejects_all(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Refuses everybody everything, in perfect TAXII."""
    error = {"title": "Unauthorized", "http_status": "401"}
    challenge = {"WWW-Authenticate": 'Basic realm="x"', "Content-Type": TAXII}
    return 401, challenge, json.dumps(error).encode()


def not_found(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Knows nothing, in perfect TAXII."""
    return 404, {"Content-Type": TAXII}, b'{"title": "Not found", "http_status": "404"}'


def canned(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Valid discovery, API root, collections, one canned envelope, and 202 to every POST."""
    plain = path.split("?")[0]
    stamp = "2026-01-01T00:00:00.000000Z"
    dates = {"X-TAXII-Date-Added-First": stamp, "X-TAXII-Date-Added-Last": stamp, "Content-Type": TAXII}
    collection = {"id": COLLECTION, "title": "canned", "can_read": True, "can_write": True}
    if method == "POST":
        count = {"total_count": 1, "success_count": 1, "failure_count": 0, "pending_count": 0}
        status = {"id": "2d0b7a1c-3a8b-4d5e-8f7a-3f4f2f3b1a55", "status": "complete", **count}
        return 202, dates, json.dumps(status).encode()
    if plain == "/taxii2/":
        told: object = {"title": "canned", "api_roots": ["/api/"], "default": "/api/"}
    elif plain == "/api/":
        told = {"title": "canned", "versions": [TAXII], "max_content_length": 10485760}
    elif plain == "/api/collections/":
        told = {"collections": [collection]}
    elif plain.endswith(f"/{COLLECTION}/"):
        told = collection
    elif plain.endswith("/manifest/"):
        told = {"objects": [{"id": CANNED_OBJECT["id"], "date_added": stamp, "version": CANNED_OBJECT["modified"]}]}
    elif plain.endswith("/versions/"):
        told = {"versions": [CANNED_OBJECT["modified"]]}
    else:
        told = {"objects": [CANNED_OBJECT]}
    return 200, dates, json.dumps(told).encode()


def canned_with_a_guard(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """As `canned`, and it refuses every credential but one: two of the three proofs of the gate."""
    if headers.get("authorization") not in DEAD_CREDENTIALS:
        return rejects_all(method, path, headers, body)
    return canned(method, path, headers, body)


def any_id_is_an_object(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """As `canned_with_a_guard`, with two objects listed, and an object made up for whatever id is asked for."""
    status, told, content = canned_with_a_guard(method, path, headers, body)
    last = path.split("?")[0].rstrip("/").rpartition("/")[2]
    if status == 200 and method == "GET" and last == "objects":
        second = "indicator--0f6f1c5e-5c49-4f4e-9d0e-0d5d6f6b2a11"
        content = json.dumps({"objects": [CANNED_OBJECT, {**CANNED_OBJECT, "id": second}]}).encode()
    elif status == 200 and method == "GET" and "--" in last:
        content = json.dumps({"objects": [{**CANNED_OBJECT, "id": last}]}).encode()
    return status, told, content


DEAD_CREDENTIALS: set[str] = set()
"""Authorization values that `canned_with_a_guard` lets in; the test fills it."""

DEAD: dict[str, Handler] = {
    handler.__name__: handler
    for handler in (
        empty_200,
        empty_object_200,
        always_500,
        echo,
        rejects_all,
        not_found,
        canned,
        canned_with_a_guard,
        any_id_is_an_object,
    )
}


@contextmanager
def serving(handle: Handler) -> Iterator[str]:
    """Serve a handler on a free loopback port; yields the base URL with a slash."""

    class _Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told, content = handle(self.command, self.path, headers, body)
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
