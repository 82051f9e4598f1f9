"""DOT -> SVG, PNG, PDF, by whichever Graphviz there is. Knows nothing of diagrams.

The library of the extra `draw` comes first, since its version is known; then the `dot` on PATH.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial

FORMATS = ("svg", "png", "pdf")
_SECONDS = 120
_DPI = {"png": 160}
_Renderer = Callable[[str, str], bytes]  # DOT text and format -> the picture


class NoRenderer(RuntimeError):
    """Graphviz is not installed. The message names both ways to get it."""

    def __init__(self, format: str) -> None:
        super().__init__(
            f"{format.upper()} needs Graphviz: install its `dot` (apt install graphviz, "
            "brew install graphviz), or pip install 'archgen[draw]', which includes it; "
            ".dot and .mmd need neither"
        )
        self.format = format

    def __reduce__(self) -> tuple[type[NoRenderer], tuple[str]]:
        return NoRenderer, (self.format,)


class RenderingFailed(RuntimeError):
    """Graphviz rejected the text, took too long, or found no font; the message says which."""


def render(dot: str, format: str) -> bytes:
    """Draw DOT text as one of `FORMATS`. Raises `NoRenderer` or `RenderingFailed`.

    If one Graphviz fails, the next one is tried; the error is that of the first.
    """
    failures: list[RenderingFailed] = []
    for renderer in _renderers():
        try:
            picture = renderer(dot, format)
            if format != "svg":  # whose text the viewer draws, with its fonts
                _check_fonts(renderer, format)
            return picture
        except RenderingFailed as failure:
            failures.append(failure)
    raise failures[0] if failures else NoRenderer(format)


def _renderers() -> Iterator[_Renderer]:
    try:
        import pygraphviz  # noqa: F401
    except Exception:  # built for another Graphviz or Python, it may raise anything
        pass
    else:
        yield _by_library
    if program := shutil.which("dot"):
        yield partial(_by_program, program)


def _check_fonts(renderer: _Renderer, format: str) -> None:
    """Without fonts every letter is the same empty square, and two pictures are equal."""
    one, other = (renderer(f'graph {{ n [label="{letter}"] }}', "png") for letter in "AB")
    if one == other:
        raise RenderingFailed(
            f"{format.upper()} needs a font, and none was found: install one "
            "(apt install fonts-dejavu-core); .svg needs none"
        )


def _by_program(program: str, dot: str, format: str) -> bytes:
    command = [program, f"-T{format}", *_options(format)]
    try:
        done = subprocess.run(
            command, input=dot.encode(), capture_output=True, timeout=_SECONDS, check=True
        )
    except subprocess.CalledProcessError as failure:
        said = failure.stderr.decode(errors="replace").strip()
        raise RenderingFailed(said or f"dot failed with exit code {failure.returncode}") from None
    except subprocess.TimeoutExpired:
        raise RenderingFailed(f"dot took more than {_SECONDS} seconds") from None
    except OSError as problem:  # not a program of this machine
        raise RenderingFailed(f"dot cannot be run: {problem.strerror or problem}") from None
    if not done.stdout:
        raise RenderingFailed("dot returned nothing")
    return done.stdout


def _by_library(dot: str, format: str) -> bytes:
    from pygraphviz import AGraph

    try:
        graph = AGraph(string=dot)
        graph.layout("dot")
        drawn: bytes | None = graph.draw(format=format, args=" ".join(_options(format)))
    except Exception as failure:  # of the text, of a plugin, of a library that does not load
        raise RenderingFailed(str(failure)) from None
    if not drawn:
        raise RenderingFailed("Graphviz returned nothing")
    return drawn


def _options(format: str) -> list[str]:
    return [f"-Gdpi={_DPI[format]}"] if format in _DPI else []
