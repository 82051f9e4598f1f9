"""What silences a warning, and where one is shown: comments, configuration, calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from archgen import api
from tests.lint.ask import body, codes, found

# --- comments -------------------------------------------------------------------------------------


TWICE = "conv(8, 3) -> relu"  # W002


@pytest.mark.parametrize(
    "comment",
    [
        "# lint: off W002",
        "#lint:off W002",
        "# lint: off W002: as published",
        "# lint:  off  W002 : as published (table 3), W001",
    ],
)
def test_a_comment_behind_silences_its_line(comment: str) -> None:
    assert body(f"{TWICE}  {comment}", TWICE) == [("W002", 2)]


def test_a_comment_alone_silences_the_next_line() -> None:
    assert body("# lint: off W002", "", "# more", TWICE, TWICE) == [("W002", 5)]


def test_a_comment_alone_silences_a_chain_of_several_lines() -> None:
    lines = ("# lint: off W002, W006", "conv(16, 3)", "  -> relu", "  -> conv(12, 3)", "  -> relu")
    assert body(*lines, "conv(8, 3) -> bn", "relu") == []
    assert body(*lines[1:], "conv(8, 3) -> bn", "relu") == [("W002", 1), ("W006", 3), ("W002", 3)]


def test_a_comment_inside_a_call_of_several_lines_is_for_the_call() -> None:
    rest = ("  3,", ")", "bn", "relu -> conv(8, 1) -> bn")
    assert body("conv(", "  12,", *rest) == [("W006", 1)]
    assert body("conv(", "  12,  # lint: off W006: as published", *rest) == []


def test_a_comment_is_for_the_codes_that_it_names() -> None:
    line = "conv(12, 3) -> relu -> conv(8, 3) -> bn"
    assert body(f"{line}  # lint: off W006") == [("W002", 1)]
    assert body(f"{line}  # lint: off W002") == [("W006", 1)]
    assert body(f"{line}  # lint: off W002, W006") == []


def test_a_comment_at_a_call_is_for_all_that_it_leads_to() -> None:
    unit = "block unit(n) { conv(n, 3, bias=true) -> bn }\n"
    text = unit + "arch net { input(8, 8, 8)\nunit(8)  # lint: off W001\nexpect depth > 0 }\n"
    assert codes(text) == []
    again = text.replace("expect", "unit(8)\nexpect")  # the same body, called without a comment
    assert codes(again) == [("W001", 1)]


def test_a_comment_at_an_arch_is_for_the_network() -> None:
    arch = "arch base(n) { input(8, 8, 8); conv(n, 3, bias=true) -> bn }\n"
    alias = "arch net = base(8) { expect depth == 1 }"
    assert codes(f"{arch}{alias}\n") == [("W001", 1)]
    assert codes(f"{arch}{alias}  # lint: off W001\n") == []
    assert codes(f"# lint: off W001\n{arch}{alias}\n") == []


@pytest.mark.parametrize("place", ["{  # lint: off W001, W015", "{\n"])
def test_a_comment_at_the_head_of_a_block_is_for_its_body(place: str) -> None:
    lines = "conv1 = conv(8, 3, bias=true) -> bn"
    text = (
        f"block unit {place}\n{lines}\n}}\narch net {{ input(8, 8, 8); unit; expect depth > 0 }}\n"
    )
    assert [code for code, _ in codes(text)] == ([] if "off" in place else ["W015", "W001"])


def test_text_is_no_comment() -> None:
    doc = '"# lint: off W002"'
    assert codes(f"arch net {{ {doc}; input(8, 8, 8); {TWICE}; expect depth > 0 }}\n") == [
        ("W002", 1)
    ]


def test_comments_that_silence_nothing() -> None:
    assert body("conv(8, 3) -> bn  # lint: off W002") == [("W018", 1)]
    assert body(f"{TWICE}  # lint: off W002, W001") == [("W018", 1)]
    assert body(TWICE, "# lint: off W002", "bn") == [("W002", 1), ("W018", 2)]
    assert body("bn", "# lint: off W002") == [("W018", 2)]


@pytest.mark.parametrize("code", ["W010", "W015", "W021", "W023"])
def test_what_a_text_says_is_known_where_no_network_calls_it(code: str) -> None:
    assert codes(f"block unit(out) {{ conv(out, 3) -> bn }}  # lint: off {code}\n") == [("W018", 1)]


def test_what_a_library_silences_is_known_where_it_is_used() -> None:
    Path("unit.arch").write_text("block unit { conv(8, 3) -> relu }  # lint: off W002\n")
    net = 'use "unit.arch"\narch net { input(8, 8, 8); unit; expect depth > 0 }\n'
    Path("net.arch").write_text(net)
    assert api.check_paths(["unit.arch"], lint=True) == []
    assert api.check_paths(["net.arch"], lint=True) == []
    Path("unit.arch").write_text("block unit { let n = 8; bn }  # lint: off W012, W010\n")
    (useless,) = api.check_paths(["unit.arch"], lint=True)
    assert (useless.code, useless.message.split(":")[0]) == ("W018", "nothing here is worth W010")


def test_what_an_arch_silences_that_others_give_arguments_is_known_there() -> None:
    base = "arch base(n) { input(8, 8, 8); conv(n, 3) -> relu }  # lint: off W002\n"
    Path("base.arch").write_text(base)
    assert api.check_paths(["base.arch"], lint=True) == []
    use = 'use "base.arch"\narch net = base(8) { expect depth == 1 }'
    assert codes(f"{use}\n") == []
    assert codes(f"{use}  # lint: off W001\n") == [("W018", 2)]


def test_a_comment_at_an_alias_on_the_way_is_for_the_network() -> None:
    base = "arch base(n) { input(8, 8, 8); conv(n, 3) -> relu }\n"
    middle = "arch middle(k) = base(k)  # lint: off W002\n"
    assert codes(base + middle + "arch net = middle(8) { expect depth == 1 }\n") == []


@pytest.mark.parametrize(
    "comment",
    ["# lint", "# lint: on W002", "# lint: off", "# lint off W002", "# lint: off W002 because"],
)
def test_comments_that_cannot_be_read(comment: str) -> None:
    assert body(f"{TWICE}  {comment}") == [("W002", 1), ("W019", 1)]


def test_codes_that_do_not_exist() -> None:
    (unheard, unknown) = found(
        f"arch net {{ input(8, 8, 8); expect depth > 0; {TWICE} }}  # lint: off w002\n"
    )
    assert (unheard.code, unknown.code) == ("W002", "W019")
    assert unknown.help == "did you mean `W002`?"
    assert body(f"{TWICE}  # lint: off A101, W002") == [("W019", 1)]


@pytest.mark.parametrize("comment", ["# linting is nice", "# see lint: off", "# a lint"])
def test_other_comments(comment: str) -> None:
    assert body(f"bn  {comment}") == []


# --- configuration --------------------------------------------------------------------------------

NAMELESS = "arch net { input(8, 8, 8); conv(8, 3) -> bn }\n"  # W009, and W017 twice


def configured(text: str, name: str = "net.arch") -> list[str]:
    Path("archgen.toml").write_text(text)
    Path(name).parent.mkdir(exist_ok=True)
    return sorted(item.code for item in found(NAMELESS, name))


def test_codes_are_enabled_and_disabled() -> None:
    assert configured("") == ["W009"]
    assert configured('[lint]\ndisable = ["W009"]\n') == []
    assert configured('[lint]\nenable = ["W017"]\n') == ["W009", "W017", "W017"]
    assert configured('[lint]\nenable = ["W017"]\ndisable = ["W017", "W009"]\n') == []


def test_codes_are_disabled_for_files() -> None:
    text = '[lint.per-file-disable]\n"old/*.arch" = ["W009"]\n'
    assert configured(text, "old/net.arch") == []
    assert configured(text, "new/net.arch") == ["W009"]
    assert configured('[lint.per-file-disable]\nold = ["W009"]\n', "old/net.arch") == []


def test_a_mistake_in_the_configuration_is_an_error_of_the_run() -> None:
    assert configured("[lint]\ndisabel = []\n") == ["A511"]
    assert configured("[lint\n") == ["A510"]


# --- where a warning is shown ---------------------------------------------------------------------

UNIT = "block unit(n) {\n  conv(n, 3, bias=true) -> bn\n}\n"
CALLER = 'use "unit.arch"\narch net { input(8, 8, 8)\n  unit(8)\n  unit(16); expect depth > 0 }\n'


def test_what_is_in_a_file_that_nobody_asked_about_is_shown_at_the_call() -> None:
    Path("unit.arch").write_text(UNIT)
    first, second = found(CALLER)
    assert [first.span.line, second.span.line] == [3, 4]
    assert first.labels[1].span.source.path == "unit.arch"
    assert first.labels[1].span.line == 2


def test_what_is_deep_in_files_that_nobody_asked_about_is_shown_at_the_outermost_call() -> None:
    """The warning says where it is, and by which calls one comes from there to here."""
    Path("unit.arch").write_text(UNIT)
    Path("two.arch").write_text('use "unit.arch"\n\nblock two(n) {\n  unit(n)\n}\n')
    text = 'use "two.arch"\nblock three { two(8) }\n'
    (one,) = found(text + "arch net { input(8, 8, 8)\n  three\n}\n")[:1]
    assert (one.span.source.path, one.span.line) == ("net.arch", 2)
    inside = [(label.span.source.path, label.span.line) for label in one.labels[1:]]
    assert inside[0] == ("unit.arch", 2)
    assert [(frame.span.source.path, frame.span.line) for frame in one.trail] == [("net.arch", 4)]


def test_what_is_in_a_file_that_was_asked_about_is_shown_there_once() -> None:
    Path("unit.arch").write_text(UNIT)
    Path("net.arch").write_text(CALLER)
    (one,) = api.check_paths(["net.arch", "unit.arch"], lint=True)
    assert (one.span.source.path, one.span.line) == ("unit.arch", 2)
    assert [frame.span.line for frame in one.trail] == [3]


def test_a_block_that_another_file_uses_is_used() -> None:
    other = "arch other { input(8, 8, 8); bn; expect depth == 0 }\n"
    Path("unit.arch").write_text(UNIT.replace(", bias=true", "") + other)
    Path("net.arch").write_text(CALLER)
    assert [each.code for each in api.check_paths(["unit.arch"], lint=True)] == ["W011"]
    assert api.check_paths(["unit.arch", "net.arch"], lint=True) == []


def test_a_file_with_errors_is_not_linted_and_the_others_are() -> None:
    Path("bad.arch").write_text("arch bad { input(8, 8, 8); conv(8, 3) -> relu -> rely }\n")
    Path("net.arch").write_text(NAMELESS)
    report = api.check_paths(["bad.arch", "net.arch"], lint=True)
    assert [(each.code, each.span.source.path) for each in report] == [
        ("A102", "bad.arch"),
        ("W009", "net.arch"),
    ]


def test_a_promise_that_fails_is_an_error() -> None:
    assert codes("arch net { input(8, 8, 8); conv(8, 3) -> relu; expect depth == 2 }\n") == [
        ("A301", 1)
    ]


def test_one_line_is_one_warning_however_many_calls_show_it() -> None:
    calls = "; ".join(f"unit({8 * n})" for n in range(1, 17))
    text = UNIT + f"arch net {{ input(8, 8, 8); {calls}; expect depth > 0 }}\n"
    assert codes(text) == [("W001", 2)]
