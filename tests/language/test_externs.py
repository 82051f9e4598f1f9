"""`extern`: modules that are not ours, as specs declare them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import archgen
from tests.language.externs import DEFORM, UNITS


def test_the_source_is_a_file_of_its_own(tmp_path: Path) -> None:
    source = archgen.source(archgen.loads(UNITS))
    assert "from tests.strangers import Gate" in source
    assert "runs code of tests.strangers" in " ".join(source.split())
    assert "self.gate1 = Gate(in_channels, out, kernel, scale=0.5)" in source
    assert "Needs only torch" not in source


def test_a_check_imports_nothing() -> None:
    text = DEFORM.replace("torchvision.ops:DeformConv2d", "no.such.module:Class")
    assert archgen.loads(text).params == 960 * 5 + 5 + 666 + 296
    code = "import sys, archgen\narchgen.loads(sys.stdin.read())\nprint('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], input=DEFORM, text=True, capture_output=True)
    assert run.stdout == "False\n", run.stderr


# --- what is wrong with a text --------------------------------------------------------------------

MISTAKES = [
    ('extern e = "torch.nn" { output shape }', "A127", '"torch.nn"'),
    ('extern e = "torch.nn:class" { output shape }', "A127", '"torch.nn:class"'),
    ('extern e = "os; evil:X" { output shape }', "A127", '"os; evil:X"'),
    ('extern e = "a:B" { macs 0 }', "A127", "{"),
    ('extern e = "a:B" { output shape; outputs shape }', "A127", "outputs"),
    ('extern e = "a:B" { output shape; macs x = 3 }', "A127", "macs x = 3"),
    ('extern e = "a:B" { output shape; param [3] }', "A001", "["),
    ('extern e = "a:B" { output shape; output shape }', "A127", "output shape"),
    ('extern e = "a:B" { output shape; param a = [1]; buffer a = [1] }', "A127", "buffer a = [1]"),
    ('extern e = "a:B"(out) { output shape }', "A101", "out"),
    ('extern e = "a:B"(from x) { output shape }', "A113", "x"),
    ('extern e(a, a) = "a:B" { output shape }', "A103", "a"),
    ('extern e(depth) = "a:B" { output shape }', "A105", "depth"),
    ('extern e(shape) = "a:B" { output shape }', "A105", "shape"),
    ('extern e(a=b) = "a:B"(a) { output shape }', "A101", "b"),
    ('extern e(a=relu) = "a:B"(a) { output shape }', "A109", "relu"),
    ('extern e = "a:B"(k=1, 2) { output shape }', "A108", "2"),
    ('extern e = "a:B"(k=1, k=2) { output shape }', "A108", "k=2"),
    ('extern e = "a:B"(lambda=1) { output shape }', "A106", "lambda=1"),
    ('extern conv = "a:B" { output shape }', "A105", "conv"),
    ('extern e = "a:B" { "a"; output shape; "b" }', "A015", '"b"'),
]


@pytest.mark.parametrize(("text", "code", "place"), MISTAKES)
def test_mistakes_of_a_declaration(text: str, code: str, place: str) -> None:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(f"{text}\narch net {{ input(3, 8, 8); e }}\n")
    fault = raised.value.diagnostics[0]
    assert (fault.code, fault.span.text) == (code, place)


CALLS = [
    ("mix(3)", "A109", "3", "`other` goes to `forward`"),
    ("mix(none, from a)", "A109", "from a", "`forward` takes values in order"),
    ("mix(from a, third=3)", "A109", "third=3", "`third` goes to `forward`"),
    ("mix", "A107", "mix", "`other` is missing"),
    ("mix(from a, from a, 3)", "A108", "3", "at most 2 arguments"),
    ("table = param([3, 8, 8]); from a -> mix(from table)", "A201", "from table", "has no batch"),
    (
        "table = param([3, 8, 8]); from table -> mix(from a)",
        "A201",
        "mix(from a)",
        "counts samples",
    ),
    ("sized(0)", "A127", "sized(0)", "has a size that is not from 1"),
    ("sized(1.5)", "A127", "sized(1.5)", "sizes are a list of integers"),
    ("sized(from a)", "A127", "sized(from a)", "sizes are a list of integers"),
    ("sized(relu)", "A109", "relu", "`n` must be"),
]


@pytest.mark.parametrize(("call", "code", "place", "message"), CALLS)
def test_mistakes_of_a_call(call: str, code: str, place: str, message: str) -> None:
    text = f"""extern mix(other=none, third=none) = "a:B" {{ output shape }}
