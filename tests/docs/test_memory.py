"""The page on memory prints what the commands print."""

from __future__ import annotations

import re

from click.testing import CliRunner

from archgen.cli.app import group
from docs import pictures

PAGE = (pictures.DOCS / "memory.md").read_text(encoding="utf-8")


def test_the_command_prints_what_the_page_shows() -> None:
    (command,) = re.findall(r"^\$ archgen (.*)$", PAGE, re.MULTILINE)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    made = CliRunner().invoke(group, command.split(), prog_name="archgen")
    assert made.exit_code == 0, made.output
    assert shown in made.output


def test_its_python_runs() -> None:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(text, "memory.md", "exec"), {})
