"""The tiles of the wallboard: one function each, from the board's state to what is shown.

A tile is a plain dictionary: ``id, title, headline {value, display, unit}, note, bar {share, mark, label} | None,
rows [{label, display, tone}], lines [...], reconciled [{text, tone}], state, age``. ``value`` is for machines, ``display`` for people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sinks.wallboard.state import Board, Today
from sinks.wallboard.tiles.activities import activities
from sinks.wallboard.tiles.age import mark_age
from sinks.wallboard.tiles.attention import attention
from sinks.wallboard.tiles.budget import budget
from sinks.wallboard.tiles.permits import permits
from sinks.wallboard.tiles.population import population
from sinks.wallboard.tiles.revenue import revenue
from sinks.wallboard.tiles.sources import sources

Tile = Callable[[Board, Today], dict[str, Any]]

#: In the order of the wall; the first is the one the regent starts with.
TILES: dict[str, Tile] = {
    "perhatian": attention,
    "penerimaan": revenue,
    "perizinan": permits,
    "anggaran": budget,
    "kegiatan": activities,
    "penduduk": population,
    "pelaporan": sources,
}


def all_tiles(board: Board, today: Today) -> list[dict[str, Any]]:
    """Every tile, in order."""
    return [mark_age({"id": name, **make(board, today)}, board, today) for name, make in TILES.items()]
