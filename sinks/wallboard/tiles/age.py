"""How old a tile's figures are, and why a figure is missing: missing is never zero."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.staleness import LIVE, NEVER, OLD, of_source
from sinks.wallboard.state import Board, Today

DOMAINS = {
    "penerimaan": "revenue",
    "perizinan": "permits",
    "anggaran": "budget",
    "kegiatan": "activities",
    "penduduk": "population",
}
#: Tiles whose headline is a figure of one day, which is unknown until somebody reported on that day.
DAILY = frozenset({"penerimaan"})


def mark_age(tile: dict[str, Any], board: Board, today: Today) -> dict[str, Any]:
    """The tile with ``state`` (LANGSUNG, DATA LAMA or BELUM PERNAH) and ``age``, and a dash where nothing is known."""
    domain = DOMAINS.get(tile["id"])
    if domain is None:
        return {**tile, "state": LIVE, "age": ""}
    now = int(today.now.timestamp() * 1000)
    profile = board.profile
    declared = [source for source in profile.sources.values() if source.domain == domain]
    states = {of_source(source, board.sources.get(source.id), profile, now) for source in declared}
    state = LIVE if LIVE in states or not declared else OLD if OLD in states else NEVER
    heard = max((board.sources[s.id].heard_at for s in declared if s.id in board.sources), default=0)
    age = f"per {wording.clock(heard, profile.timezone)}" if heard and state == OLD else ""
    if not tile["known"]:
        return _missing(tile, "belum ada data") | {"state": NEVER, "age": age}
    if (
        tile["id"] in DAILY
        and not tile["headline"]["value"]
        and not _heard_on(heard, board, today)
        and declared
    ):
        tile = _missing(tile, "belum ada laporan hari ini", rows=True)
    return {**tile, "state": state, "age": age}


def _missing(tile: dict[str, Any], why: str, *, rows: bool = False) -> dict[str, Any]:
    """The tile without a headline, and without its figures unless they are known."""
    headline = {"value": None, "display": wording.MISSING, "unit": why}
    return {**tile, "headline": headline} if rows else {
        **tile, "headline": headline, "note": "", "rows": [], "details": [], "bar": None, "spark": []
    }  # fmt: skip


def _heard_on(heard: int, board: Board, today: Today) -> bool:
    return bool(heard) and datetime.fromtimestamp(heard / 1000, board.profile.timezone).date() >= today.on
