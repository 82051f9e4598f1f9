"""Tables of pages, made from what the package says: `python docs/tables.py` refills them.

A table stands between `<!-- NAME -->` and `<!-- end -->`. A test holds that they are current.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from archgen import api
from archgen.codes import CODES
from archgen.config.schema import Config
from archgen.lint import OPT_IN

DOCS = Path(__file__).parent
PAGES = [DOCS / "lint.md", DOCS / "configuration.md"]
_TABLE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(markdown: str) -> str:
    """The same page with current tables."""
    return _TABLE.sub(
        lambda match: match[1] + "\n".join(TABLES[match[2]]()) + "\n" + match[3], markdown
    )


def warnings() -> Iterator[str]:
    """Every warning: whether it is given unasked, and whether `--fix` mends its example."""
    yield "| code | what | given | `--fix` |"
    yield "| --- | --- | --- | --- |"
    for code, entry in CODES.items():
        if code.startswith("W"):
            given = "if enabled" if code in OPT_IN else "yes"
            yield f"| {code} | {entry.title} | {given} | {'mends it' if _is_mended(code) else ''} |"


def _is_mended(code: str) -> bool:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("net.arch").write_text(CODES[code].fails, encoding="utf-8")
        found = api.check_paths(["net.arch"], lint=True)
        return any(item.edits for item in found if item.code == code)


def settings() -> Iterator[str]:
    """Every setting of a configuration."""
    yield "| setting | default | what |"
    yield "| --- | --- | --- |"
    yield from _settings(Config, "")


def _settings(table: type[BaseModel], above: str) -> Iterator[str]:
    for name, field in table.model_fields.items():
        key = f"{above}{field.alias or name}"
        inner = _table_in(field.annotation)
        if inner is not None:
            yield from _settings(inner, f"{key}." if above == "" else f"{key}[].")
            continue
        default = "must be given" if field.is_required() else f"`{_toml(field.default)}`"
        yield f"| `{key}` | {default} | {field.description} |"


def _table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_table_in, getattr(annotation, "__args__", ()))
    return next((each for each in inner if each), None)


def _toml(value: object) -> str:
    match value:
        case None:
            return "any"
        case tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str():
            return f'"{value}"'
        case _:
            return str(value)


TABLES: dict[str, Callable[[], Iterator[str]]] = {"warnings": warnings, "settings": settings}


def main() -> None:
    for page in PAGES:
        page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
