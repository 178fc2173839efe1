"""What an ISAO does, as data: requirement rows, profiles, capabilities, sources and schemas.

`load()` gives the whole checked specification. YAML and JSON Schema libraries are imported only when
something is loaded, so that a command line that merely prints its help stays quick.
"""

from __future__ import annotations

import functools
from pathlib import Path

from isao_spec.errors import SpecError
from isao_spec.model import Catalogue

__all__ = ["FOLDER", "Catalogue", "SpecError", "load"]

FOLDER = Path(__file__).resolve().parent


@functools.cache
def load() -> Catalogue:
    """The specification shipped with this package, checked; read once a process.

    Raises SpecError listing every fault, when the shipped files break a rule.
    """
    from isao_spec.loader import load_from

    return load_from(FOLDER)
