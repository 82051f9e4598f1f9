"""Make a layer from arguments, or say in users' words what is wrong with them.

Pydantic judges; this module only translates. Positional arguments have found their names
before they come here. Knows no places: the caller has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from archgen.closest import closest
from archgen.frozen import dataclass
from archgen.layers.base import LARGEST, LARGEST_FLOAT, SMALLEST_FLOAT, Called, Layer
from archgen.layers.signature import Parameter, headline, show, signature

__all__ = ["ArgumentFault", "make", "validated"]

SIZE = "an integer of at least 1"
Model = TypeVar("Model", bound=Called)


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """One argument that will not do; `argument` is None where the call as a whole is wrong.

    `instead` is what to write for it, `...` standing for what is written now. `more` are the
    faults of the other arguments of the same call.
    """

    argument: str | None
    message: str
    help: str | None = None
    instead: str | None = None
    more: tuple[ArgumentFault, ...] = ()


def make(
    cls: type[Layer], arguments: Mapping[str, object], show: Callable[[object], str] = show
) -> Layer | ArgumentFault:
    """The layer with these arguments by name, or what is wrong with them.

    `show` writes a value as the language does; needed where values are none of ours.
    """
    return validated(cls, arguments, show)


def validated(
    cls: type[Model], arguments: Mapping[str, object], show: Callable[[object], str] = show
) -> Model | ArgumentFault:
    """The same for any model with a `keyword`."""
    plain = _gathered(cls, {name: _plain(value) for name, value in arguments.items()})
    try:
        return cls.model_validate(plain)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    first, *others = _faults(cls, plain, details, show)
    return replace(first, more=tuple(others))


def _gathered(cls: type[Called], arguments: dict[str, object]) -> dict[str, object]:
    """Arguments of other names than the fields' as pairs in the field that takes such."""
    field: str | None = getattr(cls, "open_field", None)
    others = {name: value for name, value in arguments.items() if name not in cls.model_fields}
    given = arguments.get(field or "", ())
    if field is None or not others or not isinstance(given, tuple):
        return arguments
    kept = {name: value for name, value in arguments.items() if name in cls.model_fields}
    return {**kept, field: (*given, *others.items())}


def _plain(value: object) -> object:
    """Lists of the language as tuples of nothing but tuples and values."""
    return tuple(map(_plain, value)) if isinstance(value, tuple | list) else value


def _faults(
    cls: type[Called],
    arguments: Mapping[str, object],
    details: Iterable[ErrorDetails],
    show: Callable[[object], str],
) -> Iterable[ArgumentFault]:
    """One fault for each argument, though Pydantic reports each option of a union."""
    parameters = {parameter.name: parameter for parameter in signature(cls)}
    open_field: str | None = getattr(cls, "open_field", None)
    seen: set[object] = set()
    for detail in details:
        name = str(detail["loc"][0]) if detail["loc"] else None
        pair = _pair(arguments, detail) if name == open_field else None
        if name is not None and pair is not None:
            yield _unfit(cls.keyword, Parameter(pair[0], None, SIZE, ""), pair[1], show)
            continue
        if name in seen:
            continue
        seen.add(name)
        if name is None:
            yield ArgumentFault(None, f"{cls.keyword}: {detail['ctx']['error']}", headline(cls))
        elif name not in parameters:
            yield _unknown(cls, name, arguments)
        elif name not in arguments:
            yield ArgumentFault(name, f"{cls.keyword}: `{name}` is missing", headline(cls))
        else:
            yield _unfit(cls.keyword, parameters[name], arguments[name], show)


def _pair(arguments: Mapping[str, object], detail: ErrorDetails) -> tuple[str, object] | None:
    """The argument of another name that a fault is about."""
    match detail["loc"]:
        case (str(field), int(at), 1, *_):
            pairs = arguments[field]
            assert isinstance(pairs, tuple)
            return str(pairs[at][0]), pairs[at][1]
        case _:
            return None


def _unknown(cls: type[Called], name: str, arguments: Mapping[str, object]) -> ArgumentFault:
    free = [parameter.name for parameter in signature(cls) if parameter.name not in arguments]
    close = closest(name, free)
    known = headline(cls) if signature(cls) else f"{cls.keyword} takes no arguments"
    help = f"did you mean `{close}`?" if close else known
    return ArgumentFault(name, f"{cls.keyword} has no parameter `{name}`", help)


def _unfit(
    keyword: str, parameter: Parameter, value: object, show: Callable[[object], str]
) -> ArgumentFault:
    takes = parameter.takes
    if "integer" in takes and any(_too_large(number) for number in _numbers(value)):
        takes = f"an integer of at most {LARGEST}"
    elif any(map(_beyond_float, _numbers(value))):
        takes += ", as float32 holds it"
    message = f"{keyword}: `{parameter.name}` must be {takes}, not {show(value)}"
    return ArgumentFault(parameter.name, message, *_help(parameter, value))


def _help(parameter: Parameter, value: object) -> tuple[str | None, str | None]:
    """What to do about an argument, and what to write instead."""
    floats = [number for number in _numbers(value) if isinstance(number, float)]
    if "integer" in parameter.takes and floats:
        say = f"`int({show(floats[0])})`"
        instead = "int(...)" if isinstance(value, float) else None
        return f"a float is not taken where an integer is asked: say {say}", instead
    if isinstance(value, str):
        return _help_with_string(parameter, value)
    return None, None


def _help_with_string(parameter: Parameter, value: str) -> tuple[str | None, str | None]:
    takes = parameter.takes
    if parameter.name == "padding" and value == "valid":
        return "write `0`", "0"
    close = closest(f'"{value}"', takes.replace(",", "").split())
    if close:
        return f"did you mean {close}?", close
    if "integer" in takes and value.isdecimal():
        return f"a string is not a number: say `{value}`", value
    return None, None


def _too_large(number: object) -> bool:
    return isinstance(number, int) and number > LARGEST


def _beyond_float(number: object) -> bool:
    """Whether it is too large for float32, or so small that it would be 0."""
    if not isinstance(number, int | float) or number == 0:
        return False
    return not SMALLEST_FLOAT <= abs(number) <= LARGEST_FLOAT


def _numbers(value: object) -> Iterable[object]:
    """The value, or the values in it."""
    if isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    else:
        yield value
