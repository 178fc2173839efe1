"""Values that the privacy review knows by their own form: numbers with check digits, ranges or groups, addresses, names
beside a word for people. Pure.

Every pattern of the review has bounded repetitions only, and those inside others are told apart by their first or last
character, so that the time for a text is linear in its length (a test holds all of them to it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from isao_reference.content import privacy_numbers as numbers
from isao_reference.content import privacy_words as words
from isao_reference.content.privacy_hits import Budget, Hit

_SSN = re.compile(r"(?<![\w.+/-])\d{3}([- ])\d{2}\1\d{4}(?![\w/]|[.-]\w)", re.ASCII)
_CARD = re.compile(
    r"(?:(?<![\w.+/])|(?<=%B))(?<!\d[-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})"
    r"(?![\w@]|[.-]\w|[ -][0-9A-Fa-f]{4}\b)",
    re.ASCII,
)
_IBAN = re.compile(r"(?<![\w./-])[A-Z]{2}\d{2}[ -]?[A-Z0-9]{4}[A-Z0-9 -]{6,32}", re.ASCII)
_NINO = re.compile(r"(?<![\w./-])[A-Z]{2} \d{2} \d{2} \d{2} [A-D](?![\w-])", re.ASCII)
_PHONE = re.compile(r"(?<![\w.+/-])(?:\+\d{1,3}|\(\d{2,5}\)|\d{3}(?=[ .-]\d{3}[ .-]\d{4}))[\d ().-]{5,20}", re.ASCII)
_AMERICAN = re.compile(r"(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}", re.ASCII)
_EMAIL = re.compile(
    r"(?<![\w.+%@/:'-])(?=[\w.+%'-]{1,64}@)[\w+%-][\w.+%'-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}"
    r"\.[A-Za-z]{2,24}(?![\w@-]|\.\w|:\w)",
    re.ASCII,
)
_ROLES_TEXT = (
    "abuse admin administrator billing cert cirt contact csirt dpo enquiries feedback hello help helpdesk hostmaster "
    "hr info infosec it jobs legal mail mailer-daemon marketing media news newsletter noc no-reply noreply office "
    "postmaster press privacy psirt report reports root sales secretariat secure security service soc support team "
    "webmaster git someone somebody anyone user username name email example test localpart"
)
_ROLES = frozenset(_ROLES_TEXT.split())
_FILES_TEXT = "png jpg jpeg gif svg webp ico pdf exe dll zip js css html txt doc docx xls xlsx apk bin"
_FILES = frozenset(_FILES_TEXT.split())
_ADDRESS = re.compile(
    r"(?<![\w.#/-])\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?[A-Z][a-z'-]{1,24} (?:[A-Z][a-z'-]{1,24} ){0,2}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Crescent|Terrace|Place|Square)\b\.?"
    r"(?:,? (?:Suite|Apt|Apartment|Unit|Floor) ?#?\w{1,5})?(?:, [A-Z][a-z]{2,20})?(?= ?[,.;:)\n]|$)"
    r"|(?<![\w])[A-Z][a-zäöüß-]{2,30}(?:straße|strasse|weg|gasse|platz) \d{1,4}[a-z]?\b"
)
_PERSON = re.compile(
    r"(?:(?<![\w-])(?:(?:a|an|the|our|their|one|by|of|for|from|to|named|and|with) )?(?:victim|employee|patient|customer"
    r"|nurse|clerk|accountant|treasurer|colleague|physician|cardholder|student|resident|taxpayer|insured)(?: named|"
    r" called|'s name is| name is| name:|:|,)? |(?:^|[.!?;:(] {0,3})(?:The )?(?:Victim|Employee|Patient|Customer|Nurse"
    r"|Clerk|Accountant|Treasurer|Colleague|Physician|Student)(?: name)?(?: named|:|,)? |\b(?:Mr|Mrs|Ms|Dr)\.? )"
    r"([A-Z][a-z'-]{1,24} (?:[A-Z]\. )?[A-Z][a-z'-]{1,24})(?![\w-])"
)
_NO_PERSONS_TEXT = (
    "access account active agency airport application authority azure bank cloud college company computer control "
    "corp corporation data database department device directory domain energy exchange explorer file firewall gateway "
    "gmbh google group health hospital host identity inc information infrastructure intelligence international "
    "internet it laptop life linux limited llc ltd machine management medical microsoft ministry national network "
    "office organization organisation outlook partner personal portal power relationship resource resources self "
    "server service services sharepoint software solutions support system systems team training united university "
    "update user utility virtual web windows workstation zero experience engagement success care first north south "
    "east west"
)
_NO_PERSONS = frozenset(_NO_PERSONS_TEXT.split())


def _card(text: str, found: re.Match[str]) -> bool | None:
    digits = numbers.digits_of(found[0])
    if not numbers.is_card(digits):
        return None
    return not words.is_named_as_identifier(text, found.start()) and words.owner(text, *found.span()) != "threat"


def _ssn(text: str, found: re.Match[str]) -> bool | None:
    if not numbers.is_ssn(numbers.digits_of(found[0])) or found[1] == " ":
        return None
    return not words.is_named_as_identifier(text, found.start())


def _email(text: str, found: re.Match[str]) -> bool | None:
    if found[0].partition("@")[0].lower() in _ROLES or found[0].rpartition(".")[2].lower() in _FILES:
        return None
    if text[max(0, found.start() - 8) : found.start()].lower().endswith("mailto:"):
        return None
    owner = words.owner(text, *found.span())
    return None if owner == "threat" else owner == "person"


_PHONE_WORD = re.compile(
    r"(?<![A-Za-z])(?<!to )(?:phones?|telephone|tel|mobile|cell|cellphone|handy|fax|sms|whatsapp|pager)\b[^\w]{0,4}"
    r"(?:\w{1,9} ){0,3}[^\w]{0,3}$",
    re.IGNORECASE,
)


def _phone(text: str, found: re.Match[str]) -> bool | None:
    if not _is_phone(numbers.trimmed(found[0])):
        return None
    owner = words.owner(text, *found.span())
    if owner == "threat":
        return None
    named = _PHONE_WORD.search(text[max(0, found.start() - 40) : found.start()]) is not None
    if named or owner == "person":
        return True
    # A plus sign or an area code in brackets is how people write numbers; without it three groups of digits are many
    # other things too.
    return False if found[0][0] in "+(" else None


def _is_phone(value: str) -> bool:
    digits = numbers.digits_of(value)
    if value.startswith("+"):
        return numbers.is_international(digits)
    return _AMERICAN.fullmatch(value) is not None and numbers.is_north_american(digits)


def _nino(text: str, found: re.Match[str]) -> bool | None:
    return words.owner(text, *found.span()) == "person"


_NO_PERSON_STEMS = frozenset(one.rstrip("s") for one in _NO_PERSONS)
Judge = Callable[[str, "re.Match[str]"], "bool | None"]
_NUMBERS: tuple[tuple[re.Pattern[str], str, Judge], ...] = (
    (_SSN, "us-ssn", _ssn),
    (_CARD, "payment-card", _card),
    (_NINO, "national-id", _nino),
    (_PHONE, "phone", _phone),
)


def _ibans(text: str, budget: Budget) -> Iterator[Hit]:
    for found in _IBAN.finditer(text):
        budget.spend()
        length = numbers.iban_length(found[0][:2])
        value = _of_length(found[0], length)
        if value and numbers.is_iban(value):
            end = found.start() + len(value)
            if not text[end : end + 1].isalnum():
                certain = not words.names_threat(text, found.start(), end)
                yield Hit(found.start(), end, "iban", certain)


def _of_length(text: str, length: int) -> str:
    """The beginning of a text that has so many letters and digits, spaces and hyphens between them left in."""
    seen = 0
    for place, one in enumerate(text):
        seen += one.isalnum()
        if seen == length:
            return text[: place + 1]
    return ""


def of_a_form(text: str, lower: str, budget: Budget) -> Iterator[Hit]:
    """Values that are known by their own form."""
    if SIX_DIGITS.search(text):
        for pattern, rule, judge in _NUMBERS:
            for found in pattern.finditer(text):
                budget.spend()
                certain = judge(text, found)
                if certain is not None:
                    yield Hit(found.start(), found.start() + len(numbers.trimmed(found[0])), rule, certain)
        yield from _ibans(text, budget)
    if "@" in text:
        for found in _EMAIL.finditer(text):
            budget.spend()
            certain = _email(text, found)
            if certain is not None:
                yield Hit(found.start(), found.end(), "email", certain)
    if any_of(STREETS, lower):
        for found in _ADDRESS.finditer(text):
            budget.spend()
            if words.owner(text, *found.span()) != "threat":
                yield Hit(found.start(), found.end(), "postal-address", False)
    if any_of(CALLED, lower):
        for found in _PERSON.finditer(text):
            budget.spend()
            if not {one.lower().rstrip("s'") for one in found[1].split()} & _NO_PERSON_STEMS:
                yield Hit(found.start(1), found.end(1), "person-name", False)


def any_of(wanted: Iterable[str], lower: str) -> bool:
    """Whether one of some words occurs: much faster than the patterns that begin with them."""
    for one in wanted:  # noqa: SIM110 - a generator costs more than the search
        if one in lower:
            return True
    return False


# Six digits with little between them: fewer are nobody's number.
SIX_DIGITS = re.compile(r"\d(?:[ ().-]{0,3}\d){5}", re.ASCII)
STREETS = (
    " street", " st", " ave", " road", " rd", " lane", " ln", " drive", " dr", " boulevard", " blvd", " court", " ct",
    " crescent", " terrace", " place", " square", "straße ", "strasse ", "weg ", "gasse ", "platz ",
)  # fmt: skip
CALLED = (
    "victim", "employee", "patient", "customer", "nurse", "clerk", "accountant", "treasurer", "colleague", "physician",
    "cardholder", "student", "resident", "taxpayer", "insured", "mr.", "mr ", "mrs", "ms.", " ms ", "dr.", " dr ",
)  # fmt: skip
