"""The TextMate grammar of specs, from the grammar's terminals and the words of the language.

`grammar/archgen.tmLanguage.json` is its output; a test holds that. A TextMate grammar sees a line
at a time and what is open around it, so it goes by patterns where the Pygments lexer counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from archgen.highlighting.words import (
    BUILTINS,
    KEYWORDS,
    OPERATORS,
    PUNCTUATION,
    Builtin,
    Keyword,
)
from archgen.syntax.grammar import lark_parser
from archgen.syntax.words import TOP_LEVEL

if TYPE_CHECKING:
    from lark import Lark

__all__ = ["SCOPE", "grammar_text"]

Rule = dict[str, Any]

SCOPE: Final = "source.archgen"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_BEGINS = r"(?:^|(?<=[{;]))\s*"  # where a statement, or an item of the file, may begin
_KEYWORDS: Final[dict[Keyword, str]] = {
    "control": "keyword.control",
    "declaration": "storage.type",
    "statement": "keyword.other",
    "logical": "keyword.operator.logical",
    "constant": "constant.language",
}
_BUILTINS: Final[dict[Builtin, str]] = {
    "layer": "support.class",
    "function": "support.function",
}


def grammar_text() -> str:
    """The whole file."""
    return json.dumps(_grammar(), indent=2, ensure_ascii=False) + "\n"


def _grammar() -> Rule:
    return {
        "information_for_contributors": ["Made by `make docs`; not to be edited."],
        "name": "archgen",
        "scopeName": SCOPE,
        "fileTypes": ["arch"],
        "patterns": [_include("documentation"), _include("items"), _include("code")],
        "repository": {
            "documentation": _any(*_documentation()),
            "items": _any(*_items()),
            "code": _any(*map(_include, ("words", "strings", "brackets", "signs"))),
            "words": _any(*_words()),
            "strings": _any(_string('"""', "triple", '(?=""")'), _string('"', "double", '(?=")|$')),
            "brackets": _any(*_brackets()),
            "signs": _any(*_signs()),
        },
    }


def _documentation() -> Iterable[Rule]:
    """Strings that are statements; no expression stands in them."""
    scope = _scope("string.quoted.docstring")
    yield {"begin": f'{_BEGINS}"""', "end": '"""', "name": scope}
    yield _match(rf'{_BEGINS}("[^"\n]*")(?=\s*(?:$|[;}}#]))', "string.quoted.docstring")


def _items() -> Iterable[Rule]:
    """What begins an item of the file, by words that are names elsewhere."""
    word = _KEYWORDS["declaration"]
    yield _match(rf"{_BEGINS}(arch|block|extern)\s+({_NAME})", word, "entity.name.type")
    brought = rf'(?:{_NAME}|("[^"\n]*"))'
    yield _match(
        rf"{_BEGINS}(use)(?:\s+(arch)(?=\s+(?!as\b)\w))?\s+{brought}(?:\s+(as)\s+{_NAME})?",
        word,
        word,
        "string.quoted.double",
        word,
    )


def _words() -> Iterable[Rule]:
    """Comments, numbers, keywords and names; a name is taken whole, whatever it is made of."""
    yield {"match": "#.*$", "name": _scope("comment.line.number-sign")}
    yield _given("variable.other.assignment")
    yield {"match": rf"(?<=\.){_NAME}", "name": _scope("variable.other.member")}
    value = rf"\b(from|reuse)\s+(?!input\b)({_NAME})"
    yield _match(value, _KEYWORDS["statement"], "variable.other.readwrite")
    for keyword, words in KEYWORDS.items():
        yield {"match": _one_of(words - TOP_LEVEL), "name": _scope(_KEYWORDS[keyword])}
    for builtin, names in BUILTINS.items():
        yield {"match": _one_of(names), "name": _scope(_BUILTINS[builtin])}
    yield {"match": _terminal("NAME")}
    yield {"match": _terminal("NUMBER"), "name": _scope("constant.numeric")}


def _string(quotes: str, kind: str, gives_up: str) -> Rule:
    """A string with its `{expressions}`; one that is never closed ends where the string does."""
    edge = {"0": {"name": _scope("punctuation.section.embedded")}}
    return {
        "begin": quotes,
        "end": quotes if len(quotes) > 1 else f"{quotes}|$",
        "name": _scope(f"string.quoted.{kind}"),
        "patterns": [
            {"match": r"\{\{|\}\}", "name": _scope("constant.character.escape")},
            {
                "begin": r"\{",
                "end": rf"\}}|{gives_up}",
                "beginCaptures": edge,
                "endCaptures": edge,
                "contentName": "meta.embedded.line.archgen",
                "patterns": [_include("code")],
            },
        ],
    }


def _brackets() -> Iterable[Rule]:
    """Where `name =` is an argument and a string is no statement. No brace stands in brackets."""
    edge = {"0": {"name": _scope("punctuation.section.brackets")}}
    for opening, closing in ((r"\(", r"\)"), (r"\[", r"\]")):
        yield {
            "begin": opening,
            "end": rf"{closing}|(?=[{{}}])",
            "beginCaptures": edge,
            "endCaptures": edge,
            "patterns": [_given("variable.parameter"), _include("code")],
        }


def _signs() -> Iterable[Rule]:
    yield {"match": _any_terminal(OPERATORS), "name": _scope("keyword.operator")}
    yield {"match": f"{_any_terminal(PUNCTUATION)}|;", "name": _scope("punctuation")}


def _given(scope: str) -> Rule:
    """A name that gets something: `fc = linear(10)`, `stride=2`."""
    return {"match": rf"\b{_NAME}(?=\s*=(?!=))", "name": _scope(scope)}


def _match(pattern: str, *scopes: str) -> Rule:
    """A pattern whose groups have these scopes."""
    captures = {str(at): {"name": _scope(scope)} for at, scope in enumerate(scopes, 1)}
    return {"match": pattern, "captures": captures}


def _any(*rules: Rule) -> Rule:
    return {"patterns": list(rules)}


def _include(name: str) -> Rule:
    return {"include": f"#{name}"}


def _scope(name: str) -> str:
    return f"{name}.archgen"


def _one_of(words: Iterable[str]) -> str:
    return rf"\b(?:{'|'.join(sorted(words))})\b"


@cache
def _parser() -> Lark:
    return lark_parser()


def _terminal(name: str) -> str:
    pattern: str = _parser().get_terminal(name).pattern.to_regexp()
    return pattern


def _any_terminal(names: Iterable[str]) -> str:
    """The longest first, so that `->` is not `-` and `>`."""
    return "|".join(sorted(map(_terminal, names), key=lambda pattern: (-len(pattern), pattern)))
