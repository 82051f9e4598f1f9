"""A3xx: promises."""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
