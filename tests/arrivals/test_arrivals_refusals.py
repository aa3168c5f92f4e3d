"""The file of refusals: bounded, without numbers of persons, and never in the way of an answer."""

from __future__ import annotations

from pathlib import Path

from producers.gateway.envelope import Envelope
from producers.gateway.problems import FieldError, Problem
from producers.gateway.refusals import DAY_MS, KEPT, KEPT_DAYS, MOST_EACH, SHOWN, Refusals, refused_in

NOW = 1_795_842_000_000
SOURCE, OPD = "/opd/2.18.01/perizinan", "2.18.01"
NIK = "3201234501900001"


def event(source: str = SOURCE) -> Envelope:
    return Envelope(id=f"surat {NIK}", source=source, type="t")


def fields(detail: str = "wajib diisi") -> Problem:
    return Problem("fields", errors=[FieldError("/data/amount", detail)])


def test_all_are_counted_and_the_last_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "gateway" / "arrivals.db"
    kept = Refusals(path, NOW, [SOURCE])
    for number in range(KEPT // MOST_EACH + 2):
        kept.add(OPD, "k", False, [(event(), fields())] * 100, NOW + number)
    kept.add(OPD, "k", True, [(event(), fields())], NOW)
    kept.add(OPD, "k", False, [(event("/opd/2.18.01/lain"), fields())], NOW)
    sent = 100 * (KEPT // MOST_EACH + 2)
    assert kept.counts(NOW) == {(OPD, SOURCE): sent, (OPD, ""): 1}
    assert refused_in(path, NOW) == kept.counts(NOW)
    assert refused_in(tmp_path / "nowhere.db", NOW) is None
    assert len(kept.of(OPD)) == SHOWN
    assert [one.sandbox for one in kept.of(OPD, sandbox=True)] == [True]
    assert kept.of("5.02.02") == []
    again = Refusals(path, NOW + DAY_MS, [SOURCE])
    assert again.since == NOW
    later = NOW + (KEPT_DAYS + 1) * DAY_MS
    again.add(OPD, "k", False, [(event(), fields())], later)
    assert len(again.of(OPD)) == 1
    assert again.counts(later) == {(OPD, SOURCE): 1}


def test_numbers_of_persons_are_masked(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.db"
    kept = Refusals(path, NOW, [SOURCE])
    kept.add(OPD, "k", False, [(event(f"/opd/{NIK}"), fields(f"diterima {NIK}"))], NOW)
    assert NIK not in str(kept.of(OPD))
    assert not any(NIK.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_a_file_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "arrivals.db").write_bytes(b"this is no database " * 100)
    kept = Refusals(tmp_path / "arrivals.db", NOW, [SOURCE])
    kept.add(OPD, "k", False, [(event(), fields())], NOW)
    assert len(kept.of(OPD)) == 1
    assert refused_in(tmp_path / "arrivals.db", NOW) is None
