"""What a layer takes, in words: for the reference, error texts and `archgen layers`.

Works on any of our Pydantic models with a `keyword`; knows no single layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic.fields import FieldInfo

from archgen.frozen import dataclass
from archgen.layers.base import LARGEST, LARGEST_FLOAT, SMALLEST_FLOAT, Auto, Called
from archgen.shapes import Shape

__all__ = ["Parameter", "headline", "show", "signature"]


# Bounds of the machine: an error about them says so.
UNSAID = (Ge(-LARGEST), Le(LARGEST), Ge(-LARGEST_FLOAT), Le(LARGEST_FLOAT), Le(LARGEST_FLOAT / 4))
LONGEST, MOST_ITEMS = 60, 8  # characters of a string, items of a list that are shown


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name, what it is without an argument, what it takes, what it is for.

    `default` is None for a required one; `takes` reads after "must be".
    """

    name: str
    default: str | None
    takes: str
    doc: str

    @property
    def required(self) -> bool:
        return self.default is None

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"


def signature(cls: type[Called]) -> tuple[Parameter, ...]:
    """The parameters in order, as positional arguments fill them."""
    derived: Mapping[str, str] = getattr(cls, "derived", {})
    return tuple(
        Parameter(name, _default(field, derived.get(name)), _takes(field), field.description or "")
        for name, field in cls.model_fields.items()
    )


def headline(cls: type[Called]) -> str:
    """`maxpool(kernel, stride=kernel, padding=auto, dilation=1, ceil_mode=false)`."""
    parameters = ", ".join(map(str, signature(cls)))
    return f"{cls.keyword}({parameters})" if parameters else cls.keyword


def show(value: object) -> str:
    """A value as one would write it in a spec."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case Auto():
            return "auto"
        case str():
            return f'"{value[:LONGEST]}..."' if len(value) > LONGEST else f'"{value}"'
        case tuple() | list():
            more = ", ..." if len(value) > MOST_ITEMS else ""
            return f"[{', '.join(map(show, value[:MOST_ITEMS]))}{more}]"
        case Shape():
            return f"a value of {value}"
        case float():
            return repr(value).replace("e-0", "e-")
        case _:
            return str(value)


def _default(field: FieldInfo, derived: str | None) -> str | None:
    if field.is_required():
        return None
    return derived if field.default is None and derived else show(field.default)


def _takes(field: FieldInfo) -> str:
    return _words(field.annotation, field.metadata)


def _words(annotation: Any, limits: Iterable[object] = ()) -> str:
    """The values of a type, with "a" or "an" before them."""
    limits = list(_spread(limits))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(arguments[0], arguments[1:])
    if origin in (Union, UnionType):
        return _either([option for option in arguments if option is not NoneType])
    if origin is Literal:
        return _listed([show(value) for value in arguments], "or")
    if origin is tuple:
        return _list_words(arguments, limits)
    return _plain(annotation, limits)


def _plain(kind: Any, limits: Iterable[object]) -> str:
    if kind is bool:
        return "true or false"
    if kind is Auto:
        return "auto"
    if kind is str:
        return "a string"
    if kind is Shape:
        return "a value of the network (`from name`)"
    noun = "an integer" if kind is int else "a number"
    return f"{noun}{_range(limits)}"


def _range(limits: Iterable[object]) -> str:
    limits = [limit for limit in limits if limit not in UNSAID]
    bounds = [text for limit in limits if (text := _bound(limit))]
    match [limit for limit in limits if isinstance(limit, Ge | Le)]:
        case [Ge(ge=least), Le(le=most)]:
            return f" from {least} to {most}"
        case _:
            return f" {' and '.join(bounds)}" if bounds else ""


def _spread(limits: Iterable[object]) -> Iterable[object]:
    """The single bounds: a nested `Field(...)` carries them in its metadata."""
    for limit in limits:
        yield from limit.metadata if isinstance(limit, FieldInfo) else (limit,)


def _bound(limit: object) -> str | None:
    match limit:
        case Ge(ge=least) if least == SMALLEST_FLOAT:
            return "above 0"
        case Ge():
            return f"of at least {limit.ge}"
        case Gt():
            return f"above {limit.gt}"
        case Le():
            return f"at most {limit.le}"
        case Lt():
            return f"below {limit.lt}"
        case _:
            return None


def _list_words(items: tuple[Any, ...], limits: Iterable[object]) -> str:
    if items[-1] is not Ellipsis:
        return f"a list of {len(items)}"
    most = [f" of at most {limit.max_length}" for limit in limits if isinstance(limit, MaxLen)]
    return f"a list{''.join(most)}, each item {_words(items[0])}"


def _either(options: list[Any]) -> str:
    """`an integer of at least 1, a list of such, or auto`: `auto` last, lists of it short."""
    singles = [option for option in options if not _is_list(option) and option is not Auto]
    words = [_words(option) for option in singles]
    for option in filter(_is_list, options):
        words.append(_such(option) if words == [_words(_item(option))] else _words(option))
    if Auto in options:
        words.append("auto")
    return _listed(words, "or")


def _such(option: Any) -> str:
    items = get_args(option)
    return "a list of such" if items[-1] is Ellipsis else f"a list of {len(items)} such"


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_list(get_args(annotation)[0])
    return get_origin(annotation) is tuple


def _item(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _item(get_args(annotation)[0])
    return get_args(annotation)[0]


def _listed(words: list[str], joint: str) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"
