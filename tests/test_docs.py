"""The guidelines site: complete, exact, the same each time, and loading nothing from anywhere else.

The guides are held against the commands, exit codes, outcomes and schemas they describe, in both directions.
"""

from __future__ import annotations

import html
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from html.parser import HTMLParser
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import click
import markdown
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from isao_conformance import distribution
from isao_conformance.probe import NEEDS
from isao_conformance.target import ACTORS
from isao_conformance.verdict import ExitCode, Outcome
from isao_spec import load
from isao_spec.schema_check import problems
from isao_spec.schema_check import schema as schema_of
from tests.eccentrics.variants import variants
from tests.hostile.dead import DEAD
from tests.support.mutation import all_mutants

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SVG = "{http://www.w3.org/2000/svg}"
QUIET = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
LOADING = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href",),
}
ELSEWHERE = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
CSS_LOAD = re.compile(r"""(?:url\(\s*|@import\s+)['"]?((?:https?:)?//[^'")\s]+)""")


@pytest.fixture(scope="module")
def docs_build() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    try:
        yield importlib.import_module("docs_build")
    finally:
        sys.path.remove(str(DOCS))


def sources_into(folder: Path) -> Path:
    subprocess.run([sys.executable, DOCS / "build.py", "--output", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sources_into(tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="module")
def site(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", sources / "mkdocs.yml", "-d", folder],
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


class Page(HTMLParser):
    """The words of a page, and everything it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.loaded += [told[name] for name in LOADING.get(tag, ()) if name in told]
        self.links += [told["href"]] if tag == "a" and "href" in told else []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @cached_property
    def text(self) -> str:
        """All words, on one line."""
        return " ".join("".join(self.words).split())


@cache
def page_of(file: Path) -> Page:
    """A page, read once."""
    return Page(file.read_text("utf-8"))


def loaded_from_elsewhere(folder: Path) -> list[str]:
    """What pages and style sheets of a site load from another host."""
    found = []
    for file in sorted(folder.rglob("*.html")):
        text = file.read_text("utf-8")
        loaded = [url for url in page_of(file).loaded if ELSEWHERE.match(url)] + CSS_LOAD.findall(text)
        found += [f"{file.relative_to(folder)} loads {url}" for url in loaded]
    for file in sorted(folder.rglob("*.css")):
        found += [f"{file.relative_to(folder)} loads {url}" for url in CSS_LOAD.findall(file.read_text("utf-8"))]
    return found


def one_line(words: str) -> str:
    return " ".join(words.split())


# --- the pages ------------------------------------------------------------------------------------


def test_every_requirement_has_a_page_with_all_that_is_known_of_it(site: Path) -> None:
    catalogue = load()
    assert len(catalogue.requirements) > 100
    for row in catalogue.requirements.values():
        page = page_of(site / f"requirements/{row.id}.html")
        told = [row.id, row.title, row.statement, row.rationale, row.verification.method, row.verification.control]
        told += [row.remediation, row.digest, *(reference.section for reference in row.sources)]
        told += [row.checked.passage, row.checked.date.isoformat()] if row.checked else []
        told += [row.contested.why, *row.contested.readings] if row.contested else []
        assert [words for words in told if one_line(words) not in page.text] == [], row.id
        addresses = {catalogue.sources[reference.source].address for reference in row.sources}
        assert {a for a in addresses if a.startswith("https://")} <= set(page.links), row.id


def test_probes_and_mutants_stand_on_the_pages_of_their_rows(site: Path, docs_build: ModuleType) -> None:
    evidence = importlib.import_module("docs_build.evidence")
    told: dict[str, list[str]] = {}
    for judge in evidence.judges():
        told.setdefault(judge.requirement, []).append(judge.name)
    for entry in all_mutants().values():
        for row in entry.declared:
            told.setdefault(row, []).append(entry.name)
    assert len(told) > 100
    for row_id, names in told.items():
        page = page_of(site / f"requirements/{row_id}.html")
        assert [name for name in names if name not in page.text] == [], row_id


def test_lists_name_every_row_profile_source_and_capability(site: Path) -> None:
    catalogue = load()
    requirements = page_of(site / "requirements/index.html").text
    coverage = page_of(site / "coverage.html").text
    for row in catalogue.requirements.values():
        assert row.id in requirements
        assert row.id in coverage
        assert one_line(row.statement) in page_of(site / f"functions/{row.function}.html").text
        for profile in row.profiles:
            assert row.id in page_of(site / f"profiles/{profile}.html").text
    listed = page_of(site / "sources.html").text
    assert [s.id for s in catalogue.sources.values() if s.id not in listed or one_line(s.title) not in listed] == []
    capabilities = page_of(site / "capabilities.html").text
    assert [c for c in catalogue.capabilities if c not in capabilities] == []


def test_every_function_has_a_page_with_all_that_its_contract_says(site: Path) -> None:
    catalogue = load()
    assert len(catalogue.contracts) >= 6
    for contract in catalogue.contracts.values():
        page = page_of(site / f"api/{contract.resource}.html")
        told = [contract.title, contract.summary, f"/functions/{contract.resource}/"]
        for state in contract.states.values():
            told += [state.name, state.meaning]
        for step in contract.all_steps:
            told += [step.name, step.meaning, step.serves, ", ".join(step.by), step.within]
            schema = schema_of(f"documents/{step.takes}") if step.takes else {}
            told += [schema.get("title", ""), *schema.get("properties", {})]
            told += [inner.get("description", "") for inner in schema.get("properties", {}).values()]
        for measure in contract.measures:
            told += [measure.name, measure.meaning, measure.serves]
        assert [words for words in told if one_line(words) not in page.text] == [], contract.resource
        assert contract.summary in page_of(site / "api/index.html").text


def test_a_drawing_has_a_row_for_each_step_and_leads_where_the_contract_says(docs_build: ModuleType) -> None:
    drawing = importlib.import_module("docs_build.diagram")
    for contract in load().contracts.values():
        told = ElementTree.fromstring(drawing.diagram(contract))
        texts = [(int(one.get("y", "")), one.text) for one in told.iter(f"{SVG}text") if one.get("class") != "state"]
        assert [name for _, name in texts] == [step.name for step in contract.all_steps]
        boxes = [one for one in told.iter(f"{SVG}text") if one.get("class") == "state"]
        column = {one.text: int(one.get("x", "")) for one in boxes}
        assert list(column) == list(contract.states)
        for (height, _), step in zip(texts, contract.all_steps, strict=True):
            row = height - 4
            arrows = [
                one.get("points", "") for one in told.iter(f"{SVG}polygon") if f",{row} " in one.get("points", "")
            ]
            rings = [int(o.get("cx", "")) for o in told.iter(f"{SVG}circle") if o.get("cy") == str(row)]
            assert all(one.startswith(f"{column[step.to]},") for one in arrows), step.name
            assert set(rings) >= {column[name] for name in step.sources}, step.name
            assert bool(arrows) == (set(step.sources) != {step.to}), step.name


def test_a_drawing_shows_any_name_as_it_is(docs_build: ModuleType) -> None:
    drawing = importlib.import_module("docs_build.diagram")
    odd = "<script src='//x.example/'>"
    contract = replace(load().contracts["alerts"], title=odd)
    told = ElementTree.fromstring(drawing.diagram(contract))
    assert next(told.iter(f"{SVG}title")).text == f"States of {odd}"


def test_every_contested_row_stands_among_the_divergences(site: Path) -> None:
    page = page_of(site / "divergences.html").text
    contested = [row for row in load().requirements.values() if row.contested]
    assert contested
    for row in contested:
        assert row.contested is not None
        assert all(one_line(reading) in page for reading in row.contested.readings), row.id


def test_what_the_suite_is_tried_on_is_told(site: Path) -> None:
    trust, servers = (page_of(site / name).text for name in ("trust.html", "independent-servers.html"))
    for handler in DEAD.values():
        assert one_line(handler.__doc__ or "?").split("`")[0].strip() in trust, handler.__name__
    for variant in variants():
        assert variant.name.replace("_", " ") in trust
        assert one_line(variant.clause) in trust
    rulings = yaml.safe_load((ROOT / "tests/peers/adjudications.yaml").read_text("utf-8"))
    for server, rows in rulings.items():
        told = [ruling for checks in rows.values() for ruling in checks.values()]
        assert [ruling["why"] for ruling in told if one_line(ruling["why"]) not in servers] == [], server


def test_the_site_loads_nothing_from_elsewhere_and_a_foreign_script_is_seen(site: Path, tmp_path: Path) -> None:
    assert loaded_from_elsewhere(site) == []
    assert not any("mermaid" in file.read_text("utf-8") for file in site.rglob("*.html")), "its code is loaded on use"
    (tmp_path / "a.html").write_text('<script src="//cdn.example/x.js"></script><img src="here.png">')
    (tmp_path / "b.html").write_text('<link rel="stylesheet" href="https://fonts.example/css">')
    (tmp_path / "c.css").write_text("@import 'https://fonts.example/c.css'; a { background: url(//x.example/i) }")
    assert len(loaded_from_elsewhere(tmp_path)) == 4


def test_two_builds_are_the_same(sources: Path, tmp_path: Path) -> None:
    again = sources_into(tmp_path / "again")
    files = sorted(path.relative_to(sources) for path in sources.rglob("*") if path.is_file())
    assert len(files) > 100
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [f for f in files if (sources / f).read_bytes() != (again / f).read_bytes()] == []


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = subprocess.run([sys.executable, DOCS / "build.py", "--output", tmp_path], capture_output=True, text=True)
    assert done.returncode != 0
    assert "holds other files" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


# --- words that cannot mean anything else ---------------------------------------------------------

ODD = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=60)
MARKS = st.text(st.sampled_from("*_`[](){}<>#|&~^!-+=.:\\\"'1a \n"), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(words=st.one_of(ODD, MARKS))
def test_any_text_is_shown_as_it_is(words: str) -> None:
    sys.path.insert(0, str(DOCS))
    try:
        text = importlib.import_module("docs_build.text")
    finally:
        sys.path.remove(str(DOCS))
    for made in (text.plain(words), f"Before {text.plain(words)}", text.table(("a",), [(text.plain(words),)])):
        shown = markdown.markdown(made, extensions=["attr_list", "tables", "fenced_code", "toc"])
        assert one_line(words) in one_line(html.unescape(re.sub(r"</?(?:p|t\w+)\b[^>]*>", "", shown))), shown


def test_mutants_are_read_from_the_text_as_they_register_themselves(docs_build: ModuleType, tmp_path: Path) -> None:
    evidence = importlib.import_module("docs_build.evidence")
    read = {m.name: (m.breaks, m.size, dict(m.also)) for m in evidence.mutants(ROOT / "tests/mutants")}
    assert read == {m.name: (m.breaks, m.size, dict(m.also)) for m in all_mutants().values()}
    (tmp_path / "made_up.py").write_text('@mutant(breaks=ROW)\ndef computed(fault):\n    """Not a literal."""\n')
    with pytest.raises(ValueError, match=r"made_up.py:2: computed"):
        evidence.mutants(tmp_path)


# --- the guides against what they describe --------------------------------------------------------


def guides() -> str:
    return "\n".join(file.read_text("utf-8") for file in sorted(DOCS.glob("*.md")))


def commands() -> dict[str, click.Command]:
    """Every command by its words: `certify`, `account add-account`."""
    found: dict[str, click.Command] = {}

    def walk(words: str, command: click.Command) -> None:
        found[words] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(f"{words} {name}", inner)

    for entry in entry_points(group="isao.commands"):
        walk(entry.name, entry.load())
    return dict(sorted(found.items()))


def options_of(command: click.Command) -> list[str]:
    return [o for p in command.params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)]


def unnamed(text: str, all_commands: Mapping[str, click.Command]) -> list[str]:
    """Commands and options that a text does not name."""
    found = [f"isao {words}" for words in all_commands if not re.search(rf"\bisao {words}\b", text)]
    for words, command in all_commands.items():
        found += [f"isao {words} {o}" for o in options_of(command) if not re.search(rf"(?<![\w-]){o}(?![\w-])", text)]
    return found


def invented(text: str, all_commands: Mapping[str, click.Command]) -> list[str]:
    """Commands and options of the console examples that do not exist."""
    found = []
    indented = "\n".join(re.findall(r"^ {4}(isao (?:.*\\\n)*.*)", text, re.MULTILINE))
    for block in (indented, *re.findall(r"```console\n(.*?)```", text, re.DOTALL)):
        for line in block.replace("\\\n", " ").splitlines():
            words = line.split("#")[0].split()
            if not words or words[0] != "isao":
                continue
            name = next((" ".join(words[1:n]) for n in (3, 2) if " ".join(words[1:n]) in all_commands), "")
            known = options_of(all_commands[name]) if name else []
            found += [line.strip()] if not name else []
            found += [f"isao {name} {w}" for w in words if name and w.startswith("--") and w not in known]
    return found


def test_guides_name_every_command_and_option_and_a_missing_one_is_seen() -> None:
    known = commands()
    assert len(known) >= 9
    assert unnamed(guides(), known) == []
    extra = click.Command("dance", params=[click.Option(["--samba"])])
    assert unnamed(guides(), {**known, "dance": extra}) == ["isao dance", "isao dance --samba"]


def test_examples_use_only_what_exists_and_an_invented_option_is_seen() -> None:
    known = commands()
    texts = [guides(), *((ROOT / name).read_text("utf-8") for name in ("README.md", "conformance/README.md"))]
    assert [line for text in texts for line in invented(text, known)] == []
    assert invented("```console\nisao dance\nisao certify --fast\n```", known) == ["isao dance", "isao certify --fast"]
    assert invented("Run\n\n    isao replay \\\n      --slow\n", known) == ["isao replay --slow"]


def test_exit_codes_outcomes_and_needs_are_documented() -> None:
    report = (DOCS / "read-a-report.md").read_text("utf-8")
    assert [code for code in ExitCode if f"| {code.value} |" not in report] == []
    assert [outcome for outcome in Outcome if f"| `{outcome}` |" not in report] == []
    probe = (DOCS / "write-a-probe.md").read_text("utf-8")
    assert [need for need in NEEDS if f"`{need}`" not in probe] == []
    certify = (DOCS / "certify-your-server.md").read_text("utf-8")
    assert [actor for actor in ACTORS if f"| `{actor}` |" not in certify] == []


def keys_of(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Every property name of a schema whose objects have fixed names, at any depth."""
    if "$ref" in schema:
        return keys_of(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    found = set(schema.get("properties", {}))
    for inner in schema.get("properties", {}).values():
        found |= keys_of(inner, definitions)
    return found


def test_the_target_file_of_the_guide_is_valid_and_every_key_is_explained() -> None:
    guide = (DOCS / "certify-your-server.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) == 1
    assert problems("target", tomllib.loads(blocks[0])) == []
    schema = json.loads((ROOT / "spec/isao_spec/schemas/target.json").read_text("utf-8"))
    keys = keys_of(schema, schema["$defs"])
    assert {"requests_per_second", "username_env", "may_delete", "client_key"} <= keys
    assert [key for key in sorted(keys) if not re.search(rf"(?<![\w-]){key}(?![\w-])", guide)] == []


def test_the_capability_document_of_the_guide_is_valid_and_every_part_is_explained() -> None:
    guide = (DOCS / "publish-who-you-are.md").read_text("utf-8")
    document = json.loads(re.findall(r"```json\n(.*?)```", guide, re.DOTALL)[0])
    assert problems("capability-document", document) == []
    assert distribution.problems(document) == []
    schema = json.loads((ROOT / "spec/isao_spec/schemas/capability-document.json").read_text("utf-8"))
    table = "\n".join(line for line in guide.splitlines() if line.startswith("| "))
    parts = {*schema["properties"], *schema["$defs"]["readers"]["items"]["enum"]} - {"schema"}
    assert [part for part in sorted(parts) if f"`{part}`" not in table] == []
    assert set(schema["properties"]) == set(document), "the example shows every part"


def test_papers_link_only_to_files_that_exist() -> None:
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "spec/README.md", "conformance/README.md")
    for name in names:
        file = ROOT / name
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text("utf-8"))
        local = [link for link in links if "://" not in link]
        assert [link for link in local if not (file.parent / link).exists()] == [], name


def test_decisions_have_a_status_a_date_and_all_parts() -> None:
    files = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert [file.name[:4] for file in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    assert len(files) >= 7
    for file in files:
        text = file.read_text("utf-8")
        assert text.startswith(f"# {file.name[:4]} ")
        assert re.search(r"^- Status: (proposed|accepted|replaced by \d{4})$", text, re.MULTILINE), file.name
        assert re.search(r"^- Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE), file.name
        assert [part for part in ("Context", "Decision", "Consequences") if f"\n## {part}\n" not in text] == []
