"""Words beside a value that tell whose it is: of somebody the threat happened to, or of the threat itself. Pure.

Of the words before a value in its sentence the nearest decides: `the actor wrote to the victim NAME` is about a victim.
Every pattern here is of bounded length, so reading stays linear.
"""

from __future__ import annotations

import re

BEFORE, AFTER = 90, 50
"""Characters of context that are looked at before and after a value."""

_PEOPLE = re.compile(
    r"\b(?:victims?|employees?|recipients?|patients?|customers?|clients?'s?|colleagues?|staff|cardholders?|holders?"
    r"|insured|nurses?|clerks?|accountants?|treasurers?|doctors?|physicians?|students?|teachers?|citizens?|residents?"
    r"|reporters?|complainants?|witness(?:es)?|insiders?|managers?|directors?|caretakers?|parents?|consumers?"
    r"|subscribers?|taxpayers?|applicants?|borrowers?|tenants?|guests?|passengers?|(?:affected|compromised|targeted"
    r"|infected|impacted) (?:user|person|mailbox|account|inbox)s?|mailbox(?:es)?|inbox|our user|her|his|mr|mrs|ms"
    r"|received by|opened by|clicked by|belong(?:s|ing) to|owned by|sent to|mailed to|delivered to|addressed to"
    r"|went to|forwarded to|mail to|mails to|message to|targeted|targets?|personal|private|home|next of kin)\b"
    r"|\b(?:to|cc|bcc):",
    re.IGNORECASE,
)
_THREAT = re.compile(
    r"\b(?:actors?|attackers?|adversar(?:y|ies)|threat|senders?|sent by|sends? (?:from|mails?)|(?:came|comes"
    r"|mails?|messages?|mailed|originat(?:es|ed|ing)|arrives?|arrived|coming|received) from|phish(?:ing|es|ers?|ed)?"
    r"|smishing|vishing|lures?|spoof(?:s|ed|ing)?|(?:mal)?spam(?:mers?)?|registered|registers?|registrants?|registration|whois"
    r"|c2|c&c|command and control|ransom(?:ware)?|extort(?:ion|ed|s)?|scam(?:mers?|s)?|fraud(?:sters?|ulent)?"
    r"|impersonat(?:es|ed|ing|ors?|ion)|malicious|malware|drop (?:address|account|box|mail)|drops?|exfiltrat\w{1,4}"
    r"|stolen credentials|write to|writes to|wrote from|reply-to|reply to|contact address|mules?|operators?|affiliates?"
    r"|gangs?|criminals?|crimeware|botnets?|look-?alikes?|hotline|pop-?up|robocalls?|caller id|spoofed|author of"
    r"|developer of|persona|sock ?puppet|alias(?:es)?|handle|jabber|icq|xmpp|telegram|wallets?)\b|\bfrom:",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"(?:\b(?:ids?|uids?|guid|serial|mutex|mutant|token|trace|tweet|ticket|case|incident|key|hash|part|model|build"
    r"|version|invoice|order|status|page|channel|chat|campaign|beacon|session|product|sku|imei|isbn|port|offset|pid|tag"
    r"|thumbprint|fingerprint|checksum)"
    r"(?: (?:number|no|nr|id))?(?: is| was)?[ :=#./\\]{1,3}|[\\/_?&])$",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(r"[\w.+%'-]{1,64}@[\w.-]{1,100}", re.ASCII)
_SENTENCE_END = re.compile(r"[.!?][\"')\]]?\s{1,3}(?=[A-Z\"'(])|\n\s{0,8}\n")


def before(text: str, start: int) -> str:
    """What stands before a value in its sentence, at most BEFORE characters, without other addresses."""
    window = _ADDRESSES.sub("", text[max(0, start - BEFORE) : start])
    ends = [found.end() for found in _SENTENCE_END.finditer(window)]
    return window[ends[-1] :] if ends else window


def after(text: str, end: int) -> str:
    """What stands after a value in its sentence, at most AFTER characters."""
    window = _ADDRESSES.sub("", text[end : end + AFTER])
    found = _SENTENCE_END.search(window)
    return window[: found.start()] if found else window


def owner(text: str, start: int, end: int) -> str:
    """`person`, `threat`, or empty where no word tells: the nearest word before the value, else the nearest after."""
    ahead = before(text, start)
    person, threat = (_last(pattern, ahead) for pattern in (_PEOPLE, _THREAT))
    if person or threat:
        return "person" if person > threat else "threat"
    behind = after(text, end)
    one, other = _PEOPLE.search(behind), _THREAT.search(behind)
    if one is None:
        return "threat" if other else ""
    return "person" if other is None or one.start() < other.start() else "threat"


def names_threat(text: str, start: int, end: int) -> bool:
    """Whether a word beside a value, on either side, is of the threat."""
    return any(_THREAT.search(side) for side in (before(text, start), after(text, end)))


def is_named_as_identifier(text: str, start: int) -> bool:
    """Whether the word right before a value says that it numbers a thing, or it stands in a path or an address."""
    return _IDENTIFIER.search(text[max(0, start - 30) : start]) is not None


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((found.end() for found in pattern.finditer(text)), default=0)
