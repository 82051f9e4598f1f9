"""Patterns over paths, as `.gitignore` has them: `*` stays in a folder, `**` does not."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(glob: str, path: str) -> bool:
    """Whether a pattern names a path, both relative and with `/`. A folder is all below it."""
    return _compiled(glob).fullmatch(path) is not None


@lru_cache(maxsize=1000)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.removeprefix("./").removesuffix("/"))
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(meaning.get(part, re.escape(part)) for part in parts)
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)
