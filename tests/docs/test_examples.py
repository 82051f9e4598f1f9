"""Every spec that a page shows is what the page says: whole ones check, without a warning, broken
ones fail as announced, fragments parse as a file or as statements."""

from __future__ import annotations

from pathlib import Path

import pytest

import archgen
from archgen.syntax.parse import parse
from archgen.text import Source
from docs import pictures

PAGES = [pictures.DOCS.parent / "README.md", *sorted(pictures.DOCS.glob("*.md"))]
EXAMPLES = [
    pytest.param(example, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, example in enumerate(pictures.examples("arch", page.read_text(encoding="utf-8")))
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 20


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_what_it_is_said_to_be(example: pictures.Example, tmp_path: Path) -> None:
    match example.info:
        case ():
            assert _codes(example, tmp_path) == []
        case ("warns", *codes):
            assert _codes(example, tmp_path) == codes
        case ("broken" | "fails", code):
            assert _codes(example, tmp_path) == [code]
        case ("fragment", *_):
            body = f"block fragment {{\n{example.text}}}\n"
            assert _parses(example.text) or _parses(body)
        case _:
            raise AssertionError(f"an example of an unknown kind: {example.info}")


def _parses(text: str) -> bool:
    return not parse(Source("fragment.arch", text)).diagnostics


def _codes(example: pictures.Example, folder: Path) -> list[str]:
    """Errors and warnings. That an example promises nothing (W009) is no fault of a page."""
    path = folder / "example.arch"
    path.write_text(example.text, encoding="utf-8")
    return [each.code for each in archgen.check(path, lint=True) if each.code != "W009"]
