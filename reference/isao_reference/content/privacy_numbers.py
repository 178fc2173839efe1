"""Numbers that stand for people: whether a text of digits can be one, by its check digits, ranges and lengths. Pure."""

from __future__ import annotations

_CARDS: tuple[tuple[int, int, frozenset[int]], ...] = (
    # First and last issuer prefix of four digits (ISO/IEC 7812), and the lengths that its cards have.
    (4000, 4999, frozenset({13, 16, 19})),
    (5100, 5599, frozenset({16})),
    (2221, 2720, frozenset({16})),
    (3400, 3499, frozenset({15})),
    (3700, 3799, frozenset({15})),
    (6011, 6011, frozenset({16, 19})),
    (6440, 6599, frozenset({16, 19})),
    (3528, 3589, frozenset({16})),
    (3000, 3059, frozenset({14})),
    (3600, 3699, frozenset({14})),
    (3800, 3999, frozenset({14})),
    (5018, 5020, frozenset({16})),
    (6200, 6299, frozenset({16, 17, 18, 19})),
)
# Lengths of the IBANs of a country (ISO 13616 registry).
_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 "
    "FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 "
    "LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 "
    "TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTH = {one[:2]: int(one[2:]) for one in _IBANS.split()}
# Country calling codes of ITU-T E.164 of one and two digits; those of three digits begin with one of _CODE_STARTS.
_CODES_TEXT = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 "
    "86 90 91 92 93 94 95 98"
)
_CODES = frozenset(_CODES_TEXT.split())
_CODE_STARTS_TEXT = "21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99"
_CODE_STARTS = frozenset(_CODE_STARTS_TEXT.split())
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888", "900"})


def digits_of(text: str) -> str:
    """The digits of a text, nothing between them."""
    return "".join(one for one in text if one.isdigit())


def trimmed(value: str) -> str:
    """A number without the marks that follow it and a bracket that it does not open."""
    value = value.rstrip(" .-(")
    return value if value.count("(") >= value.count(")") else value.rstrip(") .-")


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether digits can be a payment card: issuer, length and check digit fit, and they are not one digit repeated."""
    prefix = int(digits[:4])
    known = any(first <= prefix <= last and len(digits) in lengths for first, last, lengths in _CARDS)
    return known and len(set(digits)) > 1 and passes_luhn(digits)


def is_ssn(digits: str) -> bool:
    """Whether nine digits can be a social security number of the United States: no area 000, 666 or from 900 on, no
    group 00, no serial 0000."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return len(digits) == 9 and area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def iban_length(country: str) -> int:
    """How many letters and digits an IBAN of a country has; 0 for a country without IBANs."""
    return _IBAN_LENGTH.get(country, 0)


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN of a known country with the right length and check digits (ISO 13616)."""
    packed = text.replace(" ", "").replace("-", "").upper()
    if _IBAN_LENGTH.get(packed[:2]) != len(packed) or not packed.isascii() or not packed.isalnum():
        return False
    return int("".join(str(int(one, 36)) for one in packed[4:] + packed[:4])) % 97 == 1


def is_toll_free(digits: str) -> bool:
    """Whether ten digits, or eleven with the country code, are a number that the called party pays for: no person's."""
    return len(digits) in (10, 11) and digits[-10:-7] in _TOLL_FREE


def is_north_american(digits: str) -> bool:
    """Whether ten digits can be a subscriber's number under the North American Numbering Plan, toll-free ones not."""
    if len(digits) != 10 or digits[:3] in _TOLL_FREE:
        return False
    return digits[0] in "23456789" and digits[3] in "23456789" and digits[1:3] != "11" and digits[4:6] != "11"


def is_international(digits: str) -> bool:
    """Whether digits after a plus sign can be a subscriber's number (ITU-T E.164): a known country code, at most 15."""
    if digits.startswith("1"):
        return is_north_american(digits[1:])
    known = digits[:1] in _CODES or digits[:2] in _CODES or digits[:2] in _CODE_STARTS
    return (
        known and 9 <= len(digits) <= 15 and digits[:3] not in ("800", "808", "870", "878", "881", "882", "883", "888")
    )
