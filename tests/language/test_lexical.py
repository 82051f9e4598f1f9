"""Chapter "Lexical": characters, line ends, names, numbers, strings, reserved words."""

from __future__ import annotations

import pytest

from archgen.syntax.words import RESERVED
from tests.language.ask import arch, faults, keys, paths, result, value


def test_utf8_in_comments_and_documentation() -> None:
    assert paths('arch net {\n  "Größe, 網路"\n  input(3, 8, 8)  # später\n  relu\n}\n') == [
        "relu1"
    ]


def test_a_hash_starts_a_comment_but_not_in_a_string() -> None:
    assert paths(arch('s = seq { "a#1" = relu }')) == ["s", "s.a#1"]
    assert paths(arch("relu # -> bn", "# relu")) == ["relu1"]


def test_a_newline_or_a_semicolon_ends_a_statement() -> None:
    assert paths(arch("relu; tanh;; relu", "", "tanh")) == ["relu1", "tanh1", "relu2", "tanh2"]


def test_inside_parentheses_and_brackets_a_newline_means_nothing() -> None:
    text = arch(
        "conv(",
        "  4,",
        "  1,  # a kernel",
        ")",
        "for c in [",
        "  4,",
        "  8",
        "] {",
        "conv(c, 1)",
        "}",
    )
    assert paths(text) == ["conv1", "conv2", "conv3"]


def test_an_arrow_may_begin_a_line_with_comments_between() -> None:
    assert paths(arch("relu", "  # first", "", "  -> tanh  # second", "  -> relu")) == [
        "relu1",
        "tanh1",
        "relu2",
    ]


def test_an_arrow_may_end_a_line_with_comments_between() -> None:
    assert paths(arch("relu ->  # go on", "  # and on", "  tanh")) == ["relu1", "tanh1"]


def test_else_and_elif_may_begin_a_line_with_comments_between() -> None:
    text = arch(
        "if channels == 1 { relu }", "# or", "elif channels == 2 { gelu }", "", "else {", "tanh }"
    )
    assert paths(text) == ["tanh1"]


def test_names_are_letters_digits_and_underscores() -> None:
    assert paths(arch("_a9 = relu", "A_ = relu")) == ["_a9", "A_"]
    assert faults(arch("größe = relu"))[0][0] == "A004"


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("64", 64),
        ("1_000", 1000),
        ("0.1", 0.1),
        ("1e-5", 1e-5),
        ("2K", 2000),
        ("25M", 25_000_000),
        ("4G", 4_000_000_000),
        ("4.1G", 4_100_000_000),
        ("1.5K", 1500),
    ],
)
def test_numbers_with_k_m_g(text: str, worth: float) -> None:
    made = value(text)
    assert made == worth
    assert type(made) is type(worth)


def test_a_number_with_a_suffix_must_be_whole() -> None:
    assert faults(arch("relu", "expect params <= 0.4321K")) == [("A007", 4, 20)]


def test_strings_and_documentation_over_several_lines() -> None:
    assert value('"a b"') == "a b"
    assert paths('arch net {\n  """\n  Two\n  "lines".\n  """\n  input(3, 8, 8)\n  relu\n}\n') == [
        "relu1"
    ]


def test_strings_have_no_escapes() -> None:
    assert value(r'"a\nb"') == r"a\nb"


@pytest.mark.parametrize("word", sorted(set(RESERVED) - {"init"}))
def test_reserved_words_name_nothing_inside_bodies(word: str) -> None:
    assert "A008" in {code for code, _, _ in faults(arch(f"{word} = relu"))}


def test_the_reserved_words_are_those_of_the_contract() -> None:
    words = """let if elif else for in from input output aux reuse expect init param
    add mul concat seq and or not true false none auto"""
    assert set(RESERVED) == set(words.split())


@pytest.mark.parametrize("word", ["use", "arch", "block"])
def test_words_of_the_top_level_are_names_in_bodies(word: str) -> None:
    assert paths(arch(f"{word} = relu", f"from {word} -> tanh")) == [word, "tanh1"]


def test_as_is_a_name_in_bodies_but_python_owns_it() -> None:
    assert result(arch("as = from input", "from as -> tanh")) == (3, 32, 32)


@pytest.mark.parametrize("word", ["add", "input", "aux", "none", "seq"])
def test_a_quoted_name_is_never_reserved(word: str) -> None:
    assert paths(arch(f'"{word}" = relu', "tanh")) == [word, "tanh1"]


def test_a_quoted_name_that_python_reserves_is_no_submodule_but_a_value() -> None:
    assert faults(arch('"if" = relu')) == [("A104", 3, 3)]
    assert result(arch('"if" = from input', 'from "if" -> relu')) == (3, 32, 32)


@pytest.mark.parametrize("name", ["forward", "training", "half", "class", "lambda", "__init__"])
def test_a_name_that_module_or_python_owns_is_no_submodule(name: str) -> None:
    assert faults(arch(f"{name} = relu")) == [("A104", 3, 3)]
    assert faults(arch(f'"{name}" = relu')) == [("A104", 3, 3)]


def test_a_name_that_module_owns_may_be_a_value() -> None:
    assert result(arch("half = from input", "from half -> relu")) == (3, 32, 32)


def test_a_layer_may_be_called_like_one() -> None:
    assert keys(arch("bn = bn")) == ["bn.weight", "bn.bias"]
