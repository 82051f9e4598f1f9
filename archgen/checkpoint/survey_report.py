"""Which shipped networks a checkpoint is of, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from archgen.checkpoint.contents import Contents
from archgen.checkpoint.identify import Match, Survey
from archgen.checkpoint.report import counted, held_json, wanted_json, what_differs
from archgen.report import plural, printable

MOST_OF_A_LINE = 3


def survey_text(
    found: Survey, contents: Contents, shown: str, hints: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Which shipped networks a checkpoint is of, a line for each.

    hints: by name of a network, the options with which it fits.
    """
    lines = [f"{printable(shown)}: {counted(contents)}"]
    for each in found.matches:
        verb = "fits" if each.fit.fits else "has the keys of"
        verb = f"without `{printable(each.prefix)}` {verb}" if each.prefix else verb
        other = [text for part in each.fit.parts for text in what_differs(part, full=True)]
        options = f" (fits with {hints[each.name]})" if each.name in hints else ""
        lines.append(f"  {verb} {each.name} ({each.file}){options}{_few(other)}")
    if not found.matches:
        lines.append("  no shipped network has its keys")
    if found.nearest and not found.matches:
        lines.append(f"  the closest is {nearest_text(found.nearest)}")
    return "\n".join(lines)


def nearest_text(match: Match) -> str:
    """`resnet34 (resnet.arch): 2 keys differ: missing fc; unexpected head`, in a line."""
    prefix = f", without `{printable(match.prefix)}`" if match.prefix else ""
    shown = f"{match.name} ({match.file}){prefix}"
    if match.fit.fits:
        return f"{shown}, which it fits"
    other = [f"{part.kind} {printable(part.path)}" for part in match.fit.parts]
    return f"{shown}: {plural(len(match.fit.differences), 'key')} of it differ{_few(other)}"


def survey_json(found: Survey, contents: Contents, shown: str) -> str:
    """`networks` has those with its keys, `prefix` is what has to be taken off;
    `nearest` the name of the closest one if there are none."""
    nearest = found.nearest if not found.matches else None
    report = {
        "version": 1,
        "checkpoint": shown,
        "tensors": sum(contents.dtypes.values()),
        "dtypes": contents.dtypes,
        "networks": [
            {
                "name": each.name,
                "file": each.file,
                "prefix": each.prefix,
                "fits": each.fits,
                "reshaped": [
                    wanted_json(each.fit, key) | held_json(key) for key in each.fit.differences
                ],
            }
            for each in found.matches
        ],
        "nearest": nearest and nearest.name,
    }
    return json.dumps(report, indent=2)


def _few(texts: Sequence[str]) -> str:
    more = [f"and {len(texts) - MOST_OF_A_LINE:,} more"] if len(texts) > MOST_OF_A_LINE else []
    return ": " + "; ".join([*texts[:MOST_OF_A_LINE], *more]) if texts else ""
