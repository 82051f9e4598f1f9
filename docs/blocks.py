"""docs/blocks.md: every shipped library of blocks, as its files say it: `python docs/blocks.py`.

A test holds that the page is current.
"""

from __future__ import annotations

import re
from pathlib import Path

from archgen import resources
from archgen.library import Entry, Library, libraries

PAGE = Path(__file__).with_name("blocks.md")
HEAD = """\
# Blocks

The shipped libraries of blocks. Made from `specs/blocks/` by `make docs`; not to be edited.
`use residual` imports a library into a spec; `archgen list --blocks` lists the blocks, and
`archgen show bottleneck` prints one. Networks are on [a page of their own](ZOO.md), layers on
[another](layers.md); [the cookbook](cookbook.md) has short answers to common questions.
"""


def page() -> str:
    """The whole page: libraries by name, blocks as they stand in them."""
    return "\n".join([HEAD, *map(_library, libraries())])


def _library(library: Library) -> str:
    users = _users(library.name)
    used = f"Used by {', '.join(users)}.\n" if users else ""
    head = [f"## `use {library.name}`\n", f"{library.doc}\n", used]
    return "\n".join(part for part in [*head, *map(_entry, library.entries)] if part)


def _entry(entry: Entry) -> str:
    doc = f"{entry.doc}\n" if entry.doc else ""
    parts = [f"### `{entry.headline}`\n", doc, f"```arch fragment\n{entry.text}\n```\n"]
    return "\n".join(part for part in parts if part)


def _users(library: str) -> list[str]:
    """Links to the files that `use` a library."""
    specs = resources.root("specs")
    used = re.compile(rf"^use {library}\b", re.MULTILINE)
    return [
        f"[{path.relative_to(specs).as_posix()}](../specs/{path.relative_to(specs).as_posix()})"
        for path in sorted(specs.rglob("*.arch"))
        if used.search(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
