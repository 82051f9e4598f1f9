"""The page on the shipped libraries is what their files say."""

from __future__ import annotations

from docs import blocks


def test_the_page_is_current() -> None:
    assert blocks.PAGE.read_text(encoding="utf-8") == blocks.page(), "run make docs"
