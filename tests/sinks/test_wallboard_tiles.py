"""Tiles, words and staleness: what the wall says for what the store knows. No browser, no broker."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from infra.settings import resolve_profile
from schemas.profile import Profile
from sinks.wallboard import wording
from sinks.wallboard.broadcast import QUEUE, RING, Broadcast
from sinks.wallboard.reconciled import Reconciled
from sinks.wallboard.staleness import LIVE, NEVER, OLD, of_source
from sinks.wallboard.state import Board, SourceState, Today
from sinks.wallboard.store import Cell
from sinks.wallboard.tiles import TILES, all_tiles
from sinks.wallboard.tiles.permits import percentile
from sinks.wallboard.typescale import font_vh


@pytest.fixture(scope="module")
def profile() -> Profile:
    return Profile.load(resolve_profile("contoh"))


@pytest.fixture
def today(profile: Profile) -> Today:
    return Today(datetime(2026, 11, 24, 10, 0, tzinfo=profile.timezone))  # a Tuesday, in working hours


def put(
    board: Board, metric: str, amount: int, dimension: str = "total", value: str = "", day: str = "2026-11-24"
) -> None:
    board.store.put([Cell(metric, dimension, value, day, "t", 0, amount, 1)])


def tile(board: Board, today: Today, name: str) -> dict[str, object]:
    return next(t for t in all_tiles(board, today) if t["id"] == name)


def alert(number: int, **changes: object) -> dict[str, object]:
    base = {
        "alert_id": f"a{number}", "revision": 1, "status": "raised", "rule": "P01", "level": "breach", "scope": "",
        "permit_type": "PBG", "unit": "PUPR-CK", "first_at": 1_794_000_000_000, "evidence": [{"kind": "accepted"}],
    }  # fmt: skip
    return {**base, **changes}


@pytest.mark.parametrize(
    ("rupiah", "parts"),
    [
        (0, ("0", "")),
        (999_999, ("999.999", "")),
        (1_250_000, ("1,25", "juta")),
        (41_230_000, ("41,2", "juta")),
        (412_300_000_000, ("412", "miliar")),
        (3_420_000_000_000, ("3,42", "triliun")),
    ],
)
def test_money_in_three_figures_and_a_word(rupiah: int, parts: tuple[str, str]) -> None:
    assert wording.rupiah_parts(rupiah) == parts


def test_words_are_indonesian() -> None:
    assert wording.rupiah_exact(-1_234_567) == "-Rp1.234.567"
    assert wording.percent(834, 1000) == "83,4%"
    assert wording.percent(1, 0) == wording.MISSING
    assert wording.signed(-3) == "−3"


def test_nothing_known_is_a_dash_with_a_reason_never_a_zero(profile: Profile, today: Today) -> None:
    for shown in all_tiles(Board(profile), today):
        if shown["id"] == "pelaporan":
            continue
        assert shown["headline"]["display"] == "—", shown["id"]
        if shown["id"] == "perhatian":
            assert shown["note"] == "Belum ada data perizinan."
            continue
        assert shown["headline"]["unit"] == "belum ada data"
        assert shown["state"] == NEVER


def test_a_day_nobody_reported_is_missing_and_a_reported_one_is_zero(profile: Profile, today: Today) -> None:
    board = Board(profile)
    put(board, "revenue.received", 5, day="2026-11-20")
    put(board, "revenue.received", 5, "account_group", "4.1", day="2026-11-20")
    assert tile(board, today, "penerimaan")["headline"]["unit"] == "belum ada laporan hari ini"  # type: ignore[index]
    source = next(s for s in profile.sources.values() if s.domain == "revenue")
    board.hear(source.id, int(today.now.timestamp() * 1000), 0)
    assert tile(board, today, "penerimaan")["headline"]["display"] == "0"  # type: ignore[index]


def test_own_revenue_transfers_and_other_are_never_one_figure(profile: Profile, today: Today) -> None:
    board = Board(profile)
    for group, amount in (("4.1", 10), ("4.2", 200), ("4.3", 3000)):
        put(board, "revenue.received", amount, "account_group", group)
    put(board, "revenue.received", 3210)
    assert tile(board, today, "penerimaan")["headline"]["value"] == 10  # type: ignore[index]


def outcome(**changes: object) -> Reconciled:
    base = {
        "domain": "budget", "report": "LRA", "since": "2026-01-01", "as_of": "2026-09-30", "agrees": True,
        "differences": {"": 0, "pagu": 0}, "figures": {"budget.realised": 500},
    }  # fmt: skip
    return Reconciled(**{**base, **changes})  # type: ignore[arg-type]


def test_the_tile_says_how_it_compares_with_the_official_report(profile: Profile, today: Today) -> None:
    known: list[Reconciled] = []
    board = Board(profile, reconciled=lambda: known)
    put(board, "budget.realised", 500, day="2026-03-01")
    put(board, "budget.ceiling", 900)

    def said(name: str = "anggaran") -> list[tuple[str, str]]:
        return [(one["text"], one["tone"]) for one in tile(board, today, name)["reconciled"]]  # type: ignore[attr-defined]

    assert said() == []
    known.append(outcome())
    assert said() == [("cocok dengan LRA per 30 September 2026", "")]
    known.append(outcome(as_of="2026-08-31", agrees=False))
    known.append(outcome(as_of="2025-12-31", agrees=False))
    assert said() == [("cocok dengan LRA per 30 September 2026", "")], "the newest of this year holds"
    known.append(outcome(agrees=False, differences={"": 1_250_000, "pagu": 7}))
    assert said() == [("selisih Rp1,25 juta dengan LRA per 30 September 2026", "warn")]
    known.append(outcome(agrees=False, differences={"": 0, "pagu": 7}))
    assert said() == [("pagu selisih Rp7 dengan LRA per 30 September 2026", "warn")]
    known.append(
        outcome(domain="revenue", report="daftar setoran", agrees=False, differences={"": 0}, figures={})
    )
    put(board, "revenue.received", 1)
    assert said("penerimaan") == [("tanggal berbeda dengan daftar setoran per 30 September 2026", "warn")]
    known.append(outcome())
    put(board, "budget.realised", 501, day="2026-03-01")
    assert said() == [("cocok dengan LRA per 30 September 2026, lalu angkanya berubah", "warn")]


def test_attention_gathers_open_breaches_severe_first_and_at_most_five(
    profile: Profile, today: Today
) -> None:
    board = Board(profile)
    units = list(profile.units)[:7]
    for number, unit in enumerate(units):
        for copy in range(number + 1):
            board.put_alert(alert(100 * number + copy, unit=unit))
    board.put_alert(alert(1, unit=units[0], level="severe", revision=2))
    board.put_alert(alert(9000, unit=units[6], evidence=[{"kind": "accepted"}, {"kind": "issued"}]))
    board.put_alert(alert(9001, unit=units[6], level="warning"))
    board.put_alert(alert(9002, unit=units[6], status="withdrawn"))
    shown = tile(board, today, "perhatian")
    lines = shown["lines"]
    assert len(lines) == 5  # type: ignore[arg-type]
    assert lines[0]["tone"] == "bad"  # type: ignore[index]
    assert lines[0]["where"] == profile.units[units[0]].short  # type: ignore[index]
    assert [entry["count"] for entry in lines[1:]] == [7, 6, 5, 4]  # type: ignore[index]
    assert "KKN" not in json.dumps(shown)


def test_only_lateness_that_is_delivered_stands_on_the_wall(profile: Profile, today: Today) -> None:
    board = Board(profile, observed=lambda: observed)
    observed: set[str] = set()
    board.put_alert(alert(1))
    board.put_alert(alert(2, rule="P06", level="severe"))
    assert tile(board, today, "perhatian")["headline"]["value"] == 1  # type: ignore[index]
    observed.add("P01")
    assert tile(board, today, "perhatian")["lines"] == []


def test_waiting_is_named_by_department_and_applicant(profile: Profile, today: Today) -> None:
    board = Board(profile)
    put(board, "permits.entered", 9)
    for holder, cases in (("PUPR-CK", 30), ("PUPR-TR", 11), ("DLH-TL", 12), ("applicant", 3)):
        put(board, "permits.waiting", cases, "holder", holder)
    assert tile(board, today, "perizinan")["note"] == "menunggu di: PUPR 41, DLH 12, pemohon 3"


def test_percentile_from_log_buckets() -> None:
    assert percentile({}, 0.9) is None
    assert percentile({100: 9, 200: 1}, 0.9) == pytest.approx(7.38, rel=0.02)


def test_silence_outside_working_hours_is_not_stale(profile: Profile) -> None:
    source = next(s for s in profile.sources.values() if s.cadence_minutes < 240)
    zone = profile.timezone

    def at(*when: int) -> int:
        return int(datetime(*when, tzinfo=zone).timestamp() * 1000)  # type: ignore[arg-type]

    friday_close = at(2026, 11, 20, 16, 20)
    heard = SourceState(heard_at=friday_close)
    assert of_source(source, heard, profile, at(2026, 11, 22, 2, 0)) == LIVE  # Sunday night
    assert of_source(source, heard, profile, at(2026, 11, 24, 15, 0)) == OLD  # Tuesday afternoon
    assert of_source(source, None, profile, friday_close) == NEVER


def test_every_tile_names_itself_and_fits_the_delta_budget(profile: Profile, today: Today) -> None:
    board = Board(profile)
    for number in range(40):
        board.put_alert(alert(number, unit=list(profile.units)[number % 6], permit_type=f"T{number % 9}"))
    tiles = all_tiles(board, today)
    assert [t["id"] for t in tiles] == list(TILES)
    assert all(len(json.dumps(t)) < 2000 for t in tiles)


def test_type_sizes_are_those_of_the_guide() -> None:
    assert font_vh(16, 55, 5) == pytest.approx(4.7, abs=0.05)
    assert font_vh(20, 75, 5) == pytest.approx(4.3, abs=0.05)


def test_stream_resumes_inside_the_ring_and_starts_over_outside() -> None:
    broadcast = Broadcast()
    for number in range(1, 4):
        broadcast.update([{"id": "a", "n": number}], {"now": number})
    _client, missed = broadcast.join(f"{broadcast.epoch}-1")
    assert [message.event for message in missed] == ["delta", "delta"]
    assert broadcast.join("other-1")[1][0].event == "snapshot"
    for number in range(RING + 10):
        broadcast.update([{"id": "a", "n": f"x{number}"}], {})
    assert broadcast.join(f"{broadcast.epoch}-1")[1][0].event == "snapshot"


def test_a_slow_client_gets_a_snapshot_and_blocks_nobody() -> None:
    broadcast = Broadcast()
    slow, _ = broadcast.join(None)
    for number in range(QUEUE + 5):
        broadcast.update([{"id": "a", "n": number}], {})
    assert slow.lost
    while not slow.queue.empty():
        slow.queue.get_nowait()
    broadcast.update([{"id": "a", "n": "last"}], {})
    message = slow.queue.get_nowait()
    assert message is not None
    assert message.event == "snapshot"


def luminance(colour: str) -> float:
    def channel(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)


@pytest.mark.parametrize("ink", ["#f2f6fa", "#b6c4d4", "#5cc8bd", "#ffb84d", "#ff8f87"])
def test_contrast_of_the_wall_is_at_least_seven_to_one(ink: str) -> None:
    from sinks.wallboard.app import HERE

    assert ink in (HERE / "static" / "papan.css").read_text()
    for ground in ("#0a121d", "#121e2d"):
        ratio = (luminance(ink) + 0.05) / (luminance(ground) + 0.05)
        assert ratio >= 7, (ink, ground, ratio)
