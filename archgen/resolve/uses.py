"""What a `use` names: a file, and what is said where there is none."""

from __future__ import annotations

import re
from pathlib import Path

from archgen import resources
from archgen.catalogue import shipped_file, shipped_names
from archgen.diagnostics import Diagnostic, Edit, Fault, error
from archgen.resolve.arguments import suggest
from archgen.syntax import tree

_MISSING = {"A501", "A515"}


def used_file(use: tree.Use, folder: Path, user: str) -> tuple[Path, str]:
    """The file that a `use` names, and how it is shown."""
    if use.arch:
        file = shipped_file(use.target)
        if file is None:
            message = f"no shipped network is called `{use.target}`"
            hint = suggest(use.target, shipped_names()) or "`archgen list` names them"
            raise Fault(error("A509", message, use.span, help=hint))
        return file, f"specs/{file.name}"
    if not use.quoted:
        path = resources.root("specs") / "blocks" / f"{use.target}.arch"
        return path, f"specs/blocks/{use.target}.arch"
    written = Path(use.target)
    if written.is_absolute() or "\\" in use.target or ":" in use.target:
        message = "a `use` names a file relative to this one"
        raise Fault(error("A508", message, use.span, help='use "blocks/mine.arch"'))
    return folder / written, (Path(user).parent / written).as_posix()


def from_use(diagnostic: Diagnostic, asked: tree.Use | None) -> Diagnostic:
    """A file that cannot be read is the fault of the `use` that names it."""
    if asked is None or diagnostic.span.source.text:
        return diagnostic
    if not asked.quoted and diagnostic.code in _MISSING:
        specs = resources.root("specs")
        known = sorted(each.stem for each in (specs / "blocks").glob("*.arch"))
        hint = suggest(asked.target, known) or f"there are: {', '.join(known)}"
        if (specs / f"{asked.target}.arch").exists():
            file = f"{asked.target}.arch"
            hint = f'`{file}` holds networks: copy it beside this file, then `use "{file}"`'
        if shipped_file(asked.target):
            hint = f"a network is brought by `use arch {asked.target}`"
        message = f"there is no shipped library `{asked.target}`"
        close = re.fullmatch(r"did you mean `(\w+)`\?|.*`use (arch \w+)`", hint)
        fix = [Edit(asked.span, f"use {close[1] or close[2]}")] if close and not asked.alias else []
        return error("A509", message, asked.span, help=hint, fix=fix)
    return error(diagnostic.code, diagnostic.message, asked.span, help=diagnostic.help)
