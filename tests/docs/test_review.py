"""What the page on reviews shows of `archgen diff` is what it prints."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

import archgen
from archgen.cli.app import run
from docs import pictures

ROOT = Path(archgen.__file__).parent.parent
PAGE = (pictures.DOCS / "review.md").read_text(encoding="utf-8")
SHOWN = [
    example.text
    for example in pictures.examples("console", PAGE)
    if example.text.startswith(("$ archgen diff specs", "$ archgen diff resnet"))
]


@pytest.mark.parametrize("text", SHOWN, ids=range(len(SHOWN)))
def test_a_difference_is_what_the_page_shows(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command, _, output = text.partition("\n")
    monkeypatch.chdir(ROOT)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert run(command.split()[2:]) == 1
    assert printed.getvalue().replace(f"{ROOT}/", "") == output


def test_python() -> None:
    code = next(
        each.text for each in pictures.examples("python", PAGE) if "archgen.diff" in each.text
    )
    output = PAGE[PAGE.index(code) :].partition("```text\n")[2].partition("```")[0]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "review.md", "exec"), {})
    assert printed.getvalue() == output
