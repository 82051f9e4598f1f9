"""A stand-in for torch: modules that remember how they were made, and tensors that are nothing.

A generated file is executed against it, without torch; what its classes make of their expressions
is read off the modules.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Tensor:
    """What flows through `forward`: anything may be done with it."""

    shape = (1, 1, 1, 1)
    sizes: tuple[object, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self

    def __add__(self, other: object) -> Tensor:
        return self

    __mul__ = __radd__ = __rmul__ = __iadd__ = __add__

    def __getitem__(self, item: object) -> Tensor:
        return self


class Parameter(Tensor):
    """A weight, of its own or of a leaf; remembers how it is filled."""

    def __init__(self, made: Tensor | None = None) -> None:
        self.sizes = made.sizes if made is not None else ()
        self.starts: list[tuple[str, dict[str, object]]] = []


class Module:
    """`nn.Module`: its submodules by name."""

    training = False

    def __init__(self) -> None:
        self.__dict__["children"] = {}

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Module):
            self.children[name] = value
        self.__dict__[name] = value

    def add_module(self, name: str, module: Module) -> None:
        self.children[name] = module
        self.__dict__[name] = module

    def register_parameter(self, name: str, value: object) -> None:
        self.__dict__[name] = value

    def get_submodule(self, path: str) -> Module:
        found = self
        for part in path.split("."):
            found = found.children[part]
        return found

    def get_parameter(self, path: str) -> Any:
        head, _, name = path.rpartition(".")
        return getattr(self.get_submodule(head) if head else self, name)

    def modules(self) -> Iterator[Module]:
        yield self
        for child in self.children.values():
            yield from child.modules()

    def __call__(self, *inputs: object) -> Any:
        return self.forward(*inputs)

    def forward(self, *inputs: Any) -> Any:
        return inputs[0]


class Leaf(Module):
    """A layer of torch's: its class, arguments and how its weights were filled."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__()
        self.__dict__.update(args=args, kwargs=kwargs, calls=0)
        self.__dict__.update(weight=Parameter(), bias=Parameter())
        if kwargs.get("bias") is False:
            self.__dict__["bias"] = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        pass

    @property
    def target(self) -> str:
        return next(each.__name__ for each in type(self).__mro__ if each.__bases__ == (Leaf,))

    def forward(self, *inputs: Any) -> Any:
        self.__dict__["calls"] += 1
        return inputs[0]


class Sequential(Module):
    def __init__(self, *modules: Any) -> None:
        super().__init__()
        given = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else None
        named = given.items() if given is not None else ((str(k), m) for k, m in enumerate(modules))
        for name, module in named:
            self.add_module(name, module)

    def forward(self, *inputs: Any) -> Any:
        for child in self.children.values():
            inputs = (child(*inputs),)
        return inputs[0]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.children.values())

    def __getitem__(self, part: int | slice) -> Any:
        found = list(self.children.values())[part]
        return found if isinstance(found, Module) else Sequential(*found)


class ModuleList(Sequential):
    def __init__(self, modules: Any = ()) -> None:
        super().__init__(*modules)

    def append(self, module: Module) -> None:
        self.add_module(str(len(self.children)), module)


class _Initialisers:
    def __getattr__(self, name: str) -> Callable[..., None]:
        def fill(target: Parameter, **given: object) -> None:
            target.starts.append((name, given))

        return fill


class _Layers:
    """`torch.nn`: every name that is no class above is a layer."""

    Module, Sequential, ModuleList, Parameter = Module, Sequential, ModuleList, Parameter
    init = _Initialisers()

    def __getattr__(self, name: str) -> type[Leaf]:
        made = type(name, (Leaf,), {})
        setattr(self, name, made)
        return made


def _made(*sizes: object, **_: object) -> Tensor:
    tensor = Tensor()
    tensor.sizes = sizes
    return tensor


class _Torch:
    Tensor = Tensor

    def __init__(self) -> None:
        self.nn = _Layers()

    def __getattr__(self, name: str) -> Any:
        if name == "no_grad":
            return contextlib.nullcontext
        return _made


def classes_of(source: str) -> dict[str, Any]:
    """What a generated file defines, executed without torch."""
    torch = _Torch()

    def importing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "torch":
            return torch
        return __import__(name, *args, **kwargs)

    known = {**vars(builtins), "__import__": importing}
    namespace: dict[str, Any] = {"__name__": "generated", "__builtins__": known}
    exec(compile(source, "generated.py", "exec"), namespace)
    return namespace
