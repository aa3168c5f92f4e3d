"""The rules' pages as the inspectorate serves them: made when asked for, their figures asked for once a minute."""

from __future__ import annotations

import time
from threading import Lock

from infra.rules.counts import counts
from infra.rules.site import Figures, Site
from infra.rules.states import States
from infra.settings import Settings
from schemas.profile import Profile

FIGURES_SECONDS = 60.0


def served_link(name: str) -> str:
    """Addresses under the inspectorate's pages."""
    return f"/aturan/{name}"


class Served:
    """Pages by rule id; may be asked from any thread."""

    def __init__(self, settings: Settings, profile: Profile, states: States) -> None:
        self._settings = settings
        self._site = Site(profile, states, served_link, home="/")
        self._lock = Lock()
        self._figures: tuple[float, Figures] | None = None

    def page(self, name: str) -> str | None:
        """A rule's page, the index for "", None where there is no such rule."""
        return self._site.page(name, self._current())

    def _current(self) -> Figures:
        with self._lock:
            now = time.monotonic()
            if self._figures is None or now - self._figures[0] > FIGURES_SECONDS:
                self._figures = (now, Figures(counts(self._settings)))
            return self._figures[1]
