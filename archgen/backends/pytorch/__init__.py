"""Networks as PyTorch source: one readable file that needs only torch.

network -> walk: a plan for each class -> passes: plan to plan -> text: the file
"""

from archgen.backends.pytorch.classes import class_name, classes_of
from archgen.backends.pytorch.plan.dump import dump
from archgen.backends.pytorch.text.file import Figures, printed
from archgen.network import Network

__all__ = ["Figures", "class_name", "plans", "render"]


def render(network: Network, figures: Figures | None = None) -> str:
    """Standalone PyTorch source of a network: formatted, typed, the same for the same network."""
    return printed(classes_of(network).file, figures)


def plans(network: Network) -> dict[str, str]:
    """The plan of each class by its name, as text, callees first."""
    return {plan.name: dump(plan) for plan in classes_of(network).file.plans}
