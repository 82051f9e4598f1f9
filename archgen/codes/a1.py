"""A1xx: names, parameters, arguments, types and arithmetic."""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
