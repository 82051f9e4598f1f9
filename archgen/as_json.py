"""Reports as JSON that every reader takes."""

from __future__ import annotations

import json


def to_json(report: object) -> str:
    """A report as JSON in ASCII. Bytes of a file name that are not UTF-8 are escaped, as in text:
    many readers refuse half a surrogate pair."""
    return json.dumps(_as_unicode(report), indent=2)


def _as_unicode(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_as_unicode(key): _as_unicode(item) for key, item in value.items()}
        case list() | tuple():
            return list(map(_as_unicode, value))
        case _:
            return value
