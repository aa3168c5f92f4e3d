"""Protected numbers masked in what goes to logs and answers: rather too much is masked than too little."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from producers.numbers import SHAPES

MASK = "‹disamarkan›"
DEEPEST = 8
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: What is no person's number though it has many digits: UUIDs, hashes, instants in UTC ms of 2020 to 2033.
_KEPT = rf"(?P<kept>\b{_UUID}\b|\b(?=[0-9]*[a-f])[0-9a-f]{{20,}}\b|(?<![\d.\-])1[6-9]\d{{11}}(?![\d\-]))"
#: Ten digits or more in a row, whatever they are: accounts and telephones have no shape of their own.
_RUN = r"(?P<run>(?<!\d)\d{10,19}(?!\d))"
_ALL = re.compile(f"{_KEPT}|{SHAPES}|{_RUN}")
_ENOUGH = re.compile(r"\d(?:[ .\-]?\d){7}")
_LEAST, _MOST = 10**10, 10**18
_MS = range(1_600_000_000_000, 2_000_000_000_000)


def mask(text: str) -> str:
    """The text with every number that could be a person's replaced."""
    if not _ENOUGH.search(text):
        return text
    return _ALL.sub(lambda match: match[0] if match.lastgroup == "kept" else MASK, text)


def masked(value: Any, depth: int = 0) -> Any:
    """The same for anything that is logged: keys and values, to any depth; what is no plain value goes by its text."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < _LEAST or abs(value) >= _MOST or value in _MS else MASK
    if depth >= DEEPEST:
        return mask(str(value))
    if isinstance(value, Mapping):
        return {masked(name, depth + 1): masked(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item, depth + 1) for item in value]
    if isinstance(value, bytes | bytearray):
        return mask(bytes(value).decode("utf-8", "replace"))
    return mask(str(value))
