"""For which day, permit type and source an alert's parameters were read: what names their rows of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: How each is called among an alert's parameters; with a blank, so that no parameter of a rule has such a name.
KEYS = ("per tanggal", "per jenis izin", "per sumber")


class AsOf(NamedTuple):
    """``day`` is local (YYYY-MM-DD); an empty ``permit_type`` or ``source`` is that of no type or source."""

    day: str
    permit_type: str = ""
    source: str = ""

    def texts(self) -> dict[str, str]:
        """What is said of it beside the values."""
        return {key: text for key, text in zip(KEYS, self, strict=True) if text}

    @classmethod
    def told(cls, parameters: Mapping[str, str]) -> AsOf | None:
        """What an alert's parameters say; None for an alert that was said before they said it."""
        found = cls(*(parameters.get(key, "") for key in KEYS))
        return found if found.day else None
