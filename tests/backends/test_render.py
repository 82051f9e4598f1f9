"""Pictures: by the library, by the `dot` on PATH, or an error that names both."""

from __future__ import annotations

import builtins
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import archgen
from archgen.backends.drawing import NoRenderer, RenderingFailed, draw

ROOT = Path(__file__).parents[2]
DRAWING = draw(archgen.load("resnet18"))
MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *args: object, **kwargs: object) -> object:
        if name == "pygraphviz":
            raise ImportError(name)
        return imported(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)


def program(folder: Path, text: str) -> str:
    """A `dot` of our own; the PATH on which it is."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.usefixtures("no_program")
@pytest.mark.parametrize("suffix", MAGIC)
def test_the_library_draws(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    saved = DRAWING.save(tmp_path / f"net{suffix}")
    assert saved.read_bytes().startswith(MAGIC[suffix])


def test_the_library_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `draw` was installed on purpose; a `dot` on PATH may be of any age."""
    pytest.importorskip("pygraphviz")
    monkeypatch.setenv("PATH", program(tmp_path, "echo old; cat >/dev/null"))
    assert "<svg" in draw(archgen.load("resnet18")).svg


@pytest.mark.usefixtures("no_library")
def test_without_the_library_the_program_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, 'echo "drawn with $*"; cat >/dev/null'))
    assert draw(archgen.load("resnet18")).svg == "drawn with -Tsvg\n"


def broken_library(problem: Exception) -> ModuleType:
    """A `pygraphviz` that is installed and does not work."""

    def fail(*_: object, **__: object) -> None:
        raise problem

    module = ModuleType("pygraphviz")
    module.AGraph = fail  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("problem", [OSError("no plugin"), RuntimeError("x"), ValueError("y")])
def test_a_library_that_fails_falls_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", broken_library(problem))
    monkeypatch.setenv("PATH", program(tmp_path, "echo drawn; cat >/dev/null"))
    assert draw(archgen.load("resnet18")).svg == "drawn\n"
    monkeypatch.setenv("PATH", program(tmp_path, "exit 3"))
    with pytest.raises(RenderingFailed, match=str(problem)):
        DRAWING.to(".png")


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cat >/dev/null; echo broken >&2; exit 1", "broken"),
        ("exit 3", "exit code 3"),
        ("cat >/dev/null", "returned nothing"),
    ],
)
def test_what_graphviz_says_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, text))
    with pytest.raises(RenderingFailed, match=said):
        DRAWING.to(".png")


@pytest.mark.usefixtures("no_library")
def test_a_program_of_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, ""))
    (tmp_path / "dot").write_bytes(b"\x7fELF of another machine")
    with pytest.raises(RenderingFailed, match="cannot be run"):
        DRAWING.to(".svg")


# --- fonts ----------------------------------------------------------------------------------------

NO_FONTS = "<fontconfig><cachedir>cache</cachedir></fontconfig>"
DRAWN = """
import sys
from archgen.backends.drawing import RenderingFailed
from archgen.backends.drawing.render import render
for format in ("svg", "png", "pdf"):
    try:
        drawn = render('graph { n [label="resnet"] }', format)
        print(format, b">resnet</text>" in drawn if format == "svg" else len(drawn) > 500)
    except RenderingFailed as failure:
        print(format, failure)
"""


@pytest.mark.parametrize("which", ["library", "program"])
def test_a_picture_has_letters_or_is_an_error(tmp_path: Path, which: str) -> None:
    """Without fonts Graphviz draws every letter as an empty square, and reports success."""
    if which == "library":
        pytest.importorskip("pygraphviz")
        path = ""
    else:
        (tmp_path / "pygraphviz.py").write_text("raise ImportError")
        path = os.environ["PATH"]
        if not shutil.which("dot"):
            pytest.skip("needs the program dot")
    (tmp_path / "fonts.conf").write_text(NO_FONTS)
    environment = {**os.environ, "PATH": path, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", DRAWN]
    said = [
        subprocess.run(command, cwd=tmp_path, env=each, capture_output=True, text=True).stdout
        for each in (environment, {**environment, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")})
    ]
    assert said[0].split("\n") == ["svg True", "png True", "pdf True", ""]
    svg, png, pdf, _ = said[1].split("\n")
    assert svg == "svg True"
    assert png.startswith("png PNG needs a font, and none was found")
    assert pdf.startswith("pdf PDF needs a font, and none was found")


@pytest.mark.usefixtures("no_program", "no_library")
def test_without_either_both_are_named(tmp_path: Path) -> None:
    with pytest.raises(NoRenderer, match=r"apt install graphviz.*archgen\[draw\]"):
        DRAWING.to(".svg")
    for suffix in (".dot", ".gv", ".mmd"):
        assert DRAWING.save(tmp_path / f"net{suffix}").stat().st_size > 1000


@pytest.mark.usefixtures("no_program", "no_library")
def test_a_notebook_without_graphviz_has_the_text() -> None:
    drawing = draw(archgen.load("resnet18"))
    assert drawing._repr_svg_() is None
    shown = drawing._repr_mimebundle_()
    assert shown["text/plain"] == repr(drawing) == "<Drawing of resnet18: 37 boxes>"
    assert shown["text/vnd.mermaid"] == drawing.mermaid


@pytest.mark.usefixtures("no_library")
def test_a_notebook_shows_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, "cat >/dev/null; echo '<svg/>'"))
    assert draw(archgen.load("resnet18"))._repr_mimebundle_()["image/svg+xml"] == "<svg/>\n"


def test_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, not in '\.gif'"):
        DRAWING.save(tmp_path / "net.gif")
