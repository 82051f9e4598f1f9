"""All that is shipped is clean, as anybody would check it; and a repeat costs lint nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import archgen
from archgen import api, resources
from archgen.lint import walk
from tests.lint.ask import found


def test_shipped_specs_are_clean() -> None:
    specs = sorted(map(str, resources.root("specs").rglob("*.arch")))
    assert len(specs) > 30
    assert api.check_paths(specs, lint=True) == []


@pytest.mark.parametrize("name", ["resnet50", "vgg11_bn", "ssd300_vgg16"])
def test_one_that_is_linted_without_its_libraries_is_clean(name: str) -> None:
    path = dict(archgen.shipped())[name]
    assert api.check_paths([str(path)], lint=True) == []


@pytest.mark.parametrize("n", [2, 10**9])
def test_a_repeat_is_judged_once(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    check = walk.layers.check

    def counting(reach, body, node, *, trained):  # type: ignore[no-untyped-def]
        judged.append(node.name)
        return check(reach, body, node, trained=trained)

    monkeypatch.setattr(walk.layers, "check", counting)
    unit = "block unit(out) { conv(out, 3) -> bn }\n"
    net = f"arch net {{ input(8, 8, 8); stage(unit, 8, n={n}); expect depth > 0 }}\n"
    assert found(unit + net) == []
    assert sorted(judged) == ["bn1", "conv1"]


def test_every_rule_of_a_spec_that_is_named_twice_is_told_once() -> None:
    Path("net.arch").write_text("arch net { input(8, 8, 8); conv(8, 3) -> bn }\n")
    (once,) = api.check_paths(["net.arch", "./net.arch"], lint=True)
    assert once.code == "W009"
