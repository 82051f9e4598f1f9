"""The tutorial says what is so: its specs check, its excerpts are in the shipped specs, its
tables hold the networks' figures, its commands and pictures exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archgen
from docs import pictures

ROOT = pictures.DOCS.parent
ARCH = list(pictures.examples("arch"))
FRAGMENTS = [example for example in ARCH if example.info[:1] == ("fragment",)]
BROKEN = [example for example in ARCH if example.info[:1] == ("broken",)]
WHOLE = pictures.whole_specs()


def test_every_example_is_of_a_known_kind() -> None:
    assert len(WHOLE) + len(FRAGMENTS) + len(BROKEN) == len(ARCH)


@pytest.mark.parametrize("spec", WHOLE, ids=lambda spec: spec.file)
def test_whole_specs_are_clean(spec: pictures.Example, tmp_path: Path) -> None:
    path = tmp_path / spec.file
    path.write_text(spec.text, encoding="utf-8")
    assert archgen.check(path) == []


@pytest.mark.parametrize("spec", BROKEN, ids=lambda spec: spec.file)
def test_broken_specs_fail_as_announced(spec: pictures.Example, tmp_path: Path) -> None:
    path = tmp_path / spec.file
    path.write_text(spec.text, encoding="utf-8")
    assert [item.code for item in archgen.check(path)] == [spec.info[1]]


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda fragment: fragment.info[1])
def test_fragments_are_in_the_shipped_specs(fragment: pictures.Example) -> None:
    assert fragment.text in (ROOT / fragment.info[1]).read_text(encoding="utf-8")


def test_figures_and_messages_are_up_to_date() -> None:
    text = pictures.TUTORIAL.read_text(encoding="utf-8")
    assert pictures.fill(text) == text, "run python docs/pictures.py"


def test_every_picture_is_made_by_a_command() -> None:
    text = pictures.TUTORIAL.read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\((img/[^)]+)\)", text))
    made = {words[words.index("-o") + 1] for words in pictures.commands()}
    assert shown == made
    assert all((pictures.DOCS / name).is_file() for name in shown)


@pytest.mark.torch
@pytest.mark.parametrize("example", list(pictures.examples("python")), ids=["weights", "forms"])
def test_python_examples_run(example: pictures.Example) -> None:
    exec(compile(example.text, "tutorial.md", "exec"), {})
