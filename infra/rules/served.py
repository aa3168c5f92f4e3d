"""The rules' pages as the inspectorate serves them: made when asked for, their figures asked for once a minute."""

from __future__ import annotations

from datetime import date
from functools import partial

from infra.rules.counts import counts
from infra.rules.fences import frozen
from infra.rules.remembered import Remembered
from infra.rules.site import Figures, Site
from infra.rules.states import States
from infra.settings import Settings
from schemas.profile import Profile
from streams.rules import rules

FIGURES_SECONDS = 60.0
#: A page is shown without what has not come by then.
PATIENCE_SECONDS = 3.0


def served_link(name: str) -> str:
    """Addresses under the inspectorate's pages."""
    return f"/aturan/{name}"


class Served:
    """Pages by rule id; may be asked from any thread."""

    def __init__(self, settings: Settings, profile: Profile, states: States) -> None:
        self._site = Site(profile, states, served_link, home="/")
        self._counts = Remembered(
            partial(counts, settings), seconds=FIGURES_SECONDS, patience=PATIENCE_SECONDS
        )
        self._fences = Remembered(
            partial(frozen, settings, profile), seconds=FIGURES_SECONDS, patience=PATIENCE_SECONDS
        )

    def page(self, name: str, day: date | None = None) -> str | None:
        """A rule's page with the fences of a local day, by default the last; the index for "", None where there is no
        such rule."""
        rule = rules().get(name)
        fences = self._fences.get() if rule is not None and rule.fences else None
        return self._site.page(name, Figures(self._counts.get(), fences), day)
