"""The states of a function as a drawing: each state a column, each step a line from where it starts to where it leads.

Lines cannot cross words or boxes, whatever the contract says, because each step has a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from isao_spec.contract import Contract, Step

WORDS, COLUMN, ROW, HEAD, BOX = 140, 118, 30, 56, 28
"""Pixels: the column of step names, a column of a state, the row of a step, the head with the states, a state's box."""


def diagram(contract: Contract) -> str:
    """An inline SVG of the contract's states and steps, on one line, with the same said in words for who cannot see it.

    A dot stands where a step can start, an arrow where it leads; a ring is a step that leaves the record where it is.
    A state with a double border is left by no step.
    """
    places = {name: WORDS + COLUMN * number + COLUMN // 2 for number, name in enumerate(contract.states)}
    width, height = WORDS + COLUMN * len(places), HEAD + ROW * len(contract.all_steps) + 10
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" xmlns="http://www.w3.org/2000/svg">',
        f"<title>States of {escape(contract.title)}</title>",
        f"<desc>{escape(' '.join(map(in_words, contract.all_steps)))}</desc>",
    ]
    for name, x in places.items():
        parts += _state(name, x, height, final=name in contract.final)
    for number, step in enumerate(contract.all_steps):
        parts += _step(step, places, HEAD + ROW * number + ROW // 2)
    return f'<figure class="isao-states">{"".join(parts)}</svg></figure>'


def in_words(step: Step) -> str:
    """A step in one sentence."""
    return f"{step.name}: from {' or '.join(step.sources)} to {step.to}." if step.sources else f"It begins {step.to}."


def _state(name: str, x: int, height: int, *, final: bool) -> Iterator[str]:
    yield f'<line class="life" x1="{x}" y1="{8 + BOX}" x2="{x}" y2="{height - 4}"/>'
    for inset in (0, 3) if final else (0,):
        left, wide = x - COLUMN // 2 + 5 + inset, COLUMN - 10 - 2 * inset
        yield f'<rect x="{left}" y="{8 + inset}" width="{wide}" height="{BOX - 2 * inset}" rx="5"/>'
    yield f'<text class="state" x="{x}" y="{8 + BOX // 2 + 4}" text-anchor="middle">{escape(name)}</text>'


def _step(step: Step, places: dict[str, int], y: int) -> Iterator[str]:
    yield f'<text x="4" y="{y + 4}">{escape(step.name)}</text>'
    target = places[step.to]
    starts = [places[name] for name in step.sources if name != step.to]
    if not step.sources:
        starts = [WORDS - 20]
    for start in starts:
        yield f'<circle class="dot" cx="{start}" cy="{y}" r="4"/>'
    for edge, toward in ((min(starts, default=target), 1), (max(starts, default=target), -1)):
        if (target - edge) * toward > 0:
            yield f'<line x1="{edge}" y1="{y}" x2="{target - 8 * toward}" y2="{y}"/>'
            yield f'<polygon points="{target},{y} {target - 9 * toward},{y - 5} {target - 9 * toward},{y + 5}"/>'
    if step.to in step.sources:
        yield f'<circle class="ring" cx="{target}" cy="{y}" r="7"/><circle class="dot" cx="{target}" cy="{y}" r="3"/>'
