"""What the privacy review looks for in one text. Pure."""

from __future__ import annotations

import re

from isao_reference.content import privacy_forms as forms
from isao_reference.content import privacy_keyed as keyed
from isao_reference.content.privacy_hits import Budget, Hit

# Spaces, hyphens and digits of other alphabets as people's programs write them, each for one character of ASCII.
_LOOKS = {
    **dict.fromkeys(
        (0xA0, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x202F), " "
    ),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212, 0xFE63, 0xFF0D), "-"),
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    0x2019: "'",
    0xFF20: "@",
    0xFF0B: "+",
}

_ANY_DIGIT = re.compile(r"\d", re.ASCII)


def plain(text: str) -> str:
    """The text as the rules read it, character for character: spaces, hyphens and wide digits as ASCII has them."""
    return text if text.isascii() else text.translate(_LOOKS)


def may_hold(text: str) -> bool:
    """Whether a text, made `plain`, can have hits at all: a quick look that most content does not pass."""
    if "@" in text or forms.SIX_DIGITS.search(text):
        return True
    lower = text.lower()
    return forms.any_of(forms.CALLED, lower) or (
        _ANY_DIGIT.search(text) is not None and (forms.any_of(forms.STREETS, lower) or forms.any_of(keyed.KEYED, lower))
    )


def hits(text: str, budget: Budget) -> list[Hit]:
    """What is found in a text, made `plain`, in order of place, overlapping finds joined: certain if one of them is.
    Raises TooMuch when the budget is spent."""
    lower = text.lower()
    found = {*forms.of_a_form(text, lower, budget)}
    if _ANY_DIGIT.search(text) and forms.any_of(keyed.KEYED, lower):
        found |= {*keyed.beside_a_key_word(text, budget)}
    joined: list[Hit] = []
    for one in sorted(found):
        if joined and one.start < joined[-1].end:
            last = joined[-1]
            best = max(last, one, key=lambda hit: (hit.certain, hit.end - hit.start))
            joined[-1] = Hit(last.start, max(last.end, one.end), best.rule, last.certain or one.certain)
        else:
            joined.append(one)
    return joined
