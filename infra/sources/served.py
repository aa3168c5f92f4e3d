"""The comparisons as the inspectorate serves them: made when asked for, at most once a minute."""

from __future__ import annotations

from collections.abc import Sequence

from infra.rules.remembered import Remembered
from infra.sources.compare import compare
from schemas.profile import Profile
from sinks.clickhouse.client import connect
from sinks.inspectorate.sources import Comparison
from sinks.settings import ClickHouseSettings

FRESH_SECONDS = 60.0
#: A page is shown without what has not come by then.
PATIENCE_SECONDS = 10.0


class ServedComparisons:
    """May be asked from any thread."""

    def __init__(self, settings: ClickHouseSettings, profile: Profile) -> None:
        self._settings, self._profile = settings, profile
        self._kept = Remembered(self._read, seconds=FRESH_SECONDS, patience=PATIENCE_SECONDS)

    def get(self) -> Sequence[Comparison] | None:
        """All comparisons of the profile; None where nobody answers in time."""
        return self._kept.get()

    def _read(self) -> Sequence[Comparison] | None:
        from clickhouse_connect.driver.exceptions import Error

        try:
            client = connect(self._settings)
            try:
                return compare(client, self._settings.database, self._profile)
            finally:
                client.close()
        except (Error, ValueError):
            return None
