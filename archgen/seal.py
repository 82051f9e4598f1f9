"""The last line of a generated file: a digest of the text above it.

It tells a file that archgen wrote from one that a person wrote, or has edited since.
"""

from __future__ import annotations

import hashlib
from typing import Literal

_MARK = "# archgen seal: "


def seal(source: str) -> str:
    """End generated source with its seal; sealed source stays as it is."""
    if origin(source) == "sealed":
        return source
    body = source.rstrip("\n") + "\n\n\n"
    return f"{body}{_MARK}{_digest(body)}\n"


def origin(text: str) -> Literal["empty", "sealed", "edited", "foreign"]:
    """Who wrote a text: nobody, archgen, archgen and then a person, or a person.

    Line ends do not count, since version control may change them.
    """
    text = text.replace("\r\n", "\n")
    if not text.strip():
        return "empty"
    body, mark, digest = text.rpartition(_MARK)
    if not mark:
        return "foreign"
    return "sealed" if digest.strip() == _digest(body) else "edited"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
