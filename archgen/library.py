"""What files of specs define, as a reader asks for it: signature, documentation, text.

Names are bound; no network is resolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archgen import resources
from archgen.diagnostics import ArchError
from archgen.network import Definition
from archgen.resolve.implicit import doc_of
from archgen.resolve.modules import Loader, Module
from archgen.syntax import tree
from archgen.syntax.format_expression import format_expression

__all__ = ["Entry", "Library", "find", "libraries", "names", "read"]

_DEFINED = re.compile(r"^(?:block|arch) (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One block or arch: `file` is shown as `use` shows it, `text` has the comments above it."""

    definition: Definition
    file: str
    line: int
    doc: str
    text: str

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def is_network(self) -> bool:
        return self.definition.kind in {"arch", "alias"}

    @property
    def headline(self) -> str:
        """`basic(out, stride=1, act=relu)`: of an alias, also what its target still takes."""
        parameters = ", ".join(map(_parameter, self.definition.parameters))
        return f"{self.name}({parameters})" if parameters else self.name


@dataclass(frozen=True)
class Library:
    """A file: its name, the comment that opens it, and its definitions in order."""

    name: str
    file: str
    doc: str
    entries: tuple[Entry, ...]


def libraries() -> Iterator[Library]:
    """The shipped libraries of blocks, by name."""
    for path in _files("blocks/*.arch"):
        yield read(path)


def find(name: str) -> list[Entry]:
    """The shipped blocks and networks of a name; `residual.basic` is that of one file only.

    A name can be several: each file has names of its own.
    """
    stem, _, last = name.rpartition(".")
    word = re.compile(rf"^(?:block|arch) {re.escape(last)}\b", re.MULTILINE)
    found = [
        read(path)
        for path in (*_files("blocks/*.arch"), *_files("*.arch"))
        if stem in ("", path.stem) and word.search(path.read_text(encoding="utf-8"))
    ]
    return [entry for each in found for entry in each.entries if entry.name == last]


def names() -> Iterator[str]:
    """The names of all shipped blocks and networks, without parsing a file."""
    for path in (*_files("blocks/*.arch"), *_files("*.arch")):
        yield from _DEFINED.findall(path.read_text(encoding="utf-8"))


def read(path: Path) -> Library:
    """The definitions of a file. Raises `ArchError` where its text is at fault."""
    loader = Loader()
    module = loader.load(path, _shown(path))
    if module is None or loader.sink.failed:
        raise ArchError(list(loader.sink))
    items = [item for item in module.tree.items if isinstance(item, tree.Definable)]
    entries = tuple(_entry(module, item) for item in items)
    return Library(path.stem, module.shown, _opening(module.source.text), entries)


def _files(pattern: str) -> list[Path]:
    return sorted(resources.root("specs").glob(pattern))


def _shown(path: Path) -> str:
    specs = resources.root("specs")
    return f"specs/{path.relative_to(specs).as_posix()}" if specs in path.parents else str(path)


def _entry(module: Module, item: tree.Definable) -> Entry:
    definition = module.names[item.name]
    assert isinstance(definition, Definition)
    line = item.span.line
    above = _comments_above(module, line)
    comment = " ".join(text.removeprefix("#").strip() for text in above)
    doc = definition.doc or _inner_doc(item) or comment
    text = "\n".join([*above, item.span.text])
    return Entry(definition, module.shown, line, " ".join(doc.split()), text)


def _inner_doc(item: tree.Definable) -> str:
    """The documentation of `block name = seq { "..." }`."""
    first = item.chain.links[0] if isinstance(item, tree.Synonym) else None
    return doc_of(first.body) if isinstance(first, tree.Seq | tree.Group) else ""


def _comments_above(module: Module, line: int) -> list[str]:
    """The lines of comments that touch a line from above."""
    first = line
    while first > 1 and module.source.line_text(first - 1).startswith("#"):
        first -= 1
    return [module.source.line_text(each) for each in range(first, line)]


def _opening(text: str) -> str:
    """The comment that opens a file."""
    opening = re.match(r"(?:#[^\n]*\n)*", text)
    assert opening
    return " ".join(line.lstrip("#").strip() for line in opening[0].splitlines())


def _parameter(parameter: tree.Parameter) -> str:
    if parameter.default is None:
        return parameter.name
    return f"{parameter.name}={format_expression(parameter.default)}"
