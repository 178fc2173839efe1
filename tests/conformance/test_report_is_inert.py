"""The page of a report does nothing, whatever a target had it show (H5).

A page full of injections has the very elements and attributes of its twin full of harmless words, and shows every one
of the strings as text: so none of them was read as anything else. Chromium says so as well, where there is one.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from isao_conformance.report import html as report_page
from isao_conformance.report import words
from tests.conformance.test_report import made_in
from tests.support.injections import MARKER, TAGS, filled, injections

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WITH_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which CI does not install by itself")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--dump-dom",
)
TOGETHER = 1800
"""Characters of the strings that stand in one page, so that no text that holds them all is shortened."""

Element = tuple[str, tuple[tuple[str, str | None], ...]]


class Page(HTMLParser):
    """The elements of a page with their attributes, in order, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.others: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def batches(texts: list[str]) -> list[list[str]]:
    """The texts in groups, each of which fits into what a page shows of one text."""
    groups: list[list[str]] = [[]]
    for text in texts:
        if sum(map(len, groups[-1])) + len(text) > TOGETHER:
            groups.append([])
        groups[-1].append(text)
    return groups


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    return made_in(tmp_path, monkeypatch)[0]


def pages(report: dict[str, Any], address: str) -> Iterator[tuple[list[str], str, str]]:
    """Strings, the page that is full of them, and its harmless twin."""
    for texts in batches(injections(address)):
        twin = filled(report, [f"harmless-{number}" for number, _ in enumerate(texts)])
        full, scripts = filled(report, texts)
        # As `build_report` ends, which these texts did not go through.
        yield texts, report_page.page(words.writable(full), words.writable(scripts)), report_page.page(*twin)


def assert_nothing_acts(texts: list[str], page: Page, twin: Page) -> None:
    """The page is its twin but for its text, which holds every string as it was sent."""
    assert page.elements == twin.elements
    assert page.others == []
    assert {c for c in page.text if not c.isprintable() and c not in "\n\t"} == set()
    assert [text for text in texts if words.visible(words.writable(text)) not in page.text] == []


def test_there_are_two_hundred_injections_and_one_for_every_element_of_the_page(report: dict[str, Any]) -> None:
    texts = injections("http://127.0.0.1:9/")
    assert len(set(texts)) == len(texts) >= 200
    _, source, _ = next(pages(report, "http://127.0.0.1:9/"))
    assert {tag for tag, _ in Page(source).elements} <= {*TAGS.split()}


def test_no_element_and_no_attribute_comes_from_a_target(report: dict[str, Any]) -> None:
    for texts, source, twin in pages(report, "http://127.0.0.1:9/"):
        page = Page(source)
        assert_nothing_acts(texts, page, Page(twin))
        attributes = {name for _, told in page.elements for name, _ in told}
        assert {name for name in attributes if name.startswith("on") or name in ("src", "style", "action")} == set()
        links = {value or "" for _, told in page.elements for name, value in told if name == "href"}
        assert {link for link in links if not link.startswith(("#", "https://docs.oasis-open.org/"))} == set()
        tags = [tag for tag, _ in page.elements]
        assert tags.count("style") == 1
        assert {"script", "svg", "iframe", "object", "embed", "link", "img", "form", "base"}.isdisjoint(tags)
        assert policy_of(page) == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def policy_of(page: Page) -> str:
    """The content security policy that a page gives itself."""
    found = [dict(told)["content"] for _, told in page.elements if ("http-equiv", "Content-Security-Policy") in told]
    return found[0] or ""


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on a free loopback port; yields its address and the paths that are asked of it."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()


def rendered(source: str, folder: Path) -> tuple[Page, str]:
    """The page as Chromium has it once everything is loaded, and what it says on its console."""
    assert CHROMIUM is not None
    folder.mkdir()
    (folder / "page.html").write_text(source, "utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", (folder / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return Page(done.stdout), "\n".join(line for line in done.stderr.splitlines() if ":CONSOLE" in line)


@pytest.mark.full
@WITH_CHROMIUM
def test_a_browser_runs_nothing_asks_for_nothing_and_complains_of_nothing(
    report: dict[str, Any], tmp_path: Path
) -> None:
    with listening() as (address, asked):
        for number, (texts, source, twin) in enumerate(pages(report, address)):
            page, console = rendered(source, tmp_path / str(number))
            harmless, _ = rendered(twin, tmp_path / f"{number} twin")
            assert_nothing_acts(texts, page, harmless)
            assert console == ""
    assert asked == []


def unescaped(head: str, tmp_path: Path) -> tuple[int, int, list[str]]:
    """In how many pages that hold the strings as they are code ran, the lines on the console, and what was asked."""
    ran = lines = 0
    with listening() as (address, asked):
        for number, texts in enumerate(batches(injections(address))):
            source = f"<!DOCTYPE html>{head}<title>t</title>{words.writable(' '.join(texts))}"
            page, console = rendered(source, tmp_path / str(number))
            ran += any((dict(told).get("id") or "").startswith(MARKER) for _, told in page.elements)
            lines += len(console.splitlines())
    return ran, lines, asked


@pytest.mark.full
@WITH_CHROMIUM
def test_the_same_strings_run_and_ask_in_a_page_that_lets_them(tmp_path: Path) -> None:
    """That the test above can fail."""
    ran, lines, asked = unescaped("", tmp_path)
    assert ran > 3
    assert lines > 3
    assert len(asked) > 10


@pytest.mark.full
@WITH_CHROMIUM
def test_the_policy_of_the_page_alone_would_let_no_code_run(report: dict[str, Any], tmp_path: Path) -> None:
    """A second wall behind the escaping. It does not forbid a page to lead elsewhere, as one of the strings does."""
    policy = html.escape(policy_of(Page(next(pages(report, "http://127.0.0.1:9/"))[1])))
    ran, _, asked = unescaped(f'<meta http-equiv="Content-Security-Policy" content="{policy}">', tmp_path)
    assert ran == 0
    leading = [text for text in injections("/") if "http-equiv=refresh" in text]
    assert len(asked) <= len(leading) == 1
