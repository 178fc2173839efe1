"""Values that the privacy review knows by the key words before them: `date of birth`, `MRN`, `account number`. Pure.

The patterns keep to the rule of `privacy_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isao_reference.content import privacy_numbers as numbers
from isao_reference.content import privacy_words as words
from isao_reference.content.privacy_hits import Budget, Hit

KEYED = (
    "ssn", "social", "insurance", "nino", "sin", "tax", "steuer", "national", "id card", "identity card",
    "personnummer", "codice", "bsn", "pesel", "nif", "dni", "cpf", "aadhaar", "birth", "dob", "d.o.b", "geburt", "born",
    "mrn", "medical", "patient", "nhs", "chart", "hospital", "account", "acct", "kontonummer", "passport", "reisepass",
    "phone", "tel", "mobile", "cell", "handy", "pager", "fax", "licen", "dl n",
)  # fmt: skip

_KEYS = re.compile(
    r"(?<![A-Za-z0-9-])(?:"
    r"(?P<us_ssn>ssn|social[ _-]security(?:[ _-](?:number|no|num))?)"
    r"|(?P<national_id>national[ _-]insurance|nino|(?-i:SIN)|social[ _-]insurance|tax[ _-]?id(?:entification)?"
    r"|steuer-?id|steueridentifikationsnummer|national[ _-]id(?:entity)?|identity card|id card|personnummer"
    r"|codice fiscale|(?-i:BSN|PESEL|NIF|DNI|CPF)|aadhaar)"
    r"|(?P<birth_date>date[ _-]of[ _-]birth|birth[ _-]?da(?:te|y)|dob|d\.o\.b\.?|geburtsdatum|born(?: on)?)"
    r"|(?P<medical_record>mrn|medical[ _-]record(?:[ _-](?:number|no|id))?|patient[ _-](?:id|number|no|nr|record)"
    r"|health[ _-]insurance|nhs[ _-](?:number|no)|insurance[ _-](?:id|number|no)|chart[ _-](?:number|no)"
    r"|hospital[ _-](?:number|no))"
    r"|(?P<account_number>(?:bank[ _-]|checking[ _-]|savings[ _-]|giro[ _-])?(?:account|acct)\.?[ _-]?(?:numbers?"
    r"|no|nr|num|#)|(?:bank|checking|savings)[ _-](?:account|acct)|kontonummer)"
    r"|(?P<passport>passport|reisepass)"
    r"|(?P<phone>(?<!to )(?:tele)?phone|tel|mobile|cell(?:phone| phone)?|handy|pager|fax)"
    r"|(?P<driving_licence>driver'?s?[ _-]licen[cs]e|driving[ _-]licen[cs]e|(?-i:DL) (?:no|number))"
    r")(?![a-z0-9])",
    re.IGNORECASE | re.ASCII,
)
_KEYED_LINK = re.compile(
    r"[\s:=#,.()\[\]\"'|>-]{1,6}|(?:number|numbers|no|nr|num|id|is|was|are|were|of|the|her|his|their|for|victim|employee"
    r"|customer|patient|person|insured|user|ends|file|with|value|to|be|contained)\b",
    re.IGNORECASE | re.ASCII,
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_VALUES = {
    "us_ssn": re.compile(r"\d{3}([ .-]?)\d{2}\1\d{4}(?![\w-])", re.ASCII),
    "national_id": re.compile(r"(?=(?:[A-Z -]{0,9}\d){6})[A-Z0-9]{1,18}(?:[ -][A-Z0-9]{1,10}){0,5}(?![\w-])", re.ASCII),
    "birth_date": re.compile(
        r"(?:(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d{2}|(?:19|20)\d{6}"
        rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[ -](?:{_MONTHS})[a-z]{{0,6}}\.?,?[ -](?:19|20)\d{{2}}"
        rf"|(?:{_MONTHS})[a-z]{{0,6}}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d{{2}})(?![\w/-])",
        re.ASCII | re.IGNORECASE,
    ),
    "medical_record": re.compile(r"(?=(?:[A-Z-]{0,6}\d){4})[A-Z0-9]{1,14}(?:-[A-Z0-9]{1,8}){0,3}(?![\w-])", re.ASCII),
    "account_number": re.compile(r"(?=(?:[A-Z -]{0,3}\d){6})[A-Z]{0,3}\d{1,17}(?:[ -]\d{1,8}){0,4}(?![\w-])", re.ASCII),
    "passport": re.compile(r"(?=(?:[A-Z]{0,3}\d){4})[A-Z0-9]{6,9}(?![\w-]|\.\w)", re.ASCII),
    "phone": re.compile(r"[+(]?\d[\d ()/.-]{5,18}\d(?![\w-]|\.\w)", re.ASCII),
    "driving_licence": re.compile(
        r"(?=[A-Z0-9 -]{6})(?=(?:[A-Z -]{0,9}\d){3})[A-Z0-9]{1,16}(?:[ -][A-Z0-9]{2,8}){0,4}(?![\w-])", re.ASCII
    ),
}
_NO_BANK = re.compile(r"\b(?:aws|azure|gcp|cloud|amazon|twitter|github|service|storage|subscription|tenant)[ -]$", re.I)


def beside_a_key_word(text: str, budget: Budget) -> Iterator[Hit]:
    """Values that are known by the words before them."""
    for found in _KEYS.finditer(text):
        budget.spend()
        kind = str(found.lastgroup)
        if kind == "account_number" and _NO_BANK.search(text[max(0, found.start() - 14) : found.start()]):
            continue
        place = _linked(text, found.end())
        value = _VALUES[kind].match(text, place) if place else None
        if value is None:
            continue
        certain = _keyed_judge(text, kind, found[0].lower(), value)
        if certain is not None:
            yield Hit(value.start(), value.start() + len(numbers.trimmed(value[0])), kind.replace("_", "-"), certain)


def _keyed_judge(text: str, kind: str, key: str, value: re.Match[str]) -> bool | None:
    if kind == "us_ssn":
        return True if numbers.is_ssn(numbers.digits_of(value[0])) else None
    if kind == "phone":
        return _local_phone(text, value)
    if kind == "birth_date" and key.startswith("born"):
        return True if words.owner(text, *value.span()) == "person" else None
    if kind == "account_number":
        return words.owner(text, *value.span()) != "threat"
    return True


def _local_phone(text: str, value: re.Match[str]) -> bool | None:
    """A number as it is dialled in one country, beside a word for telephones."""
    shown, digits = numbers.trimmed(value[0]), numbers.digits_of(value[0])
    if shown[0] == "+" or not 7 <= len(digits) <= 12 or _NO_LOCAL_PHONE.fullmatch(shown) is not None:
        return None
    owner = words.owner(text, *value.span())
    return None if owner == "threat" or numbers.is_toll_free(digits) else owner == "person"


_NO_LOCAL_PHONE = re.compile(r"\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,3}(?:\.\d{1,3}){1,4}|\d{4} ?- ?\d{4}", re.ASCII)


def _linked(text: str, start: int) -> int:
    """Where the value stands that a key word leads to, over at most eight small words and marks; 0 without any."""
    place = start
    for _ in range(8):
        found = _KEYED_LINK.match(text, place)
        if found is None:
            break
        place = found.end()
    return place if place > start else 0
