"""What can be configured. One frozen model a table; a field's description documents it."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from archgen.closest import closest
from archgen.codes import CODES
from archgen.config.globs import matches

Category = Literal["interface", "weights", "numerics", "cost", "training"]
# What is reported if nothing else is said.
CATEGORIES: Final[tuple[Category, ...]] = ("interface", "weights", "numerics", "cost")


def _known_warning(code: str) -> str:
    known = [each for each in CODES if each.startswith("W")]
    if code in known:
        return code
    close = closest(code.upper(), known)
    hint = f"; did you mean `{close}`?" if close else ""
    raise ValueError(f"no warning has the code `{code}`{hint}")


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing")
    return text


Warned = Annotated[str, AfterValidator(_known_warning)]
Said = Annotated[str, AfterValidator(_said)]
Percent = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _in_words(name: str) -> str:
    return name.replace("_", "-")


class Table(BaseModel):
    """A table of the file. Keys are written with `-`; nothing is converted or ignored."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", defer_build=True, alias_generator=_in_words
    )


class Lint(Table):
    """`[lint]`: which warnings are given."""

    disable: tuple[Warned, ...] = Field((), description="codes that are never given")
    enable: tuple[Warned, ...] = Field(
        (), description="codes to be given that are not by themselves"
    )
    per_file_disable: dict[Said, tuple[Warned, ...]] = Field(
        {}, description="codes that are not given for the files that a glob matches"
    )


class Exemption(Table):
    """`[[breaking.exceptions]]`: a breaking change that was decided on, and why."""

    spec: Said = Field(description="a glob over files")
    category: Category = Field(description="what kind of breakage")
    path: Said | None = Field(None, description="the node alone, and what is inside it")
    reason: Said = Field(description="why it may break; shown with each finding")


class Breaking(Table):
    """`[breaking]`: what counts as a breaking change."""

    categories: tuple[Category, ...] = Field(CATEGORIES, description="those that are reported")
    cost_threshold: Percent = Field(
        5.0, description="percent of parameters, MACs or activations from which cost is reported"
    )
    exceptions: tuple[Exemption, ...] = Field((), description="breakages that were decided on")


class Config(Table):
    """All of a configuration; globs start at `folder`, where its file lies."""

    lint: Lint = Lint()
    breaking: Breaking = Breaking()
    _folder: Path | None = None

    def at(self, folder: Path) -> Config:
        """The same, read from a file in this folder."""
        copy = self.model_copy()
        copy._folder = folder
        return copy

    @property
    def folder(self) -> Path | None:
        """Where the file of this configuration lies, if it was read from one."""
        return self._folder

    def matches(self, glob: str, path: str) -> bool:
        """Whether a glob of this configuration is over a file."""
        return matches(glob, self._relative(path))

    def _relative(self, path: str) -> str:
        if self._folder is None:
            return PurePath(path).as_posix()
        import os

        return PurePath(os.path.relpath(path, self._folder)).as_posix()
