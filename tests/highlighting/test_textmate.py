"""The TextMate grammar, run by an engine that is not ours, colours what the lexer colours."""

from __future__ import annotations

import json
import logging
import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    _TokenType,
)
from textmate_grammar.parsers.base import LanguageParser

import archgen
from archgen import resources
from archgen.highlighting import textmate
from archgen.highlighting.lexer import ArchLexer
from docs import pictures
from tests.highlighting.corpus import CORPUS, EVERY_TEXT

FOLDER = resources.root("grammar")
GRAMMAR = FOLDER / "archgen.tmLanguage.json"
SCOPES: dict[str, set[_TokenType]] = {
    "comment.line.number-sign": {Comment.Single},
    "keyword.control": {Keyword},
    "storage.type": {Keyword.Declaration},
    "keyword.other": {Keyword.Reserved},
    "keyword.operator.logical": {Operator.Word},
    "keyword.operator": {Operator},
    "constant.language": {Keyword.Constant},
    "constant.numeric": {Number.Integer, Number.Float},
    "constant.character.escape": {String.Escape},
    "string.quoted.docstring": {String.Doc},
    "string.quoted.double": {String.Double, String.Other},
    "string.quoted.triple": {String.Double},
    "punctuation.section.embedded": {String.Interpol},
    "punctuation.section.brackets": {Punctuation},
    "punctuation": {Punctuation},
    "support.class": {Name.Builtin},
    "support.function": {Name.Function},
    "entity.name.type": {Name.Class},
    "variable.other.assignment": {Name.Variable},
    "variable.parameter": {Name.Variable},
    "variable.other.member": {Name.Attribute},
    "variable.other.readwrite": {Name},
    "meta.embedded.line": {Name},
    "source": {Name},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[LanguageParser]:
    """A port of the engine of VS Code, with its regular expressions (Oniguruma)."""
    logging.disable(logging.CRITICAL)
    yield LanguageParser(json.loads(GRAMMAR.read_text(encoding="utf-8")))
    logging.disable(logging.NOTSET)


def scopes_of(engine: LanguageParser, text: str) -> dict[int, str]:
    """The innermost scope of each character, without its last part."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    element: Any = engine.parse_string(text)
    return {
        starts[line] + column + at: scopes[-1].removesuffix(".archgen")
        for (line, column), piece, scopes in element.flatten()
        for at in range(len(piece))
    }


def test_the_grammar_is_up_to_date() -> None:
    assert GRAMMAR.read_text(encoding="utf-8") == textmate.grammar_text(), "run make docs"


@EVERY_TEXT
def test_it_agrees_with_the_lexer(engine: LanguageParser, text: str) -> None:
    if not text.strip():
        return  # the engine wants something
    scopes = scopes_of(engine, text)
    for start, kind, piece in ArchLexer().get_tokens_unprocessed(text):
        for at, character in enumerate(piece, start):
            if not character.isspace():
                assert kind in SCOPES[scopes[at]], (text[:at].count("\n") + 1, piece)


def test_every_scope_is_met(engine: LanguageParser) -> None:
    """In some texts: that others have no further scopes, `test_it_agrees_with_the_lexer` finds."""
    met: set[str] = set()
    for text in sorted(filter(str.strip, CORPUS.values()), key=len):
        met.update(scopes_of(engine, text).values())
        if met >= set(SCOPES):
            break
    assert met == set(SCOPES)


def test_what_is_included_is_there() -> None:
    text = GRAMMAR.read_text(encoding="utf-8")
    included = set(re.findall(r'"include": "#(\w+)"', text))
    assert included == set(json.loads(text)["repository"])


def test_the_folder_is_an_extension_of_vs_code() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    assert manifest["version"] == archgen.__version__
    (language,) = manifest["contributes"]["languages"]
    (grammar,) = manifest["contributes"]["grammars"]
    assert language["extensions"] == [
        "." + name for name in json.loads(GRAMMAR.read_text())["fileTypes"]
    ]
    assert grammar["language"] == language["id"]
    assert grammar["scopeName"] == textmate.SCOPE
    assert (FOLDER / grammar["path"]).samefile(GRAMMAR)
    configuration = json.loads((FOLDER / language["configuration"]).read_text(encoding="utf-8"))
    assert configuration["comments"] == {"lineComment": "#"}


def test_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page has one type puts the files where the editors look for them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    page = (pictures.DOCS / "editors.md").read_text(encoding="utf-8")
    for example in pictures.examples("sh", page):
        if "install" not in example.info:
            continue
        subprocess.run(["bash", "-euc", example.text], check=True, cwd=tmp_path)
    (extension,) = (tmp_path / ".vscode" / "extensions").iterdir()
    assert (extension / "package.json").is_file()
    (sublime,) = tmp_path.rglob("*.tmLanguage")
    assert plistlib.loads(sublime.read_bytes())["scopeName"] == textmate.SCOPE


def test_github_is_told_of_the_language() -> None:
    """As git itself reads `.gitattributes`."""
    run = subprocess.run(
        ["git", "check-attr", "-a", "specs/resnet50.arch"],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "linguist-language: Python" in run.stdout
    assert "linguist-detectable: false" in run.stdout
