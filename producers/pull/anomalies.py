"""What a row does that its watermark does not tell: judged once, when it is first seen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Kind(StrEnum):
    """The kinds of anomalies, by the names they have in JSON."""

    SILENT = "changed-without-watermark"
    VANISHED = "vanished"
    REAPPEARED = "reappeared"
    LATE = "late"
    CLOCK = "clock-set-back"
    MOVED = "moved"
    CHANGED = "changed-not-sent"


WORDS: Mapping[str, str] = MappingProxyType(
    {
        Kind.SILENT: "isi berubah, penandanya tidak",
        Kind.VANISHED: "baris hilang dari tabel; kejadiannya tetap ada di bus",
        Kind.REAPPEARED: "baris yang hilang muncul lagi",
        Kind.LATE: "muncul terlambat, di bawah penanda tertinggi yang sudah dibaca",
        Kind.CLOCK: "penanda jauh di bawah yang tertinggi atau mundur; jam diputar mundur",
        Kind.MOVED: "baris pindah ke berkas lain; pembetulan antarberkas tidak ada dalam kontrak, tidak dikirim",
        Kind.CHANGED: "isi berubah; menurut on_change hanya dilaporkan",
    }
)


class Known(NamedTuple):
    """What is remembered of a row: hash of its content, watermark as a number, id of its last event, hash of its
    Kafka key, and whether it was gone."""

    hash: bytes
    mark: int | None
    event: bytes
    place: bytes
    gone: bool


class Horizon(NamedTuple):
    """Where reading stood when a pass began: the watermark it goes on from, the highest one ever (another, after a clock
    was set back), the highest key (all None before the first reading is done), and the overlap, in the unit of the
    watermark."""

    mark: int | None
    highest: int | None
    key: int | None
    overlap: int


def judged(
    known: Known | None, hash_: bytes, mark: int | None, key: int | str, horizon: Horizon
) -> Kind | None:
    """The anomaly that a row shows, compared with what is known of it; None where it shows none."""
    newest = isinstance(key, int) and horizon.key is not None and key > horizon.key
    # A row that is not the newest by its key is older than the clock that was set back.
    floor = horizon.highest if known is None and isinstance(key, int) and not newest else horizon.mark
    late = floor is not None and (not newest if mark is None else mark < floor)
    if known is None:
        far = horizon.mark is not None and mark is not None and mark < horizon.mark - horizon.overlap
        return (Kind.CLOCK if newest and far else Kind.LATE) if late else None
    if known.gone:
        return Kind.REAPPEARED
    if known.mark is not None and mark is not None and mark < known.mark:
        return Kind.CLOCK
    if hash_ == known.hash:
        return None
    if mark == known.mark:
        return Kind.SILENT
    return Kind.LATE if late else None
