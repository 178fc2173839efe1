"""Forms of texts: timestamps, language tags, identifiers, hashes, names. Pure, and quick where often used."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_PARTS = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(?:\.(\d+))?Z", re.ASCII)
_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:?\d\d", re.ASCII | re.IGNORECASE)
_LEAP = ("06-30T23:59", "12-31T23:59")

IDENTIFIER = re.compile(
    r"[a-z][a-z0-9-]+[a-z0-9]--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([1-5])[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)
TYPE_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?!-)){2,249}")
PROPERTY_NAME = re.compile(r"[a-z][a-z0-9_]{2,249}|id")
DICTIONARY_KEY = re.compile(r"[a-zA-Z0-9_-]{1,250}")
EXTENSION_ID = re.compile(
    r"extension-definition--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)
CUSTOM_EXTENSION = re.compile(r"(?=.{3,250}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*-ext")

_TAG = re.compile(
    r"(?P<language>[a-zA-Z]{2,3}(?:-[a-zA-Z]{3}){0,3})"
    r"(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|\d{3}))?(?:-(?:[a-zA-Z0-9]{5,8}|\d[a-zA-Z0-9]{3}))*"
    r"(?:-[0-9a-wyzA-WYZ](?:-[a-zA-Z0-9]{2,8})++)*(?:-x(?:-[a-zA-Z0-9]{1,8})+)?|x(?:-[a-zA-Z0-9]{1,8})+",
    re.ASCII,
)
# ISO 639-1; RFC 5646 takes two-letter languages from there. Four letters and more are not in use as languages.
_TWO_LETTER_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss "
    "st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu in iw ji jw mo"
)
_TWO_LETTERS = frozenset(_TWO_LETTER_CODES.split())
_OLD_TAGS = (
    "art-lojban cel-gaulish en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn "
    "i-tao i-tay i-tsu no-bok no-nyn sgn-be-fr sgn-be-nl sgn-ch-de zh-guoyu zh-hakka zh-min zh-min-nan zh-xiang"
)
_GRANDFATHERED = frozenset(_OLD_TAGS.split())

# Variants of the IANA registry of language subtags.
_VARIANT_SUBTAGS = (
    "1606nict 1694acad 1901 1959acad 1994 1996 abl1943 akhmimic akuapem alalc97 aluku ao1990 aranes arevela arevmda "
    "arkaika asante auvern baku1926 balanka barla basiceng bauddha bciav bcizbl biscayan biske blasl bohairic bohoric "
    "boont bornholm cisaup colb1945 cornu creiss dajnko ekavsk emodeng fascia fayyumic fodom fonipa fonkirsh fonnapa "
    "fonupa fonxsamp gallo gascon gherd grclass grital grmistr hanoi hepburn heploc hognorsk hsistemo huett ijekavsk "
    "itihasa ivanchov jauer jyutping kkcor kleinsch kociewie kscor laukika leidentr lemosin lengadoc lipaw ltg1929 "
    "ltg2007 luna1918 lycopol mdcegyp mdctrans mesokem metelko monoton ndyuka nedis newfound nicard njiva nulik osojs "
    "oxendict pahawh2 pahawh3 pahawh4 pamaka peano pehoeji petr1708 phnom pinyin polyton provenc puter rigik rozaj "
    "rumgr sahidic saigon scotland scouse simple solba sotav spanglis surmiran sursilv sutsilv suzhou synnejyl tailo "
    "tarask tongyong tunumiis uccor ucrcor ulster unifon vaidika valbadia valencia vallader vecdruka viennese vivaraup "
    "wadegile xsistemo"
)
_VARIANTS = frozenset(_VARIANT_SUBTAGS.split())

# Lengths and characters of hashes in hash-algorithm-ov (10.7), as the published schema has them.
HASHES = {
    "MD5": re.compile(r"[a-fA-F0-9]{32}"),
    "SHA-1": re.compile(r"[a-fA-F0-9]{40}"),
    "SHA-256": re.compile(r"[a-fA-F0-9]{64}"),
    "SHA-512": re.compile(r"[a-fA-F0-9]{128}"),
    "SHA3-256": re.compile(r"[a-fA-F0-9]{64}"),
    "SHA3-512": re.compile(r"[a-fA-F0-9]{128}"),
    "SSDEEP": re.compile(r"[a-zA-Z0-9/+:.]{1,128}"),
    "TLSH": re.compile(r"[a-zA-Z0-9]{70}"),
}


def exists(text: str) -> bool:
    """Whether the first nineteen characters are a date and a time of day that exist."""
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


def timestamp_fault(text: str) -> str:
    """The rule of section 2.16.1 that a text breaks as a timestamp (S-TS-1, S-TS-2 or S-TS-3), else empty."""
    if TIMESTAMP.fullmatch(text) is None:
        return "S-TS-1" if _OFFSET.fullmatch(text) else "S-TS-3"
    if exists(text):
        return ""
    leap = text[17:19] == "60" and text[5:16] in _LEAP
    return "" if leap and text[:4] != "0000" else "S-TS-2"


def instant(text: object) -> tuple[str, str, str] | None:
    """A key of a timestamp that sorts as the instants do, whatever the digits; None when it is none."""
    found = _PARTS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    minute, second, fraction = found.groups()
    return minute, second, (fraction or "").rstrip("0")


@lru_cache(maxsize=1024)
def _is_language_tag(text: str) -> bool:
    found = _TAG.fullmatch(text)
    if found is None:
        return text.lower() in _GRANDFATHERED
    for part in text.lower().split("-")[1:]:
        if len(part) == 1:
            break
        if (len(part) > 4 or (len(part) == 4 and part[0].isdigit())) and part not in _VARIANTS:
            return False
    language = found["language"]
    return language is None or len(language.partition("-")[0]) == 3 or language[:2].lower() in _TWO_LETTERS


def is_language_tag(text: object) -> bool:
    """Whether a value is a language tag of RFC 5646: well formed, a two-letter language being one of ISO 639-1."""
    return isinstance(text, str) and len(text) <= 100 and _is_language_tag(text)


def uuid_version(identifier: object) -> int:
    """The version of the UUID in an identifier, 0 when it is none."""
    found = IDENTIFIER.fullmatch(identifier) if isinstance(identifier, str) else None
    return int(found[1]) if found else 0


def hash_is_formed(algorithm: str, value: object) -> bool:
    """Whether a value has the form of the algorithm; any text has that of an unknown one."""
    form = HASHES.get(algorithm)
    return isinstance(value, str) and (form is None or form.fullmatch(value) is not None)
