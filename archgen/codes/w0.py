"""W0xx: lint: legal and suspicious."""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
