"""Writes the sources of the site: the hand-written guides, the generated pages, and `mkdocs.yml`.

What is written depends on the repository's content alone, so two builds give the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from docs_build import function_pages, index_pages, kill_matrix, trials
from docs_build.knowledge import Knowledge
from docs_build.row_page import row_page

PAGES = "pages"
DECISIONS = "adr/[0-9]*.md"
FRAGMENT = "<!-- generated: {} -->"


def write_site(known: Knowledge, docs: Path, output: Path) -> list[str]:
    """Write everything below `output` and return the names of the pages, sorted.

    `output` is emptied first; a folder that holds files but no mkdocs.yml is not ours. Raises FileExistsError for
    it, and ValueError when a guide asks for a generated part that does not exist.
    """
    if output.exists() and any(output.iterdir()) and not (output / "mkdocs.yml").is_file():
        raise FileExistsError(f"{output} holds other files; name an empty folder")
    shutil.rmtree(output, ignore_errors=True)
    pages = {
        **_guides(docs, _fragments(known, docs.parent)),
        **generated_pages(known),
        **function_pages.function_pages(known),
        "kill-matrix.md": kill_matrix.kill_matrix_page(known, docs.parent),
    }
    for name, text in pages.items():
        path = output / PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    (output / "mkdocs.yml").write_text(_configuration(known, docs), "utf-8", newline="\n")
    return sorted(pages)


def generated_pages(known: Knowledge) -> dict[str, str]:
    """Every page that comes from the specification, by its path in the site."""
    pages = {
        "requirements/index.md": index_pages.all_rows_page(known),
        "sources.md": index_pages.sources_page(known),
        "capabilities.md": index_pages.capabilities_page(known),
        "coverage.md": index_pages.coverage_page(known),
        "retired.md": index_pages.retired_page(known),
    }
    pages |= {f"requirements/{row.id}.md": row_page(known, row) for row in known.rows}
    pages |= {f"functions/{g.stem}.md": index_pages.group_page(known, g) for g in known.catalogue.groups}
    pages |= {f"profiles/{p.id}.md": index_pages.profile_page(known, p) for p in known.catalogue.profiles.values()}
    return {name: text for name, text in pages.items() if text}


def _fragments(known: Knowledge, root: Path) -> dict[str, str]:
    """The generated parts that guides may ask for by `<!-- generated: NAME -->`."""
    return {
        "contested": index_pages.contested_list(known),
        "choices": index_pages.choices_list(known),
        "profiles": index_pages.profiles_table(known),
        "dead": trials.dead_targets(root),
        "variants": trials.variants(root),
        "servers": trials.servers_by_area(root, known),
        "rulings": trials.rulings(root, dict(known.catalogue.requirements)),
    }


def _guides(docs: Path, fragments: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for file in sorted((*docs.glob("*.md"), *docs.glob(DECISIONS), *docs.glob("assets/*.css"))):
        text = file.read_text("utf-8")
        for name, fragment in fragments.items():
            text = text.replace(FRAGMENT.format(name), fragment)
        if "<!-- generated:" in text:
            raise ValueError(f"{file.name} asks for a generated part that does not exist")
        found[file.relative_to(docs).as_posix()] = text
    return found


def _configuration(known: Knowledge, docs: Path) -> str:
    """The template with the generated pages added to its navigation."""
    told: dict[str, Any] = yaml.safe_load((docs / "mkdocs.yml").read_text("utf-8"))
    groups = [{g.title: f"functions/{g.stem}.md"} for g in known.catalogue.groups]
    profiles = [{p.title: f"profiles/{p.id}.md"} for p in known.catalogue.profiles.values()]
    lists: list[Any] = [
        {"All requirements": "requirements/index.md"},
        *groups,
        {"Capabilities": "capabilities.md"},
        {"Sources": "sources.md"},
        {"Coverage": "coverage.md"},
        {"Kill matrix": "kill-matrix.md"},
    ]
    if known.catalogue.retired:
        lists.append({"Retired ids": "retired.md"})
    decisions = [{_title(file): f"adr/{file.name}"} for file in sorted(docs.glob(DECISIONS))]
    told["nav"] += [{"Function API": function_pages.navigation(known)}]
    told["nav"] += [{"Profiles": profiles}, {"Requirements": lists}, {"Decisions": decisions}]
    told["docs_dir"] = PAGES
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120)


def _title(file: Path) -> str:
    return file.read_text("utf-8").splitlines()[0].removeprefix("# ")
