"""Nothing that a spec says becomes code in the generated source, but what it describes.

The law: two specs that differ in a documentation or a name have sources that differ in a string
or an identifier, and in nothing else.
"""

from __future__ import annotations

import ast
import re
import sys
import unicodedata
from pathlib import Path

import pytest

import archgen
from archgen.report import render_text
from archgen.syntax.parse import parse
from archgen.text import Source
from tests.language.ask import arch, faults

DOCUMENTATION = [
    "'''",
    "''' + print(1) + '''",
    "\\",
    "ends in a backslash \\",
    "\\N{BULLET} \\u0041 \\x41 \\0 \\",
    '\\" \\" \\" end',
    "{x} {{x}} %s {{ x }} {% x %} {# x #}",
    "# type: ignore",
    "# noqa",
    "net; import os",
    "n.e.t is an arch",
    "n-e-t(nn.Module): pass",
    "Net, nn",
    "print(1)\n    print(2)\nprint(3)",
    'a "quoted" word',
    "x" * 3000,
    " leading and trailing ",
    "-*- coding: latin-1 -*-",
    "😀 größe",
]
NAMES = [
    "x'); print(1) #",
    "a\\",
    "\\'",
    "{{x}}",
    "%s",
    "# type: ignore",
    "{{ x }}",
    "'''",
    " ",
    "é",
]
WORDS = ["self", "nn", "torch", "Tensor", "super", "range", "x", "y", "F", "in_channels", "print"]


def skeleton(source: str) -> str:
    """A source as a tree, its strings and identifiers left out."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "text"
        if isinstance(node, ast.ClassDef):
            node.name = "Name"
            node.body = [each for each in node.body if not _is_text(each)]
        if isinstance(node, ast.Name | ast.arg | ast.Attribute | ast.keyword):
            _rename(node)
    tree.body = [each for each in tree.body if not _is_text(each)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _rename(node: ast.Name | ast.arg | ast.Attribute | ast.keyword) -> None:
    match node:
        case ast.Name():
            node.id = "name"
        case ast.Attribute():
            node.attr = "name"
        case _:
            node.arg = "name"


def strings(source: str) -> set[str]:
    """Every string of a source."""
    constants = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {node.value for node in constants if isinstance(node.value, str)}


def source(text: str) -> str:
    return archgen.source(archgen.loads(text))


def documented(text: str) -> str:
    return f'''\
arch net {{
  """{text}"""
  input(3, 8, 8)
  b
}}
block b {{
  """{text}"""
  relu
}}
'''


@pytest.mark.parametrize("text", DOCUMENTATION)
def test_documentation_is_text(text: str) -> None:
    made = source(documented(text))
    assert skeleton(made) == skeleton(source(documented("plain")))
    letters = "".join(text.split())
    assert any(letters in "".join(each.split()) for each in strings(made))


@pytest.mark.parametrize("character", ["\u202e", "\u2028", "\u200b", "\x00", "\x1b", "\x0c"])
def test_documentation_with_characters_that_are_not_seen_is_refused(character: str) -> None:
    assert {code for code, _, _ in faults(documented(f"a{character}b"))} == {"A004"}


UNSEEN = (
    "VARIATION SELECTOR|HANGUL.*FILLER|KHITAN.*FILLER|INHERENT|GRAPHEME JOINER|PATTERN BLANK"
    "|NULL NOTEHEAD"
)
# Format characters that are seen: signs that span the digits after them.
SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def unseen() -> list[str]:
    """What Unicode calls a control, format or separator character, or names as invisible."""
    found = []
    for char in map(chr, range(sys.maxunicode + 1)):
        name, kind = unicodedata.name(char, ""), unicodedata.category(char)
        if kind in {"Cc", "Cf", "Zl", "Zp"} or re.search(UNSEEN, name):
            found.append(char)
    return [char for char in found if ord(char) not in SEEN and char not in "\t\n\r"]


@pytest.mark.parametrize("place", ["# {}", '"{}" = relu', '"""{}"""', "{}"])
def test_what_is_not_seen_is_refused_wherever_it_stands(place: str) -> None:
    """In comments, names, documentation and code: each character, and it is told as what it is."""
    every = unseen()
    assert len(every) > 400
    for char in every:
        made = parse(Source("net.arch", f"arch net {{\n{place.format(f'a{char}b')}\n}}\n"))
        assert made.diagnostics[0].code == "A004", hex(ord(char))
        assert char not in render_text(made.diagnostics)


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_is_text(name: str) -> None:
    made = source(arch(f'net = seq {{ "{name}" = relu; tanh }}'))
    assert skeleton(made) == skeleton(source(arch('net = seq { "plain" = relu; tanh }')))
    assert name.replace("{{", "{").replace("}}", "}") in strings(made)


@pytest.mark.parametrize("word", WORDS)
def test_a_parameter_is_an_identifier_of_its_own(word: str) -> None:
    def made(name: str) -> str:
        block = f"block b({name}) {{ conv(2 * {name}, 1) }}\n"
        return source(block + arch("b(1) -> b(2)"))

    assert skeleton(made(word)) == skeleton(made("out"))


@pytest.mark.parametrize("word", [*WORDS, "Net", "Relu", "Sequential", "object", "Module"])
def test_a_block_is_a_class_of_its_own(word: str) -> None:
    def made(name: str) -> str:
        return source(f"block {name} {{ conv(2, 1) }}\n" + arch(f"a = {name} -> {name}"))

    assert skeleton(made(word)) == skeleton(made("plain"))
    classes = [node.name for node in ast.parse(made(word)).body if isinstance(node, ast.ClassDef)]
    assert len(set(classes)) == len(classes) == 2


@pytest.mark.parametrize(
    "name",
    ["plain.arch", "a'''b.arch", 'a"""b.arch', "a\\.arch", "a\nimport os\n.arch", "a{{x}}.arch"],
)
def test_the_name_of_the_file_is_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(arch("relu"))
    made = archgen.source(archgen.load(tmp_path / name))
    assert skeleton(made) == skeleton(source(arch("relu")))


def test_a_string_argument_is_text() -> None:
    text = arch('if mode == "a" { relu } else { tanh }', head="net(mode=~)")
    made = source(text.replace("~", '"\'); import os #"'))
    assert skeleton(made) == skeleton(source(text.replace("~", '"plain"')))
