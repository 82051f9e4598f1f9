"""A0xx: text that does not parse."""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
