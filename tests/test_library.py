"""What the shipped files define, as a reader is told: everything, as its file says it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archgen
from archgen import library
from archgen.resources import root

SPECS = root("specs")
FILES = sorted(SPECS.rglob("*.arch"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_definition_of_a_file_is_found_under_its_name(path: Path) -> None:
    """Against the text: a definition begins a line."""
    text = path.read_text(encoding="utf-8")
    defined = re.findall(r"^(?:block|arch) (\w+)", text, flags=re.MULTILINE)
    entries = library.read(path).entries
    assert [entry.name for entry in entries] == defined
    for entry in entries:
        assert entry.text in text
        assert (
            entry.text.splitlines()[-1] in {"}", entry.text.splitlines()[0]} or "\n" in entry.text
        )
        assert entry.file == f"specs/{path.relative_to(SPECS).as_posix()}"
        assert entry.name in {found.name for found in library.find(f"{path.stem}.{entry.name}")}


def test_names_are_those_of_the_files() -> None:
    assert sorted(library.names()) == sorted(
        entry.name for path in FILES for entry in library.read(path).entries
    )


def test_every_block_of_a_library_is_documented() -> None:
    assert [e.name for each in library.libraries() for e in each.entries if not e.doc] == []


@pytest.mark.parametrize("name", ["convnext_tiny", "unet", "yolov8n"])
def test_the_arguments_of_a_network_are_those_that_it_can_be_given(name: str) -> None:
    """Of an alias, also the ones of its target that it leaves open."""
    (entry,) = [each for each in library.find(name) if each.is_network]
    shown = set(re.findall(r"(\w+)=", entry.headline.partition("(")[2]))
    for parameter, value in archgen.load(name).parameters.items():
        if parameter in shown:
            archgen.load(name, **{parameter: value})
        else:
            with pytest.raises(archgen.ArchError):
                archgen.load(name, **{parameter: value})


def test_a_name_of_several_files_is_all_of_them() -> None:
    assert [entry.file for entry in library.find("scores")] == ["specs/ssd.arch", "specs/yolo.arch"]
    assert [entry.file for entry in library.find("ssd.scores")] == ["specs/ssd.arch"]
    assert library.find("nothing") == []


def test_a_block_without_documentation_has_the_comment_above_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.arch"
    path.write_text(
        "# A file.\n\n# Twice\n# a convolution.\nblock a = conv(8, 3)\nblock b = relu\n"
    )
    found = library.read(path)
    assert found.doc == "A file."
    assert [(entry.doc, entry.line) for entry in found.entries] == [
        ("Twice a convolution.", 5),
        ("", 6),
    ]
    assert found.entries[0].text == "# Twice\n# a convolution.\nblock a = conv(8, 3)"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.arch"
    path.write_text("block a(", encoding="utf-8")
    with pytest.raises(archgen.ArchError, match="A0"):
        library.read(path)
