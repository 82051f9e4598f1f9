"""Networks as PyTorch source: one readable file that needs only torch."""

from archgen.backends.pytorch.classes import class_name
from archgen.backends.pytorch.module import Figures, render

__all__ = ["Figures", "class_name", "render"]
