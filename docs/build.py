"""Write the sources of the guidelines site: `python docs/build.py [--output FOLDER]`.

The pages of requirements, profiles, sources and coverage are generated from the specification and are never
edited or committed. Afterwards `mkdocs build --strict -f FOLDER/mkdocs.yml` makes the site.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from docs_build.knowledge import gather
from docs_build.site import write_site

DOCS = Path(__file__).resolve().parent


def main() -> None:
    """Write the pages and say how many."""
    parser = argparse.ArgumentParser(description="Write the sources of the guidelines site.")
    parser.add_argument("--output", type=Path, default=DOCS.parent / "build/docs", help="folder to write")
    output = parser.parse_args().output
    pages = write_site(gather(DOCS.parent), DOCS, output)
    print(f"{len(pages)} pages in {output}")


if __name__ == "__main__":
    main()
