"""Words of the specification as Markdown that cannot mean anything else.

Rows are data: an asterisk, a bracket or a tag in one of them is shown, never obeyed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

SPECIAL = frozenset("\\`*_{}[]<>#|&~^\"'")


def plain(words: str) -> str:
    """The words on one line, every character with a meaning in Markdown or HTML as an entity.

    A first character that is no letter is encoded as well, since it could open a list, a quotation or a heading.
    """
    line = " ".join(words.split())
    return "".join(
        f"&#{ord(c)};" if c in SPECIAL or not c.isprintable() or (place == 0 and not c.isalpha()) else c
        for place, c in enumerate(line)
    )


def paragraphs(words: str) -> str:
    """Like `plain`, with the paragraphs kept apart."""
    return "\n\n".join(plain(part) for part in words.split("\n") if part.strip())


def code(words: str) -> str:
    """The words in the typewriter face, on one line."""
    return f"<code>{plain(words)}</code>"


def cell(markdown: str) -> str:
    """Markdown made elsewhere, fit for a table cell."""
    return markdown.replace("\n", " ").replace("|", "&#124;").strip() or "–"


def prose(words: str) -> str:
    """The words of a docstring: what stands between backticks is code, all else is plain."""
    parts = words.split("`")
    if len(parts) % 2 == 0:
        return plain(words)
    return "".join(_kept(part, code if place % 2 else plain) for place, part in enumerate(parts))


def _kept(part: str, form: Callable[[str], str]) -> str:
    """A part in its form, with the spaces at its ends."""
    inner = form(part) if part.strip() else ""
    return f"{' ' if part[:1].isspace() else ''}{inner}{' ' if part.strip() and part[-1:].isspace() else ''}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table. The cells are Markdown already."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cell(entry) for entry in line) + " |" for line in lines)


def bullets(entries: Iterable[str]) -> str:
    """A Markdown list. The entries are Markdown already, one line each."""
    return "\n".join(f"- {entry}" for entry in entries)


def count(number: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def first_line(docstring: str | None) -> str:
    """The first paragraph of a docstring, on one line; empty when there is none."""
    return " ".join((docstring or "").strip().split("\n\n")[0].split())
