"""The specs of `traps.txt`, by heading."""

from __future__ import annotations

import re
from pathlib import Path

TRAPS: dict[str, str] = {
    heading.strip(): text
    for part in re.split(r"^## ", Path(__file__).with_name("traps.txt").read_text(), flags=re.M)[1:]
    for heading, _, text in [part.partition("\n")]
}
