"""What the tutorial shows, made from the tutorial: `python docs/pictures.py` redraws its pictures
and refills its tables and error messages.

Reads `tutorial.md` as text: specs (blocks marked `arch`), commands (blocks marked `sh`), tables
of networks. Tests run the same examples.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import archgen
from archgen.report import render_text

DOCS = Path(__file__).parent
TUTORIAL = DOCS / "tutorial.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A spec that fails, and the first text behind it: what is said of it.
BROKEN = re.compile(
    r"(^```arch broken \w+\n(.*?)^```$.*?^```text\n).*?(^```$)", re.MULTILINE | re.DOTALL
)
ROW = re.compile(r"^\| `(\w+)` \|.*\|$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A fenced block: its language, what else its first line says, its text."""

    language: str
    info: tuple[str, ...]
    text: str

    @property
    def file(self) -> str:
        """The file name in the first line of a whole spec."""
        return self.text.splitlines()[0].removeprefix("# ")


def examples(language: str, markdown: str | None = None) -> Iterator[Example]:
    """The fenced blocks of a language, in order."""
    for match in FENCE.finditer(markdown or TUTORIAL.read_text(encoding="utf-8")):
        if match[1] == language:
            yield Example(match[1], tuple(match[2].split()), match[3])


def whole_specs() -> list[Example]:
    """The specs that a reader can save and run."""
    return [example for example in examples("arch") if not example.info]


def commands() -> list[list[str]]:
    """The commands of the tutorial, each as a list of words."""
    lines = [line for example in examples("sh") for line in example.text.splitlines()]
    return [shlex.split(line) for line in lines]


def write_specs(folder: Path) -> None:
    """Save the tutorial's specs where its commands will find them."""
    for spec in whole_specs():
        (folder / spec.file).write_text(spec.text, encoding="utf-8")


def fill(markdown: str) -> str:
    """The same text, with the figures of its networks and the messages of its broken specs."""
    markdown = BROKEN.sub(lambda match: match[1] + message(match[2]) + match[3], markdown)
    return ROW.sub(lambda match: row(match[1]), markdown)


def message(spec: str) -> str:
    """What `archgen check` says of a spec, under the file name in its first line."""
    example = Example("arch", (), spec)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path(example.file).write_text(spec, encoding="utf-8")
        return render_text(archgen.check(example.file)).strip() + "\n"


def row(name: str) -> str:
    """A network's line in a table: parameters, MACs in units of 10^9, depth."""
    network = archgen.load(name)
    return f"| `{name}` | {network.params:,} | {network.macs / 1e9:.3f} G | {network.depth} |"


def main() -> None:
    TUTORIAL.write_text(fill(TUTORIAL.read_text(encoding="utf-8")), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        write_specs(Path(folder))
        (Path(folder) / "img").symlink_to(DOCS / "img")
        for program, *arguments in commands():
            assert program == "archgen"
            subprocess.run([sys.executable, "-m", "archgen", *arguments], cwd=folder, check=True)


if __name__ == "__main__":
    main()
