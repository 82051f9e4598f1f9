"""Values of the public API go through `pickle` and `copy`, and to other processes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import archgen
from archgen.codes import CODES

OLD = """arch net(width=8) {
  input(3, 16, 16)
  let twice = 2 * width
  expect channels == 3 and input.channels == 3
  a = conv(width, 3) -> bn -> relu
  stage(unit, twice, n=3)
  expect params > 0 and shape == [twice, 16, 16]
  global_avgpool -> flatten -> linear(10)
}

block unit(out) {
  conv(out, 3) -> bn
}
"""
NEW = OLD.replace("relu", "gelu").replace("n=3", "n=4")
FAULTY = OLD.replace("relu", "rely")


def fault() -> archgen.ArchError:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(FAULTY)
    return raised.value


def network() -> archgen.Network:
    return archgen.loads(OLD)


def weights() -> dict[str, Any]:
    return archgen.build(network(), seed=0).state_dict()


def unit() -> dict[str, Any]:
    """The weights of a ResNeXt unit, in form (c)."""
    text = """use resnext
arch net {
  input(64, 8, 8)
  resnext_c(128, 4, 2)
}
"""
    return archgen.build(archgen.loads(text), seed=0).state_dict()


def checked() -> list[archgen.Diagnostic]:
    """All that the examples of the codes lead to: every form of a diagnostic."""
    found = []
    with TemporaryDirectory() as folder:
        for code in CODES.values():
            path = Path(folder, f"{code.code}.arch")
            path.write_text(code.fails, encoding="utf-8")
            found += archgen.check(str(path), lint=True)
    return found


# What each public name is, or returns.
VALUES: dict[str, Callable[[], object]] = {
    "ArchError": lambda: fault().diagnostics,
    "Diagnostic": lambda: fault().diagnostics[0],
    "Difference": lambda: archgen.diff(network(), archgen.loads(NEW)),
    "Network": network,
    "breaking": lambda: archgen.breaking("resnet50_v1", "resnet50"),
    "check": checked,
    "diff": lambda: archgen.diff("resnet18", "resnet34"),
    "draw": lambda: archgen.draw(network()),
    "expression": lambda: archgen.expression("basic(act=silu)"),
    "load": lambda: archgen.load("resnet50_fpn", input=(3, 320, 320)),
    "loads": lambda: archgen.loads(OLD, width=archgen.expression("4 * 4")),
    "shipped": archgen.shipped,
    "source": lambda: archgen.source(network()),
    "summary": lambda: archgen.summary(network()),
}
# What holds tensors or modules: compared by what it is made of.
WITH_TORCH: dict[str, Callable[[], object]] = {
    "ImportFault": lambda: str(archgen.ImportFault("no form for `matmul`")),
    "from_module": lambda: archgen.from_module(archgen.build(network()), network().input).text,
    "build": lambda: archgen.build(network(), seed=0),
    "compare": lambda: str(archgen.compare(network(), network())),
    "dynamic_shapes": lambda: len(archgen.dynamic_shapes(network())),
    "check_weights": lambda: archgen.check_weights(weights(), archgen.loads(NEW)),
    "convert_resnext": lambda: archgen.convert_resnext(unit(), "a"),
    "transfer": lambda: archgen.transfer(
        network(), archgen.loads(NEW), weights(), allow_new=True, seed=0
    ),
}


def copies(value: object) -> Iterator[object]:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(value, protocol))
    yield copy.copy(value)
    yield copy.deepcopy(value)


def test_every_public_name_is_here() -> None:
    assert {*VALUES, *WITH_TORCH} == set(archgen.__all__)


@pytest.mark.parametrize("name", archgen.__all__)
def test_the_names_themselves(name: str) -> None:
    public = getattr(archgen, name)
    assert pickle.loads(pickle.dumps(public)) is public


@pytest.mark.parametrize("name", VALUES)
def test_a_copy_is_equal(name: str) -> None:
    value = VALUES[name]()
    for other in copies(value):
        assert type(other) is type(value)
        assert other == value
        assert repr(other) == repr(value)
        if value.__hash__:
            assert hash(other) == hash(value)


def test_what_is_asked_of_a_copy() -> None:
    """Computed, and not only stored: figures, source, promises, features, drawings."""
    from archgen.analysis.promises import verify

    value = archgen.load("resnet50")
    for other in copies(value):
        assert isinstance(other, archgen.Network)
        assert other.figures == value.figures
        assert archgen.source(other) == archgen.source(value)
        assert archgen.draw(other).dot == archgen.draw(value).dot
        assert archgen.summary(other) == archgen.summary(value)
        assert [*other.features] == [*value.features]
        assert verify(other) == verify(value) == []
        assert archgen.diff(value, other).same


def test_a_copy_of_a_difference_shows_and_draws_the_same() -> None:
    from archgen.backends.drawing import draw_difference

    value = archgen.diff("resnet50_v1", "resnet50")
    for other in copies(value):
        assert isinstance(other, archgen.Difference)
        assert str(other) == str(value)
        assert list(other.state()) == list(value.state())
        assert draw_difference(other).dot == draw_difference(value).dot


def test_an_error_keeps_its_diagnostics() -> None:
    error = fault()
    for other in copies(error):
        assert isinstance(other, archgen.ArchError)
        assert other.diagnostics == error.diagnostics
        assert str(other) == str(error)


def test_other_networks_are_not_equal() -> None:
    same = [network(), archgen.loads(OLD), archgen.loads(OLD.replace("\n", "\r\n"))]
    others = [
        archgen.loads(NEW),
        archgen.loads(OLD, width=16),
        archgen.loads(OLD, input=(3, 32, 32)),
        archgen.loads(OLD, features=["a"]),
        archgen.loads(OLD + "# a comment\n"),
    ]
    assert len(set(same)) == 1
    assert len({*same, *others}) == 1 + len(others)
    assert network() != "net"


@pytest.mark.parametrize(
    "text",
    [
        "block b0(x) {\n conv(x, 3)\n}\n"
        + "".join(f"block b{i}(x) {{\n b{i - 1}(x) -> relu\n}}\n" for i in range(1, 60))
        + "arch net {\n input(3, 8, 8)\n b59(4)\n}\n",
        f"arch net {{\n input(3, 8, 8)\n conv({'(' * 45}4{' + 1)' * 45}, 3)\n}}\n",
        "arch net {\n input(3, 8, 8)\n"
        + "".join(f" n{i} = {{\n" for i in range(30))
        + "conv(3, 3)\n"
        + "}\n" * 31,
    ],
    ids=["blocks", "brackets", "braces"],
)
def test_as_deep_as_a_spec_may_be(text: str) -> None:
    value = archgen.loads(text)
    for other in copies(value):
        assert other == value


# --- other processes ------------------------------------------------------------------------------


def test_a_process_that_starts_from_scratch() -> None:
    """As multiprocessing on macOS and Windows, joblib and Dask start theirs."""
    networks = [network(), archgen.load("resnet18"), archgen.loads(NEW)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(archgen.source, networks)) == list(map(archgen.source, networks))
        there = pool.submit(archgen.loads, OLD).result(timeout=120)
        assert there == networks[0]
        found = pool.submit(archgen.diff, networks[0], networks[2]).result(timeout=120)
        assert found == archgen.diff(networks[0], networks[2])
        assert str(found) == str(archgen.diff(networks[0], networks[2]))
        with pytest.raises(archgen.ArchError) as raised:
            pool.submit(archgen.loads, FAULTY).result(timeout=120)
        assert raised.value.diagnostics == fault().diagnostics


@pytest.mark.torch
@pytest.mark.parametrize("name", WITH_TORCH)
def test_what_holds_tensors(name: str) -> None:
    torch = pytest.importorskip("torch")
    value = WITH_TORCH[name]()
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        other = pickle.loads(pickle.dumps(value, protocol))
        assert type(other) is type(value)
        assert repr(other) == repr(value)
        if isinstance(value, torch.nn.Module):
            assert all(map(torch.equal, value.state_dict().values(), other.state_dict().values()))
