"""The seam for planted irregularities: a Plant sees every group of events before it leaves the simulator.

None is built here; the simulated regency is honest.
"""

from __future__ import annotations

from typing import Protocol

from producers.simulator.world import Group


class Plant(Protocol):
    """Changes what happens. Called once a group, in order of start, with nothing but the group to go by."""

    def apply(self, group: Group) -> Group:
        """The group as it should happen: events changed, added or left out, none before ``group.start``."""
