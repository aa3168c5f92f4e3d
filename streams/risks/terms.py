"""What officials decide about the combination, by date: the profile's values, and the defaults.

In ``thresholds.toml`` these are ``risk.decay_days``, ``risk.soft_signs``, ``risk.weekly_cases``, ``risk.severe``, and the
weight of a rule, for example ``P01.weight``; in ``value_bands.csv`` the bands of value.
"""

from __future__ import annotations

from datetime import date

from schemas.profile import Profile
from schemas.profile.rows import ValueBand

DECAY_DAYS = 90.0
SOFT_SIGNS = 2
WEEKLY_CASES = 10
SEVERE = 1.25
WEIGHT = 1.0
NO_VALUE = 1.0
_SINCE = date(2005, 1, 1)
VALUE_BANDS = tuple(
    ValueBand(least, factor, _SINCE)
    for least, factor in ((0, 0.75), (10_000_000, 1.0), (100_000_000, 1.15), (1_000_000_000, 1.3))
)


class Terms:
    """The terms of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.zone = profile.timezone.key

    def decay_days(self, on: date) -> float:
        """After how many days an alert weighs nothing."""
        return max(1.0, self._profile.threshold("risk.decay_days", on, DECAY_DAYS))

    def soft_signs(self, on: date) -> int:
        """How many independent soft signs publish. One never does."""
        return max(2, round(self._profile.threshold("risk.soft_signs", on, SOFT_SIGNS)))

    def weekly_cases(self, on: date) -> int:
        """How many cases a week the inspectorate can take up."""
        return max(0, round(self._profile.threshold("risk.weekly_cases", on, WEEKLY_CASES)))

    def weight(self, rule: str, on: date) -> float:
        """What the regency makes of a rule; 0 leaves it out."""
        return max(0.0, self._profile.threshold(f"{rule}.weight", on, WEIGHT))

    def level(self, level: str, on: date) -> float:
        """What a level makes of the severity."""
        return max(1.0, self._profile.threshold("risk.severe", on, SEVERE)) if level == "severe" else 1.0

    def band(self, value: float | None, on: date) -> float:
        """What the rupiah of an alert make of it; of several bands that it reaches, the highest."""
        if value is None:
            return NO_VALUE
        bands = [band for band in self._profile.value_bands if band.holds(on)] or VALUE_BANDS
        reached = [band for band in bands if band.least <= value] or VALUE_BANDS[:1]
        return max(reached, key=lambda band: band.least).factor
