"""The page on the shipped networks says what is so, and of comparisons what the tests said."""

from __future__ import annotations

import archgen
from docs import zoo
from tests.specs.references import references


def test_the_page_is_up_to_date() -> None:
    text = zoo.PAGE.read_text(encoding="utf-8")
    assert zoo.page(zoo.results()) == text, "run python docs/zoo.py"


def test_every_comparison_has_run() -> None:
    said = zoo.results()["results"]
    tests = [each.test for name, _ in archgen.shipped() for each in references(name)]
    assert [test for test in tests if not any(key.startswith(test) for key in said)] == []
