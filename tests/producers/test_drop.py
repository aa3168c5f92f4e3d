"""The drop folder on a real broker: whole or not at all, once, and the same after a kill anywhere."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from infra.settings import resolve_profile
from producers.drop.folder import DropFolder, FolderInUseError, Settled
from producers.drop.work import Worker
from producers.tokens import Tokens
from schemas.profile import Profile
from schemas.settings import KafkaSettings
from tests.producers.drop_office import OPD, Office, consumed

HEADER = [
    "Waktu kejadian",
    "Jenis kejadian",
    "Kode kas",
    "Kode rekening",
    "Jumlah",
    "NIK pembayar",
    "Alasan pembatalan",
]
GOOD = [
    "23/11/2026 08.05",
    "penerimaan",
    "BPD",
    "4.1.01.15.01.0001",
    "Rp 1.500.000,00",
    "9901010101900003",
    "",
]
POINTS = (
    "drop-claimed",
    "drop-event:3",
    "drop-event:7",
    "drop-published",
    "drop-recorded",
    "drop-result",
    "drop-moved",
)


def book(path: Path, *rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as made:
        sheet = made.add_worksheet()
        for number, cells in enumerate((HEADER, *rows)):
            sheet.write_row(number, 0, cells)
    return path


@pytest.fixture
def office(kafka: Any, tmp_path: Path) -> Office:
    return Office(tmp_path, kafka.settings(kafka.layout()))


@pytest.mark.kafka
def test_a_file_is_published_whole_once_and_its_equal_is_told(office: Office) -> None:
    book(office.inbox / "kas.xlsx", GOOD, GOOD, [*GOOD[:4], 5, "", "=1+1"])
    code, (outcome,) = office.once()
    assert (code, outcome["status"], outcome["published"]) == (0, "published", 3)
    events = consumed(office.kafka)
    assert sorted(event["amount"] for event in events) == [5, 1_500_000, 1_500_000]
    assert len({event["event_id"] for event in events}) == 3, "two equal rows are two events"
    assert {event["opd"] for event in events} == {OPD}
    assert "9901010101900003" not in str(events)
    rows = office.result(outcome)
    assert {row["ID kejadian"] for row in rows} == {event["event_id"] for event in events}
    assert {row["NIK pembayar"] for row in rows} == {"(nomor, tidak disalin)", None}
    assert rows[2]["Alasan pembatalan"] == "'=1+1"
    assert (office.root / outcome["moved_to"]).is_file()
    assert list(office.inbox.iterdir()) == []
    (office.inbox / "lain nama.xlsx").write_bytes((office.root / outcome["moved_to"]).read_bytes())
    code, (outcome,) = office.once()
    assert (code, outcome["status"]) == (0, "repeat")
    assert "kas.xlsx yang sudah diterbitkan" in outcome["reason"]
    assert len(consumed(office.kafka)) == 3


@pytest.mark.kafka
def test_one_wrong_row_holds_the_file_and_the_result_says_why(office: Office) -> None:
    book(office.inbox / "kas.xlsx", GOOD, [*GOOD[:4], "-5", "9,90101E+15", "@jahat"], [*GOOD[:1], "TOTAL"])
    (office.inbox / "catatan.xlsm").write_bytes(b"x")
    with zipfile.ZipFile(book(office.inbox / "bom.xlsx", GOOD), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/isi.xml", bytes(300 << 20))
    (office.inbox / "belum.xlsx.tmp").write_bytes(b"x")
    (office.root / "kirim" / "9.99.99").mkdir()
    book(office.root / "kirim" / "salah.xlsx", GOOD)
    code, outcomes = office.once()
    assert code == 1
    told = {outcome["file"]: outcome for outcome in outcomes}
    assert {name: outcome["status"] for name, outcome in told.items()} == dict.fromkeys(
        ("kas.xlsx", "catatan.xlsm", "bom.xlsx", "salah.xlsx"), "refused"
    )
    assert "makro" in told["catatan.xlsm"]["reason"]
    assert "tidak dibuka" in told["bom.xlsx"]["reason"]
    assert "letakkan di kirim/OPD/RANAH" in told["salah.xlsx"]["reason"]
    assert told["kas.xlsx"]["rejected"] == 2
    first, second, third = office.result(told["kas.xlsx"])
    assert first["Keterangan kesalahan"] is None
    assert "angka terakhirnya hilang" in second["Keterangan kesalahan"]
    assert second["Alasan pembatalan"] == "'@jahat"
    assert "baris jumlah" in third["Keterangan kesalahan"]
    assert [path.name for path in office.inbox.iterdir()] == ["belum.xlsx.tmp"]
    assert consumed(office.kafka) == []


@pytest.mark.kafka
def test_another_departments_rows_are_refused(office: Office) -> None:
    lines = "source,opd,occurred_at,kind,cash_office,account,amount\n{}/kas,{},2026-11-23T08:00:00+07:00,receipt,BPD,4.1.01.15.01.0001,5\n"
    office.inbox.mkdir(parents=True)
    (office.inbox / "a.csv").write_text(lines.format("/opd/1.02.01", "1.02.01"))
    (office.inbox / "b.csv").write_text(lines.format("/opd/1.02.01", OPD))
    (office.inbox / "c.csv").write_text(lines.format(f"/opd/{OPD}", OPD))
    _, outcomes = office.once()
    assert {outcome["file"]: outcome["status"] for outcome in outcomes} == {
        "a.csv": "refused",
        "b.csv": "refused",
        "c.csv": "published",
    }
    assert len(consumed(office.kafka)) == 1


@pytest.mark.kafka
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_file_arrives_as_if_it_had_not_been(office: Office, point: str) -> None:
    book(office.inbox / "kas.xlsx", *([*GOOD[:4], amount, "", ""] for amount in range(10)))
    code, outcomes = office.once(point)
    assert (code, outcomes) == (-signal.SIGKILL, [])
    code, outcomes = office.once()
    assert code == 0
    assert [outcome["status"] for outcome in outcomes] == ([] if point == "drop-moved" else ["published"])
    events = consumed(office.kafka)
    by_id = {event["event_id"]: event for event in events}
    assert sorted(event["amount"] for event in by_id.values()) == list(range(10))
    assert all(event == by_id[event["event_id"]] for event in events), "a repeat is the same event"
    if point in ("drop-recorded", "drop-result", "drop-moved"):
        assert Counter(event["event_id"] for event in events).most_common(1)[0][1] == 1
    kept = sorted(path.suffix for path in (office.root / "selesai").rglob("*.xlsx"))
    assert len(kept) == 2
    assert list(office.inbox.iterdir()) == []
    assert list((office.root / ".nadi" / "kerja").iterdir()) == []


@pytest.mark.kafka
def test_it_watches_until_it_is_told_to_stop(office: Office) -> None:
    with subprocess.Popen(
        office.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            book(office.inbox / "kas.xlsx", GOOD)
            assert json.loads(process.stdout.readline())["status"] == "published"
            with pytest.raises(FolderInUseError), DropFolder(office.root).held():
                pass
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(consumed(office.kafka)) == 1


@pytest.mark.kafka
def test_a_file_waits_for_one_of_its_name_that_was_begun(office: Office) -> None:
    folder = DropFolder(office.root)
    folder.make_places([(OPD, "revenue")])
    first = book(office.inbox / "kas.xlsx", GOOD)
    first.rename(office.inbox / "kas.xlsx.PROCESSING")  # as a run that was killed left it
    book(office.inbox / "kas.xlsx", [*GOOD[:4], 7])
    assert [dropped.path.name for dropped in folder.files()] == ["kas.xlsx.PROCESSING"]
    assert [outcome["status"] for outcome in office.once()[1]] == ["published"]
    assert [outcome["status"] for outcome in office.once()[1]] == ["published"]
    assert sorted(event["amount"] for event in consumed(office.kafka)) == [7, 1_500_000]
    assert len(list((office.root / "selesai").rglob("*.xlsx"))) == 4


@pytest.mark.kafka
def test_killed_again_and_again_at_any_moment(office: Office) -> None:
    rng = random.Random(7)  # noqa: S311
    amounts = iter(range(100_000))
    for number in range(6):
        book(office.inbox / f"kas-{number}.xlsx", *([*GOOD[:4], next(amounts), "", ""] for _ in range(400)))
    deaths = 0
    for _ in range(10):
        with subprocess.Popen(
            office.command("--once"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(rng.uniform(0.8, 3.0))
            except subprocess.TimeoutExpired:
                process.kill()
                deaths += 1
    assert deaths
    office.once()
    assert list(office.inbox.iterdir()) == []
    by_id = {event["event_id"]: event["amount"] for event in consumed(office.kafka)}
    assert sorted(by_id.values()) == list(range(2400))


def test_without_a_broker_the_file_waits(tmp_path: Path) -> None:
    office = Office(tmp_path, KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    book(office.inbox / "kas.xlsx", GOOD)
    code, (outcome,) = office.once()
    assert (code, outcome["status"]) == (1, "waiting")
    assert [path.name for path in office.inbox.iterdir()] == ["kas.xlsx.PROCESSING"]


def test_a_file_that_grows_while_it_is_read_is_put_back(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path)
    folder.make_places([(OPD, "revenue")])
    path = folder.inbox / OPD / "revenue" / "kas.csv"
    path.write_text(
        "occurred_at,kind,cash_office,account,amount,source\n"
        + f"23/11/2026,receipt,BPD,4.1.01,5,/opd/{OPD}/kas\n"
    )

    def somebody_writes(_stage: str, _done: int, _total: int) -> None:
        with path.with_name("kas.csv.PROCESSING").open("a") as stream:
            stream.write("23/11/2026,receipt,BPD,4.1.01,6\n")

    def no_publisher() -> Any:
        raise AssertionError("nothing may be published")

    profile = Profile.load(resolve_profile("contoh"))
    tokens = Tokens.open(tmp_path / "tokens.key")
    worker = Worker(folder, profile, tokens, no_publisher, lambda: None, threading.Event(), somebody_writes)
    (dropped,) = folder.files()
    assert worker.process(dropped).status == "growing"
    assert [dropped.path.name for dropped in folder.files()] == ["kas.csv"]


def test_a_file_that_grows_is_not_ready(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path)
    folder.make_places([(OPD, "revenue")])
    path = folder.inbox / OPD / "revenue" / "kas.csv"
    path.write_text("a")
    settled = Settled(5)
    assert settled.ready(folder.files(), 0) == []
    assert settled.ready(folder.files(), 4.9) == []
    path.write_text("ab")
    assert settled.ready(folder.files(), 5) == []
    assert [dropped.name for dropped in settled.ready(folder.files(), 10)] == ["kas.csv"]
    for name in (".kas.csv", "~$kas.xlsx", "kas.csv.tmp", "kas.xlsx.filepart", "kas.hasil.xlsx"):
        path.with_name(name).write_text("x")
    path.with_name("tautan.csv").symlink_to("/etc/passwd")
    assert [dropped.name for dropped in folder.files()] == ["kas.csv"]
