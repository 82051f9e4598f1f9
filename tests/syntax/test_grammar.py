"""The grammar, its cache, and where it is found."""

from __future__ import annotations

import os
import pickle
import re
import sys
from pathlib import Path

import lark
import pytest

from archgen import resources
from archgen.syntax import grammar, words


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; parsers made before are forgotten, and after."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(grammar, "parser", grammar.parser.__wrapped__)
    return tmp_path / "archgen"


def _text() -> str:
    return (resources.root("grammar") / "archgen.lark").read_text(encoding="utf-8")


def test_the_grammar_is_lalr_without_conflicts() -> None:
    lark.Lark(_text(), parser="lalr", lexer="basic", strict=True, start=["file", "expression"])


def test_every_rule_has_an_example_above_it() -> None:
    lines = _text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"[?!]?[a-z_]+:", line) and not line.startswith(("expression:", "parameter:")):
            above = [text for text in lines[max(0, number - 4) : number] if text.strip()]
            helped = any(text.startswith("//") for text in above)
            assert helped or line[0] == "?" or "subscript" in line or "arm" in line, line


def test_reserved_words_are_those_of_the_grammar() -> None:
    spelled = {
        terminal.pattern.value
        for terminal in lark.Lark(_text(), parser="lalr", start=["file", "expression"]).terminals
        if isinstance(terminal.pattern, lark.lexer.PatternStr)
    }
    known = {word for word in spelled if word.isalpha()}
    assert known == words.RESERVED | words.TOP_LEVEL


def test_the_parser_is_stored_and_loaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grammar.parser()
    (stored,) = cache.iterdir()
    assert stored.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(lark, "Lark", _OnlyLoads)
    assert grammar.parser().parse("arch a {}", start="file").data == "file"


class _OnlyLoads:
    load = lark.Lark.load


def test_a_damaged_cache_is_made_anew(cache: Path) -> None:
    grammar.parser()
    (stored,) = cache.iterdir()
    stored.write_bytes(b"no pickle")
    grammar.parser()
    assert pickle.loads(stored.read_bytes())


def test_a_cache_that_cannot_be_written_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert grammar.parser.__wrapped__()


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files say nothing there")
@pytest.mark.parametrize("shared", ["folder", "file", "link"])
def test_a_cache_that_others_can_write_is_not_loaded(cache: Path, shared: str) -> None:
    grammar.parser()
    (stored,) = cache.iterdir()
    trap = pickle.dumps(_Trap(str(cache / "sprung")))
    if shared == "link":
        elsewhere = cache.parent / "elsewhere"
        elsewhere.write_bytes(trap)
        stored.unlink()
        stored.symlink_to(elsewhere)
    else:
        stored.write_bytes(trap)
        (cache if shared == "folder" else stored).chmod(0o777)
    grammar.parser()
    assert not (cache / "sprung").exists()


class _Trap:
    """Leaves a folder behind when it is loaded from a pickle."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self._path,)
