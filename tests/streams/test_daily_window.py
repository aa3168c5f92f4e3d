"""What a rule about money found stands when it no longer looks back so far, and nothing has spoken against it."""

from __future__ import annotations

import pytest

from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context
from streams.rules import rules
from streams.rules.examples import PAYEE, on
from streams.rules.rule import Example
from streams.rules.trial import example_profile
from streams.rules.trial_events import arrivals, chunk_of, instant


@pytest.mark.parametrize(("again", "stands"), [("2025-08-01", False), ("2026-08-01", True)])
def test_an_old_finding_is_not_withdrawn_because_its_papers_are_old(again: str, stands: bool) -> None:
    """The package is announced anew with a lawful ceiling: within the window that speaks against the finding, after it
    another package does not."""
    profile = example_profile()

    def package(day: str, name: str, millions: int) -> tuple[str, str, dict[str, object]]:
        return on(
            f"{day} 09:00", "package", package_id=name, package_method="direct", package_kind="goods",
            package_ceiling=millions * 1_000_000, procured_at=f"{day} 09:00", payee_token=PAYEE,
        )  # fmt: skip

    example = Example(
        "found",
        (package("2025-01-10", "P1", 900), package(again, "P2" if stands else "P1", 50)),
        "found",
    )
    chunk = chunk_of("budget", arrivals("budget", example, profile), 0)
    processor = Regency(Context(profile))
    processor.process(merge([Rows.of("budget", chunk)], chunk.clock + 1))
    processor.advance(instant(f"{again} 23:59", profile) + 86_400_000)
    (alert,) = [a for a in processor.alerts.records().values() if a["rule"] == "B04"]
    assert rules()["B04"].window == 400
    assert (alert["status"] != "withdrawn") is stands


def test_a_gap_of_the_year_before_stands_when_that_year_is_past() -> None:
    """The book is used on: from February nothing can be said of the year before, and a receipt that comes before then ends
    the alert."""
    profile = example_profile()

    def receipt(day: str, number: int, arrives: str = "") -> tuple[str, str, dict[str, object]]:
        return on(
            f"{day} 09:00", "receipt", amount=50_000, receipt_book="B1", receipt_number=f"B1-{number:05d}",
            arrives=f"{arrives or day} 10:00",
        )  # fmt: skip

    def standing(*late: tuple[str, str, dict[str, object]]) -> list[str]:
        used = (receipt("2025-06-05", 1), receipt("2025-06-05", 3), receipt("2026-03-02", 1))
        example = Example("found", (*used, *late), "found")
        chunk = chunk_of("revenue", arrivals("revenue", example, profile), 0)
        processor = Regency(Context(profile))
        processor.process(merge([Rows.of("revenue", chunk)], chunk.clock + 1))
        processor.advance(instant("2026-03-05 01:00", profile))
        alerts = [a for a in processor.alerts.records().values() if a["rule"] == "R05"]
        return [a["scope"] for a in alerts if a["status"] != "withdrawn"]

    assert standing() == ["celah 2025"]
    assert standing(receipt("2025-06-05", 2, "2025-07-01")) == []


def test_a_commit_of_refused_rows_alone_changes_nothing_in_the_ledger() -> None:
    """The case task has set them aside; the regency task must go on."""
    profile = example_profile()
    example = Example("found", (on("2025-01-10 09:00", "receipt", amount=10**15),), "found")
    chunk = chunk_of("revenue", arrivals("revenue", example, profile), 0)
    processor = Regency(Context(profile))
    processor.process(merge([Rows.of("revenue", chunk)], chunk.clock + 1))
    assert processor.stores["ledger.revenue"].changes() is None
    assert list(processor.stores["ledger.revenue"].freeze()) == []
