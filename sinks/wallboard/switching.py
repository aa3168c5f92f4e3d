"""Figures that were computed anew are shown when all of them are here, and not a part at a time.

A task publishes what it computed anew in one transaction, with the next rebuild number, and every partition's task does so
at its own moment. Until a partition's transaction was read to its end, and those of the other partitions too, the figures
from before stand on the board. Pure: no clock, no input or output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.version import unpack
from sinks.wallboard.store import Cell

#: Partitions of one topic; a topic and partition of the events behind a figure.
Place = tuple[str, int]
#: A partition that is not computed anew in this time (a worker is away) is not waited for.
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Switching:
    """Cells go in by ``sift``, which gives back those to be shown now; ``at_end`` hears that aggregates were read to
    their end, ``due`` gives what no longer waits. ``now`` is seconds of a clock that never goes back."""

    _numbers: dict[Place, int] = field(default_factory=dict)
    _mixed: set[str] = field(default_factory=set)
    _waiting: dict[Place, list[Cell]] = field(default_factory=dict)
    _whole: set[Place] = field(default_factory=set)
    _since: dict[str, float] = field(default_factory=dict)

    def learn(self, cells: Iterable[Cell]) -> list[Cell]:
        """Cells that do not wait for others: the first picture, and what has waited."""
        found = list(cells)
        for cell in found:
            place = cell.source_topic, cell.source_partition
            number = unpack(cell.version).rebuild
            known = self._numbers.setdefault(place, number)
            if number != known:
                self._mixed.add(cell.source_topic)
                self._numbers[place] = max(number, known)
        return found

    def level(self) -> bool:
        """Whether the partitions of each topic have one number; otherwise some of them are still to be computed anew."""
        of_topic: dict[str, int] = {}
        return all(
            number == of_topic.setdefault(topic, number) for (topic, _), number in self._numbers.items()
        )

    def settled(self) -> bool:
        """Whether nothing that was learned lies between two numbers: it can be shown before its topics are read."""
        return not self._mixed and self.level()

    def sift(self, cells: Iterable[Cell], now: float) -> list[Cell]:
        """Those of the cells that do not wait."""
        shown = []
        for cell in cells:
            place = cell.source_topic, cell.source_partition
            waiting = self._waiting.get(place)
            if waiting is None and unpack(cell.version).rebuild <= self._numbers.setdefault(
                place, unpack(cell.version).rebuild
            ):
                shown.append(cell)
            elif waiting is None:
                self._waiting[place] = [cell]
                self._since.setdefault(place[0], now)
            else:
                waiting.append(cell)
        return shown

    def at_end(self, place: Place) -> None:
        """The partition to which the figures of a place are written was read to its end: what waits of it is whole."""
        if place in self._waiting:
            self._whole.add(place)

    def due(self, now: float) -> list[Cell]:
        """What no longer waits: of topics of which every partition is whole, or the patience is at an end."""
        shown: list[Cell] = []
        for topic, since in list(self._since.items()):
            places = [place for place in self._numbers if place[0] == topic]
            if all(place in self._whole for place in places) or now - since > PATIENCE_SECONDS:
                for place in places:
                    self._whole.discard(place)
                    shown.extend(self.learn(self._waiting.pop(place, [])))
                del self._since[topic]
        return shown

    @property
    def busy(self) -> bool:
        """Whether anything waits."""
        return bool(self._since)
