"""Pictures: by the `dot` on PATH, by the library, or an error that names both."""

from __future__ import annotations

import builtins
import os
import stat
from pathlib import Path

import pytest

import archgen
from archgen.backends.drawing import NoRenderer, RenderingFailed, draw

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


def test_the_program_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, 'echo "drawn with $*"; cat >/dev/null'))
    assert draw(archgen.load("resnet18")).svg == "drawn with -Tsvg\n"


def test_what_graphviz_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, "cat >/dev/null; echo broken >&2; exit 1"))
    with pytest.raises(RenderingFailed, match="broken"):
        DRAWING.to(".png")


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


def test_a_notebook_shows_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", program(tmp_path, "cat >/dev/null; echo '<svg/>'"))
    assert draw(archgen.load("resnet18"))._repr_mimebundle_()["image/svg+xml"] == "<svg/>\n"


def test_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, not in '\.gif'"):
        DRAWING.save(tmp_path / "net.gif")
