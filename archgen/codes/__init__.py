"""Every error code with its explanation, written once: `archgen explain`, the tests and the
documentation read them here. One module a range; `ENTRIES` of each is put together below."""

from __future__ import annotations

from itertools import chain

from archgen.codes import a0, a1, a2, a3, a4, a5, b0, w0
from archgen.codes.entry import Code

__all__ = ["CODES", "Code", "explain"]

_MODULES = (a0, a1, a2, a3, a4, a5, b0, w0)

CODES: dict[str, Code] = {
    entry.code: entry for entry in chain.from_iterable(module.ENTRIES for module in _MODULES)
}


def explain(code: str) -> Code | None:
    """Find the explanation of a code, however it is capitalised; None if there is none."""
    return CODES.get(code.strip().upper())
