"""The one error of this package."""

from __future__ import annotations

from collections.abc import Iterable


class SpecError(Exception):
    """The specification's files contradict themselves or the rules of this package.

    The text is one line a fault, each `file:line: message`; all faults found are listed, so that an
    editor repairs a file in one pass.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))
