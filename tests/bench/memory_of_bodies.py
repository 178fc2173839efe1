"""How much memory hostile bodies make `isao serve` take, measured from outside. Run it with
`python -m tests.bench.memory_of_bodies`; Linux only, for it reads /proc."""

from __future__ import annotations

import gzip
import http.client
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.support.asgi import TAXII
from tests.support.crashes import Site
from tests.support.world import objects_url

MEGABYTE = 1024 * 1024


def peak(site: Site) -> float:
    """The most memory that the process ever had, in MiB."""
    assert site.process is not None
    text = Path(f"/proc/{site.process.pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def post(site: Site, body: bytes | Iterable[bytes], **more: str) -> str:
    """The status of one request, or how its connection ended."""
    headers = {"Authorization": f"Bearer {site.secrets['member-a2']}", "Accept": TAXII, "Content-Type": TAXII, **more}
    with site.connected() as connection:
        try:
            connection.request("POST", objects_url(), body, headers)
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as ended:
            return type(ended).__name__


def main() -> None:
    """Sends each to a fresh process, and says what it added to the peak."""
    cases: dict[str, tuple[bytes | Iterable[bytes], dict[str, str]]] = {
        "nothing": (b"", {}),
        "one object of 20 MB": (b'{"objects":["' + b"x" * 20 * MEGABYTE + b'"]}', {}),
        "200 MB in chunks": ((b" " * MEGABYTE for _ in range(200)), {}),
        "200 MB, packed": (gzip.compress(b" " * 200 * MEGABYTE), {"Content-Encoding": "gzip"}),
        "100,000 objects": (b'{"objects":[' + b",".join([b"{}"] * 100_000) + b"]}", {}),
        "10 MB of brackets": (b"[" * 10 * MEGABYTE, {}),
        "10 MB of one string": (b'{"objects":["' + b"x" * (10 * MEGABYTE - 20) + b'"]}', {}),
        "10 MB of headers": (b"", {"X-Large": "x" * 10 * MEGABYTE}),
    }
    for number, (name, (body, headers)) in enumerate(cases.items()):
        with tempfile.TemporaryDirectory() as folder:
            site = Site(Path(folder) / str(number))
            site.launch()
            try:
                site.await_start()
                before = peak(site)
                status = post(site, body, **headers)
                print(f"{name:<22} {status:<22} {before:6.0f} MiB before, +{peak(site) - before:.0f} MiB", flush=True)
            finally:
                site.kill()


if __name__ == "__main__":
    main()
