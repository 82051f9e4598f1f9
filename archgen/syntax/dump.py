"""A tree as indented text, for people who want to see what the parser made. Knows no meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

from archgen.syntax import tree
from archgen.syntax.format_expression import format_expression
from archgen.text import Span

EXPRESSIONS = tuple(each for kind in get_args(tree.Expr) for each in (get_args(kind) or (kind,)))
SILENT = (tree.Body,)  # their parts are told as those of what holds them


def dump(node: tree.Node) -> str:
    """A node a line, its parts below it; expressions as they are written. Ends in a newline."""
    return "\n".join(_lines(node, 0)) + "\n"


def _lines(node: tree.Node, level: int) -> Iterator[str]:
    words = [type(node).__name__]
    parts: list[tree.Node] = []
    for field in fields(node):
        value = getattr(node, field.name)
        if value in (None, (), "", False) or isinstance(value, Span):
            continue
        nodes = value if isinstance(value, tuple) else (value,)
        if all(isinstance(each, tree.Argument | tree.Parameter) for each in nodes):
            words[-1] += f"({', '.join(map(_argument, nodes))})"
        elif any(isinstance(each, tree.Node) and not _is_plain(each) for each in nodes):
            parts += [each for each in nodes if isinstance(each, tree.Node)]
        else:
            words.append(", ".join(map(_text, nodes)))
    if not isinstance(node, SILENT):
        yield "  " * level + " ".join(words)
        level += 1
    otherwise = node.otherwise if isinstance(node, tree.If) else None
    for each in parts:
        if each is otherwise:
            yield "  " * level + "Else"
        yield from _lines(each, level + (each is otherwise))


def _is_plain(node: tree.Node) -> bool:
    return isinstance(node, (*EXPRESSIONS, tree.Place))


def _argument(node: object) -> str:
    match node:
        case tree.Argument(name=name, value=value):
            return f"{name}={_text(value)}" if name else _text(value)
        case tree.Parameter(name=name, default=default):
            return name if default is None else f"{name}={_text(default)}"
    raise AssertionError(node)


def _text(value: object) -> str:
    match value:
        case tree.Place(name=name, indices=indices):
            return _text(name) + "".join(f"[{_text(index)}]" for index in indices)
        case tree.Template():
            return format_expression(value)
        case tree.Doc(text=text) | str(text):
            return text
        case tuple():
            return f"[{', '.join(map(_text, value))}]"
    return format_expression(value) if isinstance(value, EXPRESSIONS) else str(value)
