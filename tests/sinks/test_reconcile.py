"""`nadi reconcile` on published events: through Kafka, the worker and the sink into ClickHouse, and back to the rupiah."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from board_stack import BoardStack, eventually
from click.testing import Result
from typer.testing import CliRunner

from infra.cli.main import build
from infra.reconciliation.outcomes import Outcomes
from sinks.clickhouse.client import connect

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

HEALTH, SCHOOL = "1.02.01", "1.01.01"
SALARY, PAPER = "5.1.01.01.01.0001", "5.1.02.01.01.0024"
AS_OF = ("--as-of", "2026-09-30")


def at(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T10:00:00+07:00").timestamp() * 1000)


def budget(day: str, kind: str, amount: int, account: str, opd: str = HEALTH, **more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()), "source": f"/opd/{opd}/sipd", "opd": opd, "occurred_at": at(day), "kind": kind,
        "fiscal_year": 2026, "sub_activity": f"{opd}.2.02.0001", "account": account, "amount": amount, **more,
    }  # fmt: skip


def revenue(day: str, kind: str, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()), "source": "/opd/5.02.01/penerimaan", "opd": "5.02.01", "occurred_at": at(day),
        "kind": kind, "cash_office": "BPD", "account": "4.1.02.02.01.0003", "amount": amount, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def stack(kafka: Any, engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardStack]:
    stack = BoardStack(kafka.settings(kafka.layout()), engine_url, tmp_path_factory.mktemp("reconcile"))
    salary = budget("2026-03-02", "sp2d", 700_000, SALARY, disbursement_type="LS")
    stack.publish(
        "budget",
        budget("2026-01-05", "ceiling", 1_000_000, SALARY, ceiling_stage="APBD"),
        budget("2026-07-01", "ceiling", 1_200_000, SALARY, ceiling_stage="SHIFT"),
        budget("2026-11-02", "ceiling", 1_300_000, SALARY, ceiling_stage="APBD-P"),
        budget("2026-01-05", "ceiling", 500_000, PAPER, ceiling_stage="APBD"),
        salary,
        salary,  # the sender tried again
        budget(
            "2026-03-09",
            "sp2d",
            600_000,
            SALARY,
            disbursement_type="LS",
            corrects=salary["event_id"],
            correction_reason="salah jumlah",
        ),
        budget("2026-04-01", "sp2d", 90_000, PAPER, disbursement_type="TU"),
        budget("2026-05-01", "accounting", 80_000, PAPER, disbursement_type="TU"),
        budget("2026-06-01", "sp2d", 30_000, PAPER, opd=SCHOOL, disbursement_type="GU"),
        budget("2026-06-09", "return", 5_000, PAPER, opd=SCHOOL, disbursement_type="GU"),
        budget("2026-10-01", "sp2d", 999, PAPER, disbursement_type="LS"),
    )
    wrong = revenue("2026-09-01", "deposit", 10, deposit_number="STS-1")
    stack.publish(
        "revenue",
        revenue("2026-09-01", "receipt", 1_000_000),
        revenue("2026-09-02", "void", 1_000),
        wrong,
        revenue(
            "2026-09-01",
            "deposit",
            600_000,
            deposit_number="STS-1",
            corrects=wrong["event_id"],
            correction_reason="salah jumlah",
        ),
        revenue("2026-09-02", "deposit", 399_000, deposit_number="STS-2"),
        revenue("2026-09-03", "deposit", 7),
    )
    stack.start("stream", "sink")
    client = connect(stack.clickhouse)

    def total(metric: str) -> int:
        sql = f"SELECT sum(amount) FROM {stack.clickhouse.database}.aggregates FINAL WHERE metric = '{metric}' AND dimension = 'total'"
        return int(client.query(sql).result_rows[0][0])

    try:
        eventually("the budget's figures", lambda: total("budget.realised") == 705_999, 120)
        eventually("the ceilings", lambda: total("budget.ceiling") == 1_800_000)
        eventually("the deposits", lambda: total("revenue.deposited") == 999_007)
        for table, rows in (("budget_disbursements", 11), ("revenue_receipts", 6)):
            sql = f"SELECT countIf(NOT is_repeat) FROM {stack.clickhouse.database}.{table}"
            eventually(table, lambda sql=sql, rows=rows: client.query(sql).result_rows[0][0] == rows)
        yield stack
    finally:
        client.close()
        stack.close()


@pytest.fixture
def reconcile(
    stack: BoardStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Result, Any]]:
    """Runs the command on a text as a CSV file, or on a file; gives its result and its JSON."""
    monkeypatch.setenv("NADI_CLICKHOUSE__DATABASE", stack.clickhouse.database)
    monkeypatch.setenv("NADI_DATA_DIR", str(tmp_path / "data"))

    def run(domain: str, report: str | Path, *options: str, as_json: bool = True) -> tuple[Result, Any]:
        path = report if isinstance(report, Path) else tmp_path / "laporan.csv"
        if isinstance(report, str):
            path.write_text(report, "utf-8")
        words = [
            "reconcile",
            domain,
            str(path),
            "--url",
            stack.engine_url,
            *options,
            *(["--json"] if as_json else []),
        ]
        done = CliRunner().invoke(build(), words, env={"COLUMNS": "200"})
        return done, json.loads(done.stdout) if as_json and done.stdout.startswith("{") else None

    return run


def of(found: dict[str, Any], status: str) -> list[tuple[Any, ...]]:
    return [
        (line["measure"], *line["key"].values(), line["ours"], line["theirs"])
        for line in found["lines"]
        if line["status"] == status
    ]


def workbook(path: Path, *rows: list[Any]) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return path


def test_a_report_of_accounts_agrees_with_the_published_figures(reconcile: Any, tmp_path: Path) -> None:
    lra = "Kode Rekening;Anggaran;Realisasi\n5;1.700.000,00;705.000,00\n{};1.200.000;600.000\n{};500.000;105.000\n"
    done, found = reconcile("budget", lra.format(SALARY, PAPER), *AS_OF)
    assert done.exit_code == 0, done.output
    assert found["agrees"] is True
    assert found["totals"]["ceiling"] == {"ours": 1_700_000, "theirs": 1_700_000, "apart": 0, "difference": 0}
    (kept,) = Outcomes(tmp_path / "data").entries()
    assert (kept.agrees, kept.as_of, kept.sha256) == (True, "2026-09-30", found["sha256"])
    done, found = reconcile("budget", lra.format(SALARY, PAPER), "--as-of", "2026-10-01")
    assert done.exit_code == 1
    assert of(found, "differs") == [
        ("realised", "5", 705_999, 705_000),
        ("realised", PAPER, 105_999, 105_000),
    ]


def test_lines_of_departments_and_sub_activities_are_recounted_from_events(
    reconcile: Any, tmp_path: Path
) -> None:
    rows = [
        ["LAPORAN REALISASI ANGGARAN"],
        ["Kode SKPD", "Kode Sub Kegiatan", "Kode Rekening", "Anggaran", "Realisasi"],
        [HEALTH, f"{HEALTH}.2.02.0001", SALARY, 1_200_000, 600_000],
        [HEALTH, f"{HEALTH}.2.02.0001", PAPER, 500_000, 80_000],
        [SCHOOL, f"{SCHOOL}.2.02.0001", PAPER, 0, 25_000],
    ]
    done, found = reconcile("budget", workbook(tmp_path / "lra.xlsx", *rows), *AS_OF)
    assert done.exit_code == 0, done.output
    assert found["totals"]["realised"]["ours"] == 705_000
    rows[4][4] = 25_001
    done, found = reconcile("budget", workbook(tmp_path / "lra.xlsx", *rows), *AS_OF)
    assert done.exit_code == 1
    assert of(found, "differs") == [("realised", PAPER, SCHOOL, f"{SCHOOL}.2.02.0001", 25_000, 25_001)]
    assert found["lines"][0]["rows"] == [5]


def test_one_department_is_compared_with_itself_alone(reconcile: Any) -> None:
    done, found = reconcile("budget", f"Kode;Realisasi\n{PAPER};25.000\n", *AS_OF, "--opd", SCHOOL)
    assert done.exit_code == 0, done.output
    assert found["opd"] == SCHOOL
    done, found = reconcile("budget", f"Kode;Realisasi\n{PAPER};25.000\n", *AS_OF)
    assert of(found, "differs") == [("realised", PAPER, 105_000, 25_000)]
    assert of(found, "only_ours") == [("realised", SALARY, 600_000, None)]


def test_revenue_and_its_deposits(reconcile: Any, tmp_path: Path) -> None:
    done, found = reconcile("revenue", "Kode Rekening;Realisasi\n4.1;999.000\n4.2;0\n", *AS_OF)
    assert done.exit_code == 0, done.output
    deposits = workbook(
        tmp_path / "rkud.xlsx",
        ["Tanggal", "Nomor STS", "Kredit"],
        [date(2026, 9, 1), "STS-1", 600_000],
        [date(2026, 9, 3), "STS-2", 399_000],
        [date(2026, 9, 3), "STS-9", 5],
    )
    done, found = reconcile("revenue", deposits)
    assert done.exit_code == 1
    assert (found["report"], found["since"], found["as_of"]) == (
        "revenue.deposits",
        "2026-09-01",
        "2026-09-03",
    )
    assert of(found, "agrees") == [("amount", "STS-1", 600_000, 600_000)]
    assert of(found, "other_day") == [("amount", "STS-2", 399_000, 399_000)]
    assert of(found, "only_theirs") == [("amount", "STS-9", None, 5)]
    assert of(found, "only_ours") == [("amount", "", 7, None)]
    done, found = reconcile("revenue", deposits, "--opd", SCHOOL)
    assert [line["status"] for line in found["lines"]] == ["only_theirs"] * 3


def test_people_read_differences_first_and_get_a_workbook(reconcile: Any, tmp_path: Path) -> None:
    target = tmp_path / "selisih.xlsx"
    lra = f"Kode;Realisasi\n{SALARY};600.000\n{PAPER};105.001\n"
    done, _ = reconcile("budget", lra, *AS_OF, "--output", str(target), as_json=False)
    assert done.exit_code == 1
    assert "DATA SIMULASI" in done.output
    lines = [line for line in done.output.splitlines() if "│" in line]
    assert "selisih" in lines[0]
    assert "-Rp1" in lines[0]
    assert "cocok" in lines[1]
    assert (
        "1 baris berbeda dengan LRA, 1 Januari 2026 sampai 30 September 2026; perlu klarifikasi."
        in done.output
    )
    from producers.files import read_rows

    header, rows = read_rows(target)
    assert header == ["Hal", "Nilai"]
    said = {row.values["Hal"]: row.values["Nilai"] for row in rows}
    assert "DATA SIMULASI" in said
    assert (said["Selisih realisasi"], said["Baris berbeda"]) == (-1, 1)


def test_nothing_is_left_behind_by_what_cannot_be_compared(reconcile: Any, tmp_path: Path) -> None:
    target = tmp_path / "selisih.xlsx"
    good = f"Kode;Realisasi\n{PAPER};105.000\n"
    for report, options, said in (
        (good.replace("105.000", "seratus"), AS_OF, "kolom Realisasi: 'seratus' bukan bilangan bulat"),
        (good, (), "nyatakan --as-of"),
        (good, (*AS_OF, "--url", "http://127.0.0.1:1"), "ClickHouse"),
    ):
        done, _ = reconcile("budget", report, *options, "--output", str(target))
        assert done.exit_code == 1, done.output
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert reconcile("permits", good, *AS_OF)[0].exit_code == 2
    assert reconcile("budget", good, *AS_OF, "--opd", "9.99")[0].exit_code == 2
    assert not target.exists()
    assert Outcomes(tmp_path / "data").entries() == []
