"""Strings that a target sends in the hope that a page which shows them does something, and reports full of them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

MARKER = "injected"
"""What every piece of code writes into the page if it runs: the title, and an attribute of the root."""
TAGS = (
    "a article b blockquote body br caption code col colgroup dd details div dl dt footer h1 h2 h3 h4 head header html "
    "li main meta nav p pre section span strong style summary table tbody td th thead title tr ul "
    "script textarea template noscript noembed noframes xmp select svg math iframe"
)
"""Every element of the page, which `test_report_is_inert.py` holds against it, and others that change how a parser
reads on."""

_REQUESTING = (
    "<img src={url}>",
    "<image src={url}>",
    "<img srcset='{url} 1x'>",
    "<picture><source srcset={url}><img></picture>",
    "<video poster={url}></video>",
    "<video src={url} autoplay></video>",
    "<audio src={url} autoplay></audio>",
    "<video><track default src={url}></video>",
    "<input type=image src={url}>",
    "<iframe src={url}></iframe>",
    "<frameset><frame src={url}></frameset>",
    "<object data={url}></object>",
    "<embed src={url}>",
    "<applet code={url}></applet>",
    "<link rel=stylesheet href={url}>",
    "<link rel=preload as=script href={url}>",
    "<link rel=prefetch href={url}>",
    "<link rel=icon href={url}>",
    "<link rel=manifest href={url}>",
    "<link rel=modulepreload href={url}>",
    "<style>@import url({url});</style>",
    "<style>*{{background:url({url})}}</style>",
    "<p style='background:url({url})'>",
    "<table background={url}><tr><td background={url}></table>",
    "<svg><image href={url} /></svg>",
    "<svg><use href={url}#x /></svg>",
    "<svg><feImage href={url} /></svg>",
    "<base href={url}><img src=relative>",
    "<meta http-equiv=refresh content='0;url={url}'>",
    "<form action={url}><button autofocus>send</button></form>",
    "<a href={url} ping={url}>follow me</a>",
    "<script src={url}></script>",
    "<script type=module src={url}></script>",
    "<script>import('{url}')</script>",
    "<script>fetch('{url}')</script>",
    "<script>new Image().src='{url}'</script>",
    "<script>navigator.sendBeacon('{url}')</script>",
)
_RUNNING = (
    "<script>{code}</script>",
    "<SCRIPT>{code}</SCRIPT>",
    "<script\n>{code}</script\n>",
    "<script/x>{code}</script>",
    "<<script>{code}//<</script>",
    "<scr<script>ipt>{code}</script>",
    "<script>{code}",
    "<script>{code}</script foo>",
    "<img src=x onerror={code}>",
    "<img src=x onerror='{code}'",
    "<img/src=x/onerror={code}>",
    '<img src="x`" onerror="{code}">',
    "<IMG SRC=x OnErRoR={code}>",
    "<img src=x\nonerror\n=\n{code}>",
    "<svg onload={code}>",
    "<svg/onload={code}>",
    "<svg><script>{code}</script></svg>",
    "<svg><animate onbegin={code} attributeName=x dur=1s>",
    "<svg><a href=javascript:{code}><text>x</text></a></svg>",
    "<svg><style><img src=x onerror={code}></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror={code}>",
    "<body onload={code}>",
    "<body onpageshow={code}>",
    "<iframe srcdoc='<script>parent.{code}</script>'></iframe>",
    "<iframe onload={code}></iframe>",
    "<iframe src=javascript:parent.{code}></iframe>",
    "<object data=javascript:{code}></object>",
    "<embed src=javascript:{code}>",
    "<video><source onerror={code}></video>",
    "<audio src=x onerror={code}></audio>",
    "<details open ontoggle={code}>",
    "<input autofocus onfocus={code}>",
    "<select autofocus onfocus={code}></select>",
    "<p tabindex=1 autofocus onfocus={code}>",
    "<marquee onstart={code}>x</marquee>",
    "<style onload={code}></style>",
    "<link rel=stylesheet href=data:, onload={code}>",
    "<style>@keyframes x{{}}p{{animation:x 1s}}</style><p onanimationstart={code}>",
    "<x onclick={code} contenteditable autofocus onfocus={code}>",
    "<a href=javascript:{code}>x</a>",
    '" onmouseover={code} autofocus onfocus={code} x="',
    "' onmouseover={code} autofocus onfocus={code} x='",
    "` onfocus={code} x=`",
    '"><script>{code}</script>',
    "'><script>{code}</script>",
    "--><script>{code}</script><!--",
    "--!><img src=x onerror={code}>",
    "<!--><script>{code}</script>",
    "<!--[if true]><script>{code}</script><![endif]-->",
    "]]><script>{code}</script>",
    "<![CDATA[<script>{code}</script>]]>",
    "<?xml-stylesheet href='javascript:{code}'?><script>{code}</script>",
    "<!DOCTYPE html [<!ENTITY x '<script>{code}</script>'>]>&x;",
    "<noscript><p title='</noscript><img src=x onerror={code}>'>",
    "<template shadowrootmode=open><script>{code}</script></template>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={code}>",
    "<plaintext><script>{code}</script>",
)
_PLAIN = (
    "javascript:{code}",
    "JaVaScRiPt:{code}",
    "java\tscript:{code}",
    "java\nscript:{code}",
    " javascript:{code}",
    "&#106;avascript:{code}",
    "vbscript:{code}",
    "data:text/html,<script>{code}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "view-source:{url}",
    "file:///etc/hostname",
    "//{host}/",
    "{url}",
    "&lt;script&gt;{code}&lt;/script&gt;",
    "&amp;lt;script&amp;gt;{code}",
    "&#60;script&#62;{code}&#60;/script&#62;",
    "&#x3c;img src=x onerror={code}&#x3e;",
    "&lt;img src=x onerror={code}&gt",
    "&LT;script&GT;{code}",
    "&nbsp;&quot;&apos;&notanentity;&",
    "%3Cscript%3E{code}%3C/script%3E",
    "\\u003cscript\\u003e{code}\\u003c/script\\u003e",
    "\\x3cscript\\x3e{code}",
    "+ADw-script+AD4-{code}+ADw-/script+AD4-",
    "{{{{7*191}}}}",
    "{{{{ ''.__class__.__mro__ }}}}",
    "{{% for x in range(191) %}}{{{{ x }}}}{{% endfor %}}",
    "{{# a comment #}}",
    "{{{{ url_for.__globals__ }}}}",
    "${{7*191}}",
    "#{{7*191}}",
    "<%= 7*191 %>",
    "{{{{constructor.constructor('{code}')()}}}}",
    "[[${{7*191}}]]",
    "<b>bold</b><i>italic</i>",
    "<h1>Conformant</h1>",
    "</p></dd></dl></article></section></main></body></html>",
    "\\",
    '"',
    "'",
    "<",
    ">",
    "&",
)
_CHARACTERS = (
    "\u2028",
    "\u2029",
    "\u0085",
    "\u202e",
    "\u202d",
    "\u2066",
    "\u2067",
    "\u2069",
    "\u200b",
    "\u200d",
    "\u200f",
    "\ufeff",
    "\u00ad",
    "\x00",
    "\x08",
    "\x0c",
    "\r",
    "\r\n",
    "\x1b[31m",
    "\x7f",
    "\x9b",
    "\ud83d",
    "\udc00",
    "\ufffe",
    "\U000e0001",
    "\u0301" * 50,
    "\uff1cscript\uff1e",
    "\u2039script\u203a",
    "\u00bcscript\u00be",
)


def injections(address: str) -> list[str]:
    """All of them, each once and with its own number. `address` is what those that can ask for something ask for."""
    closing = [f"</{tag}><img src=x onerror={{code}}>" for tag in TAGS.split()]
    closing += [f"</{tag} x='><script>{{code}}</script>'>" for tag in ("title", "style", "script", "pre", "textarea")]
    between = [f"<script>{{code}}{mark}</script>{mark}<img src=x{mark}onerror={{code}}>" for mark in _CHARACTERS]
    forms = (*_REQUESTING, *_RUNNING, *_PLAIN, *closing, *between)
    host = address.partition("//")[2].strip("/")
    return [
        form.format(
            url=f"{address}{number}",
            host=host,
            code=f"document.title=document.documentElement.id='{MARKER}{number}'",
        )
        for number, form in enumerate(forms)
    ]


def filled(report: dict[str, Any], texts: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The report with the texts in every place that a target, or what it answers, can fill, and its scripts."""
    full = copy.deepcopy(report)
    together = " ".join(texts)
    full["target"] |= {"name": together, "base_url": together, "write": [*texts], "absent": {"next-cursor": together}}
    full["run"]["selected"] = [*texts]
    full["gate"] += [{"gate": "public", "proof": text, "ok": False, "why": text} for text in texts]
    full["survey"]["notes"] = [*texts]
    full["measures"] = {text: {"value": 1.0, "unit": text, "probe": "none"} for text in texts}
    full["created"] = full["leftovers"] = [
        {"collection": text, "actor": "member-a", "id": text, "kind": "publication", "why": text} for text in texts
    ]
    full["exchanges"] = {f"{number} {text}": _exchange(text, number % 3 > 0) for number, text in enumerate(texts)}
    scripts = {f"reproduce/{number}.sh": text for number, text in enumerate(texts)}
    checks = [
        {
            "name": f"probe/{text}",
            "outcome": "fail",
            "expected": text,
            "got": text,
            "exchanges": [key],
            "reproduce": path,
        }
        for text, key, path in zip(texts, full["exchanges"], scripts, strict=True)
    ]
    by_outcome = {row["outcome"]: row for row in full["requirements"]}
    for outcome in ("fail", "warn", "error"):
        by_outcome[outcome] |= {"reason": together, "checks": [{**check, "outcome": outcome} for check in checks]}
    by_outcome["inapplicable"]["reason"] = together
    full["requirements"] += [{**by_outcome["untestable"], "blocked_by": text, "reason": text} for text in texts]
    return full, scripts


def _exchange(text: str, answered: bool) -> dict[str, Any]:
    headers: Iterable[Any] = [[text, text]]
    told = {"method": text, "url": text, "headers": headers, "body": text, "problem": text}
    return {**told, "answer": {"status": 418, "headers": headers, "body": text} if answered else None}
