"""What every peer needs: its own environment made from its pins, a free port, a wait until it answers."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def environment(pins: str) -> Path:
    """The folder of a peer's own virtual environment, made from the file of pins when that is new.

    Pins of peers conflict with ours, so they are installed apart, once, under build/peers/.
    """
    file = HERE / f"{pins}.txt"
    folder = ROOT / "build" / "peers" / f"{pins.partition('-')[0]}-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    ready = folder / "ready"
    if ready.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin/pip"), "install", "-q", "-r", str(file)], check=True)
    ready.touch()
    return folder


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(base: str, process: subprocess.Popen[bytes], name: str) -> None:
    """Wait until discovery answers, with any code. AssertionError after 30 s or when the process ends."""
    for _ in range(300):
        assert process.poll() is None, f"{name} stopped at start; see its log"
        try:
            urllib.request.urlopen(f"{base}taxii2/", timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{name} did not answer within 30 s")
