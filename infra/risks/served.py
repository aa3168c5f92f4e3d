"""The rankings as the inspectorate serves them: combined when asked for, at most once a minute."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from infra.risks.ranking import left_out, rank
from infra.rules.remembered import Remembered
from schemas.profile import Profile
from sinks.inspectorate.risks import By, Ranking
from sinks.settings import ClickHouseSettings
from streams.rules import rules

FRESH_SECONDS = 60.0
#: A page is shown without what has not come by then.
PATIENCE_SECONDS = 10.0


class ServedRankings:
    """``observed`` says which rules are only observed. May be asked from any thread."""

    def __init__(
        self, settings: ClickHouseSettings, profile: Profile, observed: Callable[[], Collection[str]]
    ) -> None:
        self._settings, self._profile, self._observed = settings, profile, observed
        asked: list[tuple[By, bool]] = [(by, also) for by in ("cases", "actors") for also in (False, True)]
        self._kept = {
            (by, also): Remembered(
                partial(self._read, by, also), seconds=FRESH_SECONDS, patience=PATIENCE_SECONDS
            )
            for by, also in asked
        }

    def get(self, by: By, observing: bool) -> Ranking | None:
        """Today's ranking, with what is observed too or not; None where nobody answers in time."""
        return self._kept[by, observing].get()

    def _read(self, by: By, observing: bool) -> Ranking | None:
        from clickhouse_connect.driver.exceptions import Error

        today = datetime.now(self._profile.timezone).date()
        without = frozenset() if observing else left_out(rules(), self._observed())
        try:
            return rank(self._settings, self._profile, rules(), by, today, without)
        except (Error, ValueError):
            return None
