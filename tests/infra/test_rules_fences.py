"""The fences on a rule's page are the ones that cases are judged by, in words."""

from __future__ import annotations

import random
import re
import time
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from infra.rules.fences import Frozen
from infra.rules.remembered import Remembered
from infra.rules.served import PATIENCE_SECONDS, Served
from infra.rules.site import Figures, Site, static_link
from infra.rules.states import States
from infra.settings import Settings
from streams.domains.permit_peers import PermitPeers
from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context
from streams.reference.statistics import bucket_percentile, percentile
from streams.rules import rules
from streams.rules.examples import OTHER_TYPE, Group, many, on
from streams.rules.rule import Example
from streams.rules.trial import example_profile
from streams.rules.trial_events import arrivals, chunk_of

FENCED = [rule.id for rule in rules().values() if rule.fences]


def judged(example: Example) -> PermitPeers:
    """The real processor after the events of an example, up to the midnight after the last."""
    profile = example_profile()
    regency = Regency(Context(profile))
    chunk = chunk_of("permits", arrivals("permits", example, profile), 0)
    regency.process(merge([Rows.of("permits", chunk)], chunk.clock + 1))
    regency.advance(regency.permits.next_freeze())
    return regency.permits


def took(minutes: int, step: str = "NILAI", **fields: str) -> Group:
    """A permit of January whose step took so many minutes of one morning, done as often as it is ten minutes long."""
    end = f"{8 + minutes // 60:02d}:{minutes % 60:02d}"
    again = [on("2026-01-05 14:00", "finished", step, **fields)] * (minutes // 50)
    return many(
        1,
        on("2026-01-05 08:00", "started", step, **fields),
        on(f"2026-01-05 {end}", "finished", step, **fields),
        *again,
        on("2026-01-05 15:00", "issued", **fields),
    )


def frozen_of(minutes: list[int], **others: Group) -> Frozen:
    peers = {f"a{number}": took(one) for number, one in enumerate(minutes)} | others
    last = on("2026-02-03 08:00", "accepted")
    return Frozen(judged(Example("found", [last], "not found", peers=peers)), simulated=False)


def test_the_values_are_those_of_the_peers() -> None:
    minutes = [random.Random(5).randrange(5, 200) for _ in range(47)]  # noqa: S311
    surveys = {f"b{number}": took(20, "SURVEI") for number in range(29)}
    frozen = frozen_of(minutes, **surveys, other=took(40, permit_type=OTHER_TYPE))

    (fast,) = frozen.of(rules()["P07"])
    low, high = bucket_percentile(25, minutes), bucket_percentile(75, minutes)
    assert (fast.day, fast.unit, fast.side) == ("2026-02-04", "minutes", "below")
    assert [(fence.of, fence.peers) for fence in fast.fences] == [
        ("Izin contoh, Penilaian teknis", 47), ("Izin contoh, Survei lapangan", 29), ("LAIN, NILAI", 1),
    ]  # fmt: skip
    most, few, _one = fast.fences
    assert most.quantiles == pytest.approx({25: low, 75: high})
    reach = example_profile().threshold("P07.reach", date(2026, 2, 4), 1.5, "IZIN")
    assert reach != rules()["P07"].default("reach"), "the profile's value, not the rule's default"
    assert most.limit == pytest.approx(low / (high / low) ** reach)
    assert (few.quantiles, few.limit) == ({}, None)

    (repeated,) = frozen.of(rules()["P05"])
    times = [1 + one // 50 for one in minutes] + [1] * len(surveys)
    assert (repeated.unit, repeated.side) == ("times", "above")
    assert [(fence.of, fence.peers) for fence in repeated.fences] == [("Izin contoh", 76), ("LAIN", 1)]
    assert repeated.fences[0].quantiles == {95: percentile(95, times)}


def test_another_day_has_its_own_fences() -> None:
    frozen = frozen_of([100] * 30)
    (after,), (last,) = frozen.of(rules()["P07"], date(2026, 1, 6)), frozen.of(rules()["P07"])
    assert (after.fences[0].peers, after.day) == (30, "2026-01-06")
    assert last.fences[0].limit == after.fences[0].limit, "all took the same time"
    assert last.fences[0].id != after.fences[0].id
    for never in (date(2026, 1, 5), date(2026, 2, 5)):  # the first day of the data, and one still to come
        assert frozen.of(rules()["P07"], never) == []


@pytest.mark.parametrize("name", FENCED)
def test_what_an_alert_names_is_on_the_page_of_its_day(name: str, tmp_path: Path) -> None:
    rule, example = rules()[name], rules()[name].examples[0]
    processor = judged(example)
    (alert,) = (a for a in processor.alerts.records().values() if a["rule"] == name and a["fence_id"])
    day = date.fromisoformat(alert["fence_id"].split("/")[-2])
    frozen = Frozen(processor, simulated=False)
    (measured,) = frozen.of(rule, day)
    (fence,) = (fence for fence in measured.fences if fence.id == alert["fence_id"])
    assert fence.peers == 30
    if name != "P08":  # whose alert counts those that it passed
        assert fence.limit == alert["threshold"]
    site = Site(example_profile(), States(tmp_path), static_link)
    assert alert["fence_id"] in (site.page(name, Figures(fences=frozen), day) or "")
    assert alert["fence_id"] not in (site.page(name, Figures(fences=frozen)) or "")


def test_a_page_shows_fences_in_words(tmp_path: Path) -> None:
    site = Site(example_profile(), States(tmp_path), static_link)
    steps = {f"s{n}": took(90, f"TAHAP-{n:02d}") for n in range(20)}
    frozen = frozen_of([100] * 15 + [200] * 15, **steps)
    page = site.page("P07", Figures(fences=frozen)) or ""
    shown, _, hidden = page.partition("<details>")
    for text in (
        "Izin contoh, Penilaian teknis", "100,49 menit", "198,37 menit (3,3 jam)", "4 Feb 2026", "P07/IZIN/NILAI/2026-02-04/",
        "Batas: kurang dari", "belum cukup pembanding",
    ):  # fmt: skip
        assert text in shown, text
    assert "6 baris lainnya" in hidden
    assert len(re.findall("P07/IZIN/TAHAP-", shown)) == 14
    assert len(re.findall("P07/IZIN/TAHAP-", hidden)) == 6
    assert "3 kali" in (site.page("P05", Figures(fences=frozen)) or "")
    assert "tidak ada, atau tidak disimpan lagi" in (
        site.page("P07", Figures(fences=frozen), date(2020, 1, 1)) or ""
    )
    empty = Frozen(Regency(Context(example_profile())).permits, simulated=True)
    assert "Belum ada pagar" in (site.page("P07", Figures(fences=empty)) or "")
    assert "DATA SIMULASI" in (site.page("P07", Figures(fences=empty)) or "")
    assert "DATA SIMULASI" not in page


def test_a_page_without_a_broker_says_so(tmp_path: Path) -> None:
    settings = Settings.load({"kafka.bootstrap_servers": "127.0.0.1:9", "data_dir": tmp_path})
    served = Served(settings, example_profile(), States(tmp_path))
    asked = time.monotonic()
    page = served.page("P07") or ""
    assert time.monotonic() - asked < PATIENCE_SECONDS + 2
    assert "Pagar tidak dapat dibaca" in page
    assert "P07.reach" in page
    assert "Pagar tidak dapat dibaca" not in (served.page("P01") or "")


def test_what_is_remembered_is_read_again_when_it_is_old() -> None:
    reads, go_on = [], Event()

    def read() -> int:
        reads.append(time.monotonic())
        assert go_on.wait(10)
        return len(reads)

    value = Remembered(read, seconds=0.3, patience=0.05)
    assert [value.get(), value.get()] == [None, None]
    assert len(reads) == 1, "one reads for all"
    go_on.set()
    deadline = time.monotonic() + 10
    while value.get() is None:
        assert time.monotonic() < deadline
    assert (value.get(), len(reads)) == (1, 1)
    time.sleep(0.31)
    assert value.get() == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_a_failure_it_is_read_again() -> None:
    divisors = iter([0, 1])
    value = Remembered(lambda: 7 // next(divisors), seconds=60, patience=5)
    assert [value.get(), value.get()] == [None, 7]