extern sized(n) = "a:B"(n) {{ output [n, shape[1], shape[2]] }}
arch net {{
  input(3, 8, 8)
  a = conv(3, 3)
  {call}
}}
"""
    if call == "mix":
        text = text.replace("other=none", "other")
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(text)
    fault = raised.value.diagnostics[0]
    assert (fault.code, fault.span.text) == (code, place)
    assert message in fault.message


def test_the_words_of_a_declaration_are_names_elsewhere() -> None:
    text = """block extern(out, macs=3) { params = conv(out, macs) -> relu }
arch net(output_=4) {
  input(3, 8, 8)
  let weight = 4
  extern(weight) -> extern(output_, macs=1)
}
"""
    assert archgen.loads(text).params == 3 * 4 * 9 + 16


# --- everything else that takes a network ---------------------------------------------------------


def test_equal_declarations_are_one_layer() -> None:
    other = "# elsewhere\n" + UNITS.replace("out, kernel=3) = ", "out,   kernel=3) = ", 1)
    assert archgen.diff(archgen.loads(UNITS), archgen.loads(other)).same


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("scale=0.5", "scale=0.25"),
        ("strangers:Gate", "strangers:Other"),
        ("output [out, shape[1], shape[2]]", "output [out, shape[2], shape[1]]"),
        ('"norm.bias" = [out]', '"norm.offset" = [out]'),
    ],
)
def test_a_changed_declaration_is_a_difference(before: str, after: str) -> None:
    found = archgen.diff(archgen.loads(UNITS), archgen.loads(UNITS.replace(before, after, 1)))
    assert not found.same
    assert {edit.what for edit in found.edits} >= {"gate(8)"}


def test_pickles() -> None:
    net = archgen.loads(UNITS)
    again = pickle.loads(pickle.dumps(net))
    assert archgen.diff(net, again).same
    assert archgen.source(again) == archgen.source(net)
    code = "import sys, pickle\nprint(pickle.load(sys.stdin.buffer).params)"
    run = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(net), capture_output=True)
    assert int(run.stdout) == net.params, run.stderr


def test_what_cannot_be_known_is_said() -> None:
    net = archgen.loads(UNITS)
    assert "not known" in str(net.sizes)
    assert "not known" in archgen.summary(net)
    assert set(net.figures.receptive_field) == {"unknown"}


def test_a_number_of_macs_may_be_divided() -> None:
    text = """extern e(out) = "a:B"(out) {
  output [out, shape[1], shape[2]]
  macs out // 2 * shape[1]
}
arch net { input(3, 8, 8); e(6) }
"""
    assert archgen.loads(text).macs == 3 * 8


def test_extern_is_a_name_where_it_begins_no_item() -> None:
    body = "input(3, 8, 8); let w = extern // 2; conv(w, 3) -> conv(extern, 1)"
    text = f"arch net(extern=6) {{ {body} }}"
    assert archgen.loads(text).params == 3 * 3 * 9 + 3 * 6


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('arch net { input(3, 8, 8); extern e = "a:B" { output shape } }', "A013"),
        ('block b { conv(3, 3)\nextern e = "a:B" { output shape }\n', "A002"),
    ],
)
def test_a_declaration_in_a_body_or_behind_an_open_one(text: str, code: str) -> None:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(text)
    assert [fault.code for fault in raised.value.diagnostics] == [code]


def test_long_constants_count_whole() -> None:
    widths = ", ".join(map(str, range(1, 13)))
    text = f"let widths = [{widths}]\n" + UNITS.replace("scale=0.5", "scale=widths[11]")
    other = text.replace("11, 12]", "11, 13]", 1)
    assert archgen.diff(archgen.loads(text), archgen.loads(text)).same
    assert not archgen.diff(archgen.loads(text), archgen.loads(other)).same


def test_classes_whose_names_the_file_has() -> None:
    text = """extern g = "pkg.mod:Tensor" { output shape }
extern f = "pkg.mod:math" { output shape }
extern h = "pkg.mod:Mine" { output shape }
arch net { input(3, 8, 8); g -> f -> h }
"""
    lines = archgen.source(archgen.loads(text)).splitlines()
    assert [line for line in lines if line.startswith("from ")] == [
        "from pkg.mod import Mine",
        "from pkg.mod import Tensor as Tensor2",
        "from pkg.mod import math as math2",
        "from torch import Tensor, nn",
    ]
