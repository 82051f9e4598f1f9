"""What Python may give: a value of the wrong kind is told by the name of its parameter."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import pytest

import archgen
from tests.api.wrong import calls, values

TOLD = {"device", "dtype", "memory_format", "level", "categories", "form", "state"}
TOLD |= {"input_channels", "weights"}  # of the right kind, and unknown


def test_every_public_function_is_called(tmp_path: Path) -> None:
    classes = {"ArchError", "Diagnostic", "Difference", "ImportFault", "Network"}
    assert set(calls(tmp_path)) == set(archgen.__all__) - classes


@pytest.mark.torch
@pytest.mark.parametrize("function", sorted(set(archgen.__all__)))
def test_a_wrong_value_is_told(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = calls(tmp_path).get(function)
    wrong = []
    for name in call.arguments if call else ():
        for kind, value in values().items():
            problem = _raised(lambda: call.with_(name, value))  # noqa: B023
            if not _is_told(problem, name, value):
                wrong.append((name, kind, type(problem).__name__, str(problem)[:80]))
    assert wrong == []


def _raised(act: object) -> BaseException | None:
    try:
        act()  # type: ignore[operator]
    except Exception as problem:
        return problem
    return None


def _is_told(problem: BaseException | None, name: str, value: object) -> bool:
    """Taken; or refused as a fault of the spec, or by the name of the parameter."""
    match problem:
        case None:
            return True
        case archgen.ArchError():
            return bool(str(problem))
        case TypeError():
            return name in str(problem)
        case ValueError():
            return name in TOLD and isinstance(value, str | list | dict | PathLike)
    return False
