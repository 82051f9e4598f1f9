"""From the text of a configuration to its model: every mistake in one run, each with its place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from archgen.closest import closest
from archgen.config.places import place_of
from archgen.config.schema import Config
from archgen.diagnostics import ArchError, Diagnostic, Fault, error
from archgen.text import Source

MAX_BYTES: Final = 1 << 20
_WORDS: Final = {
    "string_type": "a string is wanted",
    "tuple_type": "a list is wanted",
    "dict_type": "a table is wanted",
    "model_type": "a table is wanted",
    "float_type": "a number is wanted",
    "missing": "is missing",
}


@dataclass(frozen=True)
class Written:
    """A table of settings, and the file that it stands in, below `prefix`."""

    source: Source
    table: Mapping[str, Any]
    prefix: tuple[str, ...] = ()

    def config(self, folder: Path) -> Config:
        """The validated settings. Raises `ArchError` with every mistake (A511)."""
        try:
            return Config.model_validate(_frozen(self.table)).at(folder)
        except ValidationError as problems:
            found = [self._mistake(each) for each in problems.errors(include_url=False)]
            raise ArchError(found) from None

    def _mistake(self, problem: Mapping[str, Any]) -> Diagnostic:
        loc = tuple(each for each in problem["loc"] if each != "[key]")
        span = place_of(self.source, (*self.prefix, *loc))
        name = ".".join(map(str, loc))
        match problem["type"]:
            case "extra_forbidden":
                table = _table_at(loc[:-1])
                known = [field.alias or key for key, field in table.model_fields.items()]
                return error(
                    "A511", f"there is no setting `{name}`", span, help=_meant(str(loc[-1]), known)
                )
            case "literal_error":
                known = problem["ctx"]["expected"].replace("'", "`")
                message = f"`{name}`: {_shown(problem['input'])} is none of its values"
                return error("A511", message, span, help=f"there are: {known}")
            case kind:
                said = str(problem["msg"]).removeprefix("Value error, ")
                said, _, hint = said.partition("; ")
                message = f"`{name}`: {_WORDS.get(kind, said[:1].lower() + said[1:])}"
                return error("A511", message, span, help=hint or None)


def read(path: Path) -> Written:
    """The settings of an `archgen.toml`. Raises `Fault` (A510) if it cannot be read."""
    source = Source(shown_path(path), _text(path))
    return Written(source, _parsed(source))


def tool_table(path: Path) -> Written | None:
    """Those of `[tool.archgen]` in a `pyproject.toml`; None if it has no such table."""
    source = Source(shown_path(path), _text(path))
    tool = _parsed(source).get("tool", {})
    if not isinstance(tool, dict) or "archgen" not in tool:
        return None
    table = tool["archgen"]
    if not isinstance(table, dict):
        span = place_of(source, ("tool", "archgen"))
        raise Fault(error("A511", "`tool.archgen`: a table is wanted", span))
    return Written(source, table, ("tool", "archgen"))


def _text(path: Path) -> str:
    shown = shown_path(path)
    nowhere = Source(shown, "").span(0, 0)
    try:
        if not path.is_file():
            raise Fault(error("A510", f"{shown}: not a regular file", nowhere))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise Fault(error("A510", f"{shown}: larger than {MAX_BYTES >> 20} MiB", nowhere))
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Fault(error("A510", f"{shown}: not UTF-8", nowhere)) from None
    except OSError as problem:
        message = f"{shown}: cannot be read: {problem.strerror or problem}"
        raise Fault(error("A510", message, nowhere)) from None


def _parsed(source: Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        said, _, place = str(problem).partition(" (at ")
        message = f"not TOML: {said[:1].lower()}{said[1:]}"
        raise Fault(error("A510", message, _place_in(source, place))) from None


def _place_in(source: Source, place: str) -> Any:
    """Where tomllib says that it is: `line 3, column 8)`."""
    numbers = [int(word) for word in place.strip(")").replace(",", "").split() if word.isdigit()]
    if len(numbers) != 2:
        return source.span(len(source.text), len(source.text))
    start = source.line_starts[numbers[0] - 1] + numbers[1] - 1
    return source.span(start, start + 1)


def _frozen(value: Any) -> Any:
    """Lists as tuples, which are what a strict model takes."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _table_at(loc: Sequence[str | int]) -> type[BaseModel]:
    """The model of the table that holds a setting."""
    table: type[BaseModel] = Config
    for part in loc:
        named = {field.alias or key: field for key, field in table.model_fields.items()}
        if part in named:
            table = _model_in(named[str(part)].annotation) or table
    return table


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in getattr(annotation, "__args__", ()))
    return next((each for each in inner if each), None)


def _meant(word: str, known: Sequence[str]) -> str:
    close = closest(word.replace("_", "-"), known)
    return f"did you mean `{close}`?" if close else f"there are: {', '.join(known)}"


def _shown(value: object) -> str:
    return f"`{value}`" if isinstance(value, str) else repr(value)


def shown_path(path: Path) -> str:
    """A path as people see it: relative, unless it lies above the current folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
