"""Whether words in a text name a threat. Ids are sure; many names are words of the language as well, and those count
only where the text says that it means a threat.

The rules were chosen for precision and measured on real descriptions (docs/correlate-with-attack.md): a link that is
wrong costs the trust in all links, one that is missing is added by a person.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

MOST_WORDS = 6
"""Words of the longest name that is looked for."""
FREE_CASE = 5
"""Letters from which on a name of one word is recognised in any letter case."""

_TOKEN = re.compile(r"[^\W_](?:[\w.@$+#&*-]*[\w$+#])?")
_GAP = re.compile(r"\s+|\s*[/:,&()]\s*|\s+[/&]\s+")
_ID = re.compile(r"[A-Z]{1,6}-?\d{2,}(?:[.-]\d+)*")
_SPACE = re.compile(r"\s+")

_BESIDE = """
actor actors adware apt backdoor backdoors bot botnet campaign downloader dropper exploit family framework gang group
groups implant infostealer keylogger loader malware miner operation ransomware rat rootkit sample samples spyware
stealer tool trojan virus wiper worm
"""
_THREATS = frozenset(_BESIDE.split())
"""Words beside a name that say that it is one of a threat."""
_TECHNIQUES = frozenset(("technique", "techniques", "sub-technique", "subtechnique"))

_ORDINARY = frozenset(files("isao_reference.functions").joinpath("ordinary_words.txt").read_text("utf-8").split())
"""Words, places and people's names that malware and groups are named after."""

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def lower(text: str) -> str:
    """The text with its ASCII letters in lower case, as the store keeps the words that objects are known by."""
    return text.translate(_LOWER)


@dataclass(frozen=True)
class Phrase:
    """Neighbouring words of a text as they are written there, and the words before and after them."""

    written: str
    before: str
    after: str


class Said:
    """A text, asked for its phrases: runs of at most MOST_WORDS words that no end of a sentence parts."""

    def __init__(self, text: str) -> None:
        self._text = _SPACE.sub(" ", text)
        self._words = [found.span() for found in _TOKEN.finditer(self._text)]
        ends = itertools.pairwise(self._words)
        self._joined = [_GAP.fullmatch(self._text, one[1], two[0]) is not None for one, two in ends] + [False]
        self._places: dict[str, list[tuple[int, int]]] = {}
        small = lower(self._text)
        for first, (start, _) in enumerate(self._words):
            for last in range(first, min(first + MOST_WORDS, len(self._words))):
                self._places.setdefault(small[start : self._words[last][1]], []).append((first, last))
                if not self._joined[last]:
                    break

    def __iter__(self) -> Iterator[str]:
        """Every phrase in lower case, once."""
        return iter(self._places)

    def phrases(self, name: str) -> Iterator[Phrase]:
        """Where the text has these words, in whatever letter case."""
        for first, last in self._places.get(lower(name), ()):
            before = self._word(first - 1) if first and self._joined[first - 1] else ""
            after = self._word(last + 1) if self._joined[last] else ""
            yield Phrase(self._text[self._words[first][0] : self._words[last][1]], before, after)

    def _word(self, place: int) -> str:
        start, end = self._words[place]
        return lower(self._text[start:end])


def is_named(stix: Mapping[str, Any], said: Said) -> bool:
    """Whether one of a text's phrases names the object."""
    if any(True for one in _ids(stix) for _ in said.phrases(one)):
        return True
    return any(_is_meant(stix, name, phrase) for name in _names(stix) for phrase in said.phrases(name))


def _is_meant(stix: Mapping[str, Any], name: str, phrase: Phrase) -> bool:
    written, beside = phrase.written, (phrase.before, phrase.after)
    if stix["type"] == "attack-pattern":  # what techniques are called is mostly what honest people do all day, too
        if " " not in name or stix.get("x_mitre_is_subtechnique"):
            return written == name and not _TECHNIQUES.isdisjoint(beside)
        return written == name
    if " " in name:
        return not written.islower() or name.islower()
    if len(name) <= 2:
        return False
    if lower(name) in _ORDINARY:
        return written == name and (not name[1:].islower() or not _THREATS.isdisjoint(beside))
    return written == name or (len(name) >= FREE_CASE and written in (lower(name), name.upper(), name.capitalize()))


def _ids(stix: Mapping[str, Any]) -> Iterator[str]:
    """The object's own ids: the first that its source gives it; of a vulnerability all, for they are equals."""
    for reference in _list(stix, "external_references"):
        identifier = reference.get("external_id") if isinstance(reference, dict) else None
        if isinstance(identifier, str) and _ID.fullmatch(identifier):
            yield identifier
            if stix["type"] != "vulnerability":
                return


def _names(stix: Mapping[str, Any]) -> list[str]:
    names = [stix.get("name"), *_list(stix, "aliases"), *_list(stix, "x_mitre_aliases")]
    return [one for one in names if isinstance(one, str)]


def _list(stix: Mapping[str, Any], name: str) -> list[Any]:
    """A list property, empty where an operator took an object that has something else there."""
    found = stix.get(name)
    return found if isinstance(found, list) else []
