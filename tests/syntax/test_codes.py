"""Every code of this range has an example that shows it and one that parses."""

from __future__ import annotations

import pytest

from archgen.codes import CODES, explain
from archgen.codes.a0 import ENTRIES
from archgen.codes.entry import Code
from archgen.syntax.parse import parse
from archgen.text import Source


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_examples(entry: Code) -> None:
    assert {one.code for one in parse(Source("a.arch", entry.fails)).diagnostics} == {entry.code}
    assert parse(Source("a.arch", entry.passes)).diagnostics == ()


def test_codes_are_found_however_they_are_written() -> None:
    assert explain(" a001 ") is CODES["A001"]
    assert explain("A000") is None


def test_codes_are_in_order_and_unique() -> None:
    assert [entry.code for entry in ENTRIES] == sorted({entry.code for entry in ENTRIES})
